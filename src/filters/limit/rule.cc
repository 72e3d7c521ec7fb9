// Key, cost, budget: gathering the facts for the pure functions, and keeping what they say.
#include "filters/limit/rule.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "contracts/fleet.h"
#include "contracts/plugin.h"
#include "contracts/shared_states.h"
#include "filters/limit/fleet/channel.h"
#include "filters/limit/owned_rules.h"
#include "filters/limit/redis/rules.h"
#include "filters/limit/stated_bounds.h"

namespace weir::limit {
namespace {

std::string_view bytes_of(const IpAddress& address) {
  return {reinterpret_cast<const char*>(address.bytes().data()), address.bytes().size()};
}

/// Values that may be shown to operators; others are credentials as likely as not.
bool may_be_shown(const Selector& selector) {
  if (selector.kind() == Selector::Kind::cookie || selector.kind() == Selector::Kind::query) return false;
  if (selector.kind() == Selector::Kind::whole_query) return false;
  if (selector.kind() != Selector::Kind::header) return true;
  const std::string text = selector.text();
  return std::ranges::none_of(std::array{"authorization", "cookie", "key", "token", "secret"},
                              [&](const char* word) { return text.contains(word); });
}

/// Rules of a fleet hash alike on every machine, all others on none.
crypto::HashKey hash_key_of(const FleetSettings* fleet, std::string_view identity) {
  // A fleet without keys is a mistake that somebody else complains of; its rules are read to the end all the same.
  if (fleet == nullptr || fleet->keys.empty()) return crypto::HashKey::random();
  return fleet::KeyRing(fleet->name, fleet->keys).fingerprints(identity);
}

fleet::Allowance allowance_of(const Budget& whole) {
  return {.per_second = static_cast<double>(whole.limit) * 1e9 / static_cast<double>(whole.window.count()),
          .burst = static_cast<double>(whole.burst)};
}

fleet::OwnedSettings owned_settings(const RuleOptions& rule, const FleetSettings& fleet, fleet::RuleTag tag,
                                    std::uint64_t keys, unsigned cores) {
  fleet::OwnedSettings settings{.rule = tag,
                                .whole = budget_of(rule, 1),
                                .cost_most = cost_most(rule),
                                .keys = keys,
                                .cores = cores,
                                .names = {},
                                .self = 0,
                                .patience = fleet.budget};
  for (const FleetMember& member : fleet.members) {
    if (member.name == fleet.self) settings.self = static_cast<fleet::MemberNumber>(settings.names.size());
    settings.names.push_back(member.name);
  }
  return settings;
}

/// What a refusal by a ratio says: nobody knows whose turn is next, and a second later all is new.
constexpr Duration ratio_wait = std::chrono::seconds{1};

}  // namespace

std::uint64_t read_cost(std::string_view value, std::uint64_t maximum, std::uint64_t otherwise) {
  value = text::trim(value);
  if (value.empty() || !std::ranges::all_of(value, &text::is_digit)) return otherwise;
  const std::uint64_t number = text::parse_decimal(value).value_or(maximum);  // more digits than fit
  return std::clamp<std::uint64_t>(number, 1, maximum);
}

// ---- state ----

namespace {

/// `limit/monthly/3f2a1b4c5d6e7f80/`: readable, and apart from all others.
std::string kept_name(const std::string& name, std::string_view identity) {
  constexpr std::size_t digits = 16;
  return fmt::format("limit/{}/{}/", name, crypto::hexadecimal(crypto::sha256(identity)).substr(0, digits));
}

/// What one ledger of the rule gives to each key.
Budget counted_here(const RuleOptions& rule, unsigned cores) {
  if (rule.scope == Scope::redis) return local_budget(budget_of(rule, 1));
  return budget_of(rule, rule.scope == Scope::local ? cores : 1);
}

}  // namespace

RuleState::RuleState(const RuleOptions& rule, unsigned cores, std::string_view identity, TableCount::Drawn tables,
                     const FleetSettings* fleet, std::shared_ptr<fleet::Desk> desk)
    : name_(limit::name_of(rule)),
      allowance_(allowance_of(rule)),
      calendar_(rule.calendar),
      budget_(rule.in_flight || rule.bandwidth ? Budget{} : counted_here(rule, cores)),
      keys_(rule.key.selectors.empty() && !rule.key.connection ? 1 : rule.keys),
      scope_(name_of(rule.scope)),
      hash_key_(hash_key_of(fleet, identity)),
      cores_(cores),
      tables_(std::move(tables)) {
  if (fleet != nullptr) {
    const auto tag = static_cast<fleet::RuleTag>(hash_key_.hash("which rule"));
    const std::uint64_t seed = crypto::HashKey::random().hash("where credits begin");
    if (desk != nullptr) {
      owned_ = std::make_shared<fleet::OwnedPart>(owned_settings(rule, *fleet, tag, keys_, cores), std::move(desk));
      return;
    }
    fleet_ = std::make_shared<fleet::RulePart>(tag, allowance_of(budget_), cores, seed);
  }
  if (rule.bandwidth) {
    pace_ = std::make_unique<PaceTable>(pace_of(*rule.bandwidth), keys_);
  } else if (rule.in_flight) {
    in_flight_ = std::make_unique<InFlight>(keys_);
  } else if (rule.scope != Scope::local) {
    // Who keeps what was counted is company, too.
    const bool alone = cores == 1 && !rule.quota;
    shared_ = std::make_unique<Ledger>(budget_, keys_, alone ? Company::alone : Company::shared);
    for (Core& core : cores_) core.spenders = rule.quota ? std::make_unique<HeavyKeys>() : nullptr;
    if (rule.quota) book_ = std::make_unique<QuotaBook>(kept_name(name_, identity), *shared_, *calendar_);
  }
}

std::optional<Period> RuleState::period(WallTime now) const {
  if (calendar_ == nullptr) return {};
  return calendar_->at(std::chrono::floor<std::chrono::seconds>(now.time_since_epoch()).count());
}

std::uint64_t RuleState::left_of(std::uint64_t hash, WallTime now) {
  std::uint64_t before = 0;
  const BudgetVerdict verdict = shared_->look(hash, Time{now.time_since_epoch()}, 1, before);
  return verdict.remaining + (verdict.admitted ? 1 : 0);
}

Ledger& RuleState::ledger(unsigned number) {
  if (owned_) return owned_->account();
  if (shared_) return *shared_;
  std::unique_ptr<Ledger>& own = core(number).ledger;
  if (!own) own = std::make_unique<Ledger>(budget_, keys_, Company::alone);
  return *own;
}

// ---- rule ----

namespace {

/// What the rule has counted so far, or a state that has counted nothing; null when there is no table left.
std::shared_ptr<RuleState> find_state(const RuleOptions& options, BuildContext& context) {
  const std::string identity =
      fmt::format("limit {} {}", options.name.empty() ? context.path : options.name, identity_of(options));
  const FleetSettings* const fleet = options.scope == Scope::fleet ? context.fleet : nullptr;
  // With another first key of the fleet it is counted apart.
  const std::string key =
      fleet == nullptr ? identity : fmt::format("{} {:x}", identity, hash_key_of(fleet, identity).hash(identity));
  const bool owned = fleet != nullptr && is_owned(options);
  if (context.shared_states == nullptr) {
    return std::make_shared<RuleState>(options, context.cores, identity, TableCount::Drawn{}, fleet,
                                       owned ? std::make_shared<fleet::Desk>() : nullptr);
  }
  const auto desk =
      owned ? context.shared_states->find_or_make<fleet::Desk>(fleet::desk_key, &std::make_shared<fleet::Desk>)
            : nullptr;
  const auto tables = context.shared_states->find_or_make<TableCount>("limit: tables", &std::make_shared<TableCount>);
  const auto make = [&]() -> std::shared_ptr<RuleState> {
    auto drawn = TableCount::draw(tables, RuleState::tables_of(options, context.cores));
    return drawn ? std::make_shared<RuleState>(options, context.cores, identity, std::move(*drawn), fleet, desk)
                 : nullptr;
  };
  return context.shared_states->find_or_make<RuleState>(key, make);
}

}  // namespace

std::unique_ptr<const Rule> Rule::build(const RuleOptions& options, const Reading& reading, BuildContext& context) {
  if (options.scope == Scope::local && options.rate && !options.quota && !options.bandwidth) {
    const Budget whole = budget_of(options, 1);
    const bool has_burst = whole.algorithm == Algorithm::token_bucket || whole.algorithm == Algorithm::gcra;
    if ((has_burst ? whole.burst : whole.limit) < context.cores) {
      (void)reading.error(options.place,
                          fmt::format("{} divided among {} cores leaves less than one request for each",
                                      has_burst ? whole.burst : whole.limit, context.cores),
                          "write scope: shared, or a larger burst");
      return {};
    }
  }
  if (options.scope == Scope::fleet && context.fleet == nullptr) {
    (void)reading.error(options.place, "there is no fleet that could hold this limit",
                        "name its machines under `fleet` (read at start), or write scope: shared");
    return {};
  }
  std::shared_ptr<RuleState> state = find_state(options, context);
  if (state == nullptr) {
    (void)reading.error(
        options.place,
        fmt::format("{} tables are in use, as many as all rules together may have", limits::limit_tables),
        "write one limit for many routes, in defaults.filters or a chain, with `route` in its key; what "
        "the running configuration uses counts until it is replaced");
    return {};
  }
  return std::unique_ptr<const Rule>(new Rule(options, std::move(state)));
}

std::uint64_t Rule::whole() const {
  if (options_.in_flight) return *options_.in_flight;
  const Budget budget = budget_of(options_, 1);
  const bool has_burst = budget.algorithm == Algorithm::token_bucket || budget.algorithm == Algorithm::gcra;
  return has_burst ? budget.burst : budget.limit;
}

Time Rule::now(Shard& shard) const {
  return options_.quota ? Time{shard.reactor.wall_now().time_since_epoch()} : shard.reactor.now();
}

std::uint64_t Rule::hash_of(const Exchange& exchange, Arena& arena) const {
  if (!options_.key.connection) return hash_of(selector_facts(exchange), arena);
  // Where its facts lie and when it came are no other connection's.
  const std::array<std::uint64_t, 2> which{
      reinterpret_cast<std::uintptr_t>(&exchange.connection),
      static_cast<std::uint64_t>(exchange.connection.accepted.time_since_epoch().count())};
  return state_->hash_key().hash({reinterpret_cast<const char*>(which.data()), sizeof(which)});
}

namespace {

/// Values with their lengths, so that "a", "bc" and "ab", "c" differ.
void append_part(std::string& joined, std::string_view value) {
  joined += fmt::format("{}:", value.size());
  joined += value;
}

}  // namespace

std::uint64_t Rule::lasting_hash_of(const SelectorFacts& facts, Arena& arena) const {
  std::string joined;
  for (const Selector& selector : options_.key.selectors) {
    const bool is_address = selector.kind() == Selector::Kind::client_address && !facts.client.over_unix;
    append_part(joined, is_address ? counted_part_text(facts.client.address, options_.ipv6_prefix)
                                   : std::string(selector.value(facts, arena)));
  }
  return state_->book()->hash(joined);
}

std::uint64_t Rule::hash_of(const SelectorFacts& facts, Arena& arena) const {
  if (state_->book() != nullptr) return lasting_hash_of(facts, arena);
  const crypto::HashKey& key = state_->hash_key();
  std::array<std::uint64_t, limits::limit_key_parts> hashes;
  std::size_t count = 0;
  for (const Selector& selector : options_.key.selectors) {
    const bool is_address = selector.kind() == Selector::Kind::client_address && !facts.client.over_unix;
    const IpAddress address = is_address ? counted_part(facts.client.address, options_.ipv6_prefix) : IpAddress();
    hashes[count++] = key.hash(is_address ? bytes_of(address) : selector.value(facts, arena));
  }
  // All requests. Of a fleet they are told apart from those of another rule by their key alone.
  if (count == 0) return options_.scope == Scope::fleet ? key.hash("all requests") : 1;
  if (count == 1) return hashes[0];
  return key.hash({reinterpret_cast<const char*>(hashes.data()), count * sizeof(std::uint64_t)});
}

std::string_view Rule::values_of(const SelectorFacts& facts, Arena& arena) const {
  std::string bytes;
  for (const Selector& selector : options_.key.selectors) {
    const bool is_address = selector.kind() == Selector::Kind::client_address && !facts.client.over_unix;
    const IpAddress address = is_address ? counted_part(facts.client.address, options_.ipv6_prefix) : IpAddress();
    const std::string_view value = is_address ? bytes_of(address) : selector.value(facts, arena);
    bytes += std::to_string(value.size()) + ':';
    bytes += value;
  }
  return arena.copy(bytes);
}

void Rule::see(Exchange& exchange, const Judged& judged) const {
  RuleState::Core& core = state_->core(exchange.shard.id);
  const bool admitted = judged.verdict.admitted;
  const auto text = [&] { return key_text(selector_facts(exchange), exchange.arena); };
  if (!admitted) core.heavy.count(judged.hash, text);
  if (admitted && core.spenders != nullptr) core.spenders->count(judged.hash, text);
  (admitted ? core.spent_lately : core.refused_lately)
      .window()
      .count(exchange.shard.reactor.now(), [&] { return judged.hash; }, text, judged.cost);
}

std::string Rule::key_text(const SelectorFacts& facts, Arena& arena) const {
  if (options_.key.connection) return "each connection";
  std::string text;
  for (const Selector& selector : options_.key.selectors) {
    if (!text.empty()) text += ", ";
    const bool is_address = selector.kind() == Selector::Kind::client_address && !facts.client.over_unix;
    const std::string_view value = selector.value(facts, arena);
    if (is_address) {
      text += counted_part_text(facts.client.address, options_.ipv6_prefix);
    } else if (value.empty()) {
      text += "nothing";
    } else if (may_be_shown(selector)) {
      text += value.substr(0, limits::heavy_key_bytes);
    } else {
      text += fmt::format("#{:08x}", static_cast<std::uint32_t>(state_->hash_key().hash(value)));
    }
  }
  return text.empty() ? "all" : text;
}

std::uint64_t Rule::cost_of(const RequestHead& request) const {
  const CostOptions& cost = options_.cost;
  if (cost.header.empty()) return cost.fixed;
  const Field* const field = request.fields.find(std::string_view(cost.header));
  return field == nullptr ? cost.fixed : read_cost(field->value, cost.maximum, cost.fixed);
}

Judged Rule::look(const Exchange& exchange, Arena& arena) const {
  const Time now = this->now(exchange.shard);
  Judged judged{.hash = hash_of(selector_facts(exchange), arena), .cost = cost_of(exchange.request)};
  if (options_.in_flight) {
    const std::uint64_t others = state_->in_flight().count(judged.hash);
    judged.facts = {.now = now, .cost = 1, .state = others};
    judged.verdict.admitted = others < *options_.in_flight;
    judged.verdict.remaining = judged.verdict.admitted ? *options_.in_flight - others - 1 : 0;
    return judged;
  }
  judged.facts.now = now;
  judged.facts.cost = judged.cost;
  fleet::OwnedPart* const owned = state_->owned_part().get();
  if (owned != nullptr && look_at_owned(*owned, judged, arena, exchange.shard.id, now) != nullptr) return judged;
  judged.verdict = state_->ledger(exchange.shard.id).look(judged.hash, now, judged.cost, judged.facts.state);
  if (fleet::RulePart* const part = state_->fleet_part().get()) {
    judged.fleet = part->look(judged.hash, exchange.shard.id, judged.cost);
    judged.facts.ratio = judged.fleet.facts.ratio;
    judged.facts.credit = judged.fleet.facts.credit;
    if (!judged.fleet.verdict.admitted) {
      judged.verdict.admitted = false;
      judged.verdict.remaining = 0;
      judged.verdict.wait = std::max(judged.verdict.wait, ratio_wait);
    }
  }
  // Redis has not been asked yet: what is known here refuses nobody.
  if (options_.scope == Scope::redis) judged.verdict.admitted = true;
  return judged;
}

void Rule::charge(Judged& judged, const Shard& shard) const {
  if (judged.owned != nullptr) return charge_share(*state_->owned_part(), judged);
  if (judged.redis != nullptr && !judged.redis->counted_here()) {
    // Redis has decided, or nobody does: what is counted here runs along.
    std::uint64_t before = 0;
    (void)state_->ledger(shard.id).spend(judged.hash, judged.facts.now, judged.cost, before);
    return;
  }
  if (!options_.in_flight) {
    judged.verdict = state_->ledger(shard.id).spend(judged.hash, judged.facts.now, judged.cost, judged.facts.state);
    fleet::RulePart* const part = state_->fleet_part().get();
    if (part != nullptr && judged.verdict.admitted)
      part->admit(judged.fleet, judged.hash, shard.id, judged.cost, judged.facts.now);
    if (judged.redis != nullptr) judged.redis->facts.state = judged.facts.state;
    return;
  }
  judged.place = state_->in_flight().enter(judged.hash, *options_.in_flight, judged.facts.state);
  judged.verdict.admitted = judged.place.slot != nullptr;
  judged.verdict.remaining = judged.verdict.admitted ? *options_.in_flight - judged.facts.state - 1 : 0;
}

void Rule::take_back(const Judged& judged, const Shard& shard) const {
  if (judged.place.slot != nullptr) return InFlight::leave(judged.place);
  if (judged.owned != nullptr) {
    if (!fleet::owner_decides(judged.owned->facts.source))
      state_->owned_part()->share().settle(judged.hash, judged.facts.now, -static_cast<std::int64_t>(judged.cost));
    return;  // what an owner charged, give_back_owned() gives back
  }
  state_->ledger(shard.id).settle(judged.hash, judged.facts.now, -static_cast<std::int64_t>(judged.cost));
  if (fleet::RulePart* const part = state_->fleet_part().get()) part->take_back(judged.fleet, shard.id, judged.cost);
}

void Rule::refused(const Judged& judged, const Shard& shard) const {
  if (fleet::RulePart* const part = state_->fleet_part().get())
    part->refuse(judged.fleet, judged.hash, shard.id, judged.cost, judged.facts.now);
}

std::int64_t Rule::settle(const Judged& judged, const Fields& answer, Shard& shard) const {
  const Field* const field = answer.find(std::string_view(options_.cost.response_header));
  if (field == nullptr) return 0;
  const std::uint64_t cost = read_cost(field->value, options_.cost.maximum, judged.cost);
  const std::int64_t more = static_cast<std::int64_t>(cost) - static_cast<std::int64_t>(judged.cost);
  const Charge charge{.at = judged.facts.now, .cost = judged.cost};
  if (more != 0) state_->ledger(shard.id).settle(judged.hash, now(shard), more, charge);
  return more;
}

fleet::OwnedVerdict Rule::decide_again(const fleet::OwnedFacts& facts) const {
  return fleet::decide_owned(state_->owned_part()->share_budget(), facts);
}

bool Rule::decide_again(const LimitFacts& facts) const {
  if (paces()) return true;
  if (options_.in_flight) return facts.state < *options_.in_flight;
  const Budget budget =
      budget_of(options_, options_.scope == Scope::local ? static_cast<unsigned>(state_->cores().size()) : 1);
  if (options_.scope == Scope::fleet &&
      !fleet::decide_share({.ratio = facts.ratio, .credit = facts.credit, .cost = facts.cost}).admitted)
    return false;
  if (budget.algorithm == Algorithm::sliding_log) {
    return facts.cost <= budget.limit && decide_by_moment(budget, facts.state, facts.now);
  }
  return decide_budget(budget, facts.state, facts.now, facts.cost).admitted;
}

}  // namespace weir::limit
