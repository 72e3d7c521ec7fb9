// Cells of all cores, added up; keys of their sketches, joined.
#include "app/admin/limits_page.h"

#include <fmt/chrono.h>
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

/// Rules of one name on several routes: the period is the same, keys stand once, with the least that any has left.
void add_quota(LimitTotals& totals, limit::RuleState& state, WallTime now) {
  const std::optional<limit::Period> period = state.period(now);
  if (!period) return;
  if (!totals.quota) totals.quota.emplace();
  totals.quota->ends = period->end;
  std::map<std::string, std::uint64_t> keys;
  for (const QuotaNow::Key& key : totals.quota->keys) keys[key.text] = key.left;
  for (const limit::RuleState::Core& core : state.cores()) {
    for (const limit::HeavyKey& key : core.spenders->all()) {
      const std::uint64_t left = state.left_of(key.hash, now);
      const auto [at, fresh] = keys.try_emplace(key.text, left);
      if (!fresh) at->second = std::min(at->second, left);
    }
  }
  totals.quota->keys.clear();
  for (const auto& [text, left] : keys) totals.quota->keys.push_back({.text = text, .left = left});
  std::ranges::sort(totals.quota->keys, [](const auto& one, const auto& other) {
    return one.left != other.left ? one.left < other.left : one.text < other.text;
  });
  if (totals.quota->keys.size() > keys_shown) totals.quota->keys.resize(keys_shown);
}

std::string moment(std::int64_t seconds) {
  return fmt::format("{:%FT%TZ}", fmt::gmtime(static_cast<std::time_t>(seconds)));
}

}  // namespace

std::vector<LimitTotals> limit_totals(SharedStates& states, std::optional<WallTime> now) {
  struct Gathered {
    LimitTotals totals;
    std::map<std::string, std::uint64_t> keys;
  };
  std::map<std::pair<std::string, std::string>, Gathered> gathered;
  states.for_each<limit::RuleState>([&](limit::RuleState& state) {
    Gathered& here = gathered[{state.name(), state.allowance()}];
    for (const limit::RuleState::Core& core : state.cores()) add_core(here.totals, here.keys, core);
    if (now) add_quota(here.totals, state, *now);
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
    json.end_array();
    if (rule.quota) {
      json.key("quota").begin_object().member("period_ends", moment(rule.quota->ends));
      json.key("least_left").begin_array();
      for (const QuotaNow::Key& key : rule.quota->keys)
        json.begin_object().member("key", key.text).member("left", key.left).end_object();
      json.end_array().end_object();
    }
    json.end_object();
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
    if (!rule.quota) continue;
    out += fmt::format("  period ends {}; left:\n", moment(rule.quota->ends));
    for (const QuotaNow::Key& key : rule.quota->keys)
      out += fmt::format("  {:>10}  {}\n", key.left, printable(key.text));
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
