// The table from our codes to the registered types, and the two members that are written.
#include "server/proxy_status.h"

#include <array>
#include <charconv>

#include "base/text.h"
#include "http/characters.h"

namespace weir {
namespace {

std::string_view of_upstream(Code code) {
  switch (code) {
    case Code::certificate_untrusted:
      return "tls_certificate_error";
    case Code::tls_failed:
      return "tls_protocol_error";
    case Code::tls_timeout:
    case Code::connect_timeout:
      return "connection_timeout";
    case Code::first_byte_timeout:
    case Code::attempt_timeout:
    case Code::timed_out:
      return "http_response_timeout";
    case Code::upstream_idle_timeout:
      return "connection_read_timeout";
    case Code::upstream_write_timeout:
      return "connection_write_timeout";
    case Code::connect_refused:
      return "connection_refused";
    case Code::unreachable:
      return "destination_ip_unroutable";
    case Code::resolve_failed:
      return "dns_error";
    case Code::peer_closed:
    case Code::peer_reset:
      return "connection_terminated";
    case Code::body_cut_short:
      return "http_response_incomplete";
    case Code::body_too_large:
      return "http_response_body_size";
    case Code::head_too_large:
    case Code::too_many_fields:
      return "http_response_header_section_size";
    case Code::field_too_large:
      return "http_response_header_size";
    case Code::trailer_too_large:
      return "http_response_trailer_section_size";
    case Code::unsupported_transfer_coding:
    case Code::chunked_not_last:
    case Code::transfer_coding_in_http10:
    case Code::bad_chunk_size:
    case Code::bad_chunk_extension:
    case Code::bad_chunk_end:
    case Code::chunk_line_too_long:
      return "http_response_transfer_coding";
    case Code::unsupported_content_coding:
    case Code::bad_content_coding:
    case Code::body_expands_too_much:
      return "http_response_content_coding";
    case Code::bad_upgrade:
      return "http_upgrade_failed";
    case Code::upstream_overloaded:
      return "connection_limit_reached";
    case Code::no_endpoint:
      return "destination_unavailable";
    case Code::io_failed:
      return "proxy_internal_error";
    default:
      return "http_protocol_error";
  }
}

std::string_view of_client(Code code) {
  switch (code) {
    case Code::access_denied:
    case Code::destination_refused:
    case Code::credentials_missing:
    case Code::credentials_refused:
    case Code::upgrade_refused:
    case Code::read_only:
    case Code::rate_limited:
    case Code::too_many_in_flight:
      return "http_request_denied";
    case Code::loop_detected:
      return "proxy_loop_detected";
    case Code::no_route:
    case Code::not_found:
      return "destination_not_found";
    default:
      return "http_request_error";
  }
}

std::string_view of_gateway(Code code) {
  switch (code) {
    case Code::queue_full:
    case Code::queue_timeout:
    case Code::checks_queue_full:
    case Code::too_many_connections:
    case Code::too_many_from_client:
      return "connection_limit_reached";
    case Code::no_endpoint:
    case Code::circuit_open:
    case Code::endpoint_disabled:
      return "destination_unavailable";
    case Code::request_timeout:
      return "http_response_timeout";
    case Code::fault_injected:
    case Code::access_denied:
    case Code::read_only:
    case Code::rate_limited:
    case Code::too_many_in_flight:
      return "http_request_denied";
    case Code::no_route:
    case Code::not_found:
      return "destination_not_found";
    case Code::resolve_failed:
      return "dns_error";
    default:
      return "proxy_internal_error";
  }
}

/// As a token, which begins with a letter (RFC 8941 section 3.3.4), else as a string.
std::string_view pseudonym_of(const Exchange& exchange, Arena& arena) {
  if (!exchange.snapshot) return "weir";
  const std::string_view name = exchange.snapshot->forwarded.pseudonym;
  return text::is_alpha(name.front()) ? name : arena.join("\"", name, "\"");
}

StorySettings::ProxyStatus wanted(const Exchange& exchange) {
  return exchange.snapshot ? exchange.snapshot->stories.proxy_status : StorySettings::ProxyStatus::errors;
}

}  // namespace

std::string_view proxy_error_type(const Error& error) {
  switch (error.origin) {
    case Origin::client:
      return of_client(error.code);
    case Origin::upstream:
      return of_upstream(error.code);
    case Origin::gateway:
      return of_gateway(error.code);
  }
  return "proxy_internal_error";
}

void tell_proxy_error(const Exchange& exchange, const Error& error, ResponseHead& head) {
  if (wanted(exchange) == StorySettings::ProxyStatus::off) return;
  // Structured Fields (RFC 8941): the types are tokens, details a string; our names need no escaping.
  head.fields.append(
      FieldName::proxy_status,
      head.fields.arena().join(pseudonym_of(exchange, head.fields.arena()), "; error=", proxy_error_type(error),
                               "; details=\"", name_of(error.origin), ":", name_of(error.code), "\""));
}

void tell_proxied(const Exchange& exchange, Status received, ResponseHead& head) {
  if (wanted(exchange) != StorySettings::ProxyStatus::all) return;
  std::array<char, 5> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), received).ptr;
  const std::string_view status(digits.data(), static_cast<std::size_t>(end - digits.data()));
  Arena& arena = head.fields.arena();
  // An upstream that was made from a URL is called by its address, which is nobody's business outside.
  const std::string_view name = exchange.upstream_name;
  const bool tellable = characters::is_token(name) && name.find_first_of(".:") == std::string_view::npos;
  const std::string_view member =
      tellable ? arena.join(pseudonym_of(exchange, arena), "; received-status=", status, "; next-hop=\"", name, "\"")
               : arena.join(pseudonym_of(exchange, arena), "; received-status=", status);
  head.fields.append(FieldName::proxy_status, member);
}

}  // namespace weir
