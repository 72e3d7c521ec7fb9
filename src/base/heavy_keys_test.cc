// The sketch's bounds against exact counts, under traffic of many shapes; what readers are told; how it forgets.
#include "base/heavy_keys.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cmath>
#include <map>
#include <thread>

#include "base/random.h"

namespace weir {
namespace {

/// As hashes of keys are: spread, and the same for the same key.
std::uint64_t hash_of(std::uint64_t key) {
  return Random(key).next();
}
std::string name_of(std::uint64_t key) {
  return "key " + std::to_string(key);
}

/// A sketch beside the truth.
struct Both {
  HeavyKeys sketch;
  std::map<std::uint64_t, std::uint64_t> exact;  // by hash
  std::uint64_t total = 0;

  void count(std::uint64_t key, std::uint64_t amount = 1) {
    sketch.count(hash_of(key), [&] { return name_of(key); }, amount);
    exact[hash_of(key)] += amount;
    total += amount;
  }

  void expect_bounds_hold() const {
    const HeavyReading reading = sketch.read();
    std::map<std::uint64_t, HeavyKey> found;
    for (const HeavyKey& key : reading.keys) found[key.hash] = key;
    EXPECT_EQ(found.size(), reading.keys.size()) << "a key stands twice";
    EXPECT_LE(reading.least, total / limits::heavy_keys);
    for (const auto& [hash, count] : exact) {
      const auto at = found.find(hash);
      if (at == found.end()) {
        EXPECT_LE(count, reading.least) << "a heavier one is missing";
        continue;
      }
      EXPECT_LE(count, at->second.count);
      EXPECT_GE(count, at->second.count - at->second.error);
    }
  }
};

/// Keys by Zipf's law with the given exponent.
std::uint64_t zipf(Random& random, double exponent) {
  const double uniform = (static_cast<double>(random.next() >> 11) + 1) * 0x1.0p-53;
  return static_cast<std::uint64_t>(std::pow(uniform, -1 / exponent));
}

TEST(HeavyKeys, bounds_hold_for_traffic_of_every_shape) {
  Random random(4711);
  for (int round = 0; round < 60; ++round) {
    Both both;
    const double exponent = 0.4 + static_cast<double>(random.below(20)) / 10;
    const std::uint64_t strangers_in_ten = random.below(10);
    const std::uint64_t amount_max = 1 + random.below(round % 3 == 0 ? 1000 : 1);
    for (std::uint64_t request = 0; request < 5000; ++request) {
      const bool stranger = random.below(10) < strangers_in_ten;
      both.count(stranger ? 1'000'000 + random.next() / 2 : zipf(random, exponent), 1 + random.below(amount_max));
      if (request % 997 == 0) both.expect_bounds_hold();
    }
    both.expect_bounds_hold();
    if (HasFailure()) FAIL() << "round " << round;
  }
}

TEST(HeavyKeys, a_flood_of_keys_that_come_once_hides_nobody) {
  Both both;
  Random random(7);
  for (std::uint64_t request = 0; request < 100'000; ++request) {
    both.count(10'000 + request);
    if (request % 20 == 0) both.count(random.below(5));  // a hundredth part each
  }
  std::uint64_t found = 0;
  for (const HeavyKey& key : both.sketch.all()) {
    for (std::uint64_t heavy = 0; heavy < 5; ++heavy) found += key.text == name_of(heavy) ? 1 : 0;
  }
  EXPECT_EQ(found, 5U) << "although each has less than the sketch vouches for";
  both.expect_bounds_hold();
}

TEST(HeavyKeys, few_keys_are_counted_exactly) {
  Both both;
  for (std::uint64_t request = 0; request < 10'000; ++request) both.count(request % limits::heavy_keys);
  for (const HeavyKey& key : both.sketch.all()) {
    EXPECT_EQ(key.error, 0U);
    EXPECT_EQ(key.count, both.exact[key.hash]);
  }
}

TEST(HeavyKeys, fading_halves_and_clearing_forgets) {
  HeavyKeys keys;
  keys.count(1, [] { return "one"; }, 9);
  keys.fade();
  ASSERT_EQ(keys.all().size(), 1U);
  EXPECT_EQ(keys.all()[0].count, 4U);
  keys.clear();
  EXPECT_TRUE(keys.all().empty());
  keys.count(1, [] { return "another"; });
  ASSERT_EQ(keys.all().size(), 1U);
  EXPECT_EQ(keys.all()[0].text, "another") << "a cleared key is met anew";
}

TEST(HeavyKeys, bounds_hold_of_what_has_faded) {
  Both both;
  Random random(3);
  for (int round = 0; round < 20; ++round) {
    for (int request = 0; request < 2000; ++request) both.count(zipf(random, 0.8));
    both.sketch.fade();
    // The truth fades in whole numbers as well: downwards, so that it is never more than what it stands for.
    for (auto& [hash, count] : both.exact) count /= 2;
  }
  const HeavyReading reading = both.sketch.read();
  std::map<std::uint64_t, std::uint64_t> counts;
  for (const HeavyKey& key : reading.keys) counts[key.hash] = key.count;
  for (const auto& [hash, count] : both.exact) {
    EXPECT_LE(count, counts.contains(hash) ? counts[hash] : reading.least);
  }
}

TEST(HeavyKeys, long_texts_that_begin_alike_are_told_apart) {
  HeavyKeys keys;
  const std::string same(limits::heavy_key_bytes, 'a');
  keys.count(0x1234'5678'9abc'def0, [&] { return same + "1"; });
  keys.count(0x1234'5678'9abc'def1, [&] { return same + "2"; });
  keys.count(3, [&] { return same; });
  std::vector<std::string> texts;
  for (const HeavyKey& key : keys.all()) texts.push_back(key.text);
  std::ranges::sort(texts);
  ASSERT_EQ(texts.size(), 3U);
  EXPECT_EQ(texts[0], same.substr(0, same.size() - 9) + "#9abcdef0");
  EXPECT_EQ(texts[1], same.substr(0, same.size() - 9) + "#9abcdef1");
  EXPECT_EQ(texts[2], same);
}

TEST(HeavyKeys, a_reader_never_sees_a_text_with_another_key) {
  HeavyKeys keys;
  std::atomic<bool> over{false};
  std::thread reader([&] {
    while (!over) {
      for (const HeavyKey& key : keys.all()) {
        if (key.text != std::to_string(key.hash)) ADD_FAILURE() << key.text << " for " << key.hash;
      }
    }
  });
  Random random(1);
  for (int request = 0; request < 200'000; ++request) {
    const std::uint64_t hash = 1 + random.below(1'000'000);
    keys.count(hash, [&] { return std::to_string(hash); }, 1 + random.below(3));
  }
  over = true;
  reader.join();
}

}  // namespace
}  // namespace weir
