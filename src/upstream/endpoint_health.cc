// Reading the cells of all cores together, and keeping the list of endpoints.
#include "upstream/endpoint_health.h"

#include <xxhash.h>

#include <algorithm>

#include "upstream/health_view.h"
#include "upstream/operator_memory.h"

namespace weir {
namespace {

/// The number below `count` that wins the draw for `key`: the same on every core, and even over many keys.
unsigned rendezvous(std::string_view key, unsigned count) {
  unsigned winner = 0;
  std::uint64_t highest = 0;
  for (unsigned number = 0; number < count; ++number) {
    const std::uint64_t weight = XXH3_64bits_withSeed(key.data(), key.size(), number);
    if (number == 0 || weight > highest) {
      winner = number;
      highest = weight;
    }
  }
  return winner;
}

}  // namespace

Time EndpointHealth::last_success(AnswerPart part) const {
  Time latest{};
  for (const Core& core : cores_) {
    latest = std::max(latest, core.runs[static_cast<std::size_t>(part)].last_success.get());
  }
  return latest;
}

std::uint64_t EndpointHealth::failures_in_a_row(AnswerPart part) const {
  const Time success = last_success(part);
  std::uint64_t sum = 0;
  for (const Core& core : cores_) {
    const Run& run = core.runs[static_cast<std::size_t>(part)];
    if (run.began.get() >= success) sum += run.length.get();
  }
  return sum;
}

OutlierWindow EndpointHealth::counted() const {
  OutlierWindow sum;
  for (const Core& core : cores_) {
    sum.requests += core.requests.get();
    sum.failures += core.failures.get();
    sum.latency += Duration{static_cast<std::int64_t>(core.latency_nanoseconds.get())};
  }
  return sum;
}

std::uint64_t EndpointHealth::in_flight() const {
  std::uint64_t sum = 0;
  for (const Core& core : cores_) sum += core.in_flight.get();
  return sum;
}

std::uint32_t EndpointHealth::weight() const {
  std::uint32_t known = 0;
  for (const Core& core : cores_) known = std::max(known, core.weight.get());
  return known;
}

ClusterHealth::ClusterHealth(std::string name, std::string key, unsigned cores)
    : name_(std::move(name)),
      key_(std::move(key)),
      kept_under_("operator/" + key_ + " "),
      cores_(std::max(cores, 1U)),
      watching_core_(rendezvous(key_, cores_)) {}

std::shared_ptr<EndpointHealth> ClusterHealth::endpoint(const std::string& address) {
  const std::lock_guard lock(mutex_);
  std::shared_ptr<EndpointHealth>& kept = endpoints_[address];
  if (kept == nullptr) kept = std::make_shared<EndpointHealth>(address, cores_);
  const std::shared_ptr<EndpointHealth> found = kept;
  if (endpoints_.size() >= forget_at_) forget_unused();
  return found;
}

void ClusterHealth::forget_unused() {
  std::erase_if(endpoints_,
                [](const auto& entry) { return entry.second.use_count() == 1 && !entry.second->spoken_of(); });
  forget_at_ = 2 * endpoints_.size() + 64;
}

void ClusterHealth::say(EndpointHealth& endpoint, AdminState state, Time now, WallTime wall) {
  endpoint.said_at.set(wall);
  if (state == AdminState::enabled) endpoint.enabled_at.set(now);
  endpoint.admin.set(state);
  must_be_kept(endpoint);
  changed();
}

void ClusterHealth::say_weight(EndpointHealth& endpoint, std::uint32_t weight) {
  endpoint.weight_said.set(weight);
  must_be_kept(endpoint);
  changed();
}

void ClusterHealth::must_be_kept(const EndpointHealth& endpoint) {
  const std::lock_guard lock(mutex_);
  unwritten_.insert(endpoint.address());
}

void ClusterHealth::restore(const std::vector<StoreEntry>& entries, WallTime) {
  for (const StoreEntry& entry : entries) {
    const auto word = read_word(entry.value);
    if (!word || !entry.key.starts_with(kept_under_)) continue;
    const auto meant = endpoint(entry.key.substr(kept_under_.size()));
    if (meant->spoken_of()) continue;  // since then
    meant->said_at.set(word->said_at);
    meant->admin.set(word->state);
    meant->weight_said.set(word->weight);
  }
  changed();
}

std::vector<StoreWrite> ClusterHealth::take_changes(std::size_t most) {
  std::vector<StoreWrite> writes;
  const std::lock_guard lock(mutex_);
  while (!unwritten_.empty() && writes.size() < most) {
    const std::string address = std::move(unwritten_.extract(unwritten_.begin()).value());
    const auto found = endpoints_.find(address);
    if (found == endpoints_.end()) continue;
    const EndpointHealth& each = *found->second;
    writes.push_back(
        {.key = kept_under_ + address,
         .value =
             write_word({.state = each.admin.get(), .said_at = each.said_at.get(), .weight = each.weight_said.get()})});
  }
  return writes;
}

void ClusterHealth::not_written(const std::vector<StoreWrite>& writes, WallTime) {
  const std::lock_guard lock(mutex_);
  for (const StoreWrite& write : writes) unwritten_.insert(write.key.substr(kept_under_.size()));
}

bool ClusterHealth::is_over(const StoreEntry& entry, WallTime) const {
  return !read_word(entry.value);
}

std::shared_ptr<EndpointHealth> ClusterHealth::find(std::string_view address) const {
  const std::lock_guard lock(mutex_);
  const auto found = endpoints_.find(address);
  return found == endpoints_.end() ? nullptr : found->second;
}

std::vector<std::shared_ptr<EndpointHealth>> ClusterHealth::endpoints() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::shared_ptr<EndpointHealth>> all;
  for (const auto& [address, endpoint] : endpoints_) {
    const bool spoken_of = endpoint->admin.get() != AdminState::enabled;
    if (endpoint.use_count() > 1 || spoken_of) all.push_back(endpoint);
  }
  return all;
}

unsigned ClusterHealth::checking_core(std::string_view address) const {
  std::string key = key_;
  key += ' ';
  key += address;
  return rendezvous(key, cores_);
}

void ClusterHealth::join(unsigned core, Mailbox& mailbox, HealthView& view) {
  const std::lock_guard lock(mutex_);
  members_.push_back({.core = core, .mailbox = &mailbox, .view = &view});
}

void ClusterHealth::leave(unsigned, const HealthView& view) {
  const std::lock_guard lock(mutex_);
  std::erase_if(members_, [&](const Member& member) { return member.view == &view; });
}

void ClusterHealth::tell_watcher_of_failures(std::shared_ptr<EndpointHealth> endpoint) {
  tell_watcher(std::move(endpoint), &HealthView::look_at);
}

void ClusterHealth::tell_watcher_of_return(std::shared_ptr<EndpointHealth> endpoint) {
  tell_watcher(std::move(endpoint), &HealthView::welcome_back);
}

void ClusterHealth::tell_watcher(std::shared_ptr<EndpointHealth> endpoint, Hearing hearing) {
  const std::lock_guard lock(mutex_);
  const auto watcher = std::ranges::find(members_, watching_core_, &Member::core);
  if (watcher == members_.end()) return;
  watcher->mailbox->send(
      [view = watcher->view, hearing, endpoint = std::move(endpoint)] { (view->*hearing)(endpoint); });
}

GroupFacts group_of(const ClusterHealth& health, Time now) {
  GroupFacts facts{.panic_below_percent = health.panic_below_percent.get()};
  for (const auto& endpoint : health.endpoints()) facts.count(endpoint->standing(now, health.begins_up.get()));
  return facts;
}

}  // namespace weir
