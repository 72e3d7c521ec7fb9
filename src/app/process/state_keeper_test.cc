// What survives a process and what does not: quotas over lives of the process on one store, stores that fail and come
// back, entries of periods that are over.
#include "app/process/state_keeper.h"

#include <gtest/gtest.h>

#include "contracts/testing/build_plugin.h"
#include "contracts/testing/test_exchange.h"
#include "filters/limit/limit.h"
#include "stores/memory/memory_store.h"

namespace weir {
namespace {

/// Lends a store that outlives the lives of a process, and fails when it is told to.
class LentStore final : public Store {
 public:
  LentStore(MemoryStore& store, const bool& broken) : store_(store), broken_(broken) {}
  void get(std::string key, Done<std::optional<StoreEntry>> done) override {
    store_.get(std::move(key), std::move(done));
  }
  void write(std::vector<StoreWrite> writes, Done<void> done) override {
    if (broken_) return done(fail(gateway_error(Code::io_failed)));
    store_.write(std::move(writes), std::move(done));
  }
  void compare_and_set(std::string key, std::uint64_t version, std::string value, Done<std::uint64_t> done) override {
    store_.compare_and_set(std::move(key), version, std::move(value), std::move(done));
  }
  void scan(std::string prefix, std::string after, std::size_t most, Done<std::vector<StoreEntry>> done) override {
    if (broken_) return done(fail(gateway_error(Code::io_failed)));
    store_.scan(std::move(prefix), std::move(after), most, std::move(done));
  }

 private:
  MemoryStore& store_;
  const bool& broken_;
};

class StateKeeperTest : public testing::Test {
 protected:
  /// One life of the process, with a filter and a shard of its own.
  struct Life {
    Life(StateKeeperTest& test, std::string_view options)
        : keeper(
              states, std::make_unique<LentStore>(test.store, test.broken), std::chrono::seconds{5},
              [this] { return shard.shard().reactor.wall_now(); },
              [&test](bool good, const std::string& sentence) {
                test.told += (good ? "+ " : "- ") + sentence + "\n";
              }) {
      build(options);
      keeper.restore();
    }
    void build(std::string_view options) {
      class Context final : public BuildContext {
       public:
        Context(Diagnostics& told, SharedStates& kept) : BuildContext(told, "routes[0].limit") {
          shared_states = &kept;
        }
        std::shared_ptr<const Cluster> cluster(const Node&) override { return {}; }
      };
      Diagnostics diagnostics;
      Context context(diagnostics, states);
      filter = limit_filter().build(node(options), context);
      EXPECT_TRUE(filter) << diagnostics.text();
    }
    unsigned admitted(std::string_view user, unsigned tries) {
      unsigned count = 0;
      for (unsigned number = 0; number < tries; ++number) {
        TestExchange exchange(shard);
        exchange.client("192.0.2.7").field("x-user", user);
        count += shard.run_to_end(filter->handle(exchange.exchange, TestExchange::next(service))) ? 1 : 0;
      }
      return count;
    }

    TestShard shard;
    CountingService service;
    SharedStates states;
    std::unique_ptr<const Filter> filter;
    StateKeeper keeper;
  };

  std::string keys() {
    std::string text;
    store.scan("", "", 1000, [&](const Result<std::vector<StoreEntry>>& found) {
      for (const StoreEntry& entry : *found) text += entry.key + " = " + entry.value + "\n";
    });
    return text;
  }

  static constexpr std::string_view ten_a_month = "{ name: monthly, quota: 10/month, key: { header: x-user } }";
  MemoryStore store;
  bool broken = false;
  std::string told;
};

// Written, a quota is the same in the next life; what was not written is what a crash costs.
TEST_F(StateKeeperTest, a_quota_survives_the_process) {
  {
    Life life(*this, ten_a_month);
    EXPECT_EQ(life.admitted("ann", 7), 7U);
    EXPECT_FALSE(life.keeper.save());
    EXPECT_EQ(life.keeper.written(), 2U) << "the secret and one key";
    EXPECT_EQ(life.admitted("ann", 1), 1U);  // and the process is killed
  }
  {
    Life life(*this, ten_a_month);
    EXPECT_EQ(life.admitted("bob", 20), 10U);
    EXPECT_EQ(life.admitted("ann", 20), 3U);
    EXPECT_FALSE(life.keeper.save());
    EXPECT_EQ(life.keeper.written(), 2U) << "the secret is kept already";
  }
  Life life(*this, ten_a_month);
  EXPECT_EQ(life.admitted("ann", 20), 0U);
  EXPECT_FALSE(life.keeper.save()) << "nothing has changed";
  EXPECT_EQ(life.keeper.written(), 0U);
  EXPECT_EQ(told, "");
}

// What is in the store tells how much was spent, and not by whom.
TEST_F(StateKeeperTest, keys_are_kept_as_secret_hashes) {
  Life life(*this, ten_a_month);
  EXPECT_EQ(life.admitted("ann", 2), 2U);
  life.keeper.save();
  EXPECT_TRUE(keys().contains("limit/monthly/")) << keys();
  EXPECT_TRUE(keys().contains(" 2\n")) << keys();
  EXPECT_FALSE(keys().contains("ann")) << keys();
}

// A reload leaves the rule out, another one brings it back.
TEST_F(StateKeeperTest, a_rule_that_comes_back_finds_what_it_left) {
  Life life(*this, ten_a_month);
  EXPECT_EQ(life.admitted("ann", 7), 7U);
  life.keeper.save();
  life.filter.reset();
  life.keeper.restore();
  life.build(ten_a_month);
  life.keeper.restore();
  EXPECT_EQ(life.admitted("ann", 20), 3U);
  life.build(ten_a_month);
  life.keeper.restore();
  EXPECT_EQ(life.admitted("ann", 20), 0U) << "kept over a reload";
}

TEST_F(StateKeeperTest, another_rule_has_its_own_counters) {
  {
    Life life(*this, ten_a_month);
    EXPECT_EQ(life.admitted("ann", 20), 10U);
    life.keeper.save();
  }
  Life life(*this, "{ name: monthly, quota: 12/month, key: { header: x-user } }");
  EXPECT_EQ(life.admitted("ann", 20), 12U);
}

// A store that fails stops nobody, is told once, and gets everything when it is well again.
TEST_F(StateKeeperTest, a_broken_store_costs_nothing_but_the_restart) {
  {
    Life life(*this, ten_a_month);
    broken = true;
    EXPECT_EQ(life.admitted("ann", 4), 4U);
    EXPECT_FALSE(life.keeper.save());
    EXPECT_FALSE(life.keeper.save());
    EXPECT_EQ(life.keeper.failures(), 2U);
    EXPECT_TRUE(told.starts_with("- state: cannot write")) << told;
    EXPECT_EQ(std::ranges::count(told, '\n'), 1);
    broken = false;
    EXPECT_EQ(life.admitted("bob", 1), 1U);
    EXPECT_FALSE(life.keeper.save());
    EXPECT_EQ(life.keeper.written(), 3U) << "the secret, ann and bob";
    EXPECT_TRUE(told.ends_with("+ state: written again\n")) << told;
  }
  Life life(*this, ten_a_month);
  EXPECT_EQ(life.admitted("ann", 20), 6U);
}

TEST_F(StateKeeperTest, a_store_that_cannot_be_read_is_told_and_counters_begin_anew) {
  broken = true;
  Life life(*this, ten_a_month);
  EXPECT_TRUE(told.starts_with("- state: cannot read")) << told;
  EXPECT_EQ(life.admitted("ann", 20), 10U);
}

// Entries of a period that is over, and such that nobody can read, change nothing and go.
TEST_F(StateKeeperTest, what_is_over_is_removed) {
  {
    Life life(*this, ten_a_month);
    EXPECT_EQ(life.admitted("ann", 20), 10U);
    life.keeper.save();
  }
  const std::string before = keys();
  const std::size_t secret = before.find("secret");
  ASSERT_NE(secret, std::string::npos);
  const std::string under = before.substr(before.rfind("limit/", secret), secret - before.rfind("limit/", secret));
  store.write({{.key = under + "00000000000000aa", .value = "60 7"}, {.key = under + "00000000000000ab", .value = "?"}},
              [](const Result<void>&) {});
  Life life(*this, ten_a_month);
  EXPECT_EQ(keys(), before);
  EXPECT_EQ(life.admitted("ann", 20), 0U);
}

TEST(KeptSpending, is_read_strictly) {
  using limit::parse_spending;
  EXPECT_EQ(parse_spending("1764547200 37"), (limit::KeptSpending{.period_begin = 1'764'547'200, .spent = 37}));
  EXPECT_EQ(limit::text_of({.period_begin = 60, .spent = 4'294'967'295}), "60 4294967295");
  for (const std::string_view bad :
       {"", " ", "1", "1 ", " 1", "1 2 3", "-1 2", "1 -2", "1 4294967296", "99999999999999999 1", "a 1"})
    EXPECT_FALSE(parse_spending(bad)) << bad;
}

}  // namespace
}  // namespace weir
