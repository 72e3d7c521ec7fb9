// Shows: what an application writes to STDERR is cut, counted and kept apart by message.
// How: an exchange with a reader of notices, on virtual time.
#include "protocols/fastcgi/application_log.h"

#include <gtest/gtest.h>

#include "contracts/testing/test_exchange.h"

namespace weir::fastcgi {
namespace {

class Reader final : public Notices {
 public:
  void warning(std::string_view text) override { lines.emplace_back(text); }
  std::vector<std::string> lines;
};

class ApplicationLogTest : public testing::Test {
 protected:
  ApplicationLogTest() {
    shard.shard().notices = &reader;
    test.request("GET", "/a.php", "shop.test");
    test.exchange.upstream_name = "php";
    test.exchange.upstream_endpoint = "127.0.0.1:9000";
    test.exchange.request_id = "id-1";
    log.begin(test.exchange);
  }

  Reader reader;
  TestShard shard;
  TestExchange test{shard};
  ApplicationLog log;
};

TEST_F(ApplicationLogTest, says_who_said_it_and_for_whom) {
  log.add("PHP mess", false);
  log.add("age: no\n", true);
  EXPECT_EQ(reader.lines,
            std::vector<std::string>{"php at 127.0.0.1:9000 said, for GET /a.php (id-1): PHP message: no"});
}

TEST_F(ApplicationLogTest, a_long_message_is_cut) {
  log.add(std::string(limits::application_message_bytes, 'x'), false);
  log.add("more", true);
  ASSERT_EQ(reader.lines.size(), 1U);
  EXPECT_TRUE(reader.lines[0].ends_with("x ... (4 bytes more)")) << reader.lines[0];
}

TEST_F(ApplicationLogTest, an_exchange_says_only_so_much) {
  for (unsigned at = 0; at < 2 * limits::application_messages_per_exchange; ++at) log.add("no", true);
  ASSERT_EQ(reader.lines.size(), limits::application_messages_per_exchange);
  EXPECT_TRUE(reader.lines.back().contains("left out")) << reader.lines.back();
}

TEST(MessageBudget, lets_so_many_through_per_second_and_counts_the_rest) {
  MessageBudget budget;
  const Time now = Time{} + std::chrono::hours{1};
  unsigned passed = 0;
  for (int at = 0; at < 1000; ++at) passed += budget.take(now) ? 1U : 0U;
  EXPECT_EQ(passed, limits::application_messages_at_once);
  EXPECT_EQ(budget.take_left_out(), 1000 - passed);
  passed = 0;
  for (int at = 0; at < 1000; ++at) passed += budget.take(now + std::chrono::seconds{1}) ? 1U : 0U;
  EXPECT_EQ(passed, limits::application_messages_per_second);
}

}  // namespace
}  // namespace weir::fastcgi
