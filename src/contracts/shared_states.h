// What plug-ins of a process share between its cores and keep over reloads: the counters of a limit.
//
// Problem: a reload builds filters anew, and a limit that forgets what it counted lets everybody in twice; and a limit
// that holds for the machine needs one place that all cores know.
// Idea: a table from stable keys to states, asked while a configuration is built. A state lives as long as a filter
// holds it; the old configuration is still there while the new one is built, so that a rule both have is found again.
//
// Invariants
//   (1) The table itself is touched only while something is built or shown to operators, never by a request.
//   (2) What a state lets several cores do at once is the state's own affair (atomics, or a part for each core).
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace weir {

class SharedState {
 public:
  virtual ~SharedState() = default;
};

class SharedStates {
 public:
  /// The state under `key`, made by `make` when nobody holds one. Keys of different plug-ins begin with their names.
  template <typename State, typename Make>
  std::shared_ptr<State> find_or_make(const std::string& key, Make make) {
    const std::lock_guard lock(mutex_);
    std::weak_ptr<SharedState>& kept = states_[key];
    if (auto found = std::dynamic_pointer_cast<State>(kept.lock())) return found;
    std::shared_ptr<State> made = make();
    kept = made;
    if (states_.size() >= sweep_at_) sweep();
    return made;
  }

  /// Those of a kind that are held, in the order of their keys, for whoever takes longer than a look; from any thread.
  template <typename State>
  std::vector<std::shared_ptr<State>> all() {
    std::vector<std::shared_ptr<State>> found;
    const std::lock_guard lock(mutex_);
    for (const auto& [key, kept] : states_) {
      if (auto state = std::dynamic_pointer_cast<State>(kept.lock())) found.push_back(std::move(state));
    }
    return found;
  }

  /// In the order of their keys; from any thread.
  template <typename State, typename Visit>
  void for_each(Visit visit) {
    const std::lock_guard lock(mutex_);
    for (const auto& [key, kept] : states_) {
      if (const auto state = std::dynamic_pointer_cast<State>(kept.lock())) visit(*state);
    }
  }

 private:
  /// Forgets the keys that nobody holds; so seldom that it costs nothing however many there are.
  void sweep() {
    std::erase_if(states_, [](const auto& entry) { return entry.second.expired(); });
    sweep_at_ = 2 * states_.size() + 64;
  }

  std::mutex mutex_;
  std::size_t sweep_at_ = 64;
  std::map<std::string, std::weak_ptr<SharedState>> states_;
};

}  // namespace weir
