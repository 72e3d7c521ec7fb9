// Which values there are, and what is said of those there are not.
#include "contracts/selector.h"

#include <gtest/gtest.h>

#include "contracts/testing/node_text.h"
#include "contracts/testing/test_exchange.h"

namespace weir {
namespace {

class SelectorTest : public testing::Test {
 protected:
  SelectorTest() {
    test.request("GET", "/cart/7%20a/x?q=a%26b+c&empty=&flag&q=2&bad=%zz", "shop.example.com:8080")
        .field("x-user", "ann")
        .field("x-user", "bob")
        .field("cookie", "a=1; sid=s3; b=2")
        .client("192.0.2.7");
    test.exchange.request_id = "id-1";
    test.exchange.route_name = "cart";
  }
  std::string value(std::string_view selector) {
    const auto parsed = Selector::parse(selector);
    EXPECT_TRUE(parsed) << selector << ": " << parsed.error();
    if (!parsed) return {};
    EXPECT_EQ(Selector::parse(parsed->text()), *parsed);
    return std::string(parsed->value(selector_facts(test.exchange), test.exchange.arena));
  }

  TestShard shard;
  TestExchange test{shard};
};

TEST_F(SelectorTest, names_the_values_of_an_exchange) {
  EXPECT_EQ(value("client_address"), "192.0.2.7");
  EXPECT_EQ(value("host"), "shop.example.com");
  EXPECT_EQ(value("method"), "GET");
  EXPECT_EQ(value("path"), "/cart/7%20a/x");
  EXPECT_EQ(value("query"), "q=a%26b+c&empty=&flag&q=2&bad=%zz");
  EXPECT_EQ(value("scheme"), "http");
  EXPECT_EQ(value("request_id"), "id-1");
  EXPECT_EQ(value("route"), "cart");
  EXPECT_EQ(value("user"), "") << "nobody was verified";
  test.exchange.user = "eve";
  EXPECT_EQ(value("user"), "eve");
  EXPECT_EQ(value("header: X-User"), "ann");
  EXPECT_EQ(value("cookie: sid"), "s3");
  EXPECT_EQ(value("cookie: SID"), "") << "cookies have case";
  EXPECT_EQ(value("query: q"), "a&b c");
  EXPECT_EQ(value("query: flag"), "");
  EXPECT_EQ(value("query: bad"), "%zz") << "what is no escape stays";
  EXPECT_EQ(value("path_segment: 1"), "cart");
  EXPECT_EQ(value("path_segment: 3"), "x");
  EXPECT_EQ(value("path_segment: 4"), "");
}

TEST_F(SelectorTest, is_read_from_options) {
  Diagnostics diagnostics;
  std::vector<Selector> selectors;
  const Reading reading(diagnostics, "key");
  EXPECT_TRUE(
      OptionType<std::vector<Selector>>::read(node("[client_address, { header: x-user }]"), reading, selectors));
  ASSERT_EQ(selectors.size(), 2U);
  EXPECT_EQ(selectors[1].text(), "header: x-user");
  EXPECT_TRUE(OptionType<std::vector<Selector>>::read(node("{ cookie: sid }"), reading, selectors));
  EXPECT_FALSE(OptionType<Selector>::read(node("{ a: b, c: d }"), reading, selectors[0]));
}

TEST_F(SelectorTest, mistakes_get_a_sentence) {
  EXPECT_TRUE(Selector::parse("client_adress").error().contains("did you mean \"client_address\"?"));
  EXPECT_TRUE(Selector::parse("header").error().contains("header: NAME"));
  EXPECT_TRUE(Selector::parse("host: a").error().contains("stands alone"));
  EXPECT_TRUE(Selector::parse("header: a b").error().contains("no name of a header"));
  EXPECT_TRUE(Selector::parse("header: Host").error().contains("write host"));
  EXPECT_TRUE(Selector::parse("header: Upgrade").error().contains("taken out before"));
  EXPECT_TRUE(Selector::parse("path_segment: 0").error().contains("the first is 1"));
}

}  // namespace
}  // namespace weir
