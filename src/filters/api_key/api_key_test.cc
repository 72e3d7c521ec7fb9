// Which keys open, for how long, and that nobody behind sees them.
#include "filters/api_key/api_key.h"

#include <gtest/gtest.h>

#include <fmt/format.h>

#include "contracts/testing/conformance.h"
#include "contracts/testing/temporary_folder.h"
#include "runtime/wait_out.h"

namespace weir {
namespace {

std::string line(std::string_view name, std::string_view key, std::string_view more = "") {
  return fmt::format("{} sha256:{} {}\n", name, crypto::hexadecimal(crypto::sha256(key)), more);
}

class ApiKeyTest : public testing::Test {
 protected:
  ApiKeyTest() {
    // A simulated world begins in 1970.
    folder.write("keys.txt", "# keys\n" + line("partner-a", "alpha") + line("old", "beta", "expires=1969-12-31") +
                                 line("young", "gamma", "expires=2199-01-01T00:00:00Z"));
    folder.enter();
  }

  void build(std::string_view options) {
    built = build_plugin(api_key_filter(), options);
    ASSERT_TRUE(built.plugin) << built.diagnostics.text();
  }
  std::string ask(std::string_view target,
                  std::initializer_list<std::pair<std::string_view, std::string_view>> fields) {
    TestExchange test(shard);
    test.request("GET", target, "example.com");
    for (const auto& [name, value] : fields) test.field(name, value);
    const Result<Answer> answer = shard.run_to_end(built.plugin->handle(test.exchange, TestExchange::next(service)));
    const DecisionRecord& record = *test.last_record();
    reason = record.reason;
    subject = record.subject;
    place = record.place.text();
    challenge = test.exchange.challenge;
    user = test.exchange.user;
    seen = conformance::shown(test.exchange.request);
    return answer ? "let in" : std::string(name_of(answer.error().code));
  }

  TemporaryFolder folder;
  TestShard shard;
  CountingService service;
  Built<Filter> built;
  std::string reason, subject, place, challenge, user, seen;
};

TEST_F(ApiKeyTest, conforms) {
  expect_conformance(api_key_filter(), "{ keys: keys.txt, query: api_key, header: X-Key, name_header: X-Name }");
}

TEST_F(ApiKeyTest, known_key_opens_and_its_name_goes_on_instead) {
  build("{ keys: keys.txt, name_header: X-Client }");
  EXPECT_EQ(ask("/", {{"x-api-key", "alpha"}, {"x-client", "forged"}}), "let in");
  EXPECT_EQ(subject, "partner-a");
  EXPECT_EQ(user, "partner-a");
  EXPECT_EQ(place, "keys.txt:2:1");
  EXPECT_TRUE(seen.ends_with("\nx-client: partner-a\n")) << seen;
  EXPECT_FALSE(seen.contains("alpha") || seen.contains("forged"));
  EXPECT_EQ(ask("/", {{"x-api-key", "gamma"}}), "let in");
}

TEST_F(ApiKeyTest, everything_else_is_refused_with_its_reason_and_a_challenge) {
  build("keys.txt");
  EXPECT_EQ(ask("/", {}), "credentials_missing");
  EXPECT_EQ(reason, "no_key");
  EXPECT_EQ(challenge, "ApiKey realm=\"api\", header=\"x-api-key\"");
  EXPECT_EQ(ask("/", {{"x-api-key", "delta"}}), "credentials_refused");
  EXPECT_EQ(reason, "unknown_key");
  EXPECT_EQ(subject, "");
  EXPECT_EQ(ask("/", {{"x-api-key", "beta"}}), "credentials_refused");
  EXPECT_EQ(reason, "expired_key");
  EXPECT_EQ(subject, "old");
  EXPECT_EQ(ask("/", {{"x-api-key", "alpha"}, {"x-api-key", "alpha"}}), "credentials_refused");
  EXPECT_EQ(reason, "repeated_key");
  EXPECT_EQ(ask("/", {{"x-api-key", ""}}), "credentials_refused");
  EXPECT_EQ(reason, "malformed_key");
  EXPECT_EQ(ask("/", {{"x-api-key", std::string(10'000, 'a')}}), "credentials_refused");
  EXPECT_EQ(ask("/?api_key=alpha", {}), "credentials_missing") << "nobody asked for it in the query";
  EXPECT_EQ(service.calls, 0);
}

TEST_F(ApiKeyTest, bearer_token_is_a_key) {
  build("{ keys: keys.txt, header: Authorization, realm: orders }");
  EXPECT_EQ(ask("/", {{"authorization", "bearer alpha"}}), "let in");
  EXPECT_FALSE(seen.contains("alpha"));
  EXPECT_EQ(ask("/", {{"authorization", "Basic alpha"}}), "credentials_refused");
  EXPECT_EQ(challenge, "Bearer realm=\"orders\"");
}

TEST_F(ApiKeyTest, key_in_the_query_is_taken_out_of_it) {
  build("{ keys: keys.txt, query: key }");
  EXPECT_EQ(built.diagnostics.warnings(), 1U);
  EXPECT_EQ(ask("/a?x=1&key=alpha&y=2", {}), "let in");
  EXPECT_TRUE(seen.starts_with("GET /a?x=1&y=2 host")) << seen;
  EXPECT_EQ(ask("/a?key=alpha", {}), "let in");
  EXPECT_TRUE(seen.starts_with("GET /a host")) << seen;
  EXPECT_EQ(ask("/a?key=alpha&key=alpha", {}), "credentials_refused");
  EXPECT_EQ(ask("/a?keys=alpha", {}), "credentials_missing");
  EXPECT_EQ(ask("/a?key", {}), "credentials_refused");
  EXPECT_EQ(ask("/a", {{"x-api-key", "alpha"}}), "credentials_missing");
}

TEST_F(ApiKeyTest, two_places_are_one_key_or_none) {
  build("{ keys: keys.txt, header: x-key, query: key }");
  EXPECT_EQ(ask("/", {{"x-key", "alpha"}}), "let in");
  EXPECT_EQ(ask("/?key=alpha", {}), "let in");
  EXPECT_EQ(ask("/?key=alpha", {{"x-key", "alpha"}}), "credentials_refused");
  EXPECT_EQ(reason, "repeated_key");
}

TEST_F(ApiKeyTest, key_goes_on_only_when_told_to) {
  build("{ keys: keys.txt, forward_key: true }");
  ask("/", {{"x-api-key", "alpha"}});
  EXPECT_TRUE(seen.contains("x-api-key: alpha"));
}

TEST_F(ApiKeyTest, removed_key_is_refused_without_a_reload) {
  build("keys.txt");
  EXPECT_EQ(ask("/", {{"x-api-key", "alpha"}}), "let in");
  folder.write("keys.txt", line("partner-b", "delta"));
  shard.run_to_end(wait_out(shard.shard().reactor, std::chrono::seconds(2)));
  EXPECT_EQ(ask("/", {{"x-api-key", "alpha"}}), "credentials_refused");
  EXPECT_EQ(ask("/", {{"x-api-key", "delta"}}), "let in");
}

TEST_F(ApiKeyTest, complaints_name_the_line_and_never_a_key) {
  const auto said = [&](std::string_view bytes) {
    folder.write("bad", bytes);
    return complaints_about(api_key_filter(), "bad");
  };
  EXPECT_TRUE(said("a hunter2\n").contains("bad:1:1: key \"a\" has no digest"));
  EXPECT_FALSE(said("a hunter2\n").contains("hunter2"));
  EXPECT_FALSE(said("hunter2\n").contains("hunter2"));
  EXPECT_TRUE(said(line("a", "1") + line("a", "2")).contains("bad:2:1: a key called \"a\" stands here a second time"));
  EXPECT_TRUE(said(line("a", "1") + line("b", "1")).contains("bad:2:1: key \"b\" is the same"));
  EXPECT_TRUE(said(line("a", "1", "expires=soon")).contains("no expiry that is understood"));
  EXPECT_TRUE(said("# none\n").contains("nobody could get in"));
}

TEST(KeyExpiry, is_a_day_to_its_end_or_a_moment) {
  EXPECT_EQ(parse_expiry("1970-01-01")->time_since_epoch(), std::chrono::hours(24));
  EXPECT_EQ(parse_expiry("1970-01-01T00:01:02Z")->time_since_epoch(), std::chrono::seconds(62));
  for (const std::string_view bad : {"", "1970-13-01", "1970-02-30", "1970-1-1", "1970-01-01T24:00:00Z",
                                     "1970-01-01T00:00:00", "1970-01-01 00:00:00Z", "+970-01-01", "2999-01-01"}) {
    EXPECT_FALSE(parse_expiry(bad)) << bad;
  }
}

}  // namespace
}  // namespace weir
