// Cells of all cores, added up; keys of their sketches, joined.
#include "app/admin/limits_page.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "app/json_writer.h"
#include "app/printable.h"
#include "filters/limit/fleet/runner.h"
#include "filters/limit/rule.h"

namespace weir {
namespace {

using TermsByState = std::map<const limit::RuleState*, std::vector<std::shared_ptr<limit::RuleTerms>>>;

/// How many of the heaviest keys are shown of a rule.
constexpr std::size_t keys_shown = 10;

void add_core(LimitTotals& totals, std::map<std::string, std::uint64_t>& keys, const limit::RuleState::Core& core) {
  totals.admitted += core.admitted.get();
  totals.refused += core.refused.get();
  totals.delayed += core.delayed.get();
  totals.would_refuse += core.would_refuse.get();
  for (const HeavyKey& key : core.heavy.all()) keys[key.text] += key.count;
}

std::vector<HeavyKey> heaviest(const std::map<std::string, std::uint64_t>& keys) {
  std::vector<HeavyKey> heavy;
  for (const auto& [text, count] : keys) heavy.push_back({.text = text, .count = count});
  std::ranges::sort(heavy, [](const HeavyKey& one, const HeavyKey& other) {
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
    for (const HeavyKey& key : core.spenders->all()) {
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

std::string fleet_text(const FleetTotals& fleet) {
  if (fleet.members == 0) return {};
  return fmt::format(
      "fleet of {}: {} heard; of three parts of the keys {} by the whole limit, {} by the last ratio, {} by this "
      "machine's share; {} hot keys, {} messages sent, {} received, {} refused\n",
      fleet.members, fleet.members_heard, fleet.slots_whole, fleet.slots_kept, fleet.slots_share, fleet.hot_keys,
      fleet.messages_sent, fleet.messages_received, fleet.refused);
}

}  // namespace

std::vector<LimitTotals> limit_totals(SharedStates& states, std::optional<WallTime> now) {
  struct Gathered {
    LimitTotals totals;
    std::map<std::string, std::uint64_t> keys;
  };
  std::map<std::pair<std::string, std::string>, Gathered> gathered;
  TermsByState all_terms;
  for (auto& terms : states.all<limit::RuleTerms>()) all_terms[terms->of.get()].push_back(std::move(terms));
  states.for_each<limit::RuleState>([&](limit::RuleState& state) {
    const auto terms = all_terms.find(&state);
    const bool in_use = terms != all_terms.end();
    // A state outlives the number in flight that it was made for.
    Gathered& here = gathered[{state.name(), in_use ? terms->second.front()->allowance : state.allowance()}];
    if (in_use) add_promise(here.totals.promise, state, terms->second);
    for (const limit::RuleState::Core& core : state.cores()) add_core(here.totals, here.keys, core);
    if (now) add_quota(here.totals, state, *now);
    if (state.owned_part() != nullptr) add_owned(here.totals.owned, *state.owned_part());
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

FleetTotals fleet_totals(SharedStates& states) {
  FleetTotals totals;
  states.for_each<limit::fleet::ExchangeStatus>([&](const limit::fleet::ExchangeStatus& status) {
    totals = {.members = status.members.get(),
              .members_heard = status.members_heard.get(),
              .messages_sent = status.messages_sent.get(),
              .messages_received = status.messages_received.get(),
              .bytes_sent = status.bytes_sent.get(),
              .bytes_received = status.bytes_received.get(),
              .refused = status.refused.get(),
              .hot_keys = status.hot_keys.get(),
              .slots_whole = status.slots_whole.get(),
              .slots_kept = status.slots_kept.get(),
              .slots_share = status.slots_share.get(),
              .aggregates = status.aggregates.get(),
              .suspected = status.suspected.get()};
  });
  return totals;
}

std::string limits_json(const std::vector<LimitTotals>& totals, const FleetTotals& fleet,
                        const std::vector<RedisTotals>& redis) {
  JsonWriter json;
  json.begin_object().key("rules").begin_array();
  for (const LimitTotals& rule : totals) {
    json.begin_object().member("name", rule.name).member("allows", rule.allowance);
    write_promise(json, rule.promise);
    if (rule.owned) write_owned(json, *rule.owned);
    json.member("admitted", rule.admitted).member("refused", rule.refused);
    json.member("delayed", rule.delayed).member("would_refuse", rule.would_refuse);
    json.key("refused_most").begin_array();
    for (const HeavyKey& key : rule.heavy)
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
  json.end_array();
  if (fleet.members > 0) {
    json.key("fleet").begin_object().member("members", fleet.members).member("members_heard", fleet.members_heard);
    json.member("whole", fleet.slots_whole).member("kept", fleet.slots_kept).member("share", fleet.slots_share);
    json.member("aggregates", fleet.aggregates).member("hot_keys", fleet.hot_keys).member("refused", fleet.refused);
    json.member("suspected", fleet.suspected);
    json.member("messages_sent", fleet.messages_sent).member("messages_received", fleet.messages_received);
    json.member("bytes_sent", fleet.bytes_sent).member("bytes_received", fleet.bytes_received).end_object();
  }
  if (!redis.empty()) write_redis(json, redis);
  json.end_object();
  return json.take() + "\n";
}

std::string limits_text(const std::vector<LimitTotals>& totals, const FleetTotals& fleet) {
  if (totals.empty()) return "no limits\n" + fleet_text(fleet);
  std::string out;
  for (const LimitTotals& rule : totals) {
    out += fmt::format("{} ({}): {} admitted, {} refused, {} delayed, {} would be refused\n", rule.name, rule.allowance,
                       rule.admitted, rule.refused, rule.delayed, rule.would_refuse);
    out += promise_text(rule.promise);
    if (rule.owned) out += owned_text(*rule.owned);
    for (const HeavyKey& key : rule.heavy) out += fmt::format("  {:>10}  {}\n", key.count, printable(key.text));
    if (!rule.quota) continue;
    out += fmt::format("  period ends {}; left:\n", moment(rule.quota->ends));
    for (const QuotaNow::Key& key : rule.quota->keys)
      out += fmt::format("  {:>10}  {}\n", key.left, printable(key.text));
  }
  return out + fleet_text(fleet);
}

void add_fleet(Exposition& page, const FleetTotals& fleet) {
  if (fleet.members == 0) return;
  const auto one = [&](std::string_view name, std::string_view type, std::string_view doc, std::uint64_t value) {
    page.family(name, type, doc);
    page.sample({}, value);
  };
  one("weir_fleet_members", "gauge", "Machines of the fleet, this one included.", fleet.members);
  one("weir_fleet_members_heard", "gauge", "Of these, heard within 300 ms; only aggregators hear all.",
      fleet.members_heard);
  one("weir_fleet_hot_keys", "gauge", "Keys that the fleet's exchange governs here.", fleet.hot_keys);
  one("weir_fleet_suspected", "gauge", "Machines that do not answer as owners of small limits.", fleet.suspected);
  one("weir_fleet_refused_total", "counter", "Connections and frames that proved no key of the fleet.", fleet.refused);
  page.family(
      "weir_fleet_slots", "gauge",
      "Thirds of the keys by what holds for them: the limit of all, the last ratio heard, this machine's share.");
  page.sample({{"holds", "whole"}}, fleet.slots_whole);
  page.sample({{"holds", "kept"}}, fleet.slots_kept);
  page.sample({{"holds", "share"}}, fleet.slots_share);
  page.family("weir_fleet_messages_total", "counter",
              "Messages of the exchange; none of them is for a request, but for questions to owners.");
  page.sample({{"direction", "sent"}}, fleet.messages_sent);
  page.sample({{"direction", "received"}}, fleet.messages_received);
  page.family("weir_fleet_bytes_total", "counter", "Their bytes, before they are sealed.");
  page.sample({{"direction", "sent"}}, fleet.bytes_sent);
  page.sample({{"direction", "received"}}, fleet.bytes_received);
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
  std::vector<OwnedTotals> owned;
  for (const LimitTotals& rule : totals) {
    if (rule.owned) owned.push_back(*rule.owned);
  }
  add_owned(page, owned);
}

}  // namespace weir
