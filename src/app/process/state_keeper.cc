// Questions to the store with patience, and what is said when it does not answer.
#include "app/process/state_keeper.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <optional>

namespace weir {
namespace {

/// Entries of one question and of one batch.
constexpr std::size_t entries_at_once = 10'000;
/// An hour of rounds: what is over is small and does no harm.
constexpr std::uint64_t rounds_between_sweeps = 3600;

/// Waits for an answer; one that comes too late finds nobody.
template <typename T>
class Waiting {
 public:
  [[nodiscard]] Store::Done<T> done() const {
    return [shared = shared_](Result<T> result) {
      const std::lock_guard lock(shared->mutex);
      shared->answer.emplace(std::move(result));
      shared->changed.notify_one();
    };
  }
  Result<T> wait(std::chrono::milliseconds patience) {
    std::unique_lock lock(shared_->mutex);
    shared_->changed.wait_for(lock, patience, [&] { return shared_->answer.has_value(); });
    if (!shared_->answer) return fail(gateway_error(Code::disk_busy));
    return std::move(*shared_->answer);
  }

 private:
  struct Shared {
    std::mutex mutex;
    std::condition_variable changed;
    std::optional<Result<T>> answer;
  };
  std::shared_ptr<Shared> shared_ = std::make_shared<Shared>();
};

std::string reason(const Error& error) {
  return error.text != nullptr ? std::string(error.text) : std::string(sentence_of(error.code));
}

std::vector<std::shared_ptr<KeptState>> kept_states(SharedStates& states) {
  std::vector<std::shared_ptr<KeptState>> kept = states.all<KeptState>();
  std::erase_if(kept, [](const auto& state) { return state->kept_under().empty(); });
  return kept;
}

}  // namespace

StateKeeper::StateKeeper(SharedStates& states, std::unique_ptr<Store> store, std::chrono::milliseconds patience,
                         Clock now, Tell tell)
    : states_(states), store_(std::move(store)), patience_(patience), now_(std::move(now)), tell_(std::move(tell)) {}

void StateKeeper::restore() {
  const std::lock_guard lock(turn_);
  for (const auto& state : kept_states(states_)) {
    // A rule that was left out for a while comes back as a new state, and finds what the old one left.
    std::weak_ptr<KeptState>& known = restored_[std::string(state->kept_under())];
    if (known.lock() == state) continue;
    known = state;
    if (!restore_one(*state)) return;  // the others would wait as long for as little
  }
}

bool StateKeeper::restore_one(KeptState& state) {
  const std::optional<std::vector<StoreEntry>> entries = read(state);
  if (!entries) return false;
  state.restore(*entries, now_());
  sweep(state, *entries);
  return true;
}

std::optional<std::vector<StoreEntry>> StateKeeper::read(const KeptState& state) {
  std::vector<StoreEntry> entries;
  while (true) {
    Waiting<std::vector<StoreEntry>> waiting;
    const std::string after = entries.empty() ? std::string() : entries.back().key;
    store_->scan(std::string(state.kept_under()), after, entries_at_once, waiting.done());
    Result<std::vector<StoreEntry>> part = waiting.wait(patience_);
    if (!part) {
      note(fail(part.error()), "cannot read what was kept: new counters begin at nothing");
      return {};
    }
    const bool last = part->size() < entries_at_once;
    std::ranges::move(*part, std::back_inserter(entries));
    if (last) return entries;
  }
}

void StateKeeper::sweep() {
  const std::lock_guard lock(turn_);
  for (const auto& state : kept_states(states_)) {
    if (const auto entries = read(*state)) sweep(*state, *entries);
  }
}

/// What is of no use any more goes when it is met.
void StateKeeper::sweep(KeptState& state, const std::vector<StoreEntry>& entries) {
  std::vector<StoreWrite> over;
  for (const StoreEntry& entry : entries) {
    if (state.is_over(entry, now_())) over.push_back({.key = entry.key, .value = std::nullopt});
  }
  if (!over.empty()) note(write(std::move(over)), "cannot remove what is over");
}

Result<void> StateKeeper::write(std::vector<StoreWrite> writes) {
  Waiting<void> waiting;
  store_->write(std::move(writes), waiting.done());
  return waiting.wait(patience_);
}

bool StateKeeper::save() {
  const std::lock_guard lock(turn_);
  bool more = false;
  for (const auto& state : kept_states(states_)) {
    const std::vector<StoreWrite> writes = state->take_changes(entries_at_once);
    if (writes.empty()) continue;
    const Result<void> result = write(writes);
    note(result, "cannot write what must survive a restart: it is kept in memory and tried again");
    if (!result) {
      state->not_written(writes, now_());
      return false;
    }
    written_.fetch_add(writes.size(), std::memory_order_relaxed);
    more = more || writes.size() >= entries_at_once;
  }
  return more;
}

/// The log hears of the first failure and of the end of them.
void StateKeeper::note(const Result<void>& result, std::string_view what) {
  if (!result) failures_.fetch_add(1, std::memory_order_relaxed);
  if (result.has_value() == works_) return;
  works_ = result.has_value();
  tell_(works_,
        works_ ? std::string("state: written again") : fmt::format("state: {} ({})", what, reason(result.error())));
}

void StateKeeper::start() {
  thread_ = std::thread([this] { work(); });
}

void StateKeeper::work() {
  std::unique_lock lock(mutex_);
  std::uint64_t rounds = 0;
  while (!stopping_) {
    changed_.wait_for(lock, interval, [&] { return stopping_.load(); });
    lock.unlock();
    while (save() && !stopping_) {
    }
    if (++rounds % rounds_between_sweeps == 0) sweep();
    lock.lock();
  }
}

void StateKeeper::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_one();
  if (!thread_.joinable()) return;
  thread_.join();
  while (save()) {
  }
}

}  // namespace weir
