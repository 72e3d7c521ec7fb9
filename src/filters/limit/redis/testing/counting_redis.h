// A made-up Redis that counts as the library inside a real one does, by the same budgets in C++, on virtual time.
// Whether the library does so is shown with a real Redis: tests/system/scenarios/redis_counts_exactly.py.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/text.h"
#include "filters/limit/budget.h"
#include "net/redis/testing/fake_redis.h"

namespace weir::limit {

class CountingRedis {
 public:
  CountingRedis(SimNetwork& network, SimWorld& world, std::string_view address)
      : server(network, world, address), network_(network) {
    server.answer = [this](const redis::FakeRedis::Words& words) { return answer(words); };
  }

  redis::FakeRedis server;
  std::map<std::string, std::uint64_t> states;
  std::string refuses_with;  ///< an error for every call, when there is one

 private:
  struct Rule {
    Budget budget;
    std::string key;
    bool dry = false;
    std::int64_t cost = 0;
    std::int64_t more = 0;
    BudgetVerdict verdict;
  };

  std::string answer(const redis::FakeRedis::Words& words) {
    if (words[0] == "PING") return "+PONG\r\n";
    if (words[0] == "FUNCTION") return "$1\r\nx\r\n";
    if (words[0] != "FCALL") return "+OK\r\n";
    if (!refuses_with.empty()) return "-" + refuses_with + "\r\n";
    std::vector<Rule> rules = read(words);
    return words[1].ends_with("_take") ? take(rules) : settle(rules);
  }

  static std::vector<Rule> read(const redis::FakeRedis::Words& words) {
    const std::size_t count = number(words[2]);
    std::vector<Rule> rules;
    for (std::size_t at = 0; at < count; ++at) {
      const std::size_t first = 3 + count + at * 10;
      EXPECT_GE(words.size(), first + 10);
      Budget budget{.algorithm = words[first] == "b"   ? Algorithm::token_bucket
                                 : words[first] == "f" ? Algorithm::fixed_window
                                                       : Algorithm::sliding_window,
                    .limit = number(words[first + 1]),
                    .window = std::chrono::microseconds{number(words[first + 2])},
                    .burst = number(words[first + 4]),
                    .debt = number(words[first + 5]),
                    .delay = Duration{static_cast<std::int64_t>(number(words[first + 6]))}};
      EXPECT_EQ(budget.unit_nanoseconds(), number(words[first + 3]));
      rules.push_back({.budget = budget,
                       .key = words[3 + at],
                       .dry = words[first + 7] == "1",
                       .cost = std::stoll(words[first + 8]),
                       .more = std::stoll(words[first + 9])});
    }
    return rules;
  }

  std::string take(std::vector<Rule>& rules) {
    bool agreed = true;
    for (Rule& rule : rules) {
      rule.verdict =
          decide_budget(rule.budget, states[rule.key], network_.now(), static_cast<std::uint64_t>(rule.cost));
      agreed = agreed && (rule.verdict.admitted || rule.dry);
    }
    std::string out = "*" + std::to_string(6 * rules.size()) + "\r\n";
    const auto say = [&](std::int64_t value) { out += ":" + std::to_string(value) + "\r\n"; };
    for (Rule& rule : rules) {
      const auto leased = std::min<std::uint64_t>(static_cast<std::uint64_t>(rule.more), rule.verdict.remaining);
      if (agreed && rule.verdict.admitted) {
        states[rule.key] =
            decide_budget(rule.budget, states[rule.key], network_.now(), static_cast<std::uint64_t>(rule.cost) + leased)
                .state;
      }
      say(rule.verdict.admitted ? 1 : 0);
      say(static_cast<std::int64_t>(rule.verdict.remaining));
      say(rule.verdict.wait == no_limit ? -1 : (rule.verdict.wait.count() + 999) / 1000);
      say((rule.verdict.reset.count() + 999) / 1000);
      say(agreed && rule.verdict.admitted ? static_cast<std::int64_t>(leased) : 0);
      say(is_bucket(rule) ? mark_of(rule) : 0);
    }
    return out;
  }

  std::string settle(const std::vector<Rule>& rules) {
    for (const Rule& rule : rules) {
      std::optional<Charge> charge;
      if (is_bucket(rule)) charge = charge_of(rule);
      states[rule.key] = settle_budget(rule.budget, states[rule.key], network_.now(), rule.more, charge);
    }
    return ":1\r\n";
  }

  static bool is_bucket(const Rule& rule) { return rule.budget.algorithm == Algorithm::token_bucket; }
  /// When all of a charge has come back, in microseconds.
  [[nodiscard]] std::int64_t mark_of(const Rule& rule) const {
    const std::int64_t takes = rule.cost * static_cast<std::int64_t>(rule.budget.unit_nanoseconds());
    return (network_.now().time_since_epoch().count() + takes + 999) / 1000;
  }
  /// A charge that has come back at the mark: which one it was, nobody needs to know.
  static Charge charge_of(const Rule& rule) {
    constexpr std::uint64_t cost = 1000;
    const Duration takes{static_cast<std::int64_t>(cost * rule.budget.unit_nanoseconds())};
    return {.at = Time{std::chrono::microseconds{rule.cost}} - takes, .cost = cost};
  }

  static std::uint64_t number(std::string_view text) { return weir::text::parse_decimal(text).value_or(0); }

  SimNetwork& network_;
};

}  // namespace weir::limit
