// The fixed answer, and its short forms.
#include "services/respond/respond.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"

namespace weir {

Respond::Respond(RespondOptions options) : options_(std::move(options)) {
  const bool typed = std::ranges::any_of(
      options_.headers, [](const auto& field) { return text::equal_ignoring_case(field.first, "content-type"); });
  if (!typed && !options_.body.empty()) options_.headers.emplace_back("content-type", "text/plain; charset=utf-8");
  fields_ = prepare_fields(options_.headers);
}

Reply Respond::handle(Exchange& exchange) const {
  Answer answer(exchange.arena);
  answer.head.status = options_.status;
  for (const Field& field : fields_) answer.head.fields.append(field);
  if (!has_no_content(options_.status)) {
    answer.head.framing = {.kind = Framing::Kind::length, .length = options_.body.size()};
  }
  if (!options_.body.empty()) answer.body = BodyPointer(exchange.arena.make<FixedBody>(options_.body));
  co_return answer;
}

Effect Respond::rehearse(ImaginedRequest&) const {
  return {.text = fmt::format("answers {} with {} bytes", options_.status, options_.body.size()),
          .answers = true,
          .status = options_.status};
}

// ---- options ----

namespace {

/// `respond: 204` is a status; what is quoted, or no number of three digits, is a text.
bool read_short(const Node& node, const Reading& reading, RespondOptions& options) {
  if (!option::want_scalar(node, reading, "a status, a text, or the options of respond")) return false;
  const std::string& text = node.text();
  const bool is_status = !node.quoted() && text.size() == 3 && text::parse_decimal(text).has_value();
  if (!is_status) {
    options.body = text;
    return true;
  }
  options.status = static_cast<Status>(*text::parse_decimal(text));
  if (options.status >= 200 && options.status <= 599) return true;
  return reading.error(node, fmt::format("{} is no status of a final response", text), "write 200 to 599");
}

bool check_answer(const Node& node, const Reading& reading, RespondOptions& options) {
  bool good = true;
  if (const Node* headers = node.find("headers")) {
    good = check_fields(*headers, MessageKind::response, reading.member("headers"));
  }
  if (has_no_content(options.status) && !options.body.empty()) {
    const Node* body = node.find("body");
    good = reading.member("body").error(body == nullptr ? node : *body,
                                        fmt::format("a response with status {} has no body", options.status),
                                        "leave it out, or write status: 200");
  }
  return good;
}

std::unique_ptr<const Service> build(const Node& options, BuildContext& context) {
  auto read = RespondOptions::schema().read(options, Reading(context.diagnostics, context.path));
  if (!read) return {};
  return std::make_unique<Respond>(std::move(*read));
}

}  // namespace

const Schema<RespondOptions>& RespondOptions::schema() {
  static const auto schema =
      Schema<RespondOptions>("respond", "Answers with a fixed response. Short: `respond: 204`, `respond: \"text\"`.")
          .option("status", &RespondOptions::status,
                  {.doc = "The status.", .example = "404", .minimum = Status{200}, .maximum = Status{599}})
          .option("body", &RespondOptions::body, {.doc = "The text.", .example = "\"hello\\n\""})
          .option("headers", &RespondOptions::headers,
                  {.doc = "Fields of the response; content-type is text/plain; charset=utf-8 unless it stands here.",
                   .example = "{ content-type: application/json }"})
          .shorthand(&read_short)
          .check(&check_answer);
  return schema;
}

const ServiceKind& respond_service() {
  static constexpr ServiceKind kind{.name = "respond", .schema = &schema_of<RespondOptions>, .build = &build};
  return kind;
}

}  // namespace weir
