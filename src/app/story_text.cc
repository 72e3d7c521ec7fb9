// One timeline of moments and decisions, since that is how a person asks: what happened first, and then?
#include "app/story_text.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "app/json_writer.h"
#include "app/printable.h"
#include "base/block_pool.h"
#include "base/text.h"
#include "http/status.h"
#include "observers/access_log/line.h"
#include "observers/access_log/redact.h"
#include "route/recorded_route.h"
#include "upstream/recorded_pick.h"

namespace weir {
namespace {

double milliseconds(Duration duration) {
  return std::chrono::duration<double, std::milli>(duration).count();
}

double seconds(Duration duration) {
  return std::chrono::duration<double>(duration).count();
}

/// `2026-11-20 16:00:00.123 UTC`, or only the time of day.
std::string wall_text(WallTime time, bool with_date) {
  const auto second = std::chrono::floor<std::chrono::seconds>(time);
  const auto rest = std::chrono::duration_cast<std::chrono::milliseconds>(time - second).count();
  const auto parts = fmt::gmtime(static_cast<std::time_t>(second.time_since_epoch().count()));
  if (with_date) return fmt::format("{:%Y-%m-%d %H:%M:%S}.{:03} UTC", parts, rest);
  return fmt::format("{:%H:%M:%S}.{:03}", parts, rest);
}

std::string rfc3339(WallTime time) {
  LogClock clock;
  return std::string(clock.rfc3339(time));
}

std::string took(Duration duration) {
  if (duration >= std::chrono::seconds{10}) return fmt::format("{:.1f} s", seconds(duration));
  return fmt::format("{:.1f} ms", milliseconds(duration));
}

std::string line_of(const Place& place) {
  return place.line == 0 ? std::string(place.file()) : fmt::format("{}:{}", place.file(), place.line);
}

std::string asked(const Story& story) {
  if (story.method.empty()) return "a request that could not be read";
  return printable(fmt::format("{} {}{}", story.method, story.authority, redacted(story.target)));
}

std::string answered(const Story& story) {
  if (story.status == 0) return "no answer";
  return fmt::format("{} {}", story.status, phrase_of(story.status));
}

/// Other authorities than Weir's own say what went wrong: whose fault, the code, its sentence.
std::string error_text(const Error& error) {
  std::string text =
      fmt::format("{}, the {}'s doing: {}", name_of(error.code), name_of(error.origin), sentence_of(error.code));
  if (error.text != nullptr) text += fmt::format(" ({})", error.text);
  if (error.os_error != 0) text += fmt::format(" (errno {})", error.os_error);
  return text;
}

std::vector<std::string_view> steps_of(const Story& story) {
  return story.filters.empty() ? std::vector<std::string_view>() : text::split(story.filters, ' ');
}

/// `headers, access; not reached: rewrite`
std::string filters_text(const Story& story) {
  std::string ran;
  std::string missed;
  unsigned number = 0;
  for (const std::string_view name : steps_of(story)) {
    std::string& list = number++ < story.steps_entered ? ran : missed;
    list += (list.empty() ? "" : ", ") + std::string(name);
  }
  if (ran.empty() && missed.empty()) return "none";
  return ran + (ran.empty() || missed.empty() ? "" : "; ") + (missed.empty() ? "" : "not reached: " + missed);
}

/// A filter answered itself, so that neither the rest nor the service was asked.
bool service_was_reached(const Story& story) {
  return story.steps_entered > steps_of(story).size();
}

struct Event {
  std::size_t order;  // among those of one microsecond
  Duration at;
  std::string who;
  std::string what;
};

/// What a server had said of its load, where that decided.
std::optional<HeardReport> report_of(const StoryDecision& decision) {
  if (decision.room != "report") return {};
  return facts_from<HeardReport>(decision.facts);
}

std::string decision_text(const StoryDecision& decision) {
  std::string text(decision.verdict);
  if (!decision.subject.empty()) text += ' ' + printable(decision.subject);
  if (const auto waited = facts_from<Duration>(decision.facts); waited && decision.room == "filter")
    text += fmt::format(" for {}", took(*waited));
  if (const auto report = report_of(decision)) {
    text += fmt::format(": {} in flight, {}, {} ago", report->load, took(std::chrono::microseconds{report->latency_us}),
                        took(report->age));
  }
  if (!decision.reason.empty() && decision.reason != decision.verdict) text += fmt::format(": {}", decision.reason);
  if (decision.place.known()) text += fmt::format(" ({})", line_of(decision.place));
  return text;
}

constexpr std::array<std::pair<std::string_view, std::string_view>, moments> moment_texts{{
    {"request", "its head was read"},
    {"upstream", "a connection was there"},
    {"upstream", "the request was sent"},
    {"upstream", "the head of its answer came"},
    {"answer", "ready to be sent"},
    {"answer", "its last byte was sent"},
}};

/// Decisions and moments of one instant stand in the order in which they follow from each other.
std::vector<Event> events_of(const Story& story) {
  static constexpr std::chrono::microseconds microsecond{1};
  std::vector<Event> events;
  const auto moment = [&](Moment which) {
    const auto at = story.when(which);
    const auto& [who, what] = moment_texts[static_cast<std::size_t>(which)];
    if (at) events.push_back({.order = events.size(), .at = *at, .who = std::string(who), .what = std::string(what)});
  };
  moment(Moment::head_read);
  for (const StoryDecision& decision : story.decisions) {
    events.push_back({.order = events.size(),
                      .at = decision.at,
                      .who = std::string(decision.room),
                      .what = decision_text(decision)});
  }
  for (std::size_t at = 1; at < moments; ++at) moment(static_cast<Moment>(at));
  std::ranges::sort(events, {}, [](const Event& event) { return std::pair(event.at / microsecond, event.order); });
  events.push_back({.order = events.size(),
                    .at = story.duration,
                    .who = "end",
                    .what = story.complete ? "complete" : "not complete"});
  return events;
}

std::string client_text(const Story& story) {
  if (story.client.over_unix) return "over a unix socket";
  std::string peer = fmt::format("{} port {}", story.client.peer.text(), story.client.peer_port);
  if (story.client.address == story.client.peer) return peer;
  return fmt::format("{}, through the trusted proxy {}", story.client.address.text(), peer);
}

std::string configuration_text(const Story& story, const StoryToday& now) {
  if (now.configuration.starts_with(story.configuration))
    return fmt::format("{}, which still runs", story.configuration);
  return fmt::format("{}; now {} runs", story.configuration, now.configuration.substr(0, story.configuration.size()));
}

std::string today_text(const Story& story, const StoryToday& now) {
  if (now.route.empty()) return "no route would take it";
  if (now.route == story.route) return fmt::format("the same route, {}, would take it", line_of(now.place));
  return fmt::format("{} ({}) would take it", now.route, line_of(now.place));
}

class Page {
 public:
  void row(std::string_view label, std::string_view text) {
    fmt::format_to(std::back_inserter(out), "  {:<13} {}\n", label, text);
  }
  std::string out;
};

}  // namespace

StoryToday today(const Gateway& gateway, const Story& story) {
  StoryToday now{.configuration = gateway.hash, .route = {}, .place = {}};
  for (const StoryDecision& decision : story.decisions) {
    if (decision.room != "route") continue;
    BlockPool pool;
    Arena arena(pool);
    const auto facts = unpack_route_facts(decision.facts, gateway.router.fields_asked_for(), arena);
    if (!facts) break;  // not kept, or rules ask for other fields by now
    now.decided = true;
    const RouteDecision again = gateway.router.find(*facts);
    if (!again.matched()) break;
    now.route = gateway.routes[again.route]->name;
    now.place = gateway.routes[again.route]->place;
    break;
  }
  return now;
}

std::string story_text(const Story& story, const StoryToday& now, std::string_view bold, std::string_view plain) {
  Page page;
  fmt::format_to(std::back_inserter(page.out), "{}{}: {}, {}{}\n", bold, asked(story), answered(story),
                 took(story.duration), plain);
  page.row("request id", story.request_id);
  page.row("ended", wall_text(story.ended, true));
  page.row("client", client_text(story));
  page.row("listener", fmt::format("{}, connected {} before", story.listener, took(story.connected_for)));
  if (story.error) page.row("error", error_text(*story.error));
  page.row("route", story.route.empty() ? "none" : std::string(story.route));
  if (!story.route.empty()) page.row("filters", filters_text(story));
  if (!story.route.empty() && !service_was_reached(story)) page.row("service", "not reached");
  if (!story.upstream.empty()) {
    page.row("upstream", fmt::format("{}, {}, {} attempt{}", story.upstream,
                                     story.endpoint.empty() ? "no endpoint" : story.endpoint, story.attempts,
                                     story.attempts == 1 ? "" : "s"));
  }
  page.row("body bytes", fmt::format("{} in, {} out{}", story.request_body_bytes, story.response_body_bytes,
                                     story.complete ? "" : ", cut short"));
  if (!story.configuration.empty()) page.row("configuration", configuration_text(story, now));
  if (now.decided && !now.configuration.starts_with(story.configuration)) page.row("today", today_text(story, now));
  if (story.cut) page.row("note", "too long to be kept whole: texts were cut, or decisions left out");
  page.out += "\n";
  for (const Event& event : events_of(story)) {
    fmt::format_to(std::back_inserter(page.out), "  {:>+12.3f} ms  {:<10}  {}\n", milliseconds(event.at), event.who,
                   event.what);
  }
  return page.out;
}

std::string story_line(const Story& story) {
  std::string line = fmt::format("{}  {:>3}  {:>9}  {}", wall_text(story.ended, false),
                                 story.status == 0 ? std::string("-") : fmt::format("{}", story.status),
                                 took(story.duration), asked(story));
  if (!story.route.empty()) line += fmt::format("  {}", story.route);
  if (!story.upstream.empty()) line += fmt::format(" > {} {}", story.upstream, story.endpoint);
  if (story.error) line += fmt::format("  {}", name_of(story.error->code));
  line += fmt::format("  {}\n", story.request_id);
  return line;
}

std::string story_json(const Story& story, const StoryToday* now) {
  constexpr std::array<std::string_view, moments> keys{"head_read_s",     "upstream_leased_s", "upstream_sent_s",
                                                       "upstream_head_s", "response_head_s",   "last_byte_s"};
  const auto exact = [](Duration duration) { return fmt::format("{:.6f}", seconds(duration)); };
  JsonWriter json;
  json.begin_object().member("request_id", story.request_id).member("ended", rfc3339(story.ended));
  json.member("configuration", story.configuration).member("listener", story.listener);
  json.member("client", story.client.over_unix ? std::string("unix") : story.client.address.text());
  json.member("peer", story.client.over_unix ? std::string("unix") : story.client.peer.text());
  json.member("method", story.method).member("host", story.authority).member("target", redacted(story.target));
  json.member("version", name_of(story.version)).member("status", story.status).member("complete", story.complete);
  if (story.error) {
    json.key("error").begin_object().member("reason", name_of(story.error->code));
    json.member("origin", name_of(story.error->origin)).member("sentence", sentence_of(story.error->code));
    if (story.error->text != nullptr) json.member("detail", story.error->text);
    json.end_object();
  }
  if (!story.route.empty()) json.member("route", story.route);
  json.key("filters").begin_array();
  unsigned number = 0;
  for (const std::string_view name : steps_of(story)) {
    json.begin_object().member("name", name).member("ran", number++ < story.steps_entered).end_object();
  }
  json.end_array();
  if (!story.upstream.empty()) json.member("upstream", story.upstream).member("endpoint", story.endpoint);
  json.member("attempts", story.attempts);
  json.member("bytes_in", story.request_body_bytes).member("bytes_out", story.response_body_bytes);
  json.key("duration_s").raw(exact(story.duration)).key("connected_for_s").raw(exact(story.connected_for));
  for (std::size_t at = 0; at < moments; ++at) {
    if (story.at[at]) json.key(keys[at]).raw(exact(*story.at[at]));
  }
  json.key("decisions").begin_array();
  for (const StoryDecision& decision : story.decisions) {
    json.begin_object().key("at_s").raw(exact(decision.at));
    json.member("room", decision.room).member("verdict", decision.verdict);
    if (!decision.subject.empty()) json.member("subject", decision.subject);
    if (!decision.reason.empty()) json.member("reason", decision.reason);
    if (decision.place.known()) json.member("file", decision.place.file()).member("line", decision.place.line);
    if (const auto waited = facts_from<Duration>(decision.facts); waited && decision.room == "filter")
      json.key("waited_s").raw(exact(*waited));
    if (const auto report = report_of(decision)) {
      json.member("in_flight", report->load);
      json.key("latency_s")
          .raw(exact(std::chrono::microseconds{report->latency_us}))
          .key("age_s")
          .raw(exact(report->age));
    }
    json.end_object();
  }
  json.end_array().member("cut", story.cut);
  if (now != nullptr) {
    json.key("today").begin_object().member("configuration", now->configuration);
    if (now->decided) json.member("route", now->route);
    json.end_object();
  }
  json.end_object();
  return json.take();
}

}  // namespace weir
