// How a connection begins, what it answers its session, and how it is asked to end.
#include "server/connection.h"

#include <algorithm>

#include "base/fault.h"
#include "contracts/proxied.h"
#include "net/tls/challenge.h"
#include "net/tls/handshake.h"
#include "server/hello_name.h"
#include "server/linger.h"
#include "server/shard_server.h"

namespace weir {
namespace {

/// Which of the machine's addresses: the listener's, unless that stands for all of them.
IpAddress local_address_of(Stream& stream, const OpenListener& listener) {
  if (listener.bound.family() == AF_UNIX) return {};
  const IpAddress bound = IpAddress::of(listener.bound);
  return bound.is_unspecified() ? IpAddress::of(stream.local_address()) : bound;
}

ConnectionFacts facts_of(Stream& stream, const OpenListener& listener) {
  const SocketAddress remote = stream.remote_address();
  const IpAddress peer = IpAddress::of(remote);
  ConnectionFacts facts;
  facts.client = {.address = peer,
                  .peer = peer,
                  .peer_port = port_of(remote),
                  .over_unix = listener.plan.address.family() == AF_UNIX};
  facts.listener = listener.plan.id;
  facts.http2 = listener.plan.http2;
  facts.raw = listener.plan.raw;
  facts.local = local_address_of(stream, listener);
  facts.local_port = port_of(listener.bound);
  facts.administrative = listener.plan.use == ListenerUse::admin && facts.client.over_unix;
  facts.read_only = listener.plan.use == ListenerUse::admin && !facts.client.over_unix;
  if (facts.administrative) facts.peer_user = stream.peer_user();
  return facts;
}

}  // namespace

Connection::Connection(ShardServer& server, const OpenListener& listener, Handle handle,
                       std::optional<IpAddress> counted_as)
    : server_(server),
      handler_(server.handler_for(listener.plan)),
      protocol_(server.protocol_for(listener.plan)),
      stream_(server.shard().reactor, handle, Origin::client),
      inbox_(stream_),
      certificates_(server.certificates_of(listener.plan)),
      facts_(facts_of(stream_, listener)),
      header_awaited_(awaits_header(listener.plan.proxy_senders, facts_.client)),
      header_patience_(listener.plan.proxy_senders.timeout),
      listener_name_(listener.plan.name),
      counted_as_(counted_as),
      opened_(server.shard().reactor.now()) {
  facts_.listener_name = listener_name_;
  facts_.accepted = opened_;
  const SnapshotPin pin = server.pin();
  requests_max_ = pin->limits.requests_per_connection;
  age_max_ = pin->timeouts.connection_age;
  memory_max_ = pin->limits.memory_bytes;
  facts_.secured = certificates_ != nullptr;
  server.shard().metrics.connections_opened.add();
  server.shard().metrics.connections_open.add();
}

Connection::~Connection() {
  if (proxied_ != nullptr) ProxiedConnections::of(server_.shard()).remove(facts_);
  server_.shard().metrics.connections_open.subtract();
  if (counted_as_) server_.census().clients().leave(*counted_as_);
  server_.census().leave();
}

Task<void> Connection::run() {
  CancellationRegion region(co_await current_cancellation{});
  region_ = &region;
  if (!header_awaited_ || co_await hear_sender().under(region.inner())) {
    if (certificates_ == nullptr || co_await secure().under(region.inner())) {
      co_await protocol_.serve(*this, inbox_).under(region.inner());
    }
  }
  if (stream_.tls() != nullptr) co_await end_secured().under(region.inner());
  region_ = nullptr;
}

/// \returns  whether it is known for whom the connection is, and may go on
Task<bool> Connection::hear_sender() {
  idle_ = true;  // no answer is owed yet
  const HeardHeader heard = co_await hear_proxy_header(inbox_, draining_ ? pin()->timeouts.linger : header_patience_);
  if (!heard.good) {
    server_.tell_of_header(facts_.client.peer, heard);
    co_return false;
  }
  server_.census().proxy_headers().taken(heard.header.version);
  if (heard.header.speaks == proxy_protocol::Speaks::for_itself) co_return true;
  become(heard.header);
  if (facts_.client.over_unix || server_.count_named_client(facts_.client.peer, counted_as_)) co_return true;
  if (certificates_ == nullptr && !facts_.raw)
    static_cast<void>(co_await stream_.send(refusal_text(Code::too_many_from_client), Duration::zero()));
  co_return false;
}

/// Who the header says the client is takes the place of who sent it.
void Connection::become(const proxy_protocol::Header& header) {
  ClientAddress& client = facts_.client;
  proxied_ = std::make_unique<proxy_protocol::Facts>(
      proxy_protocol::Facts{.header = header, .sender = {client.peer, client.peer_port}});
  ProxiedConnections::of(server_.shard()).add(facts_, *proxied_);
  if (proxy_protocol::says_tls(header)) facts_.secured = true;
  if (header.speaks != proxy_protocol::Speaks::for_client || fault(Fault::proxy_client_forgotten)) return;
  client = {.address = header.source.address, .peer = header.source.address, .peer_port = header.source.port};
  facts_.local = header.destination.address;
  facts_.local_port = header.destination.port;
}

/// \returns  whether there is a connection now on which requests may come
Task<bool> Connection::secure() {
  idle_ = true;  // no answer is owed yet
  Duration patience;
  {
    const SnapshotPin now = pin();  // not held: a client may take its time
    patience = now->timeouts.tls_handshake;
  }
  Shard& shard = server_.shard();
  TlsMetrics& metrics = shard.metrics.client_tls;
  metrics.handshakes_in_progress.add();
  tls::Failure why{};
  // What came behind a PROXY header in one piece with it.
  std::string arrived(inbox_.unread().data(), inbox_.unread().size());
  inbox_.consume(arrived.size());
  inbox_.trim();
  patience = co_await prepare_for_name(patience, arrived);
  Reactor& reactor = shard.reactor;
  auto engine = certificates_->on(shard).accept(shard.tls_bench, reactor.now(), reactor.wall_now());
  certificates_.reset();
  const Result<void> shaken = co_await tls::shake_hands(stream_, std::move(engine), patience, why, arrived);
  metrics.handshakes_in_progress.subtract();
  if (shaken) {
    facts_.tls = stream_.tls();
    metrics.count(*facts_.tls);
    if (facts_.tls->protocol == tls::challenge_protocol) co_return false;  // it has seen what it came for
  } else if (shaken.error().origin == Origin::client) {
    // And not: given up by us.
    metrics.failures[static_cast<std::size_t>(why)].add();
  }
  co_return shaken.has_value();
}

/// Where certificates are had on demand: hears for whom, and has one made before the handshake goes on.
/// \returns  what is left of `patience`
Task<Duration> Connection::prepare_for_name(Duration patience, std::string& arrived) {
  if (!certificates_->wants_names()) co_return patience;
  Reactor& reactor = server_.shard().reactor;
  // Authorities take seconds: who may take for ever is given a minute.
  if (patience < Duration::zero()) patience = std::chrono::minutes{1};
  const Time deadline = deadline_after(reactor.now(), patience);
  const std::string name = co_await hear_name(stream_, patience, arrived);
  // A moment is left for the handshake itself.
  if (!name.empty()) co_await certificates_->prepare(server_.shard(), name, time_left(reactor.now(), deadline) * 3 / 4);
  co_return time_left(reactor.now(), deadline);
}

// The client is to know that this is the end and no cut, also when it still reads what was sent before.
Task<void> Connection::end_secured() {
  Duration patience;
  {
    const SnapshotPin now = pin();
    patience = now->timeouts.linger;
  }
  co_await await_handshake(stream_, patience);
  static_cast<void>(co_await stream_.send_goodbye(patience));
}

// A client that has just connected has a request on its way: it gets a moment to arrive, and its answer.
void Connection::drain() {
  draining_ = true;
  if (!idle_ && fault(Fault::drain_cuts_request)) abort(gateway_error(Code::draining));
  if (drain_watcher_ != nullptr && !fault(Fault::drain_forgets_idle)) return drain_watcher_->drain_began();
  if (!idle_ || fault(Fault::drain_forgets_idle)) return;
  if (requests_ == 0) {
    stream_.hasten_receive(pin()->timeouts.linger);
  } else {
    stream_.interrupt_receive(gateway_error(Code::draining));
  }
}

void Connection::abort(Error why) {
  if (region_ != nullptr) region_->cancel(why);
}

Shard& Connection::shard() {
  return server_.shard();
}
Handler& Connection::handler() {
  return handler_;
}
SnapshotPin Connection::pin() {
  return server_.pin();
}

bool Connection::ending() const {
  if (draining_ || requests_ >= requests_max_) return true;
  const Time now = server_.shard().reactor.now();
  if (traffic() && server_.census().memory().exceeds(memory_max_, now)) return true;
  return age_max_ >= Duration::zero() && now - opened_ >= age_max_;
}

void Connection::set_idle(bool idle) {
  idle_ = idle;
  if (!idle) ++requests_;
}

}  // namespace weir
