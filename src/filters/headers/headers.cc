// Removing, setting and adding, in that order.
#include "filters/headers/headers.h"

#include <fmt/format.h>

#include "base/text.h"
#include "contracts/field_option.h"

namespace weir {
namespace {

bool same_name(const Field& left, const Field& right) {
  return left.id == right.id && left.name == right.name;
}

Field in_arena(const Field& field, Arena& arena) {
  return {.name = arena.copy(field.name), .value = arena.copy(field.value), .id = field.id};
}

/// One line of its own for each value.
FieldOptions flatten(const std::vector<std::pair<std::string, std::vector<std::string>>>& lists) {
  FieldOptions flat;
  for (const auto& [name, values] : lists) {
    for (const std::string& value : values) flat.emplace_back(name, value);
  }
  return flat;
}

void list_names(std::string& text, std::string_view verb, const std::vector<Field>& fields) {
  for (bool first = true; const Field& field : fields) {
    if (first)
      text += fmt::format("{}{} {}", text.empty() ? "" : ", ", verb, field.name);
    else
      text += fmt::format(" and {}", field.name);
    first = false;
  }
}

}  // namespace

FieldEdits::FieldEdits(const FieldEditOptions& options)
    : set_texts_(options.set), add_texts_(flatten(options.add)), remove_texts_(options.remove) {
  set_ = prepare_fields(set_texts_);
  add_ = prepare_fields(add_texts_);
  for (std::string& name : remove_texts_) {
    name = text::to_lower(name);
    remove_.push_back({.name = name, .value = {}, .id = name_id(name)});
  }
}

void FieldEdits::apply(Fields& fields, Texts texts) const {
  const auto kept = [&](const Field& field) {
    return texts == Texts::copied ? in_arena(field, fields.arena()) : field;
  };
  for (const Field& gone : remove_) {
    fields.remove_if([&](const Field& field) { return same_name(field, gone); });
  }
  for (const Field& field : set_) {
    const Field ours = kept(field);
    fields.set(ours.name, ours.value);
  }
  for (const Field& field : add_) fields.append(kept(field));
}

std::string FieldEdits::text() const {
  std::string text;
  list_names(text, "removes", remove_);
  list_names(text, "sets", set_);
  list_names(text, "adds", add_);
  return text;
}

// Not a coroutine itself: with nothing to do on the response, the rest's own task is handed on and costs no frame.
Reply Headers::handle(Exchange& exchange, Next next) const {
  // A tunnel gives the configuration up while it lives, and the access log reads the request's fields when it ends.
  const bool may_become_tunnel = exchange.upgrade_allowed;
  request_.apply(exchange.request.fields, may_become_tunnel ? FieldEdits::Texts::copied : FieldEdits::Texts::borrowed);
  if (response_.empty()) return std::move(next)(exchange);
  return edit_response(exchange, std::move(next));
}

Reply Headers::edit_response(Exchange& exchange, Next next) const {
  CO_TRY(Answer answer, co_await std::move(next)(exchange));
  response_.apply(answer.head.fields, FieldEdits::Texts::borrowed);
  co_return answer;
}

Effect Headers::rehearse(ImaginedRequest& imagined) const {
  // What is imagined may be looked at after the configuration is gone.
  request_.apply(imagined.head.fields, FieldEdits::Texts::copied);
  Effect effect;
  if (!request_.empty()) effect.text = request_.text() + " on the request";
  if (!response_.empty()) effect.text += (effect.text.empty() ? "" : "; ") + response_.text() + " on the response";
  if (effect.text.empty()) effect.text = "changes nothing";
  return effect;
}

// ---- options ----

namespace {

/// Where the answer of the forwarding settings would take away again what a request's filter has set.
void warn_about_forwarding(const Node& edits, const Reading& reading) {
  for (const std::string_view list : {"set", "add"}) {
    const Node* map = edits.find(list);
    if (map == nullptr) continue;
    for (const Node::Member& member : map->members()) {
      const std::string name = text::to_lower(member.name);
      if (name != "forwarded" && !name.starts_with("x-forwarded-")) continue;
      reading.member(list)
          .member(member.name)
          .warning(member.place, fmt::format("{} is written anew for upstreams after the filters have run", name),
                   "use `forwarded` and `trusted_proxies`");
    }
  }
}

bool check_edits(const Node& edits, MessageKind message, const Reading& reading) {
  bool good = true;
  for (const std::string_view list : {"set", "add"}) {
    if (const Node* map = edits.find(list)) good = check_fields(*map, message, reading.member(list)) && good;
  }
  const Node* remove = edits.find("remove");
  if (remove == nullptr) return good;
  const Reading at = reading.member("remove");
  if (remove->is_scalar()) return check_field_name(remove->text(), message, remove->place(), at) && good;
  for (std::size_t index = 0; const Node& name : remove->items()) {
    good = check_field_name(name.text(), message, name.place(), at.item(index++)) && good;
  }
  return good;
}

bool check_messages(const Node& node, const Reading& reading, HeadersOptions&) {
  bool good = true;
  if (const Node* request = node.find("request")) {
    good = check_edits(*request, MessageKind::request, reading.member("request"));
    warn_about_forwarding(*request, reading.member("request"));
  }
  if (const Node* response = node.find("response")) {
    good = check_edits(*response, MessageKind::response, reading.member("response")) && good;
  }
  return good;
}

std::unique_ptr<const Filter> build(const Node& options, BuildContext& context) {
  const auto read = HeadersOptions::schema().read(options, Reading(context.diagnostics, context.path));
  if (!read) return {};
  return std::make_unique<Headers>(*read);
}

}  // namespace

const Schema<FieldEditOptions>& FieldEditOptions::schema() {
  static const auto schema =
      Schema<FieldEditOptions>("field edits", "Fields to take away, to replace and to add, in this order.")
          .option("remove", &FieldEditOptions::remove,
                  {.doc = "Names of fields of which every line is taken away.", .example = "[server, x-powered-by]"})
          .option("set", &FieldEditOptions::set,
                  {.doc = "Fields of which one line with this value takes the place of all there are.",
                   .example = "{ x-content-type-options: nosniff }"})
          .option("add", &FieldEditOptions::add,
                  {.doc = "Lines put behind those that are there; a list adds one line for each value.",
                   .example = "{ link: [\"</a.css>; rel=preload\", \"</b.js>; rel=preload\"] }"});
  return schema;
}

const Schema<HeadersOptions>& HeadersOptions::schema() {
  static const auto schema =
      Schema<HeadersOptions>("headers", "Changes header fields of requests and responses.")
          .option("request", &HeadersOptions::request,
                  {.doc = "Changes before the filters behind this one and the service see the request.",
                   .example = "{ set: { x-tenant: shop }, remove: [cookie] }"})
          .option(
              "response", &HeadersOptions::response,
              {.doc = "Changes to responses of upstreams and of services alike. Errors that Weir answers itself (an "
                      "upstream that is down, a refused client) do not pass the filters and stay as they are.",
               .example = "{ set: { strict-transport-security: max-age=31536000 } }"})
          .check(&check_messages);
  return schema;
}

const FilterKind& headers_filter() {
  static constexpr FilterKind kind{.name = "headers", .schema = &schema_of<HeadersOptions>, .build = &build};
  return kind;
}

}  // namespace weir
