// What operators said survives a restart: as text, and through the state that is kept.
#include "upstream/operator_memory.h"

#include <gtest/gtest.h>

#include "base/random.h"
#include "upstream/endpoint_health.h"

namespace weir {
namespace {

using namespace std::chrono_literals;

TEST(OperatorMemory, words_come_back_as_they_were_written) {
  for (const AdminState state : {AdminState::enabled, AdminState::draining, AdminState::disabled}) {
    for (const std::uint32_t weight : {0U, 1U, 1000U}) {
      const OperatorWord word{.state = state, .said_at = WallTime{1764376140s}, .weight = weight};
      const auto written = write_word(word);
      if (state == AdminState::enabled && weight == 0) {
        EXPECT_FALSE(written) << "nothing is to be remembered";
      } else {
        EXPECT_EQ(read_word(*written), word) << *written;
      }
    }
  }
}

TEST(OperatorMemory, what_is_no_word_is_not_read) {
  for (const char* text : {"", "draining", "draining 1", "draining 1 2 3", "drained 1 0", "draining -1 0",
                           "draining 1 1001", "draining 9999999999 0", "draining 18446744073709551616 0"}) {
    EXPECT_FALSE(read_word(text)) << text;
  }
  Random random(3);
  for (int round = 0; round < 20'000; ++round) {
    std::string text = "draining 1764376140 7";
    text[random.below(text.size())] = static_cast<char>(random.below(256));
    if (const auto word = read_word(text)) EXPECT_EQ(read_word(write_word(*word).value_or("x")), word) << text;
  }
}

TEST(OperatorMemory, cluster_gives_what_changed_once_and_takes_it_back) {
  ClusterHealth before("shop", "cluster/http/shop", 1);
  const auto first = before.endpoint("10.0.0.1:80");
  const auto second = before.endpoint("10.0.0.2:80");
  EXPECT_TRUE(before.take_changes(10).empty());
  before.say(*first, AdminState::draining, {}, WallTime{100s});
  before.say_weight(*second, 7);
  std::vector<StoreWrite> writes = before.take_changes(10);
  ASSERT_EQ(writes.size(), 2U);
  EXPECT_TRUE(before.take_changes(10).empty());
  before.not_written(writes, {});
  writes = before.take_changes(10);
  ASSERT_EQ(writes.size(), 2U);

  std::vector<StoreEntry> entries;
  for (const StoreWrite& write : writes) entries.push_back({.key = write.key, .value = *write.value, .version = 1});
  entries.push_back({.key = std::string(before.kept_under()) + "10.0.0.3:80", .value = "nonsense", .version = 1});
  EXPECT_TRUE(before.is_over(entries.back(), {}));
  EXPECT_FALSE(before.is_over(entries.front(), {}));
  ClusterHealth after("shop", "cluster/http/shop", 1);
  after.restore(entries, WallTime{200s});
  EXPECT_EQ(after.find("10.0.0.1:80")->admin.get(), AdminState::draining);
  EXPECT_EQ(after.find("10.0.0.1:80")->said_at.get(), WallTime{100s});
  EXPECT_EQ(after.find("10.0.0.2:80")->weight_said.get(), 7U);
  EXPECT_TRUE(after.take_changes(10).empty()) << "what was read need not be written";

  after.say(*after.find("10.0.0.1:80"), AdminState::enabled, {}, WallTime{300s});
  const auto removed = after.take_changes(10);
  ASSERT_EQ(removed.size(), 1U);
  EXPECT_FALSE(removed[0].value) << "there is nothing to remember any more";
}

}  // namespace
}  // namespace weir
