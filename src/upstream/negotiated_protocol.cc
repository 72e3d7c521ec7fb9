// Looking for a place, the gate, and what the handshake comes to.
#include "upstream/negotiated_protocol.h"

#include "net/tls/facts.h"
#include "upstream/secured_protocol.h"

namespace weir {
namespace {

constexpr std::string_view http2_name = "h2";

}  // namespace

/// What a core knows of one server.
struct NegotiatedProtocol::Place {
  Place(Shard& shard, std::unique_ptr<SharedSessions> sessions)
      : shared(std::move(sessions)), gate(shard.reactor, 1, UINT32_MAX) {}

  std::unique_ptr<SharedSessions> shared;
  Gate gate;  // to opening a connection that others may share
  std::shared_ptr<tls::SavedSession> saved = std::make_shared<tls::SavedSession>();
  bool speaks_http1 = false;  // as its last handshake said
  std::uint64_t failures = 0;
  Error last_failure{};
};

NegotiatedProtocol::NegotiatedProtocol(std::shared_ptr<const tls::ClientContext> context,
                                       std::shared_ptr<const ClientProtocol> http1_alone,
                                       const NegotiableSessions& sessions, unsigned cores)
    : context_(std::move(context)), http1_alone_(std::move(http1_alone)), sessions_(sessions), of_core_(cores) {}
NegotiatedProtocol::~NegotiatedProtocol() = default;

NegotiatedProtocol::Place& NegotiatedProtocol::place_of(Shard& shard, const UpstreamAddress& address) const {
  invariant(shard.id < of_core_.size(), "a core has a number below that of all");
  std::unique_ptr<Place>& place = of_core_[shard.id][text_of(address.address)];
  if (place == nullptr) place = std::make_unique<Place>(shard, sessions_.http2(shard, address, http1_alone_));
  return *place;
}

Task<Result<std::unique_ptr<ClientSession>>> NegotiatedProtocol::connect(Shard& shard, const UpstreamAddress& address,
                                                                         const UpstreamTimeouts& timeouts,
                                                                         Watcher* idle_watcher) const {
  Place& place = place_of(shard, address);
  if (auto session = place.shared->find()) co_return session;
  if (place.speaks_http1) co_return co_await open(shard, address, timeouts, idle_watcher, place);
  const std::uint64_t failures_before = place.failures;
  CO_TRY(Gate::Pass pass, co_await place.gate.enter());
  if (auto session = place.shared->find()) co_return session;
  if (place.failures != failures_before) co_return fail(place.last_failure);
  if (place.speaks_http1) pass = {};  // it was found out meanwhile: nobody can share what is opened
  co_return co_await open(shard, address, timeouts, idle_watcher, place);
}

Task<Result<std::unique_ptr<ClientSession>>> NegotiatedProtocol::open(Shard& shard, const UpstreamAddress& address,
                                                                      const UpstreamTimeouts& timeouts,
                                                                      Watcher* idle_watcher, Place& place) const {
  auto stream = co_await connect_secured(shard, address, *context_, place.saved, timeouts.connect, {});
  if (!stream) {
    ++place.failures;
    place.last_failure = stream.error();
    co_return fail(stream.error());
  }
  const std::string_view chosen = (*stream)->tls()->protocol;
  place.speaks_http1 = chosen != http2_name;
  if (chosen == http2_name) co_return place.shared->begin(std::move(*stream), timeouts);
  // A server that knows no ALPN speaks what was always spoken (RFC 9113 section 3.2 asks for h2 to be chosen).
  if (http1_is_offered()) co_return sessions_.http1(shard, std::move(*stream), idle_watcher);
  ++place.failures;
  place.speaks_http1 = false;
  place.last_failure =
      upstream_error(Code::tls_failed, "the server did not agree to HTTP/2 (ALPN)").with(Retry::unsent);
  co_return fail(place.last_failure);
}

}  // namespace weir
