// The tables of `weir top`: rules of one name are one row, whoever is refused most comes first, and metrics name
// nobody.
#include "app/admin/top_page.h"

#include <gtest/gtest.h>

#include "contracts/testing/test_exchange.h"
#include "filters/limit/rule.h"

namespace weir {
namespace {

class TopPage : public testing::Test {
 protected:
  std::shared_ptr<limit::RuleState> rule(const std::string& key, const std::string& name) {
    limit::RuleOptions options;
    options.name = name;
    options.rate = Rate{.count = 5};
    return states.find_or_make<limit::RuleState>(key,
                                                 [&] { return std::make_shared<limit::RuleState>(options, 2, key); });
  }
  void see(LazyHeavyWindow& window, std::uint64_t hash, std::string_view text, int times) const {
    for (int time = 0; time < times; ++time) window.window().count(began, [&] { return hash; }, [&] { return text; });
  }
  void request(std::string_view client, std::string_view route, int times) {
    for (int time = 0; time < times; ++time) {
      TestExchange test(shard);
      test.client(client).exchange.route_name = route;
      traffic.ended(test.exchange, {.status = 200});
    }
  }
  [[nodiscard]] Top look(std::size_t rows = 10) { return top_of(&traffic, &states, now, rows); }

  TestShard shard;
  HeavyTraffic traffic;
  SharedStates states;
  const Time began = shard.shard().reactor.now();
  const Time now = began + std::chrono::seconds{2};
};

TEST_F(TopPage, joins_cores_and_routes_of_one_rule) {
  const auto quiet = rule("a", "downloads");
  const auto one = rule("b", "guesses");
  const auto other = rule("c", "guesses");
  see(quiet->core(0).spent_lately, 1, "192.0.2.9", 4);
  see(one->core(0).refused_lately, 1, "192.0.2.7", 2);
  see(one->core(1).refused_lately, 2, "192.0.2.8", 6);
  see(other->core(1).refused_lately, 7, "192.0.2.8", 12);
  see(one->core(0).spent_lately, 1, "192.0.2.7", 8);
  request("192.0.2.7", "login", 30);
  request("192.0.2.9", "files", 10);
  EXPECT_EQ(top_text(look(), {}, 10),
            "40 requests in the last 2 s, 20.0 a second\n"
            "\n"
            "clients                                            a second   share\n"
            "  192.0.2.7                                            15.0  75.0 %\n"
            "  192.0.2.9                                             5.0  25.0 %\n"
            "\n"
            "routes                                             a second   share\n"
            "  login                                                15.0  75.0 %\n"
            "  files                                                 5.0  25.0 %\n"
            "\n"
            "rules                                      allows      spent/s    refused/s  refused most\n"
            "  guesses                                     5/s          4.0         10.0  192.0.2.8 (90 %)\n"
            "  downloads                                   5/s          2.0          0.0  \n"
            "\n"
            "keys of rules                                                                  spent/s    refused/s\n"
            "  guesses                        192.0.2.8                                         0.0          9.0\n"
            "  guesses                        192.0.2.7                                         4.0          1.0\n"
            "  downloads                      192.0.2.9                                         2.0          0.0\n");
}

TEST_F(TopPage, shows_one_table_and_so_many_rows) {
  request("192.0.2.7", "login", 3);
  request("192.0.2.8", "login", 2);
  EXPECT_EQ(top_text(look(), TopBy::client, 1),
            "5 requests in the last 2 s, 2.5 a second\n"
            "\n"
            "clients                                            a second   share\n"
            "  192.0.2.7                                             1.5  60.0 %\n");
  EXPECT_TRUE(top_text(look(), TopBy::rule, 1).ends_with("  no limits\n"));
  EXPECT_TRUE(top_text(look(), TopBy::key, 1).ends_with("  nothing\n"));
}

TEST_F(TopPage, says_between_which_numbers_the_truth_is) {
  // More keys than are monitored, all alike: nobody knows how often the last ones came.
  const auto crowded = rule("a", "crowded");
  for (std::uint64_t key = 1; key <= 200; ++key)
    see(crowded->core(0).refused_lately, key, "key " + std::to_string(key), 4);
  const Top top = look(100);
  const HeavyReport& refused = top.rules.at(0).refused;
  EXPECT_EQ(refused.total, 800U);
  EXPECT_LT(refused.keys.at(0).at_least, refused.keys.at(0).at_most);
  EXPECT_GE(refused.others_at_most, 4U);
}

TEST_F(TopPage, programs_get_bounds) {
  request("192.0.2.7", "login", 3);
  const std::string json = top_json(look());
  EXPECT_TRUE(
      json.contains("\"clients\":{\"seconds\":2.000,\"total\":3,\"others_at_most\":0,\"keys\":[{\"key\":"
                    "\"192.0.2.7\",\"at_least\":3,\"at_most\":3,\"per_second\":1.500}]}"))
      << json;
}

TEST_F(TopPage, metrics_say_how_much_and_never_whose) {
  const auto one = rule("a", "guesses");
  see(one->core(0).refused_lately, 1, "192.0.2.7", 3);
  see(one->core(0).refused_lately, 2, "192.0.2.8", 1);
  request("192.0.2.7", "login", 3);
  Exposition page;
  add_top(page, look(1));
  const std::string text = page.take();
  EXPECT_TRUE(text.contains("weir_limit_heaviest_share{rule=\"guesses\",allows=\"5/s\",verdict=\"refused\"} 0.75\n"))
      << text;
  EXPECT_TRUE(text.contains("weir_heaviest_share{of=\"clients\"} 1\n")) << text;
  EXPECT_FALSE(text.contains("192.0.2.7")) << text;
}

}  // namespace
}  // namespace weir
