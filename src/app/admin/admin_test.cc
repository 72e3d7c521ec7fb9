// The pages operators and machines read: their formats, their manners, and who may change what.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>
#include <sstream>

#include "app/admin/admin_handler.h"
#include "app/admin/exposition.h"
#include "app/admin/query.h"
#include "app/admin/status_page.h"
#include "base/limits.h"
#include "contracts/testing/test_exchange.h"

namespace weir {
namespace {

class FakeOperations final : public Operations {
 public:
  explicit FakeOperations(TestShard& shard) : shards_{&shard.shard()} {
    status_.state = "running";
    status_.hash = "0123456789abcdef";
    status_.source = "we\"ir.yaml";
    status_.workers = 1;
    status_.listeners = {{"web", "127.0.0.1:8080"}};
  }
  [[nodiscard]] bool ready() const override { return is_ready; }
  [[nodiscard]] ProcessStatus status() const override { return status_; }
  [[nodiscard]] std::shared_ptr<const Gateway> gateway() const override { return gateway_; }
  [[nodiscard]] std::vector<std::string> listener_names() const override { return {"web"}; }
  [[nodiscard]] std::span<Shard* const> shards() const override { return shards_; }
  void reload(ReloadRequest request, std::move_only_function<void(ReloadOutcome)> done) override {
    asked_by = request.by;
    forced = request.force;
    done(outcome);
  }
  void rollback(RollbackRequest request, std::move_only_function<void(ReloadOutcome)> done) override {
    rolled_back_to = request.hash;
    done(outcome);
  }
  void history(std::move_only_function<void(HistoryAnswer)> done) override {
    history::Entry entry;
    entry.hash = "0123456789abcdef";
    entry.how = "reload";
    entry.by = "uid 7";
    entry.source = "/etc/weir/weir.yaml";
    const history::Details details{.changes = {"route cart: path /a -> /b"}, .secrets = {}, .beside = {}, .files = {}};
    done({.kept = true, .running = entry.hash, .entries = {{.entry = entry, .details = details}}});
  }
  void past_configuration(std::string hash, std::move_only_function<void(PastConfiguration)> done) override {
    PastConfiguration answer;
    if (hash == "missing") answer.problem = "no configuration missing is in the history";
    answer.files.push_back({.name = "/w.yaml", .text = std::make_shared<const std::string>("routes: []\n")});
    done(std::move(answer));
  }

  std::string asked_by;
  bool forced = false;
  std::string rolled_back_to;
  void order_endpoint(EndpointOrder order, std::move_only_function<void(EndpointOutcome)> done) override {
    done(take_order(*gateway_, order, {}, {}));
  }
  void stop() override { stopped = true; }

  bool is_ready = true;
  bool stopped = false;
  ReloadOutcome outcome{.applied = true, .hash = "0123456789abcdef", .diagnostics = {}, .json = "{\"errors\":0}"};

 private:
  ProcessStatus status_;
  std::shared_ptr<const Gateway> gateway_ = std::make_shared<Gateway>();
  std::vector<Shard*> shards_;
};

struct Seen {
  Status status = 0;
  std::string body;
  std::string type;
};

class AdminTest : public testing::Test {
 protected:
  Seen ask(std::string_view method, std::string_view target, bool over_unix = true) {
    return ask_of(handler, method, target, over_unix);
  }
  Seen ask_of(AdminHandler& asked, std::string_view method, std::string_view target, bool over_unix = true) {
    TestExchange test(shard);
    test.request(method, target, "weir");
    test.connection.administrative = over_unix;
    asked.begin(test.exchange);
    Result<Answer> answer = shard.run_to_end(asked.handle(test.exchange));
    if (!answer) answer = asked.error_answer(test.exchange, answer.error());
    Seen seen{.status = answer->head.status,
              .body = {},
              .type = std::string(answer->head.fields.get(FieldName::content_type))};
    if (answer->body) {
      const auto piece = answer->body->try_read();
      seen.body = (*piece)->bytes;
    }
    return seen;
  }

  TestShard shard;
  FakeOperations operations{shard};
  RouteMetrics routes;
  AdminHandler handler{operations, &routes};
};

TEST_F(AdminTest, health_and_readiness_part_ways_in_a_drain) {
  EXPECT_EQ(ask("GET", "/healthz").status, 200);
  EXPECT_EQ(ask("GET", "/readyz").status, 200);
  operations.is_ready = false;
  EXPECT_EQ(ask("GET", "/healthz").status, 200);
  EXPECT_EQ(ask("GET", "/readyz").status, 503);
}

TEST_F(AdminTest, what_changes_something_works_only_through_the_unix_socket) {
  EXPECT_EQ(ask("POST", "/stop", false).status, 403);
  EXPECT_EQ(ask("POST", "/reload", false).status, 403);
  EXPECT_FALSE(operations.stopped);
  EXPECT_EQ(ask("POST", "/stop").status, 202);
  EXPECT_TRUE(operations.stopped);
}

TEST_F(AdminTest, what_others_asked_for_is_told_only_through_the_unix_socket) {
  EXPECT_EQ(ask("GET", "/story?id=0123456789", false).status, 403);
  EXPECT_EQ(ask("GET", "/tail", false).status, 403);
}

TEST_F(AdminTest, one_follower_too_many_is_told_so) {
  Stories stories({}, 1);
  AdminHandler following(operations, &routes, nullptr, &stories);
  std::vector<std::shared_ptr<StoryFeed>> feeds;
  for (std::size_t number = 0; number < limits::tail_followers; ++number) {
    feeds.push_back(std::make_shared<StoryFeed>(shard.shard().reactor, StoryFilter{}, 100, 1));
    ASSERT_TRUE(stories.follow(operations.shards(), feeds.back()));
  }
  const Seen refused = ask_of(following, "GET", "/tail");
  EXPECT_EQ(refused.status, 503);
  EXPECT_THAT(refused.body, testing::HasSubstr("16 follow live requests already"));
  EXPECT_THAT(refused.body, testing::HasSubstr("reason: too_many_followers\n"));
  shard.world().settle();
}

TEST_F(AdminTest, methods_and_pages_that_are_not_there) {
  EXPECT_EQ(ask("GET", "/reload").status, 405);
  EXPECT_EQ(ask("POST", "/status").status, 405);
  EXPECT_EQ(ask("HEAD", "/status").status, 200);
  EXPECT_EQ(ask("GET", "/nothing").status, 404);
}

TEST_F(AdminTest, reload_answers_when_the_outcome_is_known) {
  EXPECT_EQ(ask("POST", "/reload").body,
            "{\"applied\":true,\"hash\":\"0123456789abcdef\",\"validated_in_s\":0.000000,\"live_in_s\":0.000000,"
            "\"longest_pause_s\":0.000000,\"report\":{\"errors\":0}}\n");
  operations.outcome = {.applied = false, .hash = "0123456789abcdef", .diagnostics = "weir.yaml:1:1: no", .json = {}};
  const Seen refused = ask("POST", "/reload?format=text");
  EXPECT_EQ(refused.status, 422);
  EXPECT_EQ(refused.body, "weir.yaml:1:1: no\nnot reloaded: configuration 0123456 stays\n");
}

TEST_F(AdminTest, explain_says_what_is_missing) {
  EXPECT_EQ(ask("GET", "/explain").status, 400);
  EXPECT_EQ(ask("GET", "/explain?url=/&from=x").status, 400);
  const Seen seen = ask("GET", "/explain?url=http%3A%2F%2Fa%2Fb&header=x:y");
  EXPECT_EQ(seen.status, 200);
  EXPECT_NE(seen.body.find("\"reason\":\"no_route\""), std::string::npos) << seen.body;
}

TEST_F(AdminTest, explain_judges_passwords_only_over_the_socket) {
  constexpr std::string_view question = "/explain?url=http%3A%2F%2Fa%2Fb&header=Authorization:Basic%20YTpi";
  EXPECT_EQ(ask("GET", question, false).status, 403);
  EXPECT_EQ(ask("GET", question, true).status, 200);
  // Another spelling of the name is another field, here as in a request: nothing judges it.
  const auto reason_of = [&](std::string_view name) {
    const std::string body =
        ask("GET", "/explain?url=http%3A%2F%2Fa%2Fb&header=" + std::string(name) + ":Basic%20YTpi", false).body;
    const std::size_t at = body.find("\"reason\":\"");
    return at == std::string::npos ? body : body.substr(at + 10, body.find('"', at + 10) - at - 10);
  };
  EXPECT_EQ(reason_of("Authorization%20"), "space_before_colon");
  EXPECT_EQ(reason_of("%20Authorization"), "obs_fold");
}

TEST_F(AdminTest, explain_knows_the_listeners_there_are) {
  const Seen seen = ask("GET", "/explain?url=http%3A%2F%2Fa%2Fb&listener=nowhere");
  EXPECT_EQ(seen.status, 400);
  EXPECT_EQ(seen.body, "no listener is called nowhere\n");
}

TEST_F(AdminTest, status_is_json) {
  EXPECT_EQ(ask("GET", "/status").body,
            "{\"version\":\"0.1.0\",\"state\":\"running\",\"started_at\":\"1970-01-01T00:00:00Z\",\"workers\":1,"
            "\"connections\":0,"
            "\"listeners\":[{\"name\":\"web\",\"address\":\"127.0.0.1:8080\"}],\"configuration\":{\"hash\":"
            "\"0123456789abcdef\","
            "\"source\":\"we\\\"ir.yaml\",\"origin\":\"file\","
            "\"loaded_at\":\"1970-01-01T00:00:00Z\"},\"reloads\":{\"applied\":0,"
            "\"failed\":0,\"last_applied\":true}}\n");
}

/// Checks a page against the exposition format. \returns  samples by their name with labels
std::map<std::string, double> read_page(const std::string& page) {
  std::map<std::string, double> samples;
  std::string family;
  std::set<std::string> families;
  std::istringstream lines(page);
  EXPECT_TRUE(page.ends_with('\n'));
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("# HELP ")) continue;
    if (line.starts_with("# TYPE ")) {
      family = line.substr(7, line.find(' ', 7) - 7);
      EXPECT_TRUE(families.insert(family).second) << family << " stands twice";
      continue;
    }
    EXPECT_TRUE(line.starts_with(family)) << line << " stands outside its family";
    const std::size_t space = line.rfind(' ');
    EXPECT_TRUE(samples.emplace(line.substr(0, space), std::stod(line.substr(space + 1))).second) << line;
  }
  return samples;
}

TEST_F(AdminTest, metrics_page_is_well_formed_and_buckets_are_cumulative) {
  for (const auto took :
       {std::chrono::milliseconds{1}, std::chrono::milliseconds{60}, std::chrono::milliseconds{20'000}}) {
    TestExchange test(shard);
    test.exchange.route_name = "a\"b\\c\nd";
    test.exchange.timings.head_started = Time{} + std::chrono::seconds{1};
    test.exchange.timings.finished = test.exchange.timings.head_started + took;
    routes.ended(test.exchange, {.status = 200});
  }
  shard.shard().metrics.requests.add(3);
  shard.shard().metrics.errors_by_code[static_cast<std::size_t>(Code::no_route)].add();
  const Seen seen = ask("GET", "/metrics");
  EXPECT_EQ(seen.type, Exposition::content_type);
  const auto samples = read_page(seen.body);
  EXPECT_EQ(samples.at("weir_requests_total"), 3);
  EXPECT_EQ(samples.at("weir_core_requests_total{core=\"0\"}"), 3);
  EXPECT_EQ(samples.at("weir_errors_total{reason=\"no_route\"}"), 1);
  EXPECT_EQ(samples.at("weir_config_last_reload_successful"), 1);
  const std::string label = "{route=\"a\\\"b\\\\c\\nd\"";
  EXPECT_EQ(samples.at("weir_route_duration_seconds_bucket" + label + ",le=\"0.005\"}"), 1);
  EXPECT_EQ(samples.at("weir_route_duration_seconds_bucket" + label + ",le=\"0.075\"}"), 2);
  EXPECT_EQ(samples.at("weir_route_duration_seconds_bucket" + label + ",le=\"10\"}"), 2);
  EXPECT_EQ(samples.at("weir_route_duration_seconds_bucket" + label + ",le=\"+Inf\"}"), 3);
  EXPECT_EQ(samples.at("weir_route_duration_seconds_count" + label + "}"), 3);
  EXPECT_NEAR(samples.at("weir_route_duration_seconds_sum" + label + "}"), 20.061, 1e-6);
}

TEST(Query, is_decoded) {
  EXPECT_EQ(query_value("a=b+c%20d&e", "a"), "b c d");
  EXPECT_EQ(query_value("a=b&e", "e"), "");
  EXPECT_EQ(query_value("a=%zz%", "a"), "%zz%");
  EXPECT_EQ(query_values("h=1&h=2", "h"), (std::vector<std::string>{"1", "2"}));
  EXPECT_FALSE(query_value("", "a"));
}

TEST_F(AdminTest, tells_what_ran_only_through_the_unix_socket) {
  const Seen history = ask("GET", "/history?format=text");
  EXPECT_EQ(history.status, 200);
  EXPECT_THAT(history.body, testing::HasSubstr("0123456  1970-01-01T00:00:00Z  reload by uid 7"));
  EXPECT_THAT(history.body, testing::HasSubstr("(running)\n         route cart: path /a -> /b\n"));
  EXPECT_EQ(ask("GET", "/history", false).status, 403);
  EXPECT_EQ(ask("GET", "/configuration", false).status, 403);
  EXPECT_THAT(ask("GET", "/configuration").body, testing::HasSubstr("\"text\":\"routes: []\\n\""));
  EXPECT_EQ(ask("GET", "/configuration?hash=missing").status, 404);
}

TEST_F(AdminTest, rolls_back_and_forces_as_asked) {
  EXPECT_EQ(ask("POST", "/rollback?hash=0123&format=text").body, "rolled back: configuration 0123456 is live\n");
  EXPECT_EQ(operations.rolled_back_to, "0123");
  EXPECT_EQ(ask("POST", "/rollback", false).status, 403);
  ask("POST", "/reload?force=1");
  EXPECT_TRUE(operations.forced);
  EXPECT_EQ(operations.asked_by, "somebody");
}

}  // namespace
}  // namespace weir
