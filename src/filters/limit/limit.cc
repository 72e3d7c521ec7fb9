// Ask all, charge all or none, let pass or wait, settle, tell.
#include "filters/limit/limit.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "filters/limit/owned_rules.h"
#include "filters/limit/paced_body.h"
#include "filters/limit/told_fields.h"
#include "server/error_reply.h"

namespace weir::limit {
namespace {

constexpr ToldNames x_ratelimit_names{"x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset"};
constexpr ToldNames draft_6_names{"ratelimit-limit", "ratelimit-remaining", "ratelimit-reset"};

/// Gives the places in flight back when the exchange is over. Keeps what they are in: a tunnel outlives the filter.
class Leaving final : public Finisher {
 public:
  Leaving(std::shared_ptr<RuleState> state, InFlight::Place place) : state_(std::move(state)), place_(place) {}
  void finish(const Exchange&, const Delivery&) override {
    InFlight::leave(place_);
    state_.reset();  // an arena runs no destructors
  }

 private:
  std::shared_ptr<RuleState> state_;
  InFlight::Place place_;
};

/// \param charged  whether all rules agreed, so that those that admit it were charged
std::string_view verdict_of(const Rule& rule, const Judged& judged, bool charged) {
  if (!judged.verdict.admitted) return rule.options().dry_run ? "would_refuse" : "refused";
  if (!charged) return "agreed";
  return judged.verdict.wait > Duration{} ? "delayed" : "admitted";
}

/// Why a fleet's ratio refuses: the limit of all, the last ratio that was heard of, this machine's own share.
std::string_view reason_of(fleet::Mode mode) {
  if (mode == fleet::Mode::share) return "over_share_of_fleet_limit";
  return mode == fleet::Mode::kept ? "over_last_fleet_ratio" : "over_fleet_limit";
}

std::string_view reason_of(const Rule& rule, const Judged& judged) {
  if (rule.counts_in_flight()) return judged.verdict.admitted ? "within_limit" : "too_many_in_flight";
  if (judged.verdict.admitted) return judged.verdict.wait > Duration{} ? "waits_for_its_turn" : "within_limit";
  if (!judged.fleet.verdict.admitted) return reason_of(judged.fleet.mode);
  return judged.verdict.wait == no_limit ? "costs_more_than_there_is" : "over_limit";
}

/// Until the turn of an admitted request has come for all its rules. What a dry run would refuse has none.
Duration until_turn(std::span<const Judged> judged) {
  Duration wait{};
  for (const Judged& each : judged) wait = each.verdict.admitted ? std::max(wait, each.verdict.wait) : wait;
  return wait;
}

/// Whether the one refuses for longer than the other; never is longest.
bool refuses_longer(const Judged& one, const Judged& other) {
  if (other.verdict.wait == no_limit) return false;
  return one.verdict.wait == no_limit || one.verdict.wait > other.verdict.wait;
}

/// How much of its whole a rule has left: the one with the least is what a client should look at.
double part_left(const Rule& rule, const Judged& judged) {
  return static_cast<double>(judged.verdict.remaining) / static_cast<double>(rule.whole());
}

/// The same where a rule was not decided by what is counted here.
std::string_view recorded_reason(const Rule& rule, const Judged& judged) {
  if (judged.redis != nullptr) return judged.redis->decided.reason;
  if (judged.owned != nullptr && !judged.owned->skipped()) return judged.owned->decided.reason;
  return reason_of(rule, judged);
}

/// The state of the key once it was decided, and when the same would pass.
std::string_view what_is_left(const Rule& rule, const Judged& judged, Arena& arena) {
  const BudgetVerdict& verdict = judged.verdict;
  const std::string_view left = number_text(verdict.remaining, arena);
  if (verdict.admitted) return arena.join(left, " left");
  if (rule.counts_in_flight()) return arena.join(left, " left until one ends");
  if (verdict.wait == no_limit) return arena.join(left, " left, and never as much");
  return arena.join(left, " left, again in ", number_text(seconds_up(verdict.wait), arena), " s");
}

std::string amount(const Rule& rule) {
  const RuleOptions& options = rule.options();
  std::string text = rule.state().allowance();
  if (options.quota) return text + fmt::format(" in {}", options.time_zone);
  if (options.rate && !options.in_flight && !options.bandwidth && options.algorithm != Algorithm::token_bucket)
    text += fmt::format(" by {}", weir::name_of(options.algorithm));
  if (options.burst) text += fmt::format(", {} at once", *options.burst);
  if (is_owned(options)) text += ", decided by each key's owner";
  return text;
}

}  // namespace

Limit::Limit(LimitOptions options, std::vector<std::unique_ptr<const Rule>> rules,
             std::unique_ptr<const RedisRules> redis, KeptTerms terms)
    : options_(std::move(options)), redis_(std::move(redis)), terms_(std::move(terms)) {
  std::vector<std::unique_ptr<const Rule>> pacing;
  for (auto& rule : rules) (rule->paces() ? pacing : rules_).push_back(std::move(rule));
  judges_ = rules_.size();
  std::ranges::move(pacing, std::back_inserter(rules_));
  for (std::size_t at = 0; at < judges_; ++at) {
    const std::unique_ptr<const Rule>& rule = rules_[at];
    has_owners_ = has_owners_ || is_owned(rule->options());
    policies_ += (policies_.empty() ? "" : ", ") + policy_of(rule->options(), rule->name(), rule->whole());
    settles_ = settles_ || rule->settles();
  }
}

bool Limit::refuses() const {
  return std::ranges::any_of(std::span(rules_).first(judges_),
                             [](const auto& rule) { return !rule->options().dry_run; });
}

bool Limit::charges() const {
  return std::ranges::any_of(std::span(rules_).first(judges_),
                             [](const auto& rule) { return !rule->options().dry_run && !rule->counts_in_flight(); });
}

Reply Limit::handle(Exchange& exchange, Next next) const {
  if (!options_.bypass.empty() && !exchange.client.over_unix && contains(options_.bypass, exchange.client.address)) {
    exchange.record({.room = "limit", .verdict = "passed", .subject = {}, .reason = "bypass", .place = options_.place},
                    exchange.client.address);
    co_return co_await std::move(next)(exchange);
  }
  const std::span<Judged> judged{static_cast<Judged*>(exchange.arena.allocate(sizeof(Judged) * judges_)), judges_};
  for (std::size_t at = 0; at < judges_; ++at) new (&judged[at]) Judged(rules_[at]->look(exchange, exchange.arena));
  const Rule* refused_by = refusing(judged);
  if (refused_by == nullptr && (has_owners_ || redis_ != nullptr)) {
    CO_TRY(refused_by, co_await ask_others(exchange, judged));
  }
  if (refused_by == nullptr) refused_by = charge(exchange, judged);
  if (refused_by != nullptr && has_owners_) give_back_owned(rules_, judged);
  record(exchange, judged, refused_by == nullptr);
  if (refused_by != nullptr) co_return fail(refuse_by(exchange, *refused_by, judged));
  if (const Duration wait = until_turn(judged); wait > Duration{}) {
    CO_TRY_VOID(co_await Sleep(exchange.shard.reactor, wait));
  }
  if (judges_ < rules_.size()) pace(exchange, exchange.request_body, Direction::request);
  CO_TRY(Answer answer, co_await std::move(next)(exchange));
  if (judges_ < rules_.size()) pace(exchange, answer.body, Direction::response);
  for (std::size_t at = 0; settles_ && at < judged.size(); ++at) {
    if (!rules_[at]->settles() || !judged[at].verdict.admitted) continue;
    const std::int64_t more = rules_[at]->settle(judged[at], answer.head.fields, exchange.shard);
    if (more != 0 && judged[at].redis != nullptr) redis_->settle(exchange, at, judged[at], more);
  }
  tell(answer.head.fields, judged);
  co_return answer;
}

Task<Result<const Rule*>> Limit::ask_others(Exchange& exchange, std::span<Judged> judged) const {
  if (has_owners_) {
    CO_TRY_VOID(co_await ask_owners(exchange, rules_, judged));
    if (const Rule* const refused_by = refusing(judged)) co_return refused_by;
  }
  if (redis_ != nullptr) CO_TRY_VOID(co_await redis_->ask(exchange, judged));
  co_return refusing(judged);
}

const Rule* Limit::refusing(std::span<const Judged> judged) const {
  const Judged* longest = nullptr;
  for (std::size_t at = 0; at < judges_; ++at) {
    if (judged[at].verdict.admitted || rules_[at]->options().dry_run) continue;
    if (longest == nullptr || refuses_longer(judged[at], *longest)) longest = &judged[at];
  }
  return longest == nullptr ? nullptr : rules_[static_cast<std::size_t>(longest - judged.data())].get();
}

const Rule* Limit::charge(Exchange& exchange, std::span<Judged> judged) const {
  for (std::size_t at = 0; at < judges_; ++at) {
    if (!judged[at].verdict.admitted) continue;  // a dry run that would refuse
    rules_[at]->charge(judged[at], exchange.shard);
    if (judged[at].verdict.admitted || rules_[at]->options().dry_run) continue;
    // Another core was faster in this instant. What was charged so far is given back.
    for (std::size_t before = 0; before < at; ++before) {
      if (judged[before].verdict.admitted) rules_[before]->take_back(judged[before], exchange.shard);
    }
    if (redis_ != nullptr) redis_->take_back(exchange, judged);
    return rules_[at].get();
  }
  for (std::size_t at = 0; at < judges_; ++at) {
    if (judged[at].place.slot != nullptr)
      exchange.at_end(*exchange.arena.make<Leaving>(rules_[at]->shared_state(), judged[at].place));
  }
  return nullptr;
}

void Limit::record(Exchange& exchange, std::span<Judged> judged, bool charged) const {
  for (std::size_t at = 0; at < judges_; ++at) {
    const Rule& rule = *rules_[at];
    RuleState::Core& core = rule.state().core(exchange.shard.id);
    BudgetVerdict& verdict = judged[at].verdict;
    if (rule.state().owned_part()) count_owned(*rule.state().owned_part(), judged[at], exchange.shard.id);
    if (!verdict.admitted) {
      (rule.options().dry_run ? core.would_refuse : core.refused).add();
      rule.refused(judged[at], exchange.shard);
      rule.see(exchange, judged[at]);
    } else if (charged) {
      core.admitted.add();
      rule.see(exchange, judged[at]);
      if (verdict.wait > Duration{}) core.delayed.add();
    } else {
      verdict.remaining += judged[at].cost;  // another rule refused: this one has kept it
    }
    record_one(exchange, rule, judged[at], charged);
  }
}

void Limit::record_one(Exchange& exchange, const Rule& rule, const Judged& judged, bool charged) const {
  std::string_view subject = rule.name();
  // Of what passes at once nothing is written: the key is what the request says, and its client is told what is left.
  if (!judged.verdict.admitted || judged.verdict.wait > Duration{}) {
    const std::string key = rule.key_text(selector_facts(exchange), exchange.arena);
    subject = exchange.arena.join(rule.name(), " for ", key, ", ", what_is_left(rule, judged, exchange.arena));
  }
  const DecisionRecord decided{.room = "limit",
                               .verdict = verdict_of(rule, judged, charged),
                               .subject = subject,
                               .reason = recorded_reason(rule, judged),
                               .place = rule.options().place};
  if (judged.redis != nullptr) {
    exchange.record(decided, judged.redis->facts);
  } else if (judged.owned != nullptr && !judged.owned->skipped()) {
    exchange.record(decided, judged.owned->facts);
  } else {
    exchange.record(decided, judged.facts);
  }
}

Error Limit::refuse_by(Exchange& exchange, const Rule& rule, std::span<const Judged> judged) const {
  Arena& arena = exchange.arena;
  Duration wait{};
  bool never = false;
  for (std::size_t at = 0; at < judges_; ++at) {
    if (judged[at].verdict.admitted || rules_[at]->options().dry_run) continue;
    never = never || judged[at].verdict.wait == no_limit;
    // Nobody knows when a request in flight will end.
    wait = std::max(wait, rules_[at]->counts_in_flight() ? Duration{std::chrono::seconds{1}} : judged[at].verdict.wait);
  }
  auto* const fields = arena.make<Fields>(arena);
  const std::string_view seconds = number_text(std::max<std::uint64_t>(1, seconds_up(wait)), arena);
  if (!never) fields->append(FieldName::retry_after, seconds);
  tell(*fields, judged);
  auto* const details = arena.make<ErrorDetails>();
  details->fields = fields;
  exchange.error_details = details;
  const auto is_refusing = [&](const auto& each) { return each.get() == &rule; };
  const Judged& refused = judged[static_cast<std::size_t>(std::ranges::find_if(rules_, is_refusing) - rules_.begin())];
  if (refused.redis != nullptr && refused.redis->decided.undecidable) {
    details->detail = arena.join("what counts for the limit \"", rule.name(), "\" cannot be reached");
    return gateway_error(Code::rate_limited);
  }
  const bool busy = rule.counts_in_flight();
  const std::string_view before = busy ? "as many requests as the limit \"" : "all that the limit \"";
  const std::string_view behind = busy ? "\" allows are being answered" : "\" allows is spent";
  details->detail = never ? arena.join("this costs more than the limit \"", rule.name(), "\" ever gives")
                          : arena.join(before, rule.name(), behind, "; try again in ", seconds, " s");
  details->problem_type = "https://iana.org/assignments/http-problem-types#quota-exceeded";
  std::string name;
  text::append_json_string(name, rule.name());
  details->problem_members = arena.join(",\"violated-policies\":[", name, "]");
  const Code code = rule.counts_in_flight() ? Code::too_many_in_flight : Code::rate_limited;
  return options_.status == 503 ? gateway_error(code) : client_error(code);
}

void Limit::pace(Exchange& exchange, BodyPointer& body, Direction direction) const {
  if (body == nullptr) return;
  for (const std::unique_ptr<const Rule>& rule : std::span(rules_).subspan(judges_)) {
    if (rule->options().bandwidth->direction != direction) continue;
    RuleState::Core& core = rule->state().core(exchange.shard.id);
    const std::uint64_t hash = rule->hash_of(exchange, exchange.arena);
    core.admitted.add();
    exchange.record({.room = "limit",
                     .verdict = "paced",
                     .subject = rule->name(),
                     .reason = direction == Direction::request ? "content_of_the_request" : "content_of_the_response",
                     .place = rule->options().place},
                    LimitFacts{.now = rule->now(exchange.shard), .cost = 0, .state = 0});
    body = BodyPointer(exchange.arena.make<PacedBody>(std::move(body), rule->state().pace(), hash,
                                                      exchange.shard.reactor, core.delayed));
  }
}

void Limit::tell(Fields& fields, std::span<const Judged> judged) const {
  if (options_.fields == ToldFields::none || judged.empty()) return;
  Arena& arena = fields.arena();
  const bool both = options_.fields == ToldFields::both;
  if (both || options_.fields == ToldFields::standard) {
    const std::span<Left> left = arena.make_array<Left>(judges_);
    for (std::size_t at = 0; at < judges_; ++at) {
      left[at] = {.name = rules_[at]->name(),
                  .remaining = judged[at].verdict.remaining,
                  .reset = rules_[at]->counts_in_flight() ? no_limit : judged[at].verdict.reset};
    }
    fields.append("ratelimit-policy", policies_);
    fields.append("ratelimit", left_value(left, arena));
  }
  if (both || options_.fields == ToldFields::x_ratelimit) tell_nearest(fields, judged, x_ratelimit_names);
  if (options_.fields == ToldFields::draft_6) tell_nearest(fields, judged, draft_6_names);
}

void Limit::tell_nearest(Fields& fields, std::span<const Judged> judged, const ToldNames& names) const {
  Arena& arena = fields.arena();
  std::size_t least = 0;
  for (std::size_t at = 1; at < judges_; ++at) {
    if (part_left(*rules_[at], judged[at]) < part_left(*rules_[least], judged[least])) least = at;
  }
  fields.set(names.limit, number_text(rules_[least]->whole(), arena));
  fields.set(names.remaining, number_text(judged[least].verdict.remaining, arena));
  if (!rules_[least]->counts_in_flight())
    fields.set(names.reset, number_text(seconds_up(judged[least].verdict.reset), arena));
}

Effect Limit::rehearse(ImaginedRequest& imagined) const {
  Arena& arena = imagined.head.fields.arena();
  const SelectorFacts facts = selector_facts(imagined);
  if (!options_.bypass.empty() && !imagined.client.over_unix && contains(options_.bypass, imagined.client.address))
    return {.text = "counts nothing: the client is on the bypass list"};
  Effect effect;
  for (const auto& rule : rules_) {
    if (rule->paces()) {
      effect.text += fmt::format("{}paces content by \"{}\" ({}) for {}", effect.text.empty() ? "" : "; ", rule->name(),
                                 amount(*rule), rule->key_text(facts, arena));
      continue;
    }
    const std::uint64_t cost = rule->cost_of(imagined.head);
    const bool never = !rule->counts_in_flight() && cost > rule->whole();
    effect.text +=
        fmt::format("{}{} \"{}\" ({}) of {}{}", effect.text.empty() ? "" : "; ",
                    never ? "refuses: costs more than there is in" : "counts against", rule->name(), amount(*rule),
                    rule->key_text(facts, arena), cost == 1 ? "" : fmt::format(", cost {}", cost));
    if (rule->options().dry_run) effect.text += ", dry run";
    if (never && !rule->options().dry_run) effect.answers = true;
  }
  if (effect.answers) effect.status = options_.status;
  return effect;
}

namespace {

std::unique_ptr<const Filter> build(const Node& node, BuildContext& context) {
  const Reading reading(context.diagnostics, context.path);
  auto options = LimitOptions::schema().read(node, reading);
  if (!options) return {};
  options->place = node.place();
  std::vector<std::unique_ptr<const Rule>> rules;
  std::vector<std::unique_ptr<const Rule>> pacing;
  for (const RuleOptions& rule : options->rules) {
    auto built = Rule::build(rule, reading, context);
    if (built == nullptr) return {};
    (built->paces() ? pacing : rules).push_back(std::move(built));
  }
  // Those that pace stand behind, as the filter keeps them.
  std::ranges::move(pacing, std::back_inserter(rules));
  const auto counts_in_redis = [](const auto& rule) { return rule->options().scope == Scope::redis; };
  if (std::ranges::any_of(rules, counts_in_redis) && !options->redis.secure(context)) return {};
  auto redis = RedisRules::build(options->redis, rules, context);
  KeptTerms terms = terms_of(*options, rules, context);
  return std::make_unique<Limit>(std::move(*options), std::move(rules), std::move(redis), std::move(terms));
}

}  // namespace
}  // namespace weir::limit

namespace weir {

const FilterKind& limit_filter() {
  static constexpr FilterKind kind{
      .name = "limit", .schema = &schema_of<limit::LimitOptions>, .build = &limit::build, .needs_http = false};
  return kind;
}

}  // namespace weir
