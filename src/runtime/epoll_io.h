// The default backend: readiness from epoll, completion for everybody above.
//
// Problem: a proxied request is four system calls and a wake-up; everything else epoll can cost (re-arming, a read that
// only learns EAGAIN, one wake-up per event) must not happen.
// Idea
//   - Each socket is registered once, edge triggered, for both directions. What is known about it (readable, writable)
//     is remembered; a call is tried only when it may succeed.
//   - A short read means drained, unless a FIN or an error was announced: then read on, or the end would be lost.
//   - A receive lands in one 64 KiB scratch per core, which stays in the cache.
//   - What is begun is finished before more is begun: input that begins new work (a request on an idle connection, a
//     connection) waits here, and a few of it are let in each turn behind everything that carries work on. A saturated
//     core then has a handful of requests in flight instead of one for each connection, and they stay in its cache.
//   - Wake-ups are coalesced when the measured arrival rate says that waiting pays: below saturation, the wake-up is
//     the largest cost (25-50 % of CPU at 60,000/s). When idle nothing waits.
//
// Invariants
//   (1) Ends of descriptors_[fd]: a descriptor is closed only by close(); its generation then moves, so that events of
//       the old socket that are still in the batch are not given to a new one with the same number.
//   (2) An op is parked in at most one of descriptor.reader, descriptor.writer, ended_.
#pragma once

#include <sys/epoll.h>

#include <array>
#include <deque>
#include <memory>
#include <vector>

#include "base/limits.h"
#include "runtime/datagrams.h"
#include "runtime/io.h"
#include "runtime/socket_address.h"
#include "runtime/wake_coalescer.h"

namespace weir {

class EpollIo final : public Io {
 public:
  /// \param coalescing_cap  longest wait for more events once some are known; zero switches coalescing off
  explicit EpollIo(Duration coalescing_cap = Duration::zero());
  EpollIo(const EpollIo&) = delete;
  EpollIo& operator=(const EpollIo&) = delete;
  ~EpollIo() override;

  Result<Handle> listen(const SocketAddress& address, ListenOptions options) override;
  /// socket_calls.h: the way to close a listener without a reset for anybody.
  void begin_no_handshake(Handle listener);
  SocketAddress local_address(Handle handle) override;
  SocketAddress remote_address(Handle handle) override;
  std::int64_t peer_user(Handle handle) override;
  using Io::open;
  Result<Handle> open(const SocketAddress& address, SocketKind kind) override;
  bool submit(Op& op) override;
  void cancel(Op& op) override;
  using Io::try_send;
  std::int64_t try_send(Handle handle, std::span<const iovec> pieces, bool more) override;
  bool readable(Handle handle) override;
  void watch(Handle handle, Watcher* watcher) override;
  void lodge(ScratchTenant* tenant) override;
  void vacate(ScratchTenant* tenant) override;
  void shut_down_sending(Handle handle) override;
  void close(Handle handle, bool abort) override;
  std::size_t wait(Time deadline, CompletionSink& sink) override;
  void wake() override;
  Result<Handle> listen_datagrams(const SocketAddress& address, bool reuse_port) override;
  std::int64_t receive_from(Handle handle, std::span<char> room, DatagramEnds& ends) override;
  std::int64_t send_to(Handle handle, std::string_view datagram, const DatagramEnds& ends) override;
  Time now() override;
  WallTime wall_now() override;

 private:
  struct Descriptor {
    Op* reader = nullptr;  // accept, connect or receive
    Op* writer = nullptr;
    Watcher* watcher = nullptr;
    std::uint32_t generation = 0;
    bool open = false;
    bool readable = false;   // unread bytes may be there
    bool ending = false;     // FIN, reset or error announced: read to the end
    bool gone = false;       // the peer can no longer be written to
    bool waiting = false;    // its tag is in waiting_
    bool datagrams = false;  // a short read is one of them, and says nothing about others
  };
  // What epoll gives back with an event: which socket it is about.
  static std::uint64_t tag_of(int fd, std::uint32_t generation) {
    return static_cast<std::uint64_t>(generation) << 32 | static_cast<std::uint32_t>(fd);
  }
  static int number_of(std::uint64_t tag) { return static_cast<int>(tag & 0xFFFFFFFFU); }

  static constexpr std::size_t events_per_turn = 64;
  // New work begun in a turn, at most: few enough that what is in flight stays in the cache. Chosen by the row
  // small-1000 of ./dev bench proxy (docs/decisions/begun-before-new.md).
  static constexpr std::size_t begun_per_turn = 16;

  Descriptor& descriptor(Handle handle) { return descriptors_[static_cast<std::size_t>(handle)]; }
  Result<Handle> adopt(int fd, bool may_have_bytes);
  bool attempt(Op& op, Descriptor& socket);
  bool attempt_accept(Op& op, Descriptor& socket);
  bool attempt_connect(Op& op);
  bool attempt_receive(Op& op, Descriptor& socket);
  bool attempt_send(Op& op);
  bool attempt_send_file(Op& op);
  void progressed(Op& op, std::int64_t bytes);
  void park(Op& op, Descriptor& socket);
  std::size_t collect(Time deadline);
  int poll(Duration timeout);
  std::size_t dispatch(const epoll_event& event, CompletionSink& sink);
  std::size_t begin_some(CompletionSink& sink);
  Descriptor* current(std::uint64_t tag);
  std::size_t deliver_input(std::uint64_t tag, CompletionSink& sink);
  std::size_t deliver_output(std::uint64_t tag, CompletionSink& sink);
  std::size_t finish(Op& op, CompletionSink& sink);
  void clear_scratch();
  std::size_t finish_ended(CompletionSink& sink);

  int epoll_ = -1;
  int wake_ = -1;
  std::vector<Descriptor> descriptors_;
  IntrusiveList<Op> ended_;            // canceled or closed under, to be delivered
  std::deque<std::uint64_t> waiting_;  // tags of sockets with input for an op that begins new work, oldest first
  std::unique_ptr<char[]> scratch_;
  ScratchTenant* tenant_ = nullptr;
  bool fine_timeouts_ = true;
  std::array<epoll_event, events_per_turn> events_{};
  WakeCoalescer coalescer_;
};

}  // namespace weir
