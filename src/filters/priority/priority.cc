// A table from values to classes.
#include "filters/priority/priority.h"

#include <fmt/format.h>

#include <algorithm>

namespace weir {

bool OptionType<Priority>::read(const Node& node, const Reading& at, Priority& out) {
  static const std::vector<std::string_view> words(priority_names.begin(), priority_names.end());
  std::size_t index = 0;
  if (!option::read_word(node, at, words, index)) return false;
  out = static_cast<Priority>(index);
  return true;
}

PriorityFacts priority_facts(const PriorityOptions& options, std::string_view value) {
  const auto found = std::ranges::find(options.classes, value, &std::pair<std::string, Priority>::first);
  return {.named = found == options.classes.end() ? -1 : static_cast<std::int32_t>(found - options.classes.begin()),
          .there = !value.empty()};
}

PriorityVerdict decide_priority(const PriorityOptions& options, const PriorityFacts& facts) {
  if (!options.by) return {options.otherwise, "by_route"};
  if (facts.named < 0) return {options.otherwise, facts.there ? "value_has_no_class" : "no_value"};
  return {options.classes[static_cast<std::size_t>(facts.named)].second, "by_value"};
}

PriorityFacts PriorityFilter::facts_of(const SelectorFacts& facts, Arena& arena) const {
  return options_.by ? priority_facts(options_, options_.by->value(facts, arena)) : PriorityFacts{};
}

Reply PriorityFilter::handle(Exchange& exchange, Next next) const {
  const PriorityFacts facts = facts_of(selector_facts(exchange), exchange.arena);
  const PriorityVerdict verdict = decide_priority(options_, facts);
  exchange.record({.room = priority_room,
                   .verdict = name_of(verdict.priority),
                   .subject = {},
                   .reason = verdict.reason,
                   .place = options_.place},
                  facts);
  return std::move(next)(exchange);
}

Effect PriorityFilter::rehearse(ImaginedRequest& imagined) const {
  const SelectorFacts facts = selector_facts(imagined);
  const PriorityVerdict verdict = decide_priority(options_, facts_of(facts, imagined.head.fields.arena()));
  return {.text = fmt::format("priority {}: {}", name_of(verdict.priority), verdict.reason)};
}

// ---- options ----

namespace {

/// Values are looked for one after the other; plans and tenants that pay are a handful.
constexpr std::size_t priority_values_max = 100;

bool check_priority(const Node& node, const Reading& reading, PriorityOptions& options) {
  options.place = node.place();
  if (!options.by && !options.classes.empty())
    return reading.error(node, "nothing says whose values these are", "write by: { header: x-plan } beside them");
  if (options.classes.size() > priority_values_max)
    return reading.error(node, fmt::format("at most {} values are told apart", priority_values_max));
  if (!options.by || !options.classes.empty()) return true;
  for (std::size_t at = 0; at < priorities; ++at)
    options.classes.emplace_back(priority_names[at], static_cast<Priority>(at));
  return true;
}

std::unique_ptr<const Filter> build(const Node& node, BuildContext& context) {
  auto options = PriorityOptions::schema().read(node, Reading(context.diagnostics, context.path));
  if (!options) return {};
  return std::make_unique<PriorityFilter>(std::move(*options));
}

}  // namespace

const Schema<PriorityOptions>& PriorityOptions::schema() {
  static const auto schema =
      Schema<PriorityOptions>("priority",
                              "Says who goes first, and who is let go first, when not all can be served. Short: "
                              "`priority: high` for a whole route.")
          .option("class", &PriorityOptions::otherwise,
                  {.doc = "The class of the route, or of requests whose value has none.", .example = "high"})
          .option("by", &PriorityOptions::by,
                  {.doc = "The value of a request that decides; whoever may write it must be trusted.",
                   .example = "{ header: x-plan }"})
          .option("classes", &PriorityOptions::classes,
                  {.doc = "Which class each value has; not written: the value is the class.",
                   .example = "{ paid: high, free: low }"})
          .shorthand("class")
          .check(&check_priority);
  return schema;
}

const FilterKind& priority_filter() {
  static constexpr FilterKind kind{.name = "priority", .schema = &schema_of<PriorityOptions>, .build = &build};
  return kind;
}

}  // namespace weir
