// The verdict by declared length, and the counting of what has none.
#include "filters/body_limit/body_limit.h"

#include <fmt/format.h>

#include "server/error_reply.h"

namespace weir {
namespace {

constexpr Error too_large = client_error(Code::body_too_large);

using Action = BodyLimitVerdict::Action;

std::string_view name_of(Action action) {
  switch (action) {
    case Action::pass:
      return "passed";
    case Action::count:
      return "counted";
    case Action::refuse:
      return "refused";
  }
  return "";
}

}  // namespace

BodyLimitVerdict decide_body_limit(ByteCount bytes_max, const Framing& framing) {
  switch (framing.kind) {
    case Framing::Kind::none:
      return {Action::pass, "no_body"};
    case Framing::Kind::length:
      if (framing.length > bytes_max) return {Action::refuse, "length_over_limit"};
      return {Action::pass, "length_within_limit"};
    case Framing::Kind::chunked:
    case Framing::Kind::until_close:
      return {Action::count, "length_unknown"};
  }
  return {Action::count, "length_unknown"};
}

Task<Result<Piece>> CountedBody::read() {
  co_return counted(co_await inner_->read());
}

std::optional<Result<Piece>> CountedBody::try_read() {
  const std::optional<Result<Piece>> piece = inner_->try_read();
  if (!piece) return {};
  return counted(*piece);
}

Result<Piece> CountedBody::counted(const Result<Piece>& piece) {
  if (!piece) return piece;
  if (piece->bytes.size() > bytes_left_) return fail(too_large);
  bytes_left_ -= piece->bytes.size();
  return piece;
}

Reply BodyLimit::handle(Exchange& exchange, Next next) const {
  const BodyLimitVerdict verdict = decide_body_limit(rule_.bytes, exchange.request.framing);
  if (verdict.action != Action::pass) {
    exchange.record({.room = "body_limit",
                     .verdict = name_of(verdict.action),
                     .subject = {},
                     .reason = verdict.reason,
                     .place = rule_.place},
                    exchange.request.framing);
  }
  if (verdict.action == Action::refuse) return refuse(too_large);
  if (verdict.action == Action::count && exchange.request_body != nullptr) {
    exchange.request_body =
        BodyPointer(exchange.arena.make<CountedBody>(std::move(exchange.request_body), rule_.bytes));
  }
  return std::move(next)(exchange);
}

Effect BodyLimit::rehearse(ImaginedRequest& imagined) const {
  const BodyLimitVerdict verdict = decide_body_limit(rule_.bytes, imagined.head.framing);
  const std::string limit = option::shown_bytes(rule_.bytes);
  switch (verdict.action) {
    case Action::pass:
      return {.text = fmt::format("allows bodies up to {}: {}", limit, verdict.reason)};
    case Action::count:
      return {.text = fmt::format("counts the body and refuses it beyond {}: {}", limit, verdict.reason)};
    case Action::refuse:
      return {.text = fmt::format("refuses the body, {} bytes against {}: {}", imagined.head.framing.length, limit,
                                  verdict.reason),
              .answers = true,
              .status = status_of(too_large)};
  }
  return {};
}

// ---- options ----

namespace {

bool check_limit(const Node& node, const Reading& reading, BodyLimitOptions& options) {
  options.place = node.place();
  if (options.bytes != unbounded) return true;
  return reading.error(node, "without a number of bytes this limits nothing", "write 1MiB, or leave the filter out");
}

std::unique_ptr<const Filter> build(const Node& options, BuildContext& context) {
  const auto rule = BodyLimitOptions::schema().read(options, Reading(context.diagnostics, context.path));
  if (!rule) return {};
  return std::make_unique<BodyLimit>(*rule);
}

}  // namespace

const Schema<BodyLimitOptions>& BodyLimitOptions::schema() {
  static const auto schema =
      Schema<BodyLimitOptions>("body_limit", "Refuses requests whose body is too large, with 413.")
          .bytes("bytes", &BodyLimitOptions::bytes,
                 {.doc = "The largest body that is let through; 0B lets only empty ones. A declared length is refused "
                         "before anything is read, an unknown one when it crosses the limit.",
                  .example = "1MiB",
                  .required = true})
          .shorthand("bytes")
          .check(&check_limit);
  return schema;
}

const FilterKind& body_limit_filter() {
  static constexpr FilterKind kind{.name = "body_limit", .schema = &schema_of<BodyLimitOptions>, .build = &build};
  return kind;
}

}  // namespace weir
