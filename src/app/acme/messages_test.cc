// What an authority says: objects as the standard shows them, and what is none.
#include "app/acme/messages.h"

#include <gtest/gtest.h>

namespace weir::acme {
namespace {

TEST(AcmeMessages, a_directory_has_three_addresses_at_least) {
  const auto directory = parse_directory(R"({
    "newNonce": "https://ca.test/nonce", "newAccount": "https://ca.test/account", "newOrder": "https://ca.test/order",
    "renewalInfo": "https://ca.test/ari", "unknown": {"a": [1]},
    "meta": {"termsOfService": "https://ca.test/terms", "externalAccountRequired": true,
             "profiles": {"classic": "as ever", "shortlived": "six days"}}})");
  ASSERT_TRUE(directory);
  EXPECT_EQ(directory->new_order, "https://ca.test/order");
  EXPECT_EQ(directory->renewal_info, "https://ca.test/ari");
  EXPECT_TRUE(directory->wants_external_account);
  EXPECT_EQ(directory->profiles, (std::vector<std::string>{"classic", "shortlived"}));
  EXPECT_FALSE(parse_directory(R"({"newNonce": "https://ca.test/nonce", "newOrder": "https://ca.test/order"})"));
  EXPECT_FALSE(parse_directory(
      R"({"newNonce": "file:///etc/passwd", "newAccount": "https://a.test/", "newOrder": "https://a.test/"})"));
  for (const char* text : {"", "[]", "null", "{", "\"newNonce\"", "<html>"})
    EXPECT_FALSE(parse_directory(text)) << text;
}

TEST(AcmeMessages, an_order_names_its_authorizations) {
  const auto order = parse_order(R"({"status": "valid", "authorizations": ["https://ca.test/authz/1"],
    "finalize": "https://ca.test/finalize/1", "certificate": "https://ca.test/certificate/1",
    "error": {"type": "urn:ietf:params:acme:error:rejectedIdentifier", "detail": "no"}})");
  ASSERT_TRUE(order);
  EXPECT_EQ(order->status, Status::valid);
  EXPECT_EQ(order->authorizations, std::vector<std::string>{"https://ca.test/authz/1"});
  EXPECT_EQ(order->certificate, "https://ca.test/certificate/1");
  EXPECT_EQ(order->error, (Problem{.type = "rejectedIdentifier", .detail = "no"}));
  EXPECT_EQ(parse_order(R"({"status": "odd", "authorizations": [], "finalize": "https://ca.test/f"})")->status,
            Status::unknown);
  EXPECT_FALSE(parse_order(R"({"status": "valid", "authorizations": [7], "finalize": "https://ca.test/f"})"));
  EXPECT_FALSE(parse_order(R"({"status": "valid", "authorizations": []})"));
}

TEST(AcmeMessages, an_authorization_has_challenges) {
  const auto authorization =
      parse_authorization(R"({"status": "pending", "identifier": {"type": "dns", "value": "Shop.test"},
    "challenges": [{"type": "http-01", "url": "https://ca.test/c/1", "token": "abc-_9", "status": "pending"},
                   {"type": "new-01", "url": "https://ca.test/c/2"},
                   {"type": "odd-01", "url": "https://ca.test/c/3", "token": "../../etc/passwd"},
                   {"type": "no-url"}]})");
  ASSERT_TRUE(authorization);
  EXPECT_EQ(authorization->name, "shop.test");
  ASSERT_EQ(authorization->challenges.size(), 3U);
  EXPECT_EQ(authorization->challenges[0].token, "abc-_9");
  EXPECT_EQ(authorization->challenges[2].token, "") << "a token is never a path";
}

TEST(AcmeMessages, a_window_for_renewals_begins_before_it_ends) {
  const auto window = parse_renewal_window(R"({"suggestedWindow": {"start": "2026-01-02T04:00:00Z",
    "end": "2026-01-03T04:00:00Z"}, "explanationURL": "https://ca.test/why"})");
  ASSERT_TRUE(window);
  EXPECT_EQ(window->end - window->start, std::chrono::hours{24});
  EXPECT_EQ(window->explanation, "https://ca.test/why");
  EXPECT_FALSE(
      parse_renewal_window(R"({"suggestedWindow": {"start": "2026-01-03T04:00:00Z", "end": "2026-01-03T04:00:00Z"}})"));
}

TEST(AcmeMessages, a_problem_says_what_and_why) {
  const Problem problem = parse_problem(R"({"type": "urn:ietf:params:acme:error:compound", "detail": "some are wrong",
    "subproblems": [{"detail": "shop.test: caa"}]})");
  EXPECT_EQ(text_of(problem), "compound: some are wrong: shop.test: caa");
  EXPECT_EQ(text_of(parse_problem("<html>")), "no reason given");
  EXPECT_LT(text_of({.type = "x", .detail = std::string(4000, 'a')}).size(), 320U);
  EXPECT_EQ(text_of({.type = "x", .detail = "a\x1b[2J"}), "x: a\\x1b[2J") << "terminals are not told what to do";
}

TEST(AcmeMessages, tokens_are_base64url) {
  EXPECT_TRUE(is_token("LoqXcYV8q5ONbJQxbmR7SCTNo3tiAXDfowyjxAjEuX0"));
  for (const char* text : {"", "a/b", "..", "a=", "a b", "a.b"}) EXPECT_FALSE(is_token(text)) << text;
  EXPECT_FALSE(is_token(std::string(129, 'a')));
}

}  // namespace
}  // namespace weir::acme
