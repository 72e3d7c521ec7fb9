// Status and message, in place of content.
#include "server/grpc_reply.h"

#include <fmt/format.h>

#include "base/error.h"

namespace weir {

GrpcStatus grpc_status_of(const Error& error, Status status) {
  return error.code == Code::request_timeout ? GrpcStatus::deadline_exceeded : grpc_status_of(status);
}

void tell_in_grpc(Exchange& exchange, const Error& error, Answer& answer) {
  const GrpcStatus status = grpc_status_of(error, answer.head.status);
  const std::string_view detail = exchange.error_details == nullptr ? "" : exchange.error_details->detail;
  const std::string_view text = !detail.empty() ? detail : error.text != nullptr ? error.text : sentence_of(error.code);
  Fields& fields = answer.head.fields;
  answer.head.status = 200;
  answer.head.framing = {.kind = Framing::Kind::length};
  answer.body = nullptr;
  fields.set(FieldName::content_type, "application/grpc");
  fields.append("grpc-status", exchange.arena.copy(fmt::to_string(static_cast<unsigned>(status))));
  fields.append("grpc-message",
                exchange.arena.copy(grpc_message_of(fmt::format("{} ({})", text, name_of(error.code)))));
}

}  // namespace weir
