// Facts from the handshake and the request; the verdict.
#include "server/misdirection.h"

#include "net/tls/server_context.h"

namespace weir {

MisdirectionVerdict decide(const MisdirectionFacts& facts) {
  if (!facts.named) return {.misdirected = false, .reason = "no_name_asked_for"};
  if (facts.same_name) return {.misdirected = false, .reason = "same_name"};
  if (facts.shown == facts.host_is_shown) return {.misdirected = false, .reason = "same_certificate"};
  return {.misdirected = true, .reason = "other_certificate"};
}

bool is_misdirected(Exchange& exchange) {
  const tls::Facts& tls = *exchange.connection.tls;
  const std::string_view host = exchange.request.host;
  MisdirectionFacts facts{.named = !tls.server_name.empty(), .same_name = host == tls.server_name};
  if (facts.same_name || !facts.named || host.empty()) return false;  // HTTP/1.0 may name no host
  facts.shown = tls.identity;
  facts.host_is_shown = tls.context->set_for(host);
  const MisdirectionVerdict verdict = decide(facts);
  if (!verdict.misdirected) return false;
  exchange.record({.room = "tls", .verdict = "misdirected", .subject = {}, .reason = verdict.reason, .place = {}},
                  facts);
  return true;
}

}  // namespace weir
