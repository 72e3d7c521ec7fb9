// Tables of whoever is heaviest.
#include "app/admin/top_page.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <functional>
#include <map>
#include <tuple>

#include "app/json_writer.h"
#include "app/printable.h"
#include "filters/limit/rule.h"

namespace weir {
namespace {

constexpr std::array words{"rule", "key", "route", "client"};

double seconds_counted(const Top& top, const HeavyReport& report) {
  return std::max(std::chrono::duration<double>(top.now - report.since).count(), 1e-3);
}
double per_second(const Top& top, const HeavyReport& report, double count) {
  return count / seconds_counted(top, report);
}
double per_second(const Top& top, const HeavyReport& report) {
  return per_second(top, report, static_cast<double>(report.total));
}

double share(const HeavyReport& report, double count) {
  return report.total == 0 ? 0 : std::min(1.0, count / static_cast<double>(report.total));
}

// ---- text ----

/// What a key had, as well as it is known: `812.3`, or `3.1 to 4.0`.
std::string rate_text(const Top& top, const HeavyReport& report, const HeavyReport::Key& key) {
  const double least = per_second(top, report, static_cast<double>(key.at_least));
  const double most = per_second(top, report, static_cast<double>(key.at_most));
  constexpr double same = 0.02;  // the two are told apart from there on
  if (most - least <= same * most) return fmt::format("{:.1f}", (least + most) / 2);
  return fmt::format("{:.1f} to {:.1f}", least, most);
}

void add_report(std::string& out, const Top& top, const HeavyReport& report, std::string_view title, std::size_t rows) {
  out += fmt::format("{:<40} {:>18} {:>7}\n", title, "a second", "share");
  for (std::size_t at = 0; at < std::min(rows, report.keys.size()); ++at) {
    const HeavyReport::Key& key = report.keys[at];
    out += fmt::format("  {:<38} {:>18} {:>5.1f} %\n", printable(key.text), rate_text(top, report, key),
                       100 * share(report, middle(key)));
  }
  if (report.keys.empty()) out += "  nothing\n";
  out += '\n';
}

void add_rules(std::string& out, const Top& top, std::size_t rows) {
  out += fmt::format("{:<32} {:>16} {:>12} {:>12}  {}\n", "rules", "allows", "spent/s", "refused/s", "refused most");
  for (std::size_t at = 0; at < std::min(rows, top.rules.size()); ++at) {
    const TopRule& rule = top.rules[at];
    const std::string most =
        rule.refused.keys.empty()
            ? std::string()
            : fmt::format("{} ({:.0f} %)", printable(rule.refused.keys[0].text), 100 * heaviest_share(rule.refused));
    out += fmt::format("  {:<30} {:>16} {:>12.1f} {:>12.1f}  {}\n", rule.name, rule.allowance,
                       per_second(top, rule.spent), per_second(top, rule.refused), most);
  }
  if (top.rules.empty()) out += "  no limits\n";
  out += '\n';
}

/// A key of a rule, with what it spent and what it was refused.
struct KeyLine {
  const TopRule* rule;
  std::string text;
  double spent = 0;
  double refused = 0;
};

std::vector<KeyLine> key_lines(const Top& top) {
  std::vector<KeyLine> lines;
  for (const TopRule& rule : top.rules) {
    std::map<std::string, KeyLine> keys;
    const auto line = [&](const std::string& text) -> KeyLine& {
      return keys.try_emplace(text, KeyLine{.rule = &rule, .text = text}).first->second;
    };
    for (const auto& key : rule.spent.keys) line(key.text).spent = per_second(top, rule.spent, middle(key));
    for (const auto& key : rule.refused.keys) line(key.text).refused = per_second(top, rule.refused, middle(key));
    for (auto& [text, each] : keys) lines.push_back(std::move(each));
  }
  std::ranges::sort(lines, std::ranges::greater(), [](const KeyLine& line) {
    return std::tuple(line.refused, line.spent, std::string_view(line.text), std::string_view(line.rule->name));
  });
  return lines;
}

void add_keys(std::string& out, const Top& top, std::size_t rows) {
  out += fmt::format("{:<32} {:<40} {:>12} {:>12}\n", "keys of rules", "", "spent/s", "refused/s");
  std::vector<KeyLine> lines = key_lines(top);
  if (lines.size() > rows) lines.resize(rows);
  for (const KeyLine& line : lines)
    out += fmt::format("  {:<30} {:<40} {:>12.1f} {:>12.1f}\n", line.rule->name, printable(line.text), line.spent,
                       line.refused);
  if (lines.empty()) out += "  nothing\n";
  out += '\n';
}

// ---- JSON ----

void write_report(JsonWriter& json, std::string_view name, const Top& top, const HeavyReport& report) {
  const auto number = [](double value) { return fmt::format("{:.3f}", value); };
  json.key(name).begin_object().key("seconds").raw(number(seconds_counted(top, report)));
  json.member("total", report.total).member("others_at_most", report.others_at_most).key("keys").begin_array();
  for (const HeavyReport::Key& key : report.keys) {
    json.begin_object().member("key", key.text).member("at_least", key.at_least).member("at_most", key.at_most);
    json.key("per_second").raw(number(per_second(top, report, middle(key)))).end_object();
  }
  json.end_array().end_object();
}

}  // namespace

std::optional<TopBy> top_by(std::string_view word) {
  const auto* const found = std::ranges::find(words, word);
  if (found == words.end()) return {};
  return static_cast<TopBy>(found - words.begin());
}

Top top_of(const HeavyTraffic* traffic, SharedStates* states, Time now, std::size_t rows) {
  Top top{.now = now, .rules = {}, .routes = {}, .clients = {}};
  if (traffic != nullptr) {
    top.routes = traffic->routes(now, rows);
    top.clients = traffic->clients(now, rows);
  }
  if (states == nullptr) return top;
  struct Gathered {
    HeavyReporter spent;
    HeavyReporter refused;
  };
  std::map<std::pair<std::string, std::string>, Gathered> gathered;
  for (const auto& state : states->all<limit::RuleState>()) {
    const Gathered empty{.spent = HeavyReporter(now), .refused = HeavyReporter(now)};
    Gathered& here = gathered.try_emplace({state->name(), state->allowance()}, empty).first->second;
    for (const limit::RuleState::Core& core : state->cores()) {
      here.spent.add(core.spent_lately);
      here.refused.add(core.refused_lately);
    }
  }
  for (const auto& [name, here] : gathered)
    top.rules.push_back({.name = name.first,
                         .allowance = name.second,
                         .spent = here.spent.report(rows),
                         .refused = here.refused.report(rows)});
  std::ranges::sort(top.rules, std::ranges::greater(), [](const TopRule& rule) {
    return std::tuple(rule.refused.total, rule.spent.total, std::string_view(rule.name),
                      std::string_view(rule.allowance));
  });
  return top;
}

std::string top_json(const Top& top) {
  JsonWriter json;
  json.begin_object().member("counted_each", HeavyWindow::each).member("then_one_in", HeavyWindow::one_in);
  write_report(json, "clients", top, top.clients);
  write_report(json, "routes", top, top.routes);
  json.key("rules").begin_array();
  for (const TopRule& rule : top.rules) {
    json.begin_object().member("name", rule.name).member("allows", rule.allowance);
    write_report(json, "spent", top, rule.spent);
    write_report(json, "refused", top, rule.refused);
    json.end_object();
  }
  json.end_array().end_object();
  return json.take() + "\n";
}

std::string top_text(const Top& top, std::optional<TopBy> by, std::size_t rows) {
  std::string out = fmt::format("{} requests in the last {:.0f} s, {:.1f} a second\n\n", top.clients.total,
                                seconds_counted(top, top.clients), per_second(top, top.clients));
  const auto wanted = [&](TopBy part) { return !by || *by == part; };
  if (wanted(TopBy::client)) add_report(out, top, top.clients, "clients", rows);
  if (wanted(TopBy::route)) add_report(out, top, top.routes, "routes", rows);
  if (wanted(TopBy::rule)) add_rules(out, top, rows);
  if (wanted(TopBy::key)) add_keys(out, top, rows);
  out.pop_back();
  return out;
}

void add_top(Exposition& page, const Top& top) {
  page.family("weir_heaviest_share", "gauge",
              "How much of the requests of the last seconds is the heaviest client's, and the heaviest route's. Whose "
              "it is says weir top.");
  page.sample({{"of", "clients"}}, heaviest_share(top.clients));
  page.sample({{"of", "routes"}}, heaviest_share(top.routes));
  if (top.rules.empty()) return;
  page.family("weir_limit_heaviest_share", "gauge",
              "How much of what a rule admitted, or refused, in the last seconds is its heaviest key's.");
  for (const TopRule& rule : top.rules) {
    const auto sample = [&](std::string_view verdict, const HeavyReport& report) {
      page.sample({{"rule", rule.name}, {"allows", rule.allowance}, {"verdict", verdict}}, heaviest_share(report));
    };
    sample("admitted", rule.spent);
    sample("refused", rule.refused);
  }
}

}  // namespace weir
