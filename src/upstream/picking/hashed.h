// What policies that remember by a key have in common: the key, the bound on loads, and the walk to the next choice.
//
// Problem: a key should meet the same server every time; but the server may be ejected, and a hot key may bring more
// than one server can carry.
// Idea: a policy names endpoints in its order of preference for the key; the first that may be picked and has room is
// taken. Nothing is rebuilt when an endpoint is ejected: its keys walk on, all others stay, and they come back with it.
//
// Room (bounded loads; Mirrokni, Thorup, Zadimoghaddam 2017): an endpoint has it while its requests in flight, this one
// included, are at most ceil(level * weight). The level is (1 + e) times the mean at most and is held as long as it may
// (hold_level() in contracts/roster.h), so that nobody's load is ever above ceil((1 + e) m / n).
#pragma once

#include <cmath>

#include "contracts/plugin.h"
#include "contracts/selector.h"
#include "upstream/picking/hash.h"

namespace weir {

/// Options of every policy with a key.
struct KeyedOptions {
  Selector key;
  std::uint32_t above_mean_percent = 0;

  [[nodiscard]] double above_mean() const { return above_mean_percent / 100.0; }
};

/// Declares them; the policy's own options follow.
template <typename Options>
Schema<Options> keyed_schema(std::string_view name, std::string_view doc) {
  return Schema<Options>(name, doc)
      .option("key", static_cast<Selector Options::*>(&Options::key),
              {.doc = "What of a request is remembered; a request without it is sent anywhere.",
               .example = "cookie: session"})
      .option("above_mean_percent", static_cast<std::uint32_t Options::*>(&Options::above_mean_percent),
              {.doc = "How far above the mean a server's load may rise before its keys go elsewhere; 0: no bound.",
               .example = "25",
               .maximum = 1000});
}

/// The half of a balancer that all of them share.
class KeyedBalancer : public Balancer {
 public:
  explicit KeyedBalancer(const KeyedOptions& options) : options_(options) {}
  [[nodiscard]] PickBasis basis() const override {
    return options_.above_mean_percent > 0 ? PickBasis::key_and_load : PickBasis::key;
  }
  [[nodiscard]] const Selector* key() const override { return &options_.key; }
  [[nodiscard]] std::optional<std::uint64_t> key_of(const SelectorFacts& facts, Arena& arena) const override {
    const std::string_view value = options_.key.value(facts, arena);
    if (value.empty()) return {};
    return hash_key(value);
  }
  [[nodiscard]] double load_above_mean() const override { return options_.above_mean(); }

 protected:
  [[nodiscard]] virtual std::uint64_t hash_key(std::string_view value) const { return hash_of(value); }

 private:
  KeyedOptions options_;
};

inline bool has_room(const PickFacts& facts, std::uint32_t number) {
  if (facts.level <= 0) return true;
  const EndpointFacts& endpoint = facts.endpoints[number];
  return endpoint.in_flight + 1 <= std::ceil(facts.level * endpoint.weight);
}

/// Takes endpoints in the order of preference until one will do.
class KeyedWalk {
 public:
  KeyedWalk(const PickFacts& facts, std::string_view reason) : facts_(facts), reason_(reason) {}

  /// \returns  whether this one is taken
  bool offer(std::uint32_t number) {
    ++offered_;
    if (!facts_.may_pick(number)) return false;
    if (!has_room(facts_, number)) {
      if (!fallback_) fallback_ = number;
      return false;
    }
    taken_ = number;
    return true;
  }
  /// What was taken; when everybody is full, the most preferred; when the walk met nobody who may be picked, the rest
  /// are asked in the order of the key.
  [[nodiscard]] std::optional<Pick> pick() {
    if (taken_) return picked(*taken_, !facts_.keyed ? "no_key" : offered_ == 1 ? reason_ : next_reason());
    const EndpointGroup& group = *facts_.group;
    const std::size_t begin = mixed(facts_.key) % group.members.size();
    for (std::size_t step = 0; step < group.members.size() && !taken_; ++step) {
      offer(group.members[(begin + step) % group.members.size()]);
    }
    if (taken_) return picked(*taken_, next_reason());
    return fallback_ ? picked(*fallback_, "all_full") : std::optional<Pick>{};
  }

 private:
  static std::optional<Pick> picked(std::uint32_t number, std::string_view reason) {
    return Pick{.endpoint = number, .reason = reason};
  }
  [[nodiscard]] std::string_view next_reason() const { return fallback_ ? "next_with_room" : "next_available"; }

  const PickFacts& facts_;
  std::string_view reason_;
  std::size_t offered_ = 0;
  std::optional<std::uint32_t> taken_;
  std::optional<std::uint32_t> fallback_;
};

/// Builds a keyed balancer from its options, or from its bare name.
template <typename Made, typename Options>
std::unique_ptr<const Balancer> build_keyed(const Node& options, BuildContext& context) {
  Options read;
  const Reading reading(context.diagnostics, context.path);
  if (options.is_map() && !Options::schema().read_into(options, reading, read)) return {};
  return std::make_unique<Made>(std::move(read));
}

}  // namespace weir
