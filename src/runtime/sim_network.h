// A network that exists only in memory, in time that passes only when nothing else is to do.
//
// Problem: what breaks a proxy is order: a reset between head and body, a FIN behind the last byte, a peer that
// vanishes while a connection idles. Real sockets show each order once a month and never again. Idea: all ends of all
// connections live here; bytes, ends and resets are events in one queue ordered by virtual time; every choice (latency,
// faults, which listener) is drawn from one seed. The same seed gives the same world.
//
// What a socket does follows Linux where programs notice: data before a reset stays readable, a reset is reported once
// (ECONNRESET) and then reads give an end and writes EPIPE, closing with unread bytes resets, bytes for a closed socket
// are answered by a reset, a full backlog lets connects wait.
//
// Invariants
//   (1) What one end sends arrives in the order in which it was sent; latency and faults never overtake.
//   (2) At most faults.pipe_bytes are sent and not yet read in one direction; beyond that the writer waits.
//   (3) Handles are never used twice.
//   (4) Nothing here depends on addresses in memory, on hashes of them, or on the real clock.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/random.h"
#include "base/units.h"
#include "runtime/io.h"
#include "runtime/socket_address.h"

namespace weir {

class SimIo;

/// What may go wrong, each with its probability. They may be changed while the world runs.
struct SimFaults {
  double refuse_connect = 0;    ///< per connect: ECONNREFUSED
  double hang_connect = 0;      ///< per connect: no answer, ever
  double reset = 0;             ///< per connection: both ends get a reset at a random byte or moment
  double vanish = 0;            ///< per connection: from a random byte or moment on nothing is delivered any more
  double partial_read = 0;      ///< per read: only some of the bytes, at most partial_bytes
  double partial_write = 0;     ///< per write: only some are taken, and none for a moment after
  double delay = 0;             ///< per piece on the way: up to delay_max later
  double split = 0;             ///< per piece on the way: it arrives in two
  double defer_completion = 0;  ///< per op that could complete inline: it completes through the sink instead
  Duration latency = Duration::zero();  ///< one way
  Duration delay_max = std::chrono::milliseconds{5};
  Duration fate_within = std::chrono::seconds{2};  ///< a reset or vanishing by time comes this soon
  ByteCount fate_bytes = 16 * kibibyte;            ///< a reset or vanishing by bytes comes within so many
  std::size_t partial_bytes = 64;
  std::size_t pipe_bytes = 64 * kibibyte;  ///< both socket buffers of one direction together
};

/// One end of a connection, or a listener. SimIo and SimNetwork share it; nobody else sees it.
struct SimSocket {
  enum class State : std::uint8_t { fresh, listening, connecting, connected };

  Handle handle = Handle::none;
  SimIo* owner = nullptr;
  State state = State::fresh;
  SocketAddress local;
  SocketAddress remote;

  // A listener's: connections nobody has accepted yet.
  std::deque<Handle> backlog;
  std::size_t backlog_max = 0;
  bool reuse_port = false;

  // A connection's.
  Handle peer = Handle::none;
  bool in_backlog = false;
  std::string inbox;                // arrived and unread
  bool datagrams = false;           // what follows here instead of the inbox
  std::deque<std::string> arrived;  // and unread
  // Of a datagram socket that takes them from anybody: with who sent each.
  bool hears_all = false;
  std::deque<std::pair<SocketAddress, std::string>> heard;
  std::size_t outstanding = 0;  // sent by this end and not yet read by the peer
  Time arrival{};               // when the last thing sent by this end arrives
  Time peer_arrival{};          // the same of the peer, which has closed
  bool sending_shut = false;
  bool end_arrived = false;
  bool reset_arrived = false;
  bool reset_reported = false;
  bool silent = false;   // vanished: what this end sends is lost
  bool stalled = false;  // takes no bytes for a moment
  std::optional<ByteCount> bytes_until_fate;
  bool fate_is_reset = false;

  // What SimIo keeps here.
  Op* reader = nullptr;  // accept, connect or receive
  Op* writer = nullptr;
  Watcher* watcher = nullptr;
  std::optional<std::int64_t> connect_result;
  bool queued = false;    // in its owner's queue of news
  bool news_in = false;   // something to read, accept, or an end
  bool news_out = false;  // room, or an error, for a writer

  [[nodiscard]] bool readable() const {
    return !inbox.empty() || !arrived.empty() || !heard.empty() || !backlog.empty() || end_arrived || reset_arrived;
  }
  [[nodiscard]] bool gone() const { return reset_arrived || (end_arrived && sending_shut); }
};

class SimNetwork {
 public:
  using Action = std::move_only_function<void()>;

  explicit SimNetwork(std::uint64_t seed);
  SimNetwork(const SimNetwork&) = delete;
  SimNetwork& operator=(const SimNetwork&) = delete;

  // Time.
  [[nodiscard]] Time now() const { return now_; }
  /// Runs `action` at that moment; actions of one moment run in the order in which they were planned.
  void at(Time when, Action action);
  /// The moment of the next event; `never` when none is planned.
  [[nodiscard]] Time next_event() const;
  /// Moves the clock forward, and runs nothing.
  void advance_to(Time moment);
  /// Runs the events that are due.
  void run_due();

  /// Somebody who answers each datagram that arrives at `address` with some, or none. Latency and delays hold for both
  /// ways. Null: nobody any more, and datagrams are refused.
  using DatagramPeer = std::function<std::vector<std::string>(std::string_view datagram)>;
  void serve_datagrams(const SocketAddress& address, DatagramPeer peer);

  // Faults.
  /// For connections to any address without faults of its own.
  [[nodiscard]] SimFaults& faults() { return faults_; }
  /// For connections to the listener at `address`, both directions. The reference stays valid.
  SimFaults& faults_at(const SocketAddress& address);
  /// Resets a connection: both ends learn of it.
  void reset(Handle end);
  /// From now on nothing sent on this connection is delivered, and nobody is told.
  void vanish(Handle end);

  // What is visible from outside the world.
  [[nodiscard]] Random& random() { return random_; }
  /// A number that differs as soon as two runs differ in what was delivered, when, and to whom.
  [[nodiscard]] std::uint64_t trace() const { return trace_; }
  void note(std::uint64_t fact);
  /// Sockets that somebody still has to close.
  [[nodiscard]] std::size_t open_handles() const;
  /// The open sockets with their addresses, a line each, for the message of a failed leak check.
  [[nodiscard]] std::string describe_open() const;
  [[nodiscard]] std::size_t bytes_in_flight() const { return bytes_in_flight_; }

  // The kernel's side, called by SimIo.
  SimSocket* find(Handle handle);
  Result<Handle> listen(SimIo& owner, const SocketAddress& address, ListenOptions options);
  Handle open(SimIo& owner, const SocketAddress& address, SocketKind kind);
  Result<Handle> listen_datagrams(SimIo& owner, const SocketAddress& address, bool reuse_port);
  /// Of a socket that takes datagrams from anybody. \returns bytes, or -EAGAIN
  std::int64_t receive_from(SimSocket& listener, std::span<char> room, SocketAddress& sender);
  std::int64_t send_to(SimSocket& listener, std::string_view datagram, const SocketAddress& to);
  void connect(SimSocket& client, const SocketAddress& address);
  /// The next waiting connection, or none.
  Handle accept(SimSocket& listener);
  /// \returns bytes, 0 at the end, -errno, or nothing when it would block
  std::optional<std::int64_t> receive(SimSocket& socket, char* place, std::size_t room);
  /// \returns bytes taken, 0 when it would block, or -errno
  std::int64_t send(SimSocket& from, std::span<const iovec> pieces);
  void shut_down_sending(SimSocket& from);
  void close(SimSocket& socket, bool abort);
  [[nodiscard]] const SimFaults& faults_of(const SimSocket& socket) const;

 private:
  SimSocket& add(SimIo& owner);
  [[nodiscard]] SimFaults& faults_for(const SocketAddress& address);
  bool address_taken(const SocketAddress& address, bool reuse_port) const;
  SimSocket* pick_listener(const SocketAddress& address);
  SocketAddress with_free_port(SocketAddress address);
  Time next_arrival(SimSocket& from);

  std::int64_t send_datagram(SimSocket& from, std::string datagram);
  void datagram_arrives(Handle from, std::string_view datagram);
  SimSocket* pick_datagram_listener(const SocketAddress& address);
  SimSocket* find_datagram_client(const SocketAddress& local, const SocketAddress& remote);
  void connect_arrives(Handle client, bool refuse);
  void connect_ends(Handle client, std::int64_t result);
  void draw_fate(SimSocket& client, SimSocket& server);
  void put_on_wire(SimSocket& from, std::string bytes);
  void bytes_arrive(Handle to, Handle from, std::string bytes);
  void end_arrives(Handle to);
  void send_reset(SimSocket& from);
  void reset_arrives(Handle to);

  Random random_;
  Time now_;
  std::uint64_t trace_ = 0;
  std::uint64_t sequence_ = 0;
  std::map<std::pair<Time, std::uint64_t>, Action> events_;
  std::map<Handle, std::unique_ptr<SimSocket>> sockets_;
  std::int32_t last_handle_ = 0;
  std::uint16_t last_port_ = 32767;  // below Linux's ephemeral range, which begins at 32768
  std::size_t bytes_in_flight_ = 0;
  SimFaults faults_;
  std::deque<std::pair<SocketAddress, SimFaults>> faults_at_;
  std::vector<std::pair<SocketAddress, DatagramPeer>> datagram_peers_;
};

}  // namespace weir
