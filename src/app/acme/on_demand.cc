// Whether a name may be had, and having it.
#include "app/acme/on_demand.h"

#include <algorithm>

#include "app/outgoing/http_client.h"
#include "base/limits.h"
#include "base/text.h"
#include "runtime/elsewhere.h"

namespace weir::acme {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

constexpr Duration ask_patience = seconds{5};
constexpr Duration disk_patience = seconds{3};
/// A customer who has just pointed a domain here tries again; a stranger does not cost a question each time.
constexpr Duration refusal_holds = seconds{60};

bool is_covered(const std::vector<std::string>& patterns, std::string_view name) {
  return patterns.empty() ||
         std::ranges::any_of(patterns, [&](const std::string& each) { return tls::covers(each, name); });
}

}  // namespace

std::string_view name_of(OnDemandVerdict verdict) {
  switch (verdict) {
    case OnDemandVerdict::allowed:
      return "allowed";
    case OnDemandVerdict::no_host_name:
      return "no_host_name";
    case OnDemandVerdict::not_covered:
      return "not_covered";
    case OnDemandVerdict::refused_lately:
      return "refused_lately";
    case OnDemandVerdict::too_many_this_hour:
      return "too_many_this_hour";
    case OnDemandVerdict::too_many:
      break;
  }
  return "too_many";
}

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

Task<std::shared_ptr<ManagedCertificate>> OnDemand::certificate_for(Shard& shard, std::string name) {
  if (auto found = find(name)) co_return found;
  const OnDemandVerdict first = judge(name, shard.reactor.wall_now());
  const bool hopeless = first == OnDemandVerdict::no_host_name || first == OnDemandVerdict::not_covered ||
                        first == OnDemandVerdict::refused_lately || first == OnDemandVerdict::too_many;
  if (hopeless) co_return nullptr;
  // What was issued in another life counts nothing, and nobody is asked about it.
  if (co_await is_in_vault(shard, name)) co_return keep(name);
  if (first != OnDemandVerdict::allowed) co_return nullptr;
  if (rules_.ask && !co_await may(shard, name)) co_return nullptr;
  co_return begin(name, shard.reactor.wall_now()) ? keep(name) : nullptr;
}

OnDemandVerdict OnDemand::judge(const std::string& name, WallTime now) {
  const std::lock_guard lock(mutex_);
  while (!begun_.empty() && begun_.front() + Duration{hours{1}} <= now) begun_.pop_front();
  const auto refused = refused_until_.find(name);
  return decide_on_demand({.is_host_name = is_host_name(name),
                           .covered = is_covered(rules_.patterns, name),
                           .begun = static_cast<std::uint32_t>(begun_.size()),
                           .per_hour = rules_.per_hour,
                           .known = names_.size(),
                           .refused_lately = refused != refused_until_.end() && now < refused->second});
}

/// Counts it. \returns  false when others were faster and this hour's are begun
bool OnDemand::begin(const std::string& name, WallTime now) {
  const std::lock_guard lock(mutex_);
  if (names_.contains(name)) return true;
  if (begun_.size() >= rules_.per_hour) return false;
  begun_.push_back(now);
  return true;
}

Task<bool> OnDemand::is_in_vault(Shard& shard, std::string name) {
  const std::shared_ptr<const Vault> vault = proofs_->vault();
  if (vault == nullptr) co_return false;
  const auto read = co_await on_disk(
      shard.reactor, shard.executor,
      [vault, url = authority_->settings.directory, file = name + ".pem"] { return vault->read(url, file); },
      disk_patience);
  co_return read && *read && **read;
}

/// Asks the endpoint: a GET with `domain=NAME`, 2xx lets it in.
Task<bool> OnDemand::may(Shard& shard, std::string name) {
  {
    const std::lock_guard lock(mutex_);
    if (asking_ >= limits::acme_asking_at_once) co_return false;
    ++asking_;
  }
  Url url = *rules_.ask;
  url.target += (url.target.contains('?') ? "&domain=" : "?domain=") + name;
  const Result<OutgoingAnswer> answer =
      co_await weir::ask(shard, {.url = std::move(url), .timeout = ask_patience}, authority_->settings.context);
  const bool allowed = answer && answer->status >= 200 && answer->status <= 299;
  const std::lock_guard lock(mutex_);
  --asking_;
  // An endpoint that did not answer has not refused.
  if (answer && !allowed) {
    const WallTime now = shard.reactor.wall_now();
    if (refused_until_.size() >= limits::acme_on_demand_names)
      std::erase_if(refused_until_, [&](const auto& each) { return each.second <= now; });
    if (refused_until_.size() < limits::acme_on_demand_names) refused_until_[name] = now + refusal_holds;
  }
  co_return allowed;
}

std::shared_ptr<ManagedCertificate> OnDemand::find(std::string_view name) {
  const std::lock_guard lock(mutex_);
  const auto found = names_.find(name);
  return found == names_.end() ? nullptr : found->second;
}

std::shared_ptr<ManagedCertificate> OnDemand::keep(const std::string& name) {
  auto made = states_.find_or_make<ManagedCertificate>(
      ManagedCertificate::key_of({name}, *authority_, challenge_),
      [&] { return std::make_shared<ManagedCertificate>(std::vector{name}, challenge_, authority_); });
  const std::lock_guard lock(mutex_);
  return names_.try_emplace(name, std::move(made)).first->second;
}

std::vector<std::shared_ptr<ManagedCertificate>> OnDemand::all() {
  const std::lock_guard lock(mutex_);
  std::vector<std::shared_ptr<ManagedCertificate>> found;
  found.reserve(names_.size());
  for (const auto& [name, certificate] : names_) found.push_back(certificate);
  return found;
}

}  // namespace weir::acme
