// The fixed answer, and its short forms.
#include "services/respond/respond.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"

namespace weir {

namespace {

constexpr std::string_view default_type = "text/plain; charset=utf-8";

/// The media type that the options give, or the default one.
std::string_view type_of(const RespondOptions& options) {
  const auto typed = std::ranges::find_if(
      options.headers, [](const auto& field) { return text::equal_ignoring_case(field.first, "content-type"); });
  return typed == options.headers.end() ? default_type : std::string_view(typed->second);
}

}  // namespace

Respond::Respond(RespondOptions options, Template page, std::vector<Template> fields)
    : options_(std::move(options)), page_(std::move(page)), field_templates_(std::move(fields)) {
  const bool typed = type_of(options_).data() != default_type.data();
  const bool has_text = !options_.body.empty() || !options_.template_text.empty();
  if (!typed && has_text) options_.headers.emplace_back("content-type", default_type);
  // What a client sent stands in the body: no browser may take it for something else than it is called.
  if (page_.has_values()) options_.headers.emplace_back("x-content-type-options", "nosniff");
  fields_ = prepare_fields(options_.headers);
}

Reply Respond::handle(Exchange& exchange) const {
  Answer answer(exchange.arena);
  answer.head.status = options_.status;
  for (std::size_t at = 0; at < fields_.size(); ++at) {
    Field field = fields_[at];
    if (at < field_templates_.size() && field_templates_[at].has_values()) {
      CO_TRY(field.value, field_templates_[at].render(selector_facts(exchange), exchange.arena));
      field.value = text::trim(field.value);
    }
    answer.head.fields.append(field);
  }
  CO_TRY(const std::string_view body, body_for(exchange, exchange.arena));
  if (!has_no_content(options_.status)) answer.head.framing = {.kind = Framing::Kind::length, .length = body.size()};
  if (!body.empty()) answer.body = BodyPointer(exchange.arena.make<FixedBody>(body));
  co_return answer;
}

Result<std::string_view> Respond::body_for(const Exchange& exchange, Arena& arena) const {
  if (options_.template_text.empty()) return options_.body;
  return page_.render(selector_facts(exchange), arena);
}

Effect Respond::rehearse(ImaginedRequest&) const {
  std::string text = options_.template_text.empty()
                         ? fmt::format("answers {} with {} bytes", options_.status, options_.body.size())
                         : fmt::format("answers {} with what its template makes of the request", options_.status);
  return {.text = std::move(text), .answers = true, .status = options_.status};
}

// ---- options ----

Node respond_long_form(const Node& written) {
  if (!written.is_scalar()) return written;
  const std::string& text = written.text();
  const bool is_status = !written.quoted() && text.size() == 3 && text::parse_decimal(text).has_value();
  return Node::map(written.place(),
                   {{.name = is_status ? "status" : "body", .place = written.place(), .value = written}});
}

namespace {

/// The status is the whole of what is written: complaints name no option.
bool read_short(const Node& node, const Reading& reading, RespondOptions& options) {
  if (!option::want_scalar(node, reading, "a status, a text, or the options of respond")) return false;
  const Node meant = respond_long_form(node);
  if (const Node* body = meant.find("body")) {
    options.body = body->text();
    return true;
  }
  options.status = static_cast<Status>(*text::parse_decimal(node.text()));
  if (options.status >= 200 && options.status <= 599) return true;
  return reading.error(node, fmt::format("{} is no status of a final response", node.text()), "write 200 to 599");
}

bool check_answer(const Node& node, const Reading& reading, RespondOptions& options) {
  bool good = true;
  if (const Node* headers = node.find("headers")) {
    good = check_fields(*headers, MessageKind::response, reading.member("headers"));
  }
  if (!options.body.empty() && !options.template_text.empty()) {
    good = reading.error(node, "both body and template are given", "write one of them");
  }
  if (has_no_content(options.status) && !(options.body.empty() && options.template_text.empty())) {
    const Node* body = node.find(options.body.empty() ? "template" : "body");
    good =
        reading.member(options.body.empty() ? "template" : "body")
            .error(body == nullptr ? node : *body, fmt::format("a response with status {} has no body", options.status),
                   "leave it out, or write status: 200");
  }
  return good;
}

/// Fields with a meaning of their own, which a request must not choose.
bool may_have_values(std::string_view name) {
  const std::string lower = text::to_lower(name);
  const bool instructs = lower.starts_with("x-accel-") || lower.starts_with("x-sendfile") ||
                         lower == "x-frame-options" || lower == "x-content-type-options" ||
                         lower == "x-xss-protection" || lower == "x-robots-tag";
  return lower.starts_with("x-") && !instructs;
}

std::optional<std::vector<Template>> read_field_templates(const Node& node, const Reading& reading,
                                                          const RespondOptions& options) {
  std::vector<Template> made;
  const Node* headers = node.find("headers");
  bool good = true;
  for (const auto& [name, value] : options.headers) {
    auto field = Template::parse(value, TemplateLanguage::field);
    const Node* written = headers == nullptr ? nullptr : headers->find(name);
    const Node& place = written == nullptr ? node : *written;
    if (!field) {
      good = reading.member("headers").member(name).error(place, field.error());
    } else if (field->has_values() && !may_have_values(name)) {
      good = reading.member("headers").member(name).error(place, fmt::format("a request would decide about {}", name),
                                                          "use a field of your own: x-...");
    }
    made.push_back(field ? std::move(*field) : Template());
  }
  return good ? std::optional(std::move(made)) : std::nullopt;
}

std::unique_ptr<const Service> build_template(const Node& node, const Reading& reading, RespondOptions options) {
  const std::string_view type = type_of(options);
  const std::string lower = text::to_lower(type);
  const Node& written = node.is_map() ? *node.find("template") : node;
  const Reading at = reading.member("template");
  const auto language = language_of(type);
  if (!language) {
    at.error(written, fmt::format("nobody has said how to escape values in \"{}\"", type),
             "write content-type text/html, application/json or text/plain");
    return {};
  }
  if (lower.contains("charset=") && !lower.contains("charset=utf-8") && !lower.contains("charset=\"utf-8\"")) {
    at.error(written, fmt::format("templates make UTF-8, and \"{}\" says otherwise", type), "write charset=utf-8");
    return {};
  }
  auto page = Template::parse(options.template_text, *language);
  if (!page) at.error(written, page.error());
  auto fields = read_field_templates(node, reading, options);
  if (!page || !fields) return {};
  return std::make_unique<Respond>(std::move(options), std::move(*page), std::move(*fields));
}

std::unique_ptr<const Service> build(const Node& options, BuildContext& context) {
  const Reading reading(context.diagnostics, context.path);
  auto read = RespondOptions::schema().read(options, reading);
  if (!read) return {};
  if (!read->template_text.empty()) return build_template(options, reading, std::move(*read));
  return std::make_unique<Respond>(std::move(*read));
}

}  // namespace

const Schema<RespondOptions>& RespondOptions::schema() {
  static const auto schema =
      Schema<RespondOptions>("respond", "Answers with a fixed response. Short: `respond: 204`, `respond: \"text\"`.")
          .option("status", &RespondOptions::status,
                  {.doc = "The status.", .example = "404", .minimum = Status{200}, .maximum = Status{599}})
          .option("body", &RespondOptions::body, {.doc = "The text.", .example = "\"hello\\n\""})
          .option("template", &RespondOptions::template_text,
                  {.doc = "A text with places for values of the request, {{ client_address }} or {{ header: x-user }}, "
                          "instead of a body. Values are escaped for where they stand, by the content-type: text/html, "
                          "application/json or text/plain. Fields whose names begin with x- may have them, too.",
                   .example = "\"You are {{ client_address }}\\n\""})
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
