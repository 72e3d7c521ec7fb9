// Who is let in, by which line, and what is said about lists that make no sense.
#include "filters/access/access.h"

#include <gtest/gtest.h>

#include "contracts/testing/conformance.h"

namespace weir {
namespace {

constexpr std::string_view both_lists = "{ allow: [10.0.0.0/8, \"2001:db8::/32\"],\n  deny: [10.6.6.6] }";

struct Outcome {
  bool let_in = false;
  std::string record;  ///< verdict, reason and line
  std::optional<Error> error;
};

Outcome visit(std::string_view options, std::string_view client) {
  const auto built = build_plugin(access_filter(), options);
  EXPECT_TRUE(built.plugin) << built.diagnostics.text();
  TestShard shard;
  TestExchange test(shard);
  test.client(client);
  CountingService service;
  const auto answer = shard.run_to_end(built.plugin->handle(test.exchange, TestExchange::next(service)));
  const DecisionRecord* record = test.last_record();
  EXPECT_NE(record, nullptr);
  EXPECT_EQ(record->room, "access");
  return {.let_in = service.calls == 1,
          .record = std::string(record->verdict) + ' ' + std::string(record->reason) + ' ' + record->place.text(),
          .error = answer ? std::nullopt : std::optional(answer.error())};
}

TEST(Access, conforms) {
  expect_conformance(access_filter(), both_lists);
}

TEST(Access, deny_wins_over_allow_and_names_its_line) {
  const Outcome outcome = visit(both_lists, "10.6.6.6");
  EXPECT_FALSE(outcome.let_in);
  EXPECT_EQ(outcome.record, "denied in_deny_list test.yaml:2:10");
  ASSERT_TRUE(outcome.error);
  EXPECT_EQ(outcome.error->code, Code::access_denied);
  EXPECT_EQ(outcome.error->origin, Origin::client);
}

TEST(Access, allow_list_lets_in_whom_it_names) {
  EXPECT_EQ(visit(both_lists, "10.1.2.3").record, "allowed in_allow_list test.yaml:1:11");
  EXPECT_TRUE(visit(both_lists, "2001:db8::7").let_in);
  EXPECT_TRUE(visit(both_lists, "::ffff:10.1.2.3").let_in) << "IPv4-mapped is the same client";
}

TEST(Access, allow_list_denies_everybody_else_by_the_line_of_the_list) {
  const Outcome outcome = visit(both_lists, "192.0.2.1");
  EXPECT_FALSE(outcome.let_in);
  EXPECT_EQ(outcome.record, "denied not_in_allow_list test.yaml:1:10");
}

TEST(Access, deny_list_alone_lets_everybody_else_in) {
  EXPECT_TRUE(visit("{ deny: 10.0.0.0/8 }", "192.0.2.1").let_in);
  EXPECT_FALSE(visit("{ deny: 10.0.0.0/8 }", "10.0.0.1").let_in);
}

TEST(Access, client_over_a_unix_socket_is_only_in_the_block_of_all_addresses) {
  EXPECT_FALSE(visit("{ allow: [0.0.0.0/0] }", "::").let_in);
  EXPECT_TRUE(visit("{ allow: [\"::/0\"] }", "::").let_in);
}

TEST(Access, uses_the_client_behind_trusted_proxies) {
  const auto built = build_plugin(access_filter(), "{ deny: [10.0.0.1] }");
  TestShard shard;
  TestExchange test(shard);
  test.client("10.0.0.1");  // the proxy
  test.exchange.client.address = *IpAddress::parse("192.0.2.1");
  CountingService service;
  EXPECT_TRUE(shard.run_to_end(built.plugin->handle(test.exchange, TestExchange::next(service))));
}

TEST(Access, complains_about_lists_that_say_nothing) {
  EXPECT_TRUE(complaints_about(access_filter(), "{ }").contains("neither allow nor deny"));
  EXPECT_TRUE(
      complaints_about(access_filter(), "{ allow: [] }").contains("test.yaml:1:10: access.allow: an empty allow list"));
  EXPECT_TRUE(complaints_about(access_filter(), "{ deny: [] }").contains("access.deny: an empty deny list"));
  EXPECT_TRUE(
      complaints_about(access_filter(), "{ allow: [10.0.0.1, nobody] }").contains("test.yaml:1:21: access.allow[1]"));
}

}  // namespace
}  // namespace weir
