// What one core knows about the keys it is asked for most, so that it need not ask Redis each time.
//
// Problem: a key that everybody hits makes one round trip for each request, and one core of Redis is all that a key
// has. Idea: two things may be remembered without being wrong. A key that Redis refused passes nothing before the
// moment that Redis named, reckoned from when it was asked, so that nobody waits too long. And what was taken ahead
// (leased) is charged in Redis already: it may be given out here without asking.
//
// Invariants
//   (1) What is leased was charged in Redis; it is given out within lease_time or never. So a key gets in any time more
//       than its bound by one lease of each core at most (what is charged before that time, and given out in it).
//   (2) A core has one lease of a key at a time: while it asks for one, nobody else asks for another.
//   (3) The table never grows: a key that is remembered for something keeps its place until that is over.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>

#include "filters/limit/remembered_refusal.h"

namespace weir::limit {

class HotKeys {
 public:
  /// Keys remembered by one core for one rule, 128 bytes each.
  static constexpr std::size_t places = 1024;
  /// How long a lease may be given out, and over which time requests are counted to know how hot a key is.
  static constexpr Duration lease_time = std::chrono::milliseconds{100};
  /// Requests of a key within lease_time from which it is hot.
  static constexpr std::uint32_t hot_at = 10;
  /// A refusal is believed no longer than this: a budget that was reset in Redis is noticed.
  static constexpr Duration refusal_max = std::chrono::seconds{1};

  struct alignas(64) Key {
    std::uint64_t hash = 0;
    RememberedRefusal refused;
    Time lease_until{};
    std::uint64_t leased = 0;     // what is left of it
    std::uint64_t remaining = 0;  // in Redis, beside it, when it was granted
    Time counted_since{};
    std::uint32_t count = 0;   // since then
    std::uint32_t before = 0;  // in the lease_time before
    bool asking = false;       // for a lease

    [[nodiscard]] bool live(Time now) const {
      return refused.until > now || (leased > 0 && lease_until > now) || asking ||
             (count >= hot_at && counted_since + 2 * lease_time > now);
    }
  };

  /// The key's place, counted as asked for once more; null while others need it.
  Key* touch(std::uint64_t hash, Time now) {
    Key& key = keys_[hash % places];
    if (key.hash != hash) {
      if (key.live(now)) return nullptr;
      key = {.hash = hash, .counted_since = now};
    }
    if (now - key.counted_since >= lease_time) {
      key.before = now - key.counted_since < 2 * lease_time ? key.count : 0;
      key.count = 0;
      key.counted_since = now;
    }
    ++key.count;
    return &key;
  }

  static void remember_refusal(Key& key, std::uint64_t cost, const BudgetVerdict& said, Time asked) {
    key.refused = RememberedRefusal::of(cost, said, asked, std::min(said.wait, refusal_max));
  }

  /// Gives out of the lease. \returns  whether there was enough
  static bool spend_lease(Key& key, std::uint64_t cost, Time now) {
    if (key.lease_until <= now || key.leased < cost) return false;
    key.leased -= cost;
    return true;
  }
  /// How much to take ahead: what came lately, at most `most`; 0 when the key is not hot, or somebody asks already.
  [[nodiscard]] static std::uint64_t wanted(const Key& key, std::uint64_t most) {
    const std::uint32_t lately = std::max(key.before, key.count);
    return key.asking || lately < hot_at ? 0 : std::min<std::uint64_t>(most, lately);
  }
  static void grant(Key& key, std::uint64_t leased, std::uint64_t remaining, Time asked) {
    key.leased = leased;
    key.remaining = remaining;
    key.lease_until = asked + lease_time;
  }
  /// The place, if it is still this key's.
  Key* find(std::uint64_t hash) {
    Key& key = keys_[hash % places];
    return key.hash == hash ? &key : nullptr;
  }

 private:
  std::unique_ptr<Key[]> keys_ = std::make_unique<Key[]>(places);
};

}  // namespace weir::limit
