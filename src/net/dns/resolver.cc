// Hosts file, search list, memory, servers: in this order.
#include "net/dns/resolver.h"

#include <algorithm>
#include <tuple>

#include "base/crypto.h"
#include "base/limits.h"
#include "net/dns/name.h"
#include "net/dns/question.h"
#include "runtime/scope.h"

namespace weir::dns {
namespace {

using std::chrono::seconds;

Error failed(const char* why) {
  return upstream_error(Code::resolve_failed, why).with(Retry::unsent);
}

/// Somebody who can guess it can answer in a server's name: not from the core's repeatable randomness.
std::uint16_t unguessable_number() {
  std::uint16_t number = 0;
  crypto::fill_random({reinterpret_cast<std::uint8_t*>(&number), sizeof(number)});
  return number;
}

Duration shorter_of(Duration one, Duration other) {
  if (one == no_limit || other == no_limit) return one == no_limit ? other : one;
  return std::min(one, other);
}

/// Whether a server did not understand EDNS (RFC 6891 section 7).
bool refuses_edns(ResponseCode code) {
  return code == ResponseCode::format_error || code == ResponseCode::not_implemented;
}

}  // namespace

/// What was found out, and whose turn it is to find it out again.
struct DnsResolver::Answer {
  explicit Answer(Reactor& reactor) : turn(reactor, 1, limits::dns_questions_waiting) {}

  Gate turn;
  std::optional<Finding> finding;
  Time until{};

  [[nodiscard]] bool holds(Time now) const { return finding && now < until; }
  [[nodiscard]] bool unused() const { return turn.inside() == 0 && turn.waiting() == 0; }
};

std::vector<Service> rank_services(const std::vector<Record>& records) {
  std::vector<Service> services;
  for (const Record& record : records) {
    if (record.service.target.empty() || record.service.port == 0) continue;
    if (std::ranges::find(services, record.service) == services.end()) services.push_back(record.service);
  }
  // By name within a priority: servers turn the order from answer to answer.
  std::ranges::sort(services, {}, [](const Service& each) { return std::tie(each.priority, each.target, each.port); });
  if (services.size() > limits::dns_targets) services.resize(limits::dns_targets);
  std::uint16_t rank = 0;
  std::optional<std::uint16_t> former;
  for (Service& service : services) {
    if (former && *former != service.priority) ++rank;
    former = service.priority;
    service.priority = std::min<std::uint16_t>(rank, UINT8_MAX);
    service.weight = std::max<std::uint16_t>(service.weight, 1);
  }
  return services;
}

DnsResolver::DnsResolver(SettingsSource& source) : source_(source) {}
DnsResolver::~DnsResolver() = default;

Task<Result<ResolvedAddresses>> DnsResolver::resolve(Reactor& reactor, const Endpoint& endpoint) {
  if (reactor_ == nullptr) {
    reactor_ = &reactor;
    open_questions_.emplace(reactor, limits::dns_questions, limits::dns_questions_waiting);
  }
  invariant(&reactor == reactor_, "a core's resolver is asked by that core");
  if (auto literal = literal_addresses(endpoint)) co_return std::move(*literal);
  CO_TRY(const std::shared_ptr<const Settings> settings, co_await source_.latest(reactor));
  if (endpoint.service) co_return co_await resolve_service(endpoint, *settings);
  CO_TRY(const Found found, co_await addresses_of(endpoint.host, *settings));
  ResolvedAddresses resolved{.addresses = {}, .holds = found.holds};
  for (const IpAddress& address : found.addresses)
    resolved.addresses.push_back({.address = {socket_address(address, endpoint.port)}});
  co_return resolved;
}

// ---- services

Task<Result<ResolvedAddresses>> DnsResolver::resolve_service(const Endpoint& endpoint, const Settings& settings) {
  const auto name = canonical_name(endpoint.host);
  if (!name) co_return fail(failed("this is no name of a service"));
  CO_TRY(const Finding finding, co_await find({.name = *name, .type = Type::srv}, settings));
  if (finding.kind != Finding::Kind::found) co_return fail(failed("no server offers this service"));
  ResolvedAddresses resolved{.addresses = {}, .holds = seconds{std::max(finding.seconds, limits::dns_seconds_min)}};
  Scope scope(*reactor_);
  const std::vector<Service> services = rank_services(finding.records);
  for (const Service& service : services) scope.spawn(resolve_target(service, settings, resolved));
  co_await scope.join();
  if (resolved.addresses.empty()) co_return fail(failed("no server of this service has an address"));
  // Whoever answered first stands first: not an order that anybody should see.
  std::ranges::sort(resolved.addresses, {}, [](const ResolvedAddress& each) {
    return std::pair{each.priority, text_of(each.address.address)};
  });
  co_return resolved;
}

// Targets without an address are left out: the others serve.
Task<void> DnsResolver::resolve_target(const Service& service, const Settings& settings, ResolvedAddresses& resolved) {
  const Result<Found> found = co_await addresses_of(service.target + '.', settings);
  if (!found) co_return;
  resolved.holds = shorter_of(resolved.holds, found->holds);
  for (const IpAddress& address : found->addresses) {
    resolved.addresses.push_back({.address = {socket_address(address, service.port)},
                                  .weight = service.weight,
                                  .priority = static_cast<std::uint8_t>(service.priority)});
  }
}

// ---- addresses

Task<Result<DnsResolver::Found>> DnsResolver::addresses_of(std::string name, const Settings& settings) {
  if (const std::vector<IpAddress>* local = local_addresses(name, settings)) co_return Found{.addresses = *local};
  const std::vector<std::string> candidates = candidates_for(name, settings);
  if (candidates.empty()) co_return fail(failed("this is no host name"));
  for (const std::string& candidate : candidates) {
    CO_TRY(const Finding finding, co_await addresses_of_candidate(candidate, settings));
    if (finding.kind != Finding::Kind::found) continue;
    Found found{.addresses = {}, .holds = seconds{std::max(finding.seconds, limits::dns_seconds_min)}};
    for (const Record& record : finding.records) found.addresses.push_back(record.address);
    co_return found;
  }
  co_return fail(failed("the name has no address"));
}

/// Both kinds of addresses at once. One that cannot be found out is no reason to do without the other.
Task<Result<Finding>> DnsResolver::addresses_of_candidate(const std::string& name, const Settings& settings) {
  const bool any = !settings.has_v4 && !settings.has_v6;
  std::optional<Result<Finding>> v6;
  std::optional<Result<Finding>> v4;
  Scope scope(*reactor_);
  if (any || settings.has_v6) scope.spawn(find_into({.name = name, .type = Type::aaaa}, settings, v6));
  if (any || settings.has_v4) scope.spawn(find_into({.name = name, .type = Type::a}, settings, v4));
  co_await scope.join();
  if (!v6) co_return std::move(*v4);
  if (!v4) co_return std::move(*v6);
  const auto found = [](const Result<Finding>& one) { return one && one->kind == Finding::Kind::found; };
  if (!found(*v6)) co_return std::move(found(*v4) || !*v4 ? *v4 : *v6);
  if (!found(*v4)) co_return std::move(*v6);
  Finding both = std::move(**v6);
  both.records.insert(both.records.end(), (*v4)->records.begin(), (*v4)->records.end());
  both.seconds = std::min(both.seconds, (*v4)->seconds);
  co_return both;
}

Task<void> DnsResolver::find_into(Question question, const Settings& settings,
                                  std::optional<Result<Finding>>& finding) {
  finding.emplace(co_await find(std::move(question), settings));
}

// ---- one question

Task<Result<Finding>> DnsResolver::find(Question question, const Settings& settings) {
  std::uint32_t at_most = UINT32_MAX;
  for (std::size_t aliases = 0; aliases <= limits::dns_aliases; ++aliases) {
    CO_TRY(Finding finding, co_await find_one(question, settings));
    finding.seconds = std::min(finding.seconds, at_most);
    if (finding.kind != Finding::Kind::alias) co_return finding;
    at_most = finding.seconds;
    question.name = finding.alias;
  }
  co_return fail(failed("the name leads through too many aliases"));
}

Task<Result<Finding>> DnsResolver::find_one(const Question& question, const Settings& settings) {
  Answer& answer = remembered(question);
  const Result<Gate::Pass> turn = co_await answer.turn.enter();
  if (!turn) co_return fail(turn.error().code == Code::canceled ? turn.error() : failed("too many ask for this name"));
  const Time now = reactor_->now();
  if (answer.holds(now)) {
    Finding finding = *answer.finding;
    finding.seconds = static_cast<std::uint32_t>(std::chrono::ceil<seconds>(answer.until - now).count());
    co_return finding;
  }
  CO_TRY(Finding finding, co_await ask_servers(question, settings));
  const bool negative = finding.kind == Finding::Kind::no_data || finding.kind == Finding::Kind::no_name;
  if (negative) finding.seconds = std::min(finding.seconds, limits::dns_negative_seconds_max);
  answer.finding = finding;
  answer.until = reactor_->now() + seconds{std::max(finding.seconds, limits::dns_seconds_min)};
  co_return finding;
}

Task<Result<Finding>> DnsResolver::ask_servers(const Question& question, const Settings& settings) {
  const Result<Gate::Pass> open = co_await open_questions_->enter();
  if (!open)
    co_return fail(open.error().code == Code::canceled ? open.error() : failed("too many names are asked for"));
  Error why = failed("there is no name server");
  const std::size_t servers = settings.servers.size();
  const std::size_t first = good_server_;
  for (std::size_t round = 0; round < settings.attempts * servers; ++round) {
    const std::size_t server = (first + round) % servers;
    const Result<Response> response = co_await ask_server(server, question, settings);
    if (!response) {
      if (response.error().code == Code::canceled) co_return fail(response.error());
      why = failed("no name server answered");
      continue;
    }
    Finding finding = interpret(*response, question);
    if (finding.kind == Finding::Kind::failed) {
      why = failed("the name servers cannot say");
      continue;
    }
    good_server_ = server;
    co_return finding;
  }
  co_return fail(why);
}

Task<Result<Response>> DnsResolver::ask_server(std::size_t server, const Question& question, const Settings& settings) {
  ++questions_sent_;
  const bool with_edns = !without_edns_;
  CO_TRY(Response response, co_await ask(*reactor_, settings.servers[server], question, unguessable_number(), with_edns,
                                         settings.timeout));
  if (!with_edns || !refuses_edns(response.code)) co_return response;
  without_edns_ = true;
  ++questions_sent_;
  co_return co_await ask(*reactor_, settings.servers[server], question, unguessable_number(), false, settings.timeout);
}

// ---- memory

DnsResolver::Answer& DnsResolver::remembered(const Question& question) {
  if (const auto found = answers_.find(question); found != answers_.end()) return *found->second;
  if (answers_.size() >= limits::dns_answers_kept) forget_some();
  return *answers_.emplace(question, std::make_unique<Answer>(*reactor_)).first->second;
}

/// All whose time is over; when there are none, whatever nobody is using now.
void DnsResolver::forget_some() {
  const Time now = reactor_->now();
  if (std::erase_if(answers_, [&](const auto& entry) { return entry.second->unused() && !entry.second->holds(now); }) ==
      0) {
    std::erase_if(answers_, [&](const auto& entry) { return entry.second->unused(); });
  }
}

}  // namespace weir::dns
