// Datagrams in, to their sessions; answers out.
#include "server/udp_listener.h"

#include <fmt/format.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <cstring>
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
/// A socket that has other trouble than to be empty (no memory) is not asked again at once.
constexpr Duration trouble_pause = std::chrono::milliseconds{50};
/// A drain asks so often whether other cores have ended theirs.
constexpr Duration drain_look_pause = std::chrono::milliseconds{100};
/// Who floods a full listener sends thousands a second; the log hears of all of them together.
constexpr Duration full_notice_pause = std::chrono::seconds{10};

}  // namespace

std::size_t DatagramEndsHash::operator()(const DatagramEnds& ends) const {
  std::array<char, sizeof(sockaddr_in6) + sizeof(ends.own)> bytes{};
  const std::size_t length = std::min<std::size_t>(ends.peer.length, sizeof(sockaddr_in6));
  std::memcpy(bytes.data(), &ends.peer.storage, length);
  std::memcpy(bytes.data() + sizeof(sockaddr_in6), ends.own.data(), ends.own.size());
  return key.hash({bytes.data(), bytes.size()});
}

/// One client's conversation: to the relay, the client's end.
class UdpListener::Session final : public Duplex, private ExchangeHost {
 public:
  /// \param ends  live as long as this
  Session(UdpListener& listener, const DatagramEnds& ends, RawPlace place)
      : listener_(listener), ends_(ends), place_(std::move(place)), arrived_(listener.shard_.reactor) {
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
  ~Session() override { listener_.counts().datagrams_dropped.add(waiting_.size()); }

  /// The whole conversation. \returns  whether there was one
  Task<bool> run();
  [[nodiscard]] const DatagramEnds& ends() const { return ends_; }

  /// \returns  whether there was room for it
  bool take(std::string_view datagram) {
    const bool full =
        waiting_.size() >= limits::udp_waiting || waiting_bytes_ + datagram.size() > limits::udp_waiting_bytes;
    if (full || (!waiting_.empty() && listener_.short_of_memory())) return false;
    waiting_.emplace_back(datagram);
    waiting_bytes_ += datagram.size();
    arrived_.raise();
    return true;
  }

  Task<Result<std::string_view>> receive(Duration) override {
    while (waiting_.empty()) CO_TRY_VOID(co_await arrived_.wait());
    current_ = std::move(waiting_.front());
    waiting_.pop_front();
    waiting_bytes_ -= current_.size();
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

  UdpListener& listener_;
  const DatagramEnds& ends_;
  RawPlace place_;
  std::string name_;  // outlives the listener's plan, which a reload may change
  ConnectionFacts facts_;
  Signal arrived_;
  std::deque<std::string> waiting_;
  std::size_t waiting_bytes_ = 0;
  std::string current_;
};

Task<bool> UdpListener::Session::run() {
  Exchange exchange(listener_.shard_, facts_, listener_.server_.pin(), *this);
  begin_raw(exchange, {}, listener_.server_.raw_streams().observers());
  Delivery delivery;
  Result<Answer> answered = co_await open_raw(exchange);
  exchange.timings.response_head = listener_.shard_.reactor.now();
  if (answered) {
    delivery.status = answered->head.status;
    co_await carry_tunnel(exchange, *this, *answered->tunnel, delivery);
    answered->tunnel.reset();
  } else {
    delivery.error = exchange.arena.make<Error>(answered.error());
  }
  exchange.scope.cancel(gateway_error(Code::canceled));
  co_await exchange.scope.join();
  exchange.finish(delivery);
  co_return answered.has_value();
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
      room_(std::make_unique_for_overwrite<char[]>(limits::scratch_bytes)),
      sessions_of_all_cores_(open_.plan.sessions) {
  if (sessions_of_all_cores_ == nullptr) sessions_of_all_cores_ = std::make_shared<std::atomic<std::uint64_t>>(0);
  shard_.reactor.io().watch(handle_, this);
}

UdpListener::~UdpListener() {
  shard_.reactor.io().close(handle_, false);
}

RawMetrics& UdpListener::counts() const {
  return shard_.metrics.raw;
}

bool UdpListener::short_of_memory() const {
  return server_.census().memory().exceeds(server_.pin()->limits.memory_bytes, shard_.reactor.now());
}

void UdpListener::on_activity(bool) {
  news_.raise();
}

bool UdpListener::over() const {
  if (closed_) return true;
  return draining_ && sessions_.empty() && sessions_of_all_cores_->load(std::memory_order_relaxed) == 0;
}

Task<void> UdpListener::run() {
  unsigned at_once = 0;
  while (!over()) {
    DatagramEnds ends;
    const std::int64_t count = io_.receive_from(handle_, {room_.get(), limits::scratch_bytes}, ends);
    if (count < 0) {
      const Duration calm = draining_ && sessions_.empty() ? drain_look_pause : no_limit;
      const Result<void> news = co_await news_.wait(count == -EAGAIN ? calm : trouble_pause);
      if (!news && news.error().code != Code::timed_out) break;
      continue;
    }
    counts().datagrams_from_clients.add();
    if (!take({room_.get(), static_cast<std::size_t>(count)}, ends)) counts().datagrams_dropped.add();
    if (++at_once % datagrams_per_turn == 0) co_await Yield(shard_.reactor);
  }
  closed_ = true;
  co_await scope_.join();
}

/// \returns  whether somebody wants it: an empty one nobody, since it would read as an end
bool UdpListener::take(std::string_view datagram, const DatagramEnds& ends) {
  if (datagram.empty()) return false;
  if (const auto found = sessions_.find(ends); found != sessions_.end()) return found->second->take(datagram);
  Session* const session = begin(ends);
  if (session == nullptr) return false;
  session->take(datagram);
  scope_.spawn(serve(*session));
  return true;
}

/// Null: for this client none begins now.
UdpListener::Session* UdpListener::begin(const DatagramEnds& ends) {
  if (draining_ || closed_) return nullptr;
  if (refusals_.contains(sessions_.hash_function()(ends), shard_.reactor.now()) || short_of_memory()) return nullptr;
  Result<RawPlace> place = take_place(*server_.pin(), open_.plan.id);
  if (!place) {
    if (place.error().code == Code::too_many_connections) tell_of_full();
    return nullptr;
  }
  const auto at = sessions_.try_emplace(ends).first;
  at->second = std::make_unique<Session>(*this, at->first, std::move(*place));
  sessions_of_all_cores_->fetch_add(1, std::memory_order_relaxed);
  return at->second.get();
}

void UdpListener::tell_of_full() {
  ++without_place_;
  const Time now = shard_.reactor.now();
  if (shard_.notices == nullptr || now < tell_of_full_at_) return;
  tell_of_full_at_ = now + full_notice_pause;
  shard_.notices->warning(fmt::format(
      "dropped {} datagram{} of clients without a session: listener {} has as many as its `connections` allow",
      without_place_, without_place_ == 1 ? "" : "s", open_.plan.name));
  without_place_ = 0;
}

Task<void> UdpListener::serve(Session& session) {
  const bool opened = co_await session.run();
  if (!opened) refusals_.add(sessions_.hash_function()(session.ends()), shard_.reactor.now());
  sessions_.erase(sessions_.find(session.ends()));
  sessions_of_all_cores_->fetch_sub(1, std::memory_order_relaxed);
  if (draining_) news_.raise();
}

void UdpListener::drain() {
  draining_ = true;
  news_.raise();
}

void UdpListener::resume(const ListenerPlan& plan) {
  draining_ = false;
  rename(plan);
}

void UdpListener::close(Error why) {
  closed_ = true;
  scope_.cancel(why);
  news_.raise();
}

}  // namespace weir
