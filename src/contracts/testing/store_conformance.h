// What every store has to do, whatever keeps it.
//
//   INSTANTIATE_TYPED_TEST_SUITE_P(Memory, StoreConformance, MemoryMaker);
//
// A maker has `Store& store()` and, where what is kept outlives the store, `void reopen()`.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "base/limits.h"
#include "contracts/store.h"

namespace weir {

/// Waits for an answer, from whatever thread it comes.
template <typename T, typename Ask>
Result<T> answer_of(const Ask& ask) {
  std::mutex mutex;
  std::condition_variable changed;
  std::optional<Result<T>> answer;
  ask(Store::Done<T>([&](Result<T> result) {
    const std::lock_guard lock(mutex);
    answer.emplace(std::move(result));
    changed.notify_one();
  }));
  std::unique_lock lock(mutex);
  changed.wait(lock, [&] { return answer.has_value(); });
  return std::move(*answer);
}

template <typename Maker>
class StoreConformance : public testing::Test {
 protected:
  std::optional<StoreEntry> get(const std::string& key) {
    auto found = answer_of<std::optional<StoreEntry>>([&](auto done) { maker.store().get(key, std::move(done)); });
    EXPECT_TRUE(found);
    return found.value_or(std::nullopt);
  }
  bool put(const std::string& key, const std::string& value) {
    return answer_of<void>([&](auto done) { maker.store().put(key, value, std::move(done)); }).has_value();
  }
  bool write(std::vector<StoreWrite> writes) {
    return answer_of<void>([&](auto done) { maker.store().write(std::move(writes), std::move(done)); }).has_value();
  }
  std::uint64_t compare_and_set(const std::string& key, std::uint64_t version, const std::string& value) {
    return answer_of<std::uint64_t>(
               [&](auto done) { maker.store().compare_and_set(key, version, value, std::move(done)); })
        .value();
  }
  std::string keys(const std::string& prefix, const std::string& after = {}, std::size_t most = 100) {
    const auto found = answer_of<std::vector<StoreEntry>>(
        [&](auto done) { maker.store().scan(prefix, after, most, std::move(done)); });
    std::string text;
    for (const StoreEntry& entry : found.value()) text += (text.empty() ? "" : " ") + entry.key;
    return text;
  }

  Maker maker;
};

TYPED_TEST_SUITE_P(StoreConformance);

TYPED_TEST_P(StoreConformance, what_was_put_is_there) {
  EXPECT_FALSE(this->get("a"));
  EXPECT_TRUE(this->put("a", "one"));
  EXPECT_EQ(this->get("a")->value, "one");
  EXPECT_TRUE(this->put("a", "two"));
  EXPECT_EQ(this->get("a")->value, "two");
  EXPECT_TRUE(this->write({{.key = "a", .value = std::nullopt}, {.key = "never was", .value = std::nullopt}}));
  EXPECT_FALSE(this->get("a"));
}

// Any bytes, from nothing to the bounds.
TYPED_TEST_P(StoreConformance, keeps_any_bytes) {
  const std::string odd("a\0b\xff'\"%_*", 9);
  EXPECT_TRUE(this->put(odd, odd));
  EXPECT_EQ(this->get(odd)->value, odd);
  EXPECT_TRUE(this->put("empty", ""));
  EXPECT_EQ(this->get("empty")->value, "");
  const std::string key(limits::store_key_bytes, 'k');
  const std::string value(limits::store_value_bytes, 'v');
  EXPECT_TRUE(this->put(key, value));
  EXPECT_EQ(this->get(key)->value, value);
}

TYPED_TEST_P(StoreConformance, versions_tell_who_was_first) {
  const std::uint64_t first = this->compare_and_set("a", 0, "one");
  EXPECT_GT(first, 0U);
  EXPECT_EQ(this->compare_and_set("a", 0, "again"), 0U) << "it is there";
  const std::uint64_t second = this->compare_and_set("a", first, "two");
  EXPECT_NE(second, first);
  EXPECT_EQ(this->compare_and_set("a", first, "late"), 0U);
  EXPECT_EQ(*this->get("a"), (StoreEntry{.key = "a", .value = "two", .version = second}));
  EXPECT_EQ(this->compare_and_set("b", 7, "x"), 0U) << "it is not there";
  EXPECT_FALSE(this->get("b"));
}

TYPED_TEST_P(StoreConformance, a_version_never_comes_back) {
  ASSERT_TRUE(this->put("a", "one"));
  const std::uint64_t before = this->get("a")->version;
  ASSERT_TRUE(this->write({{.key = "a", .value = std::nullopt}}));
  ASSERT_TRUE(this->put("a", "one"));
  EXPECT_NE(this->get("a")->version, before);
  EXPECT_EQ(this->compare_and_set("a", before, "two"), 0U);
}

TYPED_TEST_P(StoreConformance, scans_a_prefix_in_order_and_in_parts) {
  ASSERT_TRUE(this->write({{.key = "b/2", .value = "x"},
                           {.key = "a", .value = "x"},
                           {.key = "b/1", .value = "x"},
                           {.key = "b", .value = "x"},
                           {.key = "b/\xff", .value = "x"},
                           {.key = "b0", .value = "x"}}));
  EXPECT_EQ(this->keys("b/"), "b/1 b/2 b/\xff");
  EXPECT_EQ(this->keys("b/", "", 2), "b/1 b/2");
  EXPECT_EQ(this->keys("b/", "b/2", 2), "b/\xff");
  EXPECT_EQ(this->keys("b/", "b/\xff"), "");
  EXPECT_EQ(this->keys("", "", 3), "a b b/1");
  EXPECT_EQ(this->keys("c"), "");
}

// Many threads count up one key: no step is lost.
TYPED_TEST_P(StoreConformance, compare_and_set_counts_exactly_from_many_threads) {
  const auto count = [&] {
    for (int step = 0; step < 25; ++step) {
      while (true) {
        const std::optional<StoreEntry> entry = this->get("n");
        const int now = entry ? std::stoi(entry->value) : 0;
        if (this->compare_and_set("n", entry ? entry->version : 0, std::to_string(now + 1)) > 0) break;
      }
    }
  };
  {
    std::vector<std::jthread> threads;
    for (int number = 0; number < 4; ++number) threads.emplace_back(count);
  }
  EXPECT_EQ(this->get("n")->value, "100");
}

REGISTER_TYPED_TEST_SUITE_P(StoreConformance, what_was_put_is_there, keeps_any_bytes, versions_tell_who_was_first,
                            a_version_never_comes_back, scans_a_prefix_in_order_and_in_parts,
                            compare_and_set_counts_exactly_from_many_threads);

}  // namespace weir
