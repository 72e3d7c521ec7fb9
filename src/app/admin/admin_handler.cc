// The table of pages, and the few that have to wait.
#include "app/admin/admin_handler.h"

#include <fmt/format.h>
#include <algorithm>

#include "app/admin/endpoint_order_page.h"
#include "app/admin/exposition.h"
#include "app/admin/limits_page.h"
#include "app/admin/page.h"
#include "app/admin/query.h"
#include "app/admin/status_page.h"
#include "app/admin/story_pages.h"
#include "app/admin/top_page.h"
#include "app/admin/upstreams_page.h"
#include "app/config/hash.h"
#include "app/explain.h"
#include "app/history/report.h"
#include "app/json_writer.h"
#include "base/text.h"
#include "http/request_id.h"
#include "runtime/elsewhere.h"
#include "server/error_reply.h"
#include "upstream/cluster_state.h"

namespace weir {
namespace {

constexpr Error only_over_the_socket =
    client_error(Code::access_denied, "this is told through the unix socket of `admin:` only");

/// RFC 9110 section 15.5.6: a 405 says what is allowed.
Answer not_allowed(Exchange& exchange, std::string_view allowed) {
  Answer answer = problem_page(exchange, 405, "method_not_allowed", "this page does not know the method");
  answer.head.fields.append("allow", allowed);
  return answer;
}

enum class Page : std::uint8_t {
  none,
  history,
  configuration,
  rollback,
  healthz,
  readyz,
  metrics,
  status,
  explain,
  limits,
  top,
  story,
  tail,
  upstreams,
  endpoint_order,
  reload,
  stop
};

/// The word behind /upstreams/.
std::optional<EndpointVerb> verb_at(std::string_view path) {
  constexpr std::string_view folder = "/upstreams/";
  if (!path.starts_with(folder)) return {};
  return endpoint_verb(path.substr(folder.size()));
}

Page page_at(std::string_view path) {
  if (path == "/healthz" || path == "/livez") return Page::healthz;
  if (path == "/readyz") return Page::readyz;
  if (path == "/metrics") return Page::metrics;
  if (path == "/status") return Page::status;
  if (path == "/explain") return Page::explain;
  if (path == "/limits") return Page::limits;
  if (path == "/top") return Page::top;
  if (path == "/story") return Page::story;
  if (path == "/tail") return Page::tail;
  if (path == "/upstreams") return Page::upstreams;
  if (verb_at(path)) return Page::endpoint_order;
  if (path == "/reload") return Page::reload;
  if (path == "/rollback") return Page::rollback;
  if (path == "/history") return Page::history;
  if (path == "/configuration") return Page::configuration;
  if (path == "/stop") return Page::stop;
  return Page::none;
}

bool changes_something(Page asked) {
  return asked == Page::reload || asked == Page::rollback || asked == Page::stop || asked == Page::endpoint_order;
}

/// What others asked for, and how they are served, is not for everybody on this machine.
bool is_private(Page asked) {
  return asked == Page::limits || asked == Page::top || asked == Page::story || asked == Page::tail ||
         asked == Page::history || asked == Page::configuration;
}

/// Whether a password is right would be told to everybody on this machine, as often as they like to guess.
bool asks_with_credentials(const ExplainQuestion& question) {
  return std::ranges::any_of(question.fields, [](const auto& field) {
    return text::equal_ignoring_case(field.first, text_of(FieldName::authorization));
  });
}

/// "uid 1000"
std::string who_asks(const Exchange& exchange) {
  return exchange.connection.peer_user < 0 ? "somebody" : fmt::format("uid {}", exchange.connection.peer_user);
}

/// \returns  or else what is wrong with the question
std::expected<ExplainQuestion, std::string_view> read_question(std::string_view query) {
  ExplainQuestion question;
  question.url = query_value(query, "url").value_or("");
  if (question.url.empty()) return std::unexpected("url= is missing: /explain?method=GET&url=http://host/path");
  question.method = query_value(query, "method").value_or("GET");
  question.listener = query_value(query, "listener").value_or("");
  if (const auto from = query_value(query, "from")) {
    const auto address = IpAddress::parse(*from);
    if (!address) return std::unexpected("from= is not an IP address");
    question.from = *address;
  }
  for (const std::string& field : query_values(query, "header")) {
    const std::size_t colon = field.find(':');
    if (colon == std::string::npos) return std::unexpected("header= is not NAME:VALUE");
    question.fields.emplace_back(field.substr(0, colon), text::trim(std::string_view(field).substr(colon + 1)));
  }
  return question;
}

struct TopQuestion {
  std::optional<TopBy> by;
  std::size_t rows = 10;
};

/// \returns  or else what is wrong with the question
std::expected<TopQuestion, std::string_view> read_top_question(std::string_view query) {
  TopQuestion question;
  if (const auto by = query_value(query, "by")) {
    question.by = top_by(*by);
    if (!question.by) return std::unexpected("by= is none of rule, key, route, client");
  }
  if (const auto rows = query_value(query, "rows")) {
    const auto number = text::parse_decimal(*rows);
    if (!number || *number == 0 || *number > top_rows_max)
      return std::unexpected("rows= is not a number from 1 to 100");
    question.rows = *number;
  }
  return question;
}

std::string outcome_json(const ReloadOutcome& outcome) {
  JsonWriter json;
  json.begin_object().member("applied", outcome.applied).member("hash", outcome.hash);
  if (outcome.applied) {
    const auto seconds = [](Duration duration) {
      return fmt::format("{:.6f}", std::chrono::duration<double>(duration).count());
    };
    json.key("validated_in_s").raw(seconds(outcome.validated_in));
    json.key("live_in_s").raw(seconds(outcome.live_in));
    json.key("longest_pause_s").raw(seconds(outcome.longest_pause));
  }
  json.key("report").raw(outcome.json.empty() ? std::string_view("null") : outcome.json).end_object();
  return json.take() + "\n";
}

std::string outcome_text(const ReloadOutcome& outcome, std::string_view what) {
  std::string out = outcome.diagnostics;
  if (!out.empty() && !out.ends_with('\n')) out += '\n';
  const std::string_view hash = std::string_view(outcome.hash).substr(0, 7);
  const std::string_view done = what == "rollback" ? "rolled back" : "reloaded";
  out += outcome.applied ? fmt::format("{}: configuration {} is live\n", done, hash)
                         : fmt::format("not {}: configuration {} stays\n", done, hash);
  return out;
}

/// \param what  "reload" or "rollback"
Answer told_as_asked(Exchange& exchange, const ReloadOutcome& outcome, std::string_view what) {
  const Status status = outcome.applied ? 200 : 422;
  if (wants_text(exchange)) return page(exchange, status, plain_text, outcome_text(outcome, what));
  return page(exchange, status, json_text, outcome_json(outcome));
}

/// Traffic is welcome also when it is not the file's configuration that runs; but whoever looks shall see it.
Answer show_readiness(Exchange& exchange, const Operations& operations) {
  if (!operations.ready()) return page(exchange, 503, plain_text, "not ready\n");
  const std::string remark = operations.status().remark;
  return page(exchange, 200, plain_text, remark.empty() ? "ready\n" : fmt::format("ready; {}\n", remark));
}

Answer show_limits(Exchange& exchange, SharedStates& states) {
  const std::vector<LimitTotals> totals = limit_totals(states, exchange.shard.reactor.wall_now());
  const FleetTotals fleet = fleet_totals(states);
  const std::vector<RedisTotals> redis = redis_totals(states);
  if (wants_text(exchange)) return page(exchange, 200, plain_text, limits_text(totals, fleet) + redis_text(redis));
  return page(exchange, 200, json_text, limits_json(totals, fleet, redis));
}

/// One part for each file, in their order.
std::string configuration_entry(const PastConfiguration& configuration) {
  history::EntryFile file{.entry = configuration.entry, .details = {}, .lists = {}, .parts = {}};
  file.details.beside = configuration.beside;
  for (const config::SourceFile& each : configuration.files) {
    const std::string hash = config::hash_of(*each.text).text();
    file.details.files.push_back({.name = each.name, .hash = hash, .entry = file.entry.number});
    file.parts.push_back({.hash = hash, .bytes = *each.text});
  }
  return history::encode(file);
}

std::string configuration_json(const PastConfiguration& configuration) {
  JsonWriter json;
  json.begin_object().member("hash", configuration.entry.hash).member("source", configuration.entry.source);
  json.key("files").begin_array();
  for (const config::SourceFile& file : configuration.files)
    json.begin_object().member("name", file.name).member("text", *file.text).end_object();
  json.end_array().end_object();
  return json.take() + "\n";
}

}  // namespace

void AdminHandler::begin(Exchange& exchange) {
  const RequestId id = make_request_id(exchange.shard.reactor.random());
  exchange.request_id = exchange.arena.copy(view_of(id));
  exchange.route_name = "admin";
}

Reply AdminHandler::handle(Exchange& exchange) {
  const Page asked = page_at(exchange.request.path);
  if (asked == Page::none) co_return fail(client_error(Code::not_found));
  const Method method = exchange.request.method;
  if (changes_something(asked)) {
    if (method != Method::post) co_return not_allowed(exchange, "POST");
    if (!exchange.connection.administrative) co_return fail(client_error(Code::read_only));
  } else if (method != Method::get && method != Method::head) {
    co_return not_allowed(exchange, "GET, HEAD");
  }
  if (is_private(asked) && !exchange.connection.administrative) co_return fail(only_over_the_socket);
  switch (asked) {
    case Page::healthz:
      co_return page(exchange, 200, plain_text, "ok\n");
    case Page::readyz:
      co_return show_readiness(exchange, operations_);
    case Page::status:
      if (wants_text(exchange)) co_return page(exchange, 200, plain_text, status_text(operations_.status()));
      co_return page(exchange, 200, json_text, status_json(operations_.status()));
    case Page::metrics:
      co_return co_await show_metrics(exchange);
    case Page::explain:
      co_return co_await show_explanation(exchange);
    case Page::limits:
      if (operations_.shared_states() == nullptr) break;
      co_return show_limits(exchange, *operations_.shared_states());
    case Page::top:
      co_return co_await show_top(exchange);
    case Page::story:
      if (stories_ == nullptr) break;
      co_return co_await show_story(exchange, *stories_, operations_.shards());
    case Page::tail:
      if (stories_ == nullptr) break;
      co_return co_await follow_stories(exchange, *stories_, operations_.shards());
    case Page::upstreams:
      co_return show_upstreams(exchange);
    case Page::endpoint_order:
      co_return co_await order_endpoint(exchange, operations_, *verb_at(exchange.request.path), who_asks(exchange));
    case Page::reload:
      co_return co_await reload(exchange);
    case Page::rollback:
      co_return co_await roll_back(exchange);
    case Page::history:
      co_return co_await show_history(exchange);
    case Page::configuration:
      co_return co_await show_configuration(exchange);
    case Page::stop:
      co_return stop(exchange);
    case Page::none:
      break;
  }
  co_return fail(client_error(Code::not_found));
}

Answer AdminHandler::error_answer(Exchange& exchange, const Error& error) {
  return error_reply(exchange, error);
}

// A thousand routes are half a megabyte of text, and counting descriptors reads a folder: not on a core that serves.
Reply AdminHandler::show_metrics(Exchange& exchange) {
  auto written = elsewhere<std::string>(exchange.shard.reactor, [&](auto done) {
    exchange.shard.executor.run(
        [sources = MetricsSources{operations_, routes_, access_log_, heavy_, exchange.shard.reactor.now()},
         done = std::move(done)]() mutable { done(metrics_page(sources)); });
  });
  CO_TRY(const std::string text, co_await written);
  co_return page(exchange, 200, Exposition::content_type, text);
}

// Looks at every rule there is: milliseconds for 100,000, so not on a core. Only what is known of endpoints is asked of
// this one, which waits for names that are being resolved as a request would.
Reply AdminHandler::show_explanation(Exchange& exchange) {
  auto question = read_question(exchange.request.query);
  if (!question) co_return page(exchange, 400, plain_text, fmt::format("{}\n", question.error()));
  if (asks_with_credentials(*question) && !exchange.connection.administrative) co_return fail(only_over_the_socket);
  question->now = exchange.shard.reactor.wall_now();
  Shard& shard = exchange.shard;
  auto explained = elsewhere<Explanation>(shard.reactor, [&](auto done) {
    shard.executor.run([gateway = operations_.gateway(), names = operations_.listener_names(),
                        asked = std::move(*question), done = std::move(done)]() mutable {
      Explanation explanation = explain(*gateway, asked, names);
      // Whoever used it last destroys a configuration: give it back before the answer is on its way.
      gateway.reset();
      done(std::move(explanation));
    });
  });
  CO_TRY(Explanation explanation, co_await explained);
  // No listener for it: that is no refusal of Weir's, but a mistake of the question.
  if (explanation.refused && explanation.status == 0)
    co_return page(exchange, 400, plain_text, fmt::format("{}\n", explanation.sentence));
  std::vector<Lineup> lineups;
  for (const ExplainedUpstream& each : explanation.upstreams) {
    ClusterState& state = each.cluster->state(shard);
    if (!state.ready()) (void)co_await ClusterState::Resolved(state, each.cluster->timeouts().connect);
    lineups.push_back(state.lineup());
  }
  const bool as_text = wants_text(exchange);
  auto written = elsewhere<std::string>(shard.reactor, [&](auto done) {
    shard.executor.run([explanation = std::move(explanation), lineups = std::move(lineups), as_text,
                        done = std::move(done)]() mutable {
      foresee(explanation, lineups);
      done(as_text ? explanation_text(explanation) : explanation_json(explanation));
    });
  });
  CO_TRY(const std::string text, co_await written);
  co_return page(exchange, 200, as_text ? plain_text : json_text, text);
}

// Reads the sketches of every rule on every core.
Reply AdminHandler::show_top(Exchange& exchange) {
  auto question = read_top_question(exchange.request.query);
  if (!question) co_return page(exchange, 400, plain_text, fmt::format("{}\n", question.error()));
  const bool as_text = wants_text(exchange);
  auto written = elsewhere<std::string>(exchange.shard.reactor, [&](auto done) {
    exchange.shard.executor.run([heavy = heavy_, states = operations_.shared_states(),
                                 now = exchange.shard.reactor.now(), asked = *question, as_text,
                                 done = std::move(done)]() mutable {
      const Top top = top_of(heavy, states, now, asked.rows);
      done(as_text ? top_text(top, asked.by, asked.rows) : top_json(top));
    });
  });
  CO_TRY(const std::string text, co_await written);
  co_return page(exchange, 200, as_text ? plain_text : json_text, text);
}

Reply AdminHandler::reload(Exchange& exchange) {
  ReloadRequest request{.by = who_asks(exchange),
                        .force = query_value(exchange.request.query, "force").value_or("") == "1"};
  auto outcome = elsewhere<ReloadOutcome>(exchange.shard.reactor,
                                          [&](auto done) { operations_.reload(std::move(request), std::move(done)); });
  CO_TRY(const ReloadOutcome told, co_await outcome);
  co_return told_as_asked(exchange, told, "reload");
}

Reply AdminHandler::roll_back(Exchange& exchange) {
  RollbackRequest request{.hash = query_value(exchange.request.query, "hash").value_or(""), .by = who_asks(exchange)};
  auto outcome = elsewhere<ReloadOutcome>(
      exchange.shard.reactor, [&](auto done) { operations_.rollback(std::move(request), std::move(done)); });
  CO_TRY(const ReloadOutcome told, co_await outcome);
  co_return told_as_asked(exchange, told, "rollback");
}

Answer AdminHandler::show_upstreams(Exchange& exchange) {
  const Clocks clocks{.now = exchange.shard.reactor.now(), .wall = exchange.shard.reactor.wall_now()};
  const std::string name = query_value(exchange.request.query, "name").value_or("");
  const auto totals = upstream_totals(*operations_.gateway(), clocks.now, name);
  if (!name.empty() && totals.empty())
    return problem_page(exchange, 404, "unknown_upstream", fmt::format("no upstream {} is configured", name));
  if (wants_text(exchange)) return page(exchange, 200, plain_text, upstreams_text(totals, clocks));
  return page(exchange, 200, json_text, upstreams_json(totals, clocks));
}

Reply AdminHandler::show_history(Exchange& exchange) {
  auto answer =
      elsewhere<HistoryAnswer>(exchange.shard.reactor, [&](auto done) { operations_.history(std::move(done)); });
  CO_TRY(const HistoryAnswer told, co_await answer);
  if (!told.kept) co_return page(exchange, 404, plain_text, "no history is kept: there is no state folder\n");
  if (wants_text(exchange))
    co_return page(exchange, 200, plain_text, history::history_text(told.entries, told.running));
  co_return page(exchange, 200, json_text, history::history_json(told.entries, told.running));
}

Reply AdminHandler::show_configuration(Exchange& exchange) {
  auto answer = elsewhere<PastConfiguration>(exchange.shard.reactor, [&](auto done) {
    operations_.past_configuration(query_value(exchange.request.query, "hash").value_or(""), std::move(done));
  });
  CO_TRY(const PastConfiguration told, co_await answer);
  if (!told.problem.empty()) co_return page(exchange, 404, plain_text, told.problem + "\n");
  const bool as_entry = query_value(exchange.request.query, "format") == "entry";
  if (as_entry) co_return page(exchange, 200, "application/octet-stream", configuration_entry(told));
  co_return page(exchange, 200, json_text, configuration_json(told));
}

Answer AdminHandler::stop(Exchange& exchange) {
  operations_.stop();
  if (wants_text(exchange))
    return page(exchange, 202, plain_text, "draining: weir ends when what is in flight is done\n");
  return page(exchange, 202, json_text, "{\"state\":\"draining\"}\n");
}

}  // namespace weir
