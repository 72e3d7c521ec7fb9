// How an explanation is printed: for a tired person, and for a program.
#include <fmt/format.h>

#include <algorithm>

#include "app/explain.h"
#include "app/json_writer.h"

namespace weir {
namespace {

std::string line_of(const Place& place) {
  if (!place.known()) return "(default)";
  return place.line == 0 ? std::string(place.file()) : fmt::format("{}:{}", place.file(), place.line);
}

/// Why a rule lost, as a sentence about it.
std::string loss_of(const ExplainedLoser& loser) {
  if (loser.reason == "less_specific") return "holds too, but the other is more specific or stands first";
  if (loser.reason == "client") return fmt::format("wants a client in {}", loser.wanted);
  if (loser.reason == "listener") return fmt::format("is only on listener {}", loser.wanted);
  return fmt::format("wants {} {}", loser.reason, loser.wanted);
}

class Page {
 public:
  Page(std::string_view bold, std::string_view plain) : bold_(bold), plain_(plain) {}

  void heading(std::string_view text) { fmt::format_to(std::back_inserter(out_), "{}{}{}\n", bold_, text, plain_); }
  void row(std::string_view label, std::string_view text) {
    fmt::format_to(std::back_inserter(out_), "  {:<11} {}\n", label, text);
  }
  void line(std::string_view text) { fmt::format_to(std::back_inserter(out_), "{}\n", text); }
  std::string take() { return std::move(out_); }

 private:
  std::string_view bold_;
  std::string_view plain_;
  std::string out_;
};

std::string status_text(Status status) {
  return fmt::format("{} {}", status, phrase_of(status));
}

std::string step_text(const ExplainedStep& step) {
  if (!step.runs) return fmt::format("{}: does not run, the request is answered before it", step.name);
  std::string text = fmt::format("{}: {}", step.name, step.effect);
  const std::string number = fmt::format("{}", step.status);
  if (step.answers && step.status != 0 && step.effect.find(number) == std::string::npos) {
    text += fmt::format(" (answers {})", status_text(step.status));
  }
  return text;
}

void add_request(Page& page, const Explanation& explanation) {
  const std::string& path = explanation.path.empty() ? explanation.path_as_written : explanation.path;
  const bool apart = !explanation.host.empty() && !path.empty() && !path.starts_with('/');
  page.heading(fmt::format("{} {}{}{}{}{}", explanation.method, explanation.host, apart ? " " : "", path,
                           explanation.query.empty() ? "" : "?", explanation.query));
  if (!explanation.path.empty() && explanation.path != explanation.path_as_written) {
    page.row("path", fmt::format("{} is read as {}", explanation.path_as_written, explanation.path));
  }
  if (explanation.client.empty() || explanation.client == explanation.peer) {
    page.row("client", explanation.peer);
  } else {
    page.row("client", fmt::format("{}, through the trusted proxy {}", explanation.client, explanation.peer));
  }
  if (!explanation.listener.empty()) page.row("listener", explanation.listener);
}

void add_route(Page& page, const Explanation& explanation) {
  std::string where = line_of(explanation.place);
  if (explanation.match_place.known() && explanation.match_place.line != explanation.place.line) {
    where += fmt::format(", by its match at line {}", explanation.match_place.line);
  }
  page.row("route", fmt::format("{} ({})", explanation.route, where));
  std::size_t number = 0;
  for (const ExplainedStep& filter : explanation.filters) {
    page.row(number == 0 ? "filters" : "", fmt::format("{}. {}", number + 1, step_text(filter)));
    ++number;
  }
  if (explanation.filters.empty()) page.row("filters", "none");
  page.row("service", step_text(explanation.service));
  for (const ExplainedUpstream& each : explanation.upstreams) {
    const bool several = explanation.upstreams.size() > 1;
    for (const ExplainedRow& row : rows_of(each, several)) page.row(row.label, row.text);
  }
  if (!explanation.upgrade.empty()) page.row("upgrade", explanation.upgrade);
}

void add_losers(Page& page, const Explanation& explanation) {
  if (explanation.losers.empty()) return;
  page.line("");
  page.heading(explanation.matched ? "Other rules that came near" : "Rules that came near");
  std::size_t name_width = 11;
  std::size_t place_width = 0;
  for (const ExplainedLoser& loser : explanation.losers) {
    name_width = std::max(name_width, loser.route.size());
    place_width = std::max(place_width, line_of(loser.place).size());
  }
  for (const ExplainedLoser& loser : explanation.losers) {
    page.line(
        fmt::format("  {:<{}} {:<{}}  {}", loser.route, name_width, line_of(loser.place), place_width, loss_of(loser)));
  }
}

void write_place(JsonWriter& json, const Place& place) {
  if (!place.known()) return;
  json.member("file", place.file()).member("line", place.line).member("column", place.column);
}

void write_step(JsonWriter& json, const ExplainedStep& step) {
  json.begin_object().member("name", step.name).member("runs", step.runs);
  if (step.runs) json.member("effect", step.effect).member("answers", step.answers);
  if (step.status != 0) json.member("status", step.status);
  json.end_object();
}

}  // namespace

std::string explanation_text(const Explanation& explanation, std::string_view bold, std::string_view plain) {
  Page page(bold, plain);
  add_request(page, explanation);
  if (explanation.refused) {
    const std::string status = explanation.status == 0 ? std::string() : status_text(explanation.status) + ", ";
    page.row("refused", fmt::format("{}{}: {}", status, explanation.refusal, explanation.sentence));
  }
  if (explanation.matched) add_route(page, explanation);
  add_losers(page, explanation);
  return page.take();
}

std::string explanation_json(const Explanation& explanation) {
  JsonWriter json;
  json.begin_object();
  json.key("request").begin_object();
  json.member("method", explanation.method).member("host", explanation.host).member("path", explanation.path);
  json.member("path_as_written", explanation.path_as_written).member("query", explanation.query);
  json.member("listener", explanation.listener);
  json.member("client", explanation.client.empty() ? explanation.peer : explanation.client)
      .member("peer", explanation.peer);
  json.end_object();
  if (explanation.refused) {
    json.key("refused").begin_object().member("reason", explanation.refusal).member("sentence", explanation.sentence);
    if (explanation.status != 0) json.member("status", explanation.status);
    json.end_object();
  }
  if (explanation.matched) {
    json.key("route").begin_object().member("name", explanation.route);
    write_place(json, explanation.place);
    if (explanation.match_place.known()) json.member("match_line", explanation.match_place.line);
    json.end_object();
    json.key("filters").begin_array();
    for (const ExplainedStep& filter : explanation.filters) write_step(json, filter);
    json.end_array();
    json.key("service");
    write_step(json, explanation.service);
    json.key("upstreams").begin_array();
    for (const ExplainedUpstream& each : explanation.upstreams) write_upstream(json, each);
    json.end_array();
    if (!explanation.upgrade.empty()) json.member("upgrade", explanation.upgrade);
  }
  json.key("losers").begin_array();
  for (const ExplainedLoser& loser : explanation.losers) {
    json.begin_object().member("route", loser.route).member("reason", loser.reason).member("wanted", loser.wanted);
    write_place(json, loser.place);
    json.end_object();
  }
  json.end_array().end_object();
  return json.take() + "\n";
}

}  // namespace weir
