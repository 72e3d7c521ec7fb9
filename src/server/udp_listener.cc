// Datagrams in, to their sessions; answers out.
#include "server/udp_listener.h"

#include <deque>
#include <utility>

#include "base/limits.h"
#include "server/raw_exchange.h"
#include "server/raw_streams.h"
#include "server/tunnel.h"

namespace weir {
namespace {

/// What has been done at once must not keep others from their turn.
constexpr unsigned datagrams_per_turn = 64;

std::string key_of(const DatagramEnds& ends) {
  std::string key(reinterpret_cast<const char*>(&ends.peer.storage), ends.peer.length);
  key.append(reinterpret_cast<const char*>(ends.own.data()), ends.own.size());
  return key;
}

}  // namespace

/// One client's conversation: to the relay, the client's end.
class UdpListener::Session final : public Duplex, private ExchangeHost {
 public:
  Session(UdpListener& listener, std::string key, const DatagramEnds& ends)
      : key_(std::move(key)), listener_(listener), ends_(ends), arrived_(listener.shard_.reactor) {
    const OpenListener& open = listener.open_;
    name_ = open.plan.name;
    const IpAddress peer = IpAddress::of(ends.peer);
    facts_.client = {.address = peer, .peer = peer, .peer_port = port_of(ends.peer)};
    facts_.listener = open.plan.id;
    facts_.listener_name = name_;
    facts_.raw = RawProtocol::udp;
    facts_.local = IpAddress(ends.own);
    facts_.local_port = port_of(open.bound);
    facts_.accepted = listener.shard_.reactor.now();
  }
  ~Session() override {
    if (counted_ != nullptr) counted_->leave();
  }

  void take(std::string_view datagram) {
    if (waiting_.size() >= limits::udp_waiting) return listener_.counts().datagrams_dropped.add();
    waiting_.emplace_back(datagram);
    arrived_.raise();
  }

  /// The whole conversation.
  Task<void> run();
  [[nodiscard]] const std::string& key() const { return key_; }

  Task<Result<std::string_view>> receive(Duration) override {
    while (waiting_.empty()) CO_TRY_VOID(co_await arrived_.wait());
    current_ = std::move(waiting_.front());
    waiting_.pop_front();
    co_return std::string_view(current_);
  }
  Task<Result<void>> send(std::string_view datagram, Duration) override {
    const std::int64_t sent = listener_.io_.send_to(listener_.handle_, datagram, ends_);
    RawMetrics& counts = listener_.counts();
    (sent < 0 ? counts.datagrams_dropped : counts.datagrams_to_clients).add();
    co_return Result<void>{};
  }
  void finish_sending() override {}

 private:
  Task<Result<void>> interim(const ResponseHead&) override { co_return Result<void>{}; }
  void limit_time(Time) override {}

  std::string key_;
  UdpListener& listener_;
  DatagramEnds ends_;
  std::string name_;  // outlives the listener's plan, which a reload may change
  ConnectionFacts facts_;
  Signal arrived_;
  std::deque<std::string> waiting_;
  std::string current_;
  std::shared_ptr<RawCount> counted_;
};

Task<void> UdpListener::Session::run() {
  Exchange exchange(listener_.shard_, facts_, listener_.server_.pin(), *this);
  begin_raw(exchange, listener_.server_.raw_streams().observers());
  Delivery delivery;
  Result<Answer> answered = co_await open_raw(exchange, {}, counted_);
  exchange.timings.response_head = listener_.shard_.reactor.now();
  if (answered) {
    delivery.status = answered->head.status;
    co_await carry_tunnel(exchange, *this, *answered->tunnel, delivery);
    answered->tunnel.reset();
  } else {
    delivery.error = exchange.arena.make<Error>(answered.error());
    listener_.counts().datagrams_dropped.add(waiting_.size());
  }
  exchange.scope.cancel(gateway_error(Code::canceled));
  co_await exchange.scope.join();
  exchange.finish(delivery);
}

Result<std::unique_ptr<UdpListener>> UdpListener::open(ShardServer& server, const ListenerPlan& plan,
                                                       const SocketAddress& address) {
  Io& io = server.shard().reactor.io();
  TRY(const Handle handle, io.listen_datagrams(address, true));
  return std::unique_ptr<UdpListener>(new UdpListener(server, {plan, io.local_address(handle)}, handle));
}

UdpListener::UdpListener(ShardServer& server, OpenListener open, Handle handle)
    : server_(server),
      shard_(server.shard()),
      io_(server.shard().reactor.io()),
      open_(std::move(open)),
      handle_(handle),
      news_(server.shard().reactor),
      scope_(server.shard().reactor),
      room_(std::make_unique_for_overwrite<char[]>(limits::scratch_bytes)) {
  shard_.reactor.io().watch(handle_, this);
}

UdpListener::~UdpListener() {
  shard_.reactor.io().close(handle_, false);
}

RawMetrics& UdpListener::counts() const {
  return shard_.metrics.raw;
}

void UdpListener::on_activity(bool) {
  news_.raise();
}

Task<void> UdpListener::run() {
  unsigned at_once = 0;
  while (!closed_ && !(draining_ && sessions_.empty())) {
    DatagramEnds ends;
    const std::int64_t count = io_.receive_from(handle_, {room_.get(), limits::scratch_bytes}, ends);
    if (count == -EAGAIN) {
      if (!co_await news_.wait()) break;
    } else if (count > 0) {
      take_one({room_.get(), static_cast<std::size_t>(count)}, ends);
      if (++at_once % datagrams_per_turn == 0) co_await Yield(shard_.reactor);
    }
    // What else a socket says (an answer that could not be delivered) is nothing that one listener could mend.
  }
  closed_ = true;
  co_await scope_.join();
}

void UdpListener::take_one(std::string_view datagram, const DatagramEnds& ends) {
  counts().datagrams_from_clients.add();
  const std::string key = key_of(ends);
  const auto found = sessions_.find(key);
  if (found != sessions_.end()) return found->second->take(datagram);
  Session* const session = begin(key, ends);
  if (session == nullptr) return counts().datagrams_dropped.add();
  session->take(datagram);
  scope_.spawn(serve(*session));
}

UdpListener::Session* UdpListener::begin(const std::string& key, const DatagramEnds& ends) {
  if (draining_ || closed_) return nullptr;
  const ByteCount memory_max = server_.pin()->limits.memory_bytes;
  if (server_.census().memory().exceeds(memory_max, shard_.reactor.now())) return nullptr;
  return sessions_.emplace(key, std::make_unique<Session>(*this, key, ends)).first->second.get();
}

Task<void> UdpListener::serve(Session& session) {
  co_await session.run();
  sessions_.erase(std::string(session.key()));
  if (draining_) news_.raise();
}

void UdpListener::drain() {
  draining_ = true;
  news_.raise();
}

void UdpListener::close(Error why) {
  closed_ = true;
  scope_.cancel(why);
  news_.raise();
}

}  // namespace weir
