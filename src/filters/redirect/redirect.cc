// One look-up; those who are not in the map pay for nothing else.
#include "filters/redirect/redirect.h"

#include <fmt/format.h>

#include "route/recorded_target.h"

namespace weir {

RedirectFilter::RedirectFilter(const RedirectFilterOptions& options, std::shared_ptr<WatchedFile<RedirectMap>> map)
    : status_(options.status),
      keeps_query_(options.query == RedirectFilterOptions::Query::keep),
      map_(std::move(map)) {}

Reply RedirectFilter::handle(Exchange& exchange, Next next) const {
  const RedirectMap& map = map_->on(exchange.shard);
  const auto found = map.find(exchange.request);
  return found ? redirect(exchange, map, *found) : std::move(next)(exchange);
}

// The map and found's views are used before the first suspension, while the map is what it was.
Reply RedirectFilter::redirect(Exchange& exchange, const RedirectMap& map, RedirectMap::Found found) const {
  exchange.record({.room = "redirect",
                   .verdict = "redirected",
                   .subject = {},
                   .reason = name_of(found.how),
                   .place = map_->line(found.line),
                   .facts = exchange.keeps_facts() ? pack_target(exchange.request, &map, exchange.arena) : ""});
  CO_TRY(const std::string_view where, RedirectMap::location(found, exchange.request, keeps_query_, exchange.arena));
  Answer answer(exchange.arena);
  answer.head.status = status_of(found);
  answer.head.fields.append(FieldName::location, where);
  answer.head.framing = {.kind = Framing::Kind::length, .length = 0};
  co_return answer;
}

Effect RedirectFilter::rehearse(ImaginedRequest& imagined) const {
  const auto map = map_->latest();
  const auto found = map->find(imagined.head);
  if (!found) return {.text = fmt::format("lets it on: not in {}", map_->path())};
  const auto where = RedirectMap::location(*found, imagined.head, keeps_query_, imagined.head.fields.arena());
  if (!where) return {.text = "fails: what the groups make is no canonical path", .answers = true, .status = 500};
  const Status status = status_of(*found);
  return {.text = fmt::format("redirects to {} with {} ({}:{})", *where, status, map_->path(), found->line),
          .answers = true,
          .status = status};
}

// ---- options ----

namespace {

std::unique_ptr<const Filter> build(const Node& options, BuildContext& context) {
  const auto read = RedirectFilterOptions::schema().read(options, Reading(context.diagnostics, context.path));
  if (!read) return {};
  const Node* named = options.find("map");
  const Place place = named == nullptr ? options.place() : named->place();
  auto map = watch_file(redirect_map_file, read->map, place, context.path + ".map", context);
  if (map == nullptr) return {};
  return std::make_unique<RedirectFilter>(*read, std::move(map));
}

}  // namespace

const Schema<RedirectFilterOptions>& RedirectFilterOptions::schema() {
  static const auto schema =
      Schema<RedirectFilterOptions>("redirect",
                                    "Redirects the paths that a map has, and lets others on. Short: `redirect: "
                                    "old.csv`.")
          .option("map", &RedirectFilterOptions::map,
                  {.doc = "A file of addresses and targets: text, CSV or YAML, read again when it changes.",
                   .example = "redirects.csv",
                   .required = true})
          .choice("status", &RedirectFilterOptions::status,
                  {{"301", Status{301}},
                   {"302", Status{302}},
                   {"303", Status{303}},
                   {"307", Status{307}},
                   {"308", Status{308}}},
                  {.doc = "For entries that do not say.", .example = "301"})
          .choice("query", &RedirectFilterOptions::query,
                  {{"keep", RedirectFilterOptions::Query::keep}, {"drop", RedirectFilterOptions::Query::drop}},
                  {.doc = "Whether the request's query is put behind the target.", .example = "drop"})
          .shorthand("map");
  return schema;
}

const FilterKind& redirect_filter() {
  static constexpr FilterKind kind{.name = "redirect", .schema = &schema_of<RedirectFilterOptions>, .build = &build};
  return kind;
}

}  // namespace weir
