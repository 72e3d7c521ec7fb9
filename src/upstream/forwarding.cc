// One pass over the fields, then what is added.
#include "upstream/forwarding.h"

#include <algorithm>
#include <array>
#include <string>

#include "base/crypto.h"
#include "http/max_forwards.h"
#include "net/tls/server_context.h"

namespace weir {
namespace {

constexpr std::string_view client_cert_name = "client-cert";

/// What clients cannot tell upstreams, of the names that they could write another way.
constexpr std::array<std::string_view, 9> told_by_us{client_cert_name,   "client-cert-chain", "early-data",
                                                     "x-forwarded-for",  "x-forwarded-proto", "x-forwarded-host",
                                                     "x-forwarded-port", "x-request-id",      "x-real-ip"};

/// Applications that are told fields as variables (CGI, WSGI and their like: RFC 3875 section 4.1.18) take
/// `client_cert` for `client-cert`.
bool passes_for_ours(std::string_view name) {
  if (!name.contains('_')) return false;
  const auto same = [](char written, char ours) { return (written == '_' ? '-' : written) == ours; };
  return std::ranges::any_of(told_by_us, [&](std::string_view ours) { return std::ranges::equal(name, ours, same); });
}

/// Whether a field goes on as it came; the others are written anew or not at all.
bool stays(const Field& field, bool request_id_is_ours) {
  switch (field.id) {
    case FieldName::other:
      return field.name != client_cert_name && field.name != "client-cert-chain" && !passes_for_ours(field.name);
    case FieldName::host:  // the connection writes the authority
    case FieldName::expect:
      return false;
    case FieldName::x_request_id:
      return !request_id_is_ours;
    default:
      return true;
  }
}

std::string_view certificate_to_tell(const ConnectionFacts& connection) {
  const bool told = connection.tls != nullptr && connection.tls->context->tells_upstreams();
  return told ? std::string_view(connection.tls->certificate) : std::string_view();
}

}  // namespace

std::string_view authority_asked_for(const RequestHead& request) {
  const Field* host = request.fields.find(FieldName::host);
  return host != nullptr ? host->value : request.authority;
}

const RequestHead& compose_upstream_head(const RequestHead& request, const ForwardingFacts& facts, Arena& arena) {
  const ForwardedSettings& settings = facts.settings;
  const bool names_request = settings.request_id && !facts.request_id.empty();

  auto& head = *arena.make<RequestHead>(request);
  head.fields = Fields(arena);  // the request keeps its own: the log reads them later
  head.expects_continue = request.expects_continue && facts.has_body;
  if (!facts.upgrade_allowed) head.upgrade = {};
  for (const Field& field : request.fields) {
    if (stays(field, names_request)) head.fields.append(field);
  }

  ForwardingHop hop = facts.hop;
  hop.authority = authority_asked_for(request);
  forward_client(head.fields, hop, {.x_forwarded = settings.x_forwarded, .forwarded = settings.forwarded});
  if (settings.via) {
    append_via(head.fields, request.version, settings.pseudonym);
    append_cdn_loop(head.fields, settings.pseudonym);
  }
  if (!facts.client_certificate.empty()) {
    head.fields.append(client_cert_name,
                       arena.join(std::string_view(":"), crypto::encode_base64(facts.client_certificate), ":"));
  }
  if (const auto left = forwards_left(request); left && *left > 0) {
    head.fields.set("max-forwards", arena.copy(std::to_string(*left - 1)));
  }
  if (facts.came_early) head.fields.set("early-data", "1");  // RFC 8470 section 5.1; what clients say of it stays
  if (head.expects_continue) head.fields.append(FieldName::expect, "100-continue");
  if (names_request) head.fields.append(FieldName::x_request_id, facts.request_id);
  return head;
}

const RequestHead& compose_upstream_head(const RequestHead& request, const Exchange& exchange, Arena& arena,
                                         bool upgrade_allowed) {
  const Snapshot& snapshot = *exchange.snapshot;
  const ClientAddress& client = exchange.connection.client;
  return compose_upstream_head(
      request,
      {.settings = snapshot.forwarded,
       .hop = {.peer = client.peer,
               .over_unix = client.over_unix,
               .peer_trusted = !client.over_unix && contains(snapshot.trusted_proxies, client.peer),
               .scheme = exchange.connection.scheme(),
               .authority = {},
               .port = exchange.connection.local_port},
       .request_id = exchange.request_id,
       .upgrade_allowed = upgrade_allowed,
       .has_body = exchange.request_body != nullptr,
       .client_certificate = certificate_to_tell(exchange.connection),
       .came_early = exchange.connection.tls != nullptr && exchange.connection.tls->early},
      arena);
}

}  // namespace weir
