// What the kernel does for us, as a contract.
//
// Problem: epoll tells when to try, io_uring tells what was done, and a simulation has no kernel at all; code written
// against one of them leaks it everywhere.
// Idea: completion. An Op says what is wanted; it completes at once or later through the sink, exactly once, with a
// byte count or a negative errno. Optimistic calls (try first, arm readiness only when it would block) live inside the
// backend. Time comes through the same door, so that a simulated backend is a simulated world.
//
// Invariants every backend keeps (runtime/io_conformance_test runs on all)
//   (1) submit() either returns true with op.result set, or returns false and the op completes later through the sink
//       exactly once, also after cancel() (-ECANCELED, or what really happened) and after close() (-ECANCELED).
//   (2) A receive without a buffer of its own lands in the backend's scratch; the bytes are valid until the coroutine
//       that got them suspends; a lodged ScratchTenant is moved out then, and before any other receive into the
//       scratch. Sanitizer builds poison the bytes after that.
//   (3) A send completes when all bytes were accepted, or with the error; its memory stays put until then.
//   (4) Ops of one handle: at most one accept/connect/receive and one send or send_file at a time.
//   (5) Completions of one turn are delivered in the order in which the backend learnt of them; those that begin new
//       work (Urgency::begins) may come later, and all of them come.
//   (6) A send_file that meets the end of its file completes with -ENODATA: the file has become shorter. It may wait
//       for the disk where its bytes are not in memory: ask for those that are.
#pragma once

#include <sys/uio.h>

#include <cstdint>
#include <span>
#include <string_view>

#include "base/result.h"
#include "base/units.h"
#include "runtime/cancellation.h"

namespace weir {

struct SocketAddress;  // runtime/socket_address.h: what bind() and connect() take

/// A socket as the backend names it. Never reused for another socket while an Op refers to it.
enum class Handle : std::int32_t { none = -1 };

/// How a socket carries bytes. Datagrams keep their bounds: a send is one, a receive brings one, and the rest of what
/// does not fit is lost. They are exchanged with one address; what others send never arrives.
enum class SocketKind : std::uint8_t { stream, datagram };

/// Whether an op carries work on, or brings new work in. Under load a backend delivers the former first: what is begun
/// is finished before more is begun, so that less is in flight and more of it stays in the cache.
enum class Urgency : std::uint8_t { continues, begins };

class Op;

/// Stands between an op and who waits for it: what the kernel gave may be only a part of what is wanted (a TLS record
/// whose rest has not come).
class OpLayer {
 public:
  /// The op is complete. \returns whether its waiter may go on; otherwise the op was submitted again
  virtual bool completed(Op& op) = 0;

 protected:
  ~OpLayer() = default;
};

/// One thing wanted from the kernel. Lives in the Stream or Listener it belongs to; its waiter is a coroutine.
class Op : public Suspension {
 public:
  enum class Kind : std::uint8_t { none, accept, connect, receive, send, send_file };

  Kind kind = Kind::none;
  Urgency urgency = Urgency::continues;
  bool parked = false;     ///< submitted and not complete
  bool timed_out = false;  ///< canceled because its deadline passed
  Handle handle = Handle::none;
  char* data = nullptr;          ///< receive: where the bytes are (scratch unless given); send: what remains;
                                 ///< connect: the SocketAddress, which stays put until the op ends
  std::size_t size = 0;          ///< receive: room, 0 = the scratch; send, send_file: bytes that remain
  std::int64_t result = 0;       ///< bytes of this op (receive: 0 is end of stream), or -errno; accept: the new Handle
  Time deadline = never;         ///< moved by progress of a send
  Duration patience{no_limit};   ///< send, send_file: the deadline is this long after each progress
  int file = -1;                 ///< send_file: the open file
  std::int64_t file_offset = 0;  ///< send_file: where the next byte is
  OpLayer* layer = nullptr;      ///< asked before the waiter goes on; nearly always none

  [[nodiscard]] bool sends() const { return kind == Kind::send || kind == Kind::send_file; }

 protected:
  ~Op() = default;
};

/// Told about what happens to a socket that nobody is reading: an idle pooled connection, a client that hangs up.
class Watcher {
 public:
  /// Bytes or an end arrived while no receive was parked. `gone` says that the peer can no longer be written to.
  virtual void on_activity(bool gone) = 0;

 protected:
  ~Watcher() = default;
};

/// Where completed ops go: the reactor resumes the waiter before the next one is delivered.
class CompletionSink {
 public:
  /// The wait is over and time has passed: called before anything is delivered, watchers told included.
  virtual void awake() = 0;
  virtual void complete(Op& op) = 0;

 protected:
  ~CompletionSink() = default;
};

struct ListenOptions {
  bool reuse_port = false;  ///< one socket per shard, the kernel spreads connections
  bool owner_only = false;  ///< a unix socket that only its owner may connect to (mode 0600)
  int backlog = 4096;
};

/// Somebody whose unread bytes lie in the scratch. When the coroutine that received them suspends, or the scratch is
/// needed for another receive, the tenant is told to copy out what it still needs.
class ScratchTenant {
 public:
  virtual void move_out() = 0;

 protected:
  ~ScratchTenant() = default;
};

struct DatagramEnds;  // runtime/datagrams.h

class Io {
 public:
  virtual ~Io() = default;

  virtual Result<Handle> listen(const SocketAddress& address, ListenOptions options) = 0;
  /// The address really bound or connected; the port is known after listen() even when 0 was asked for.
  virtual SocketAddress local_address(Handle handle) = 0;
  virtual SocketAddress remote_address(Handle handle) = 0;
  /// The user id of the process at the other end of a unix socket (SO_PEERCRED); -1 where nobody can tell.
  virtual std::int64_t peer_user(Handle) { return -1; }
  /// A socket for connect; the Op of kind connect brings it up.
  virtual Result<Handle> open(const SocketAddress& address, SocketKind kind) = 0;
  Result<Handle> open(const SocketAddress& address) { return open(address, SocketKind::stream); }

  /// \returns true when the op is complete already
  virtual bool submit(Op& op) = 0;
  /// Asks a parked op to end soon.
  virtual void cancel(Op& op) = 0;
  /// Sends what the kernel takes right now. \param more  something follows at once: the last segment may wait for it
  /// \returns bytes accepted (0 when it would block), or -errno
  virtual std::int64_t try_send(Handle handle, std::span<const iovec> pieces, bool more) = 0;
  std::int64_t try_send(Handle handle, std::span<const iovec> pieces) { return try_send(handle, pieces, false); }
  /// Sees whether unread bytes or an end have been announced and not yet been drained.
  virtual bool readable(Handle handle) = 0;
  virtual void watch(Handle handle, Watcher* watcher) = 0;
  /// A socket that takes datagrams from anybody (runtime/datagrams.h). Closed by close().
  virtual Result<Handle> listen_datagrams(const SocketAddress& address, bool reuse_port) = 0;
  /// \returns  bytes of the next datagram, -EAGAIN when none is there, or another -errno
  virtual std::int64_t receive_from(Handle handle, std::span<char> room, DatagramEnds& ends) = 0;
  /// \returns  bytes sent, or -errno; -EAGAIN when there is no room
  virtual std::int64_t send_to(Handle handle, std::string_view datagram, const DatagramEnds& ends) = 0;
  /// Half-close: no more bytes will be sent.
  virtual void shut_down_sending(Handle handle) = 0;
  /// Makes `tenant` the one whose bytes lie in the scratch (null: nobody's). A former tenant is moved out first.
  virtual void lodge(ScratchTenant* tenant) = 0;
  /// `tenant` needs its bytes no more; nothing happens when it is not the tenant.
  virtual void vacate(ScratchTenant* tenant) = 0;
  /// Frees the handle. `abort` sends a reset instead of an orderly end.
  virtual void close(Handle handle, bool abort) = 0;

  /// Delivers what is complete; waits until `deadline` when nothing is. \returns how many were delivered
  virtual std::size_t wait(Time deadline, CompletionSink& sink) = 0;
  /// Ends a wait() from another thread.
  virtual void wake() = 0;

  virtual Time now() = 0;
  virtual WallTime wall_now() = 0;
};

}  // namespace weir
