// Drawing, waiting and refusing: what a rehearsed failure does to a request.
#include "filters/fault_injection/fault_injection.h"

#include <fmt/format.h>

#include <algorithm>

namespace weir {
namespace {

bool holds(const ValuePattern& pattern, const Fields& fields) {
  return std::ranges::any_of(fields, [&](const Field& field) {
    return field.name == pattern.name && (!pattern.value || field.value == *pattern.value);
  });
}

}  // namespace

FaultVerdict decide_fault(const FaultFacts& facts) {
  if (!facts.concerned) return {.reason = "no_header"};
  FaultVerdict verdict{.delay = facts.delay_share.holds(facts.delay_draw),
                       .abort = facts.abort_share.holds(facts.abort_draw),
                       .reason = "within_share"};
  if (!verdict.delay && !verdict.abort) verdict.reason = "outside_share";
  return verdict;
}

std::string_view name_of(const FaultVerdict& verdict) {
  if (verdict.delay) return verdict.abort ? "delayed_and_aborted" : "delayed";
  return verdict.abort ? "aborted" : "passed";
}

bool FaultInjection::concerns(const RequestHead& request) const {
  return std::ranges::all_of(rule_.headers, [&](const ValuePattern& each) { return holds(each, request.fields); });
}

/// All but the draws.
FaultFacts FaultInjection::facts(const RequestHead& request) const {
  return {.concerned = concerns(request),
          .delay_share = rule_.delay ? rule_.delay->share : Share{},
          .abort_share = rule_.abort ? rule_.abort->share : Share{}};
}

Reply FaultInjection::handle(Exchange& exchange, Next next) const {
  FaultFacts known = facts(exchange.request);
  known.delay_draw = exchange.shard.reactor.random().next();
  known.abort_draw = exchange.shard.reactor.random().next();
  const FaultVerdict verdict = decide_fault(known);
  exchange.record({.room = "fault_injection",
                   .verdict = name_of(verdict),
                   .subject = {},
                   .reason = verdict.reason,
                   .place = rule_.place},
                  known);
  if (!verdict.delay && !verdict.abort) return std::move(next)(exchange);
  exchange.shard.metrics.faults_injected.add();
  if (verdict.delay) return hold(exchange, std::move(next), verdict.abort);
  return refuse(abort(exchange));
}

Reply FaultInjection::hold(Exchange& exchange, Next next, bool then_abort) const {
  CO_TRY_VOID(co_await Sleep(exchange.shard.reactor, rule_.delay->time));
  if (then_abort) co_return fail(abort(exchange));
  co_return co_await std::move(next)(exchange);
}

/// What the client is told: an error of the gateway's, with the status that is rehearsed.
Error FaultInjection::abort(Exchange& exchange) const {
  auto* const details = exchange.arena.make<ErrorDetails>();
  details->status = rule_.abort->status;
  exchange.error_details = details;
  return gateway_error(Code::fault_injected);
}

Effect FaultInjection::rehearse(ImaginedRequest& imagined) const {
  const FaultFacts known = facts(imagined.head);
  if (!known.concerned) return {.text = "lets it pass: it does not carry the header that is asked for"};
  std::string text;
  if (rule_.delay) {
    text = fmt::format("holds {} of the requests for {}", OptionType<Share>::shown(rule_.delay->share),
                       option::shown(rule_.delay->time));
  }
  if (!rule_.abort) return {.text = std::move(text)};
  text += fmt::format("{}answers {} of them with {}", text.empty() ? "" : ", ",
                      OptionType<Share>::shown(rule_.abort->share), rule_.abort->status);
  const bool all = rule_.abort->share == percent(100);
  return {.text = std::move(text), .answers = all, .status = all ? rule_.abort->status : Status{0}};
}

// ---- options ----

namespace {

bool read_headers(const Node& node, const Reading& reading, FaultInjectionOptions& out) {
  if (!option::want_map(node, reading, "names and values")) return false;
  bool good = true;
  for (const Node::Member& member : node.members()) {
    const Reading at = reading.member(member.name);
    const bool present = member.value.is_null();
    if (!present && !option::want_scalar(member.value, at, "a text")) {
      good = false;
      continue;
    }
    const auto value = present ? std::nullopt : std::optional<std::string_view>(member.value.text());
    auto pattern = ValuePattern::parse_header(member.name, value);
    if (!pattern) {
      good = at.error(member.place, fmt::format("\"{}\": {}", member.name, text_of(pattern.error())));
      continue;
    }
    out.headers.push_back(std::move(*pattern));
  }
  return good;
}

bool check_rule(const Node& node, const Reading& reading, FaultInjectionOptions& options) {
  options.place = node.place();
  if (options.delay || options.abort) return true;
  return reading.error(node, "neither delay nor abort is given, so this would rehearse nothing",
                       "write abort: { status: 503, share: 1% }");
}

std::unique_ptr<const Filter> build(const Node& options, BuildContext& context) {
  auto rule = FaultInjectionOptions::schema().read(options, Reading(context.diagnostics, context.path));
  if (!rule) return {};
  return std::make_unique<FaultInjection>(std::move(*rule));
}

}  // namespace

const Schema<FaultInjectionOptions::Delay>& FaultInjectionOptions::Delay::schema() {
  static const auto schema = Schema<Delay>("delay", "Requests are held.")
                                 .option("time", &Delay::time,
                                         {.doc = "For how long.",
                                          .example = "200ms",
                                          .required = true,
                                          .minimum = std::chrono::milliseconds{1},
                                          .maximum = limits::injected_delay_max})
                                 .option("share", &Delay::share, {.doc = "How many of them.", .example = "10%"})
                                 .shorthand("time");
  return schema;
}

const Schema<FaultInjectionOptions::Abort>& FaultInjectionOptions::Abort::schema() {
  static const auto schema =
      Schema<Abort>("abort", "Requests are answered with an error.")
          .option("status", &Abort::status, {.doc = "With which.", .example = "503", .minimum = 400, .maximum = 599})
          .option("share", &Abort::share, {.doc = "How many of them.", .example = "1%"})
          .shorthand("status");
  return schema;
}

const Schema<FaultInjectionOptions>& FaultInjectionOptions::schema() {
  static const auto schema =
      Schema<FaultInjectionOptions>("fault_injection", "Lets requests wait or fail on purpose, as a rehearsal.")
          .option("delay", &FaultInjectionOptions::delay, {.doc = "Requests are held, and go on.", .example = "200ms"})
          .option("abort", &FaultInjectionOptions::abort,
                  {.doc = "Requests are answered with an error and go nowhere.", .example = "503"})
          .custom("header", "map of text", read_headers,
                  {.doc = "Only requests that carry these fields, with these values or (no value given) any; all of "
                          "them.",
                   .example = "{ x-rehearsal: \"yes\" }"})
          .shorthand("abort")
          .check(&check_rule);
  return schema;
}

const FilterKind& fault_injection_filter() {
  static constexpr FilterKind kind{
      .name = "fault_injection", .schema = &schema_of<FaultInjectionOptions>, .build = &build};
  return kind;
}

}  // namespace weir
