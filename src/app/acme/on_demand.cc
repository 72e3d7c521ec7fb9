// Whether a name may be had, and having it.
#include "app/acme/on_demand.h"

#include <fmt/format.h>

#include <algorithm>

#include "app/acme/keeper_bell.h"
#include "app/outgoing/http_client.h"
#include "base/error_text.h"
#include "base/text.h"
#include "runtime/elsewhere.h"

namespace weir::acme {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr Duration ask_patience = seconds{5};
constexpr Duration disk_patience = seconds{3};
/// A customer who has just pointed a domain here tries again; a stranger does not cost a question each time.
constexpr Duration refusal_holds = seconds{60};
/// Let's Encrypt takes five failures of a name in an hour.
constexpr Duration giving_up_holds = minutes{15};
/// Another process may have it issued meanwhile.
constexpr Duration miss_holds = seconds{10};
/// By then whoever wanted the name has seen to it, or never will.
constexpr Duration tried_for = hours{24};
/// Strangers can cause a line in the log, but not many.
constexpr Duration told_every = minutes{1};

bool is_covered(const std::vector<std::string>& patterns, std::string_view name) {
  return patterns.empty() ||
         std::ranges::any_of(patterns, [&](const std::string& each) { return tls::covers(each, name); });
}

}  // namespace

bool is_host_name(std::string_view name) {
  if (name.size() > 253) return false;
  const std::vector<std::string_view> labels = text::split(name, '.');
  if (labels.size() < 2) return false;
  const bool number = std::ranges::all_of(labels.back(), &text::is_digit);
  return !number && std::ranges::all_of(labels, [](std::string_view label) {
    const auto fits = [](char c) { return text::is_alpha(c) || text::is_digit(c) || c == '-'; };
    return !label.empty() && label.size() <= 63 && label.front() != '-' && label.back() != '-' &&
           std::ranges::all_of(label, fits);
  });
}

OnDemandVerdict decide_on_demand(const OnDemandFacts& facts) {
  if (!facts.is_host_name) return OnDemandVerdict::no_host_name;
  if (!facts.covered) return OnDemandVerdict::not_covered;
  if (facts.refused_lately) return OnDemandVerdict::refused_lately;
  if (facts.known >= limits::acme_on_demand_names) return OnDemandVerdict::too_many;
  if (facts.begun >= facts.per_hour) return OnDemandVerdict::too_many_this_hour;
  return OnDemandVerdict::allowed;
}

bool is_given_up(const CertificateStatus& status, Duration kept_for) {
  const bool holds = status.issued && status.as_of < status.lifetime.until;
  if (holds || status.being_issued) return false;
  const bool refused = status.failures > 0 && status.kind == Trouble::Kind::refused;
  return refused || kept_for >= tried_for;
}

OnDemand::OnDemand(OnDemandRules rules, ChallengeKind challenge, std::shared_ptr<const Authority> authority,
                   SharedStates& states)
    : rules_(std::move(rules)),
      challenge_(challenge),
      authority_(std::move(authority)),
      states_(states),
      refused_(refusal_holds, limits::acme_on_demand_names),
      given_up_(giving_up_holds, limits::acme_on_demand_names),
      missed_(miss_holds, limits::acme_on_demand_names) {}

void OnDemand::share(std::shared_ptr<const Vault> vault) {
  const std::lock_guard lock(mutex_);
  vault_ = std::move(vault);
}

Task<std::shared_ptr<ManagedCertificate>> OnDemand::certificate_for(Shard& shard, std::string name) {
  if (auto found = find(name)) co_return found;
  const OnDemandVerdict verdict = judge(name, shard.reactor.now());
  if (verdict == OnDemandVerdict::too_many) tell(shard, name, "as many names are had as there may be");
  const bool this_hour = verdict == OnDemandVerdict::too_many_this_hour;
  if (verdict != OnDemandVerdict::allowed && !this_hour) co_return nullptr;
  // What was issued in another life counts nothing, and nobody is asked about it.
  const std::optional<bool> is_there = co_await is_in_vault(shard, name);
  if (!is_there) co_return nullptr;
  if (*is_there) co_return keep(name, shard.reactor.now());
  if (!this_hour && rules_.ask && !co_await may(shard, name)) co_return nullptr;
  if (begin(name, shard.reactor.now())) co_return keep(name, shard.reactor.now());
  tell(shard, name, "the certificates of this hour (per_hour) are begun");
  co_return nullptr;
}

OnDemandVerdict OnDemand::judge(const std::string& name, Time now) {
  const std::lock_guard lock(mutex_);
  while (!begun_.empty() && begun_.front() + Duration{hours{1}} <= now) begun_.pop_front();
  return decide_on_demand({.is_host_name = is_host_name(name),
                           .covered = is_covered(rules_.patterns, name),
                           .begun = static_cast<std::uint32_t>(begun_.size()),
                           .per_hour = rules_.per_hour,
                           .known = names_.size(),
                           .refused_lately = refused_.has(name, now) || given_up_.has(name, now)});
}

/// Counts it. \returns  false when this hour's are begun, by whoever was faster
bool OnDemand::begin(const std::string& name, Time now) {
  const std::lock_guard lock(mutex_);
  if (names_.contains(name)) return true;
  if (begun_.size() >= rules_.per_hour) return false;
  begun_.push_back(now);
  return true;
}

/// \returns  nothing when it cannot be known now: too many look, or the disk does not answer
Task<std::optional<bool>> OnDemand::is_in_vault(Shard& shard, std::string name) {
  std::shared_ptr<const Vault> vault;
  {
    const std::lock_guard lock(mutex_);
    if (vault_ == nullptr || missed_.has(name, shard.reactor.now())) co_return false;
    vault = vault_;
  }
  AtMost::Place place = looks_.enter();
  if (!place) co_return std::nullopt;
  // The job keeps the place: a disk that hangs has no more of them than so many, however many ask and give up.
  const Result<bool> there = co_await on_disk(
      shard.reactor, shard.executor,
      [vault, url = authority_->settings.directory,
       file = ManagedCertificate::file_name_of({name}, *authority_) + ".pem",
       place = std::move(place)] { return vault->has(url, file); },
      disk_patience);
  if (!there) co_return std::nullopt;
  if (!*there) {
    const std::lock_guard lock(mutex_);
    missed_.add(name, shard.reactor.now());
  }
  co_return *there;
}

/// Asks the endpoint: a GET with `domain=NAME`, 2xx lets it in.
Task<bool> OnDemand::may(Shard& shard, std::string name) {
  const AtMost::Place place = questions_.enter();
  if (!place) co_return false;
  Url url = *rules_.ask;
  url.target += (url.target.contains('?') ? "&domain=" : "?domain=") + name;
  const Result<OutgoingAnswer> answer =
      co_await weir::ask(shard, {.url = std::move(url), .timeout = ask_patience}, authority_->settings.context);
  // An endpoint that did not answer has not refused.
  if (!answer) {
    tell(shard, name, "the endpoint that says which may be had does not answer: " + text_of(answer.error()));
    co_return false;
  }
  const bool allowed = answer->status >= 200 && answer->status <= 299;
  if (!allowed) {
    const std::lock_guard lock(mutex_);
    refused_.add(name, shard.reactor.now());
  }
  co_return allowed;
}

std::shared_ptr<ManagedCertificate> OnDemand::find(std::string_view name) {
  const std::lock_guard lock(mutex_);
  const auto found = names_.find(name);
  return found == names_.end() ? nullptr : found->second.certificate;
}

std::shared_ptr<ManagedCertificate> OnDemand::keep(const std::string& name, Time now) {
  auto made = states_.find_or_make<ManagedCertificate>(
      ManagedCertificate::key_of({name}, *authority_, challenge_),
      [&] { return std::make_shared<ManagedCertificate>(std::vector{name}, challenge_, authority_); });
  {
    const std::lock_guard lock(mutex_);
    made = names_.try_emplace(name, Had{.certificate = std::move(made), .since = now}).first->second.certificate;
  }
  KeeperBell::of(states_)->ring();
  return made;
}

std::vector<std::shared_ptr<ManagedCertificate>> OnDemand::all() {
  const std::lock_guard lock(mutex_);
  std::vector<std::shared_ptr<ManagedCertificate>> found;
  found.reserve(names_.size());
  for (const auto& [name, had] : names_) found.push_back(had.certificate);
  return found;
}

std::vector<std::string> OnDemand::let_go_of_failed(Time now, WallTime wall_now) {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> gone;
  for (const auto& [name, had] : names_) {
    if (is_given_up(had.certificate->status(wall_now), now - had.since)) gone.push_back(name);
  }
  for (const std::string& name : gone) {
    names_.erase(name);
    given_up_.add(name, now);
  }
  return gone;
}

/// \param name  a host name: fit to be printed
void OnDemand::tell(Shard& shard, const std::string& name, std::string_view why) {
  const Time now = shard.reactor.now();
  {
    const std::lock_guard lock(mutex_);
    if (told_at_ && now < *told_at_ + told_every) return;
    told_at_ = now;
  }
  if (shard.notices != nullptr) shard.notices->warning(fmt::format("certificate {}: not had on demand: {}", name, why));
}

}  // namespace weir::acme
