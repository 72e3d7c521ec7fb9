// Facts from the connection and the request; the verdict.
#include "server/early_request.h"

namespace weir {
namespace {

bool only_asks(Method method) {
  return method == Method::get || method == Method::head || method == Method::options;
}

}  // namespace

EarlyRequestVerdict decide(const EarlyRequestFacts& facts) {
  if (facts.handshake_over) return {.served = true, .reason = "handshake_over"};
  if (!only_asks(facts.method)) return {.served = false, .reason = "unsafe_method"};
  if (facts.has_content) return {.served = false, .reason = "content"};
  if (facts.upgrades) return {.served = false, .reason = "upgrade"};
  return {.served = true, .reason = "safe_method"};
}

bool is_too_early(Exchange& exchange) {
  const tls::Facts* const tls = exchange.connection.tls;
  const EarlyRequestVerdict verdict = decide({.handshake_over = tls == nullptr || !tls->early,
                                              .method = exchange.request.method,
                                              .has_content = exchange.request_body != nullptr,
                                              .upgrades = !exchange.request.upgrade.empty()});
  if (!verdict.served)
    exchange.record({.room = "tls", .verdict = "too_early", .subject = {}, .reason = verdict.reason, .place = {}});
  return !verdict.served;
}

}  // namespace weir
