// Cells of all cores, added up; keys of their sketches, joined.
#include "app/admin/limits_page.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "app/json_writer.h"
#include "app/printable.h"
#include "filters/limit/rule.h"

namespace weir {
namespace {

/// How many of the heaviest keys are shown of a rule.
constexpr std::size_t keys_shown = 10;

void add_core(LimitTotals& totals, std::map<std::string, std::uint64_t>& keys, const limit::RuleState::Core& core) {
  totals.admitted += core.admitted.get();
  totals.refused += core.refused.get();
  totals.delayed += core.delayed.get();
  totals.would_refuse += core.would_refuse.get();
  for (const limit::HeavyKey& key : core.heavy.all()) keys[key.text] += key.count;
}

std::vector<limit::HeavyKey> heaviest(const std::map<std::string, std::uint64_t>& keys) {
  std::vector<limit::HeavyKey> heavy;
  for (const auto& [text, count] : keys) heavy.push_back({.text = text, .count = count});
  std::ranges::sort(heavy, [](const limit::HeavyKey& one, const limit::HeavyKey& other) {
    return one.count != other.count ? one.count > other.count : one.text < other.text;
  });
  if (heavy.size() > keys_shown) heavy.resize(keys_shown);
  return heavy;
}

}  // namespace

std::vector<LimitTotals> limit_totals(SharedStates& states) {
  struct Gathered {
    LimitTotals totals;
    std::map<std::string, std::uint64_t> keys;
  };
  std::map<std::pair<std::string, std::string>, Gathered> gathered;
  states.for_each<limit::RuleState>([&](const limit::RuleState& state) {
    Gathered& here = gathered[{state.name(), state.allowance()}];
    for (const limit::RuleState::Core& core : state.cores()) add_core(here.totals, here.keys, core);
  });
  std::vector<LimitTotals> all;
  for (auto& [name, here] : gathered) {
    here.totals.name = name.first;
    here.totals.allowance = name.second;
    here.totals.heavy = heaviest(here.keys);
    all.push_back(std::move(here.totals));
  }
  return all;
}

std::string limits_json(const std::vector<LimitTotals>& totals) {
  JsonWriter json;
  json.begin_object().key("rules").begin_array();
  for (const LimitTotals& rule : totals) {
    json.begin_object().member("name", rule.name).member("allows", rule.allowance);
    json.member("admitted", rule.admitted).member("refused", rule.refused);
    json.member("delayed", rule.delayed).member("would_refuse", rule.would_refuse);
    json.key("refused_most").begin_array();
    for (const limit::HeavyKey& key : rule.heavy)
      json.begin_object().member("key", key.text).member("count", key.count).end_object();
    json.end_array().end_object();
  }
  json.end_array().end_object();
  return json.take() + "\n";
}

std::string limits_text(const std::vector<LimitTotals>& totals) {
  if (totals.empty()) return "no limits\n";
  std::string out;
  for (const LimitTotals& rule : totals) {
    out += fmt::format("{} ({}): {} admitted, {} refused, {} delayed, {} would be refused\n", rule.name, rule.allowance,
                       rule.admitted, rule.refused, rule.delayed, rule.would_refuse);
    for (const limit::HeavyKey& key : rule.heavy) out += fmt::format("  {:>10}  {}\n", key.count, printable(key.text));
  }
  return out;
}

void add_limits(Exposition& page, const std::vector<LimitTotals>& totals) {
  if (totals.empty()) return;
  page.family("weir_limit_decisions_total", "counter",
              "Requests that a rule of a limit decided about, by rule and verdict; delayed ones are admitted, too.");
  for (const LimitTotals& rule : totals) {
    const auto sample = [&](std::string_view verdict, std::uint64_t count) {
      page.sample({{"rule", rule.name}, {"allows", rule.allowance}, {"verdict", verdict}}, count);
    };
    sample("admitted", rule.admitted);
    sample("refused", rule.refused);
    sample("delayed", rule.delayed);
    sample("would_refuse", rule.would_refuse);
  }
}

}  // namespace weir
