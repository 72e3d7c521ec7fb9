// Which status each error gets, and the body that explains it.
#include "server/error_reply.h"

#include "base/fault.h"
#include "http/problem.h"
#include "server/grpc_reply.h"
#include "server/proxy_status.h"

namespace weir {
namespace {

Status client_status(Code code) {
  switch (code) {
    case Code::target_too_long:
      return 414;
    case Code::head_too_large:
    case Code::too_many_fields:
    case Code::field_too_large:
    case Code::trailer_too_large:
      return 431;
    case Code::body_too_large:
    case Code::body_expands_too_much:
      return 413;
    case Code::unsupported_content_coding:
      return 415;
    case Code::precondition_failed:
      return 412;
    case Code::range_not_satisfiable:
      return 416;
    case Code::unsupported_version:
      return 505;
    case Code::unsupported_transfer_coding:
    case Code::method_too_long:
      return 501;
    case Code::method_not_supported:
      return 405;
    case Code::length_required:
      return 411;
    case Code::unsupported_expectation:
      return 417;
    case Code::client_head_timeout:
    case Code::client_body_timeout:
    case Code::client_write_timeout:
      return 408;
    case Code::no_route:
    case Code::not_found:
      return 404;
    case Code::access_denied:
    case Code::destination_refused:
    case Code::permission_denied:
    case Code::upgrade_refused:
    case Code::read_only:
      return 403;
    case Code::credentials_missing:
    case Code::credentials_refused:
      return 401;
    case Code::rate_limited:
    case Code::too_many_in_flight:
      return 429;
    case Code::loop_detected:
      return 508;
    case Code::misdirected:
      return 421;
    case Code::too_early:
      return 425;
    default:
      return 400;
  }
}

Status upstream_status(Code code) {
  switch (code) {
    case Code::connect_timeout:
    case Code::first_byte_timeout:
    case Code::attempt_timeout:
    case Code::upstream_idle_timeout:
    case Code::upstream_write_timeout:
    case Code::timed_out:
    case Code::tls_timeout:
      return 504;
    case Code::upstream_overloaded:
      return 503;
    default:
      return 502;
  }
}

Status gateway_status(Code code) {
  switch (code) {
    case Code::request_timeout:
      return 504;
    case Code::queue_timeout:
    case Code::queue_full:
    case Code::rate_limited:
    case Code::too_many_in_flight:
    case Code::checks_queue_full:
    case Code::no_endpoint:
    case Code::circuit_open:
    case Code::endpoint_disabled:
    case Code::fault_injected:
    case Code::too_many_connections:
    case Code::too_many_from_client:
    case Code::out_of_descriptors:
    case Code::out_of_memory:
    case Code::disk_busy:
    case Code::draining:
    case Code::canceled:
      return 503;
    case Code::access_denied:
    case Code::read_only:
      return 403;
    case Code::no_route:
    case Code::not_found:
      return 404;
    default:
      return 500;
  }
}

}  // namespace

Status status_of(const Error& error) {
  switch (error.origin) {
    case Origin::client:
      return client_status(error.code);
    case Origin::upstream:
      return upstream_status(error.code);
    case Origin::gateway:
      return gateway_status(error.code);
  }
  return 500;
}

Answer error_reply(Exchange& exchange, const Error& error) {
  Answer answer(exchange.arena);
  static constexpr ErrorDetails no_details;
  const ErrorDetails& details = exchange.error_details == nullptr ? no_details : *exchange.error_details;
  answer.head.status = details.status != 0 ? details.status : status_of(error);
  const std::string_view text = error.text == nullptr ? std::string_view() : error.text;
  const Problem problem{.status = answer.head.status,
                        .reason = name_of(error.code),
                        .sentence = sentence_of(error.code),
                        .request_id = exchange.request_id,
                        .detail = details.detail.empty() ? text : details.detail,
                        .type = details.problem_type,
                        .members = details.problem_members};
  const ProblemFormat format = choose_problem_format(exchange.request.fields.get(FieldName::accept));
  const std::string_view body = exchange.arena.copy(render_problem(problem, format));
  Fields& fields = answer.head.fields;
  fields.append(FieldName::content_type, content_type_of(format));
  fields.append(FieldName::cache_control, "no-store");
  if (answer.head.status == 401 && !exchange.challenge.empty()) {
    fields.append(FieldName::www_authenticate, exchange.challenge);
  }
  // RFC 9110 section 15.5.16: what would have been understood.
  if (answer.head.status == 415) fields.append(FieldName::accept_encoding, "gzip, br, zstd");
  if (details.fields != nullptr) {
    for (const Field& field : *details.fields) fields.append(field);
  }
  if (answer.head.status == 503 && !fields.has(FieldName::retry_after)) fields.append(FieldName::retry_after, "1");
  tell_proxy_error(exchange, error, answer.head);
  if (!exchange.request_id.empty()) fields.append(FieldName::x_request_id, exchange.request_id);
  answer.head.framing = {.kind = Framing::Kind::length, .length = body.size()};
  answer.body = BodyPointer(exchange.arena.make<FixedBody>(body));
  if (is_grpc(exchange.request.fields) && !fault(Fault::grpc_told_in_http)) tell_in_grpc(exchange, error, answer);
  if (exchange.error_pages != nullptr) exchange.error_pages->dress(exchange, answer);
  return answer;
}

}  // namespace weir
