// Ops over the simulated network.
#include "runtime/sim_io.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "base/invariant.h"
#include "base/limits.h"
#include "runtime/datagram_calls.h"
#include "runtime/poison.h"

namespace weir {
namespace {

// What a loan that has ended reads as: no letter, no digit, no line end.
constexpr char ended_loan_byte = static_cast<char>(0xDD);
// Wall time at the start of the world: 2026-01-01T00:00:00Z.
constexpr WallTime wall_start{std::chrono::seconds{1'767'225'600}};

}  // namespace

SimIo::SimIo(SimNetwork& network)
    : network_(network), scratch_(std::make_unique_for_overwrite<char[]>(limits::scratch_bytes)) {
  std::memset(scratch_.get(), ended_loan_byte, limits::scratch_bytes);
  WEIR_POISON(scratch_.get(), limits::scratch_bytes);
}

SimIo::~SimIo() {
  WEIR_UNPOISON(scratch_.get(), limits::scratch_bytes);
}

SimSocket& SimIo::socket(Handle handle) {
  SimSocket* found = network_.find(handle);
  invariant(found != nullptr && found->owner == this, "a handle is open, and used by the shard that owns it");
  return *found;
}

Result<Handle> SimIo::listen(const SocketAddress& address, ListenOptions options) {
  auto handle = network_.listen(*this, address, options);
  if (handle) ++open_handles_;
  return handle;
}

SocketAddress SimIo::local_address(Handle handle) {
  return socket(handle).local;
}
SocketAddress SimIo::remote_address(Handle handle) {
  return socket(handle).remote;
}

Result<Handle> SimIo::open(const SocketAddress& address, SocketKind kind) {
  ++open_handles_;
  return network_.open(*this, address, kind);
}

Result<Handle> SimIo::listen_datagrams(const SocketAddress& address, bool reuse_port) {
  auto handle = network_.listen_datagrams(*this, address, reuse_port);
  if (handle) ++open_handles_;
  return handle;
}

std::int64_t SimIo::receive_from(Handle handle, std::span<char> room, DatagramEnds& ends) {
  SimSocket& listener = socket(handle);
  ends = {.peer = {}, .own = own_of(listener.local)};
  return network_.receive_from(listener, room, ends.peer);
}

std::int64_t SimIo::send_to(Handle handle, std::string_view datagram, const DatagramEnds& ends) {
  return network_.send_to(socket(handle), datagram, ends.peer);
}

bool SimIo::submit(Op& op) {
  SimSocket& target = socket(op.handle);
  invariant(!op.parked, "an op is submitted once at a time");
  if (op.kind == Op::Kind::connect) {
    const SocketAddress address = op.data == nullptr ? target.remote : *reinterpret_cast<const SocketAddress*>(op.data);
    op.data = nullptr;
    network_.connect(target, address);
    park(op, target);
    return false;
  }
  op.result = 0;
  const bool defer = network_.random().chance(network_.faults_of(target).defer_completion);
  if (!defer && attempt(op, target)) return true;
  park(op, target);
  if (defer) op.sends() ? on_writable(target) : on_readable(target);
  return false;
}

void SimIo::park(Op& op, SimSocket& target) {
  Op*& place = op.sends() ? target.writer : target.reader;
  invariant(place == nullptr, "one op per handle and direction");
  const bool in_scratch = op.data >= scratch_.get() && op.data < scratch_.get() + limits::scratch_bytes;
  invariant(op.kind != Op::Kind::send || !in_scratch, "a send that waits does not lie in the scratch");
  place = &op;
  op.parked = true;
}

bool SimIo::attempt(Op& op, SimSocket& target) {
  switch (op.kind) {
    case Op::Kind::accept:
      return attempt_accept(op, target);
    case Op::Kind::connect:
      return attempt_connect(op, target);
    case Op::Kind::receive:
      return attempt_receive(op, target);
    case Op::Kind::send:
      return attempt_send(op, target);
    case Op::Kind::send_file:
      return attempt_send_file(op, target);
    case Op::Kind::none:
      break;
  }
  invariant(false, "a submitted op has a kind");
  return true;
}

bool SimIo::attempt_accept(Op& op, SimSocket& target) {
  const Handle accepted = network_.accept(target);
  if (accepted == Handle::none) return false;
  ++open_handles_;
  op.result = static_cast<std::int64_t>(accepted);
  return true;
}

bool SimIo::attempt_connect(Op& op, SimSocket& target) {
  if (!target.connect_result) return false;
  op.result = *target.connect_result;
  return true;
}

bool SimIo::attempt_receive(Op& op, SimSocket& target) {
  if (op.size > 0) {
    const auto bytes = network_.receive(target, op.data, op.size);
    op.result = bytes.value_or(0);
    return bytes.has_value();
  }
  if (!target.readable()) return false;
  take_back_scratch();
  WEIR_UNPOISON(scratch_.get(), limits::scratch_bytes);
  const auto bytes = network_.receive(target, scratch_.get(), limits::scratch_bytes);
  op.data = scratch_.get();
  op.result = bytes.value_or(0);
  lent_bytes_ = static_cast<std::size_t>(std::max<std::int64_t>(op.result, 0));
  WEIR_POISON(scratch_.get() + lent_bytes_, limits::scratch_bytes - lent_bytes_);
  return bytes.has_value();
}

bool SimIo::attempt_send(Op& op, SimSocket& target) {
  while (op.size > 0) {
    const iovec piece{.iov_base = op.data, .iov_len = op.size};
    const std::int64_t count = network_.send(target, {&piece, 1});
    if (count == 0) return false;
    if (count < 0) {
      op.result = count;
      return true;
    }
    op.data += count;
    op.size -= static_cast<std::size_t>(count);
    op.result += count;
    if (op.patience >= Duration::zero()) op.deadline = now() + op.patience;
  }
  return true;
}

// The file is a real one: what is simulated is the network.
bool SimIo::attempt_send_file(Op& op, SimSocket& target) {
  std::array<char, 16 * 1024> block;
  while (op.size > 0) {
    const std::int64_t there = ::pread(op.file, block.data(), std::min(op.size, block.size()), op.file_offset);
    if (there <= 0) {
      op.result = there == 0 ? -ENODATA : -errno;
      return true;
    }
    const iovec piece{.iov_base = block.data(), .iov_len = static_cast<std::size_t>(there)};
    const std::int64_t count = network_.send(target, {&piece, 1});
    if (count == 0) return false;
    if (count < 0) {
      op.result = count;
      return true;
    }
    op.file_offset += count;
    op.size -= static_cast<std::size_t>(count);
    op.result += count;
    if (op.patience >= Duration::zero()) op.deadline = now() + op.patience;
  }
  return true;
}

// Decided now, delivered by the next wait().
void SimIo::decide(Op& op) {
  op.result = -ECANCELED;
  op.unlink();
  news_.push_back({Handle::none, &op});
}

void SimIo::cancel(Op& op) {
  if (!op.parked) return;
  SimSocket* target = network_.find(op.handle);
  if (target == nullptr) return;  // closed under it: decided already
  for (Op** place : {&target->reader, &target->writer}) {
    if (*place != &op) continue;
    *place = nullptr;
    decide(op);
  }
}

std::int64_t SimIo::try_send(Handle handle, std::span<const iovec> pieces, bool) {
  return network_.send(socket(handle), pieces);
}
bool SimIo::readable(Handle handle) {
  return socket(handle).readable();
}
void SimIo::watch(Handle handle, Watcher* watcher) {
  socket(handle).watcher = watcher;
}
void SimIo::shut_down_sending(Handle handle) {
  network_.shut_down_sending(socket(handle));
}

void SimIo::close(Handle handle, bool abort) {
  SimSocket& target = socket(handle);
  for (Op** place : {&target.reader, &target.writer}) {
    if (Op* op = std::exchange(*place, nullptr)) decide(*op);
  }
  --open_handles_;
  network_.close(target, abort);
}

void SimIo::on_readable(SimSocket& target) {
  target.news_in = true;
  queue(target);
}

void SimIo::on_writable(SimSocket& target) {
  target.news_out = true;
  queue(target);
}

void SimIo::queue(SimSocket& target) {
  if (std::exchange(target.queued, true)) return;
  news_.push_back({target.handle, nullptr});
}

// Only what was there at the beginning: a shard that makes its own news does not starve the others.
std::size_t SimIo::wait(Time, CompletionSink& sink) {
  sink.awake();
  take_back_scratch();  // lent inline to a coroutine that the ready queue had resumed
  network_.run_due();
  std::size_t delivered = woken_.exchange(false, std::memory_order_relaxed) ? 1 : 0;
  for (std::size_t count = news_.size(); count > 0; --count) {
    const News news = news_.front();
    news_.pop_front();
    if (news.decided != nullptr) {
      finish(*news.decided, sink);
      ++delivered;
    } else {
      delivered += look_at(news.socket, sink);
    }
  }
  return delivered;
}

std::size_t SimIo::look_at(Handle handle, CompletionSink& sink) {
  SimSocket* target = network_.find(handle);
  if (target == nullptr) return 0;
  target->queued = false;
  std::size_t delivered = 0;
  if (std::exchange(target->news_in, false)) {
    Op* reader = target->reader;
    if (reader != nullptr && reader->kind != Op::Kind::connect) {
      if (attempt(*reader, *target)) {
        target->reader = nullptr;
        finish(*reader, sink);
        ++delivered;
      }
    } else if (reader == nullptr && target->watcher != nullptr && target->readable()) {
      target->watcher->on_activity(target->gone());
      ++delivered;
    }
  }
  target = network_.find(handle);  // what was resumed may have closed it
  if (target == nullptr || !std::exchange(target->news_out, false)) return delivered;
  const bool connecting = target->reader != nullptr && target->reader->kind == Op::Kind::connect;
  Op*& place = connecting ? target->reader : target->writer;
  if (Op* waiting = place; waiting != nullptr && attempt(*waiting, *target)) {
    place = nullptr;
    finish(*waiting, sink);
    ++delivered;
  }
  return delivered;
}

void SimIo::finish(Op& op, CompletionSink& sink) {
  network_.note(static_cast<std::uint64_t>(now().time_since_epoch().count()));
  network_.note(static_cast<std::uint64_t>(op.handle) << 8 | static_cast<std::uint64_t>(op.kind));
  network_.note(static_cast<std::uint64_t>(op.result));
  sink.complete(op);
  take_back_scratch();  // the waiter has suspended: its loan is over
}

void SimIo::lodge(ScratchTenant* tenant) {
  ScratchTenant* former = std::exchange(tenant_, tenant);
  if (former != nullptr && former != tenant) former->move_out();
}

void SimIo::vacate(ScratchTenant* tenant) {
  if (tenant_ == tenant) tenant_ = nullptr;
}

void SimIo::take_back_scratch() {
  lodge(nullptr);
  if (lent_bytes_ == 0) return;
  std::memset(scratch_.get(), ended_loan_byte, lent_bytes_);
  WEIR_POISON(scratch_.get(), lent_bytes_);
  lent_bytes_ = 0;
}

WallTime SimIo::wall_now() {
  return wall_start + now().time_since_epoch();
}

}  // namespace weir
