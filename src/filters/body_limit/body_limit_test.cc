// Declared lengths are judged before the body is touched; unknown ones are counted, however the body comes.
#include "filters/body_limit/body_limit.h"

#include <gtest/gtest.h>

#include "contracts/testing/conformance.h"

namespace weir {
namespace {

using Readiness = PiecesBody::Readiness;

/// Pulls the request's body to its end, as a proxy would.
class DrainingService final : public Service {
 public:
  Reply handle(Exchange& exchange) const override {
    while (exchange.request_body != nullptr) {
      std::optional<Result<Piece>> piece = exchange.request_body->try_read();
      if (!piece) piece = co_await exchange.request_body->read();
      if (!*piece) co_return fail(piece->error());
      bytes += piece->value().bytes.size();
      if (piece->value().end) break;
    }
    co_return Answer(exchange.arena);
  }
  Effect rehearse(ImaginedRequest&) const override { return {}; }

  mutable ByteCount bytes = 0;
};

/// A body nobody may touch.
class UntouchableBody final : public Body {
 public:
  Task<Result<Piece>> read() override {
    ADD_FAILURE() << "the body was pulled";
    co_return Piece{.bytes = {}, .end = true};
  }
};

struct Outcome {
  std::optional<Error> error;
  ByteCount bytes = 0;  ///< that reached the service
};

Outcome upload(std::string_view options, Framing framing, std::vector<std::string_view> pieces, Readiness readiness) {
  const auto built = build_plugin(body_limit_filter(), options);
  EXPECT_TRUE(built.plugin) << built.diagnostics.text();
  TestShard shard;
  TestExchange test(shard);
  test.content(framing, std::move(pieces), readiness);
  DrainingService service;
  const auto answer = shard.run_to_end(built.plugin->handle(test.exchange, TestExchange::next(service)));
  return {.error = answer ? std::nullopt : std::optional(answer.error()), .bytes = service.bytes};
}

constexpr Framing chunked{Framing::Kind::chunked, 0};
constexpr Framing length(ByteCount bytes) {
  return {Framing::Kind::length, bytes};
}

TEST(BodyLimit, conforms) {
  expect_conformance(body_limit_filter(), "1MiB");
  expect_conformance(body_limit_filter(), "{ bytes: 4B }");
}

TEST(BodyLimit, refuses_by_declared_length_without_touching_the_body) {
  const auto built = build_plugin(body_limit_filter(), "4B");
  TestShard shard;
  TestExchange test(shard);
  test.exchange.request.framing = length(5);
  test.exchange.request_body = BodyPointer(test.exchange.arena.make<UntouchableBody>());
  CountingService service;
  const auto answer = shard.run_to_end(built.plugin->handle(test.exchange, TestExchange::next(service)));
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, Code::body_too_large);
  EXPECT_EQ(answer.error().origin, Origin::client);
  EXPECT_EQ(service.calls, 0);
  ASSERT_NE(test.last_record(), nullptr);
  EXPECT_EQ(test.last_record()->reason, "length_over_limit");
  EXPECT_EQ(test.last_record()->place.text(), "test.yaml:1:1");
}

TEST(BodyLimit, lets_a_body_of_exactly_the_limit_through) {
  for (const Readiness readiness : {Readiness::at_once, Readiness::only_by_read}) {
    for (const Framing framing : {length(5), chunked}) {
      const Outcome outcome = upload("5B", framing, {"hel", "lo"}, readiness);
      EXPECT_FALSE(outcome.error);
      EXPECT_EQ(outcome.bytes, 5U);
    }
  }
}

TEST(BodyLimit, counts_a_body_of_unknown_length_and_holds_back_the_piece_that_crosses) {
  for (const Readiness readiness : {Readiness::at_once, Readiness::only_by_read}) {
    const Outcome outcome = upload("4B", chunked, {"hel", "lo"}, readiness);
    ASSERT_TRUE(outcome.error);
    EXPECT_EQ(outcome.error->code, Code::body_too_large);
    EXPECT_EQ(outcome.bytes, 3U);
  }
}

TEST(BodyLimit, zero_lets_only_empty_bodies_through) {
  EXPECT_FALSE(upload("0B", chunked, {}, Readiness::at_once).error);
  EXPECT_TRUE(upload("0B", chunked, {"x"}, Readiness::at_once).error);
  EXPECT_FALSE(upload("0B", length(0), {}, Readiness::at_once).error);
}

TEST(BodyLimit, passes_an_error_of_the_body_on) {
  TestShard shard;
  Arena arena(shard.shard().blocks);
  const Error cut = client_error(Code::body_cut_short);
  CountedBody body(BodyPointer(arena.make<PiecesBody>(std::vector<std::string_view>{"a"}, Readiness::at_once, cut)),
                   10);
  EXPECT_EQ(shard.run_to_end(body.read())->bytes, "a");
  const auto second = shard.run_to_end(body.read());
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, Code::body_cut_short);
}

TEST(BodyLimit, the_stricter_of_two_wins) {
  const auto outer = build_plugin(body_limit_filter(), "10B");
  const auto inner = build_plugin(body_limit_filter(), "2B");
  TestShard shard;
  TestExchange test(shard);
  test.content(chunked, {"abc"});
  DrainingService service;
  const std::array<const Filter*, 1> rest{inner.plugin.get()};
  const auto answer = shard.run_to_end(outer.plugin->handle(test.exchange, Next(rest, service)));
  EXPECT_FALSE(answer);
}

TEST(BodyLimit, complains_about_a_limit_that_limits_nothing) {
  EXPECT_TRUE(complaints_about(body_limit_filter(), "none").contains("limits nothing"));
  EXPECT_TRUE(complaints_about(body_limit_filter(), "").contains("\"bytes\" is missing"));
  EXPECT_FALSE(complaints_about(body_limit_filter(), "1MB").empty());
}

}  // namespace
}  // namespace weir
