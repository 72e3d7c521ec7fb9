// One shard's door to the simulated network.
//
// Idea: the same completion contract as the kernel's backends, over SimNetwork. It never waits: wait() delivers what is
// there at the present virtual moment and returns; SimWorld moves the time. Whether an op that could complete at once
// does so, or completes through the sink, is drawn from the seed, so that code which relies on either is found.
//
// Invariants (beyond those of io.h)
//   (1) The scratch is overwritten with 0xDD, and poisoned under AddressSanitizer, as soon as its loan is over: when
//   the
//       resumed coroutine has suspended, at the next wait(), or at the next receive.
//   (2) A send that has to wait does not lie in the scratch.
#pragma once

#include <atomic>
#include <deque>
#include <memory>

#include "runtime/datagrams.h"
#include "runtime/sim_network.h"

namespace weir {

class SimIo final : public Io {
 public:
  explicit SimIo(SimNetwork& network);
  SimIo(const SimIo&) = delete;
  SimIo& operator=(const SimIo&) = delete;
  ~SimIo() override;

  Result<Handle> listen(const SocketAddress& address, ListenOptions options) override;
  SocketAddress local_address(Handle handle) override;
  SocketAddress remote_address(Handle handle) override;
  using Io::open;
  Result<Handle> open(const SocketAddress& address, SocketKind kind) override;
  bool submit(Op& op) override;
  void cancel(Op& op) override;
  using Io::try_send;
  std::int64_t try_send(Handle handle, std::span<const iovec> pieces, bool more) override;
  bool readable(Handle handle) override;
  void watch(Handle handle, Watcher* watcher) override;
  void shut_down_sending(Handle handle) override;
  void lodge(ScratchTenant* tenant) override;
  void vacate(ScratchTenant* tenant) override;
  void close(Handle handle, bool abort) override;
  std::size_t wait(Time deadline, CompletionSink& sink) override;
  void wake() override { woken_.store(true, std::memory_order_relaxed); }
  Result<Handle> listen_datagrams(const SocketAddress& address, bool reuse_port) override;
  std::int64_t receive_from(Handle handle, std::span<char> room, DatagramEnds& ends) override;
  std::int64_t send_to(Handle handle, std::string_view datagram, const DatagramEnds& ends) override;
  Time now() override { return network_.now(); }
  WallTime wall_now() override;

  [[nodiscard]] SimNetwork& network() { return network_; }
  /// Handles this shard has open; a shard that has ended should have none.
  [[nodiscard]] std::size_t open_handles() const { return open_handles_; }
  /// Whether the next wait() has something to deliver.
  [[nodiscard]] bool pending() const { return !news_.empty() || woken_.load(std::memory_order_relaxed); }

  // The network tells: a socket of this shard has something to read or to accept, room to write, or an error.
  void on_readable(SimSocket& socket);
  void on_writable(SimSocket& socket);

 private:
  // An op that is decided (canceled, closed under), or a socket to look at.
  struct News {
    Handle socket;
    Op* decided;
  };

  SimSocket& socket(Handle handle);
  bool attempt(Op& op, SimSocket& socket);
  bool attempt_accept(Op& op, SimSocket& socket);
  bool attempt_connect(Op& op, SimSocket& socket);
  bool attempt_receive(Op& op, SimSocket& socket);
  bool attempt_send(Op& op, SimSocket& socket);
  bool attempt_send_file(Op& op, SimSocket& socket);
  void park(Op& op, SimSocket& socket);
  void queue(SimSocket& socket);
  void decide(Op& op);
  std::size_t look_at(Handle handle, CompletionSink& sink);
  void finish(Op& op, CompletionSink& sink);
  void take_back_scratch();

  SimNetwork& network_;
  std::deque<News> news_;
  std::unique_ptr<char[]> scratch_;
  std::size_t lent_bytes_ = 0;
  ScratchTenant* tenant_ = nullptr;
  std::size_t open_handles_ = 0;
  std::atomic<bool> woken_ = false;
};

}  // namespace weir
