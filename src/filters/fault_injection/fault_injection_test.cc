// Rehearsed failures: whom they meet, how long they last, and what they look like.
#include "filters/fault_injection/fault_injection.h"

#include <gtest/gtest.h>

#include "base/random.h"
#include "contracts/testing/conformance.h"
#include "server/error_reply.h"

namespace weir {
namespace {

using namespace std::chrono_literals;

/// What became of one GET.
struct Rehearsed {
  Result<Answer> answer = fail(gateway_error(Code::internal));
  Status status = 0;
  int calls = 0;
  Duration took{};
  std::string verdict;
  std::string reason;
};

Rehearsed get(std::string_view options, std::string_view rehearsal = {}) {
  const auto built = build_plugin(fault_injection_filter(), options);
  EXPECT_TRUE(built.plugin) << built.diagnostics.text();
  TestShard shard;
  TestExchange test(shard);
  if (!rehearsal.empty()) test.field("x-rehearsal", rehearsal);
  CountingService service;
  const Time began = shard.shard().reactor.now();
  Rehearsed rehearsed;
  Result<Answer> answer = shard.run_to_end(built.plugin->handle(test.exchange, TestExchange::next(service)));
  rehearsed.status = answer ? answer->head.status : error_reply(test.exchange, answer.error()).head.status;
  rehearsed.calls = service.calls;
  rehearsed.took = shard.shard().reactor.now() - began;
  rehearsed.verdict = test.last_record()->verdict;
  rehearsed.reason = test.last_record()->reason;
  return rehearsed;
}

TEST(FaultInjection, conforms) {
  expect_conformance(fault_injection_filter(), "503", "abort: 503");
  expect_conformance(fault_injection_filter(), "{ delay: 20ms, header: { x-a: } }", "abort: 503");
}

TEST(FaultInjection, aborts_with_the_status_that_is_rehearsed) {
  const Rehearsed failed = get("{ abort: 500 }");
  EXPECT_EQ(failed.status, 500);
  EXPECT_EQ(failed.calls, 0);
  EXPECT_EQ(failed.verdict, "aborted");
  EXPECT_EQ(get("503").status, 503);
}

TEST(FaultInjection, holds_a_request_and_lets_it_go_on) {
  const Rehearsed held = get("{ delay: 200ms }");
  EXPECT_EQ(held.status, 200);
  EXPECT_EQ(held.calls, 1);
  EXPECT_EQ(held.took, 200ms);
  EXPECT_EQ(held.verdict, "delayed");
}

TEST(FaultInjection, holds_before_it_aborts) {
  const Rehearsed both = get("{ delay: { time: 200ms }, abort: { status: 504 } }");
  EXPECT_EQ(both.status, 504);
  EXPECT_EQ(both.took, 200ms);
  EXPECT_EQ(both.verdict, "delayed_and_aborted");
}

TEST(FaultInjection, leaves_requests_without_the_header_alone) {
  constexpr std::string_view options = "{ abort: 503, header: { x-rehearsal: \"yes\" } }";
  EXPECT_EQ(get(options).reason, "no_header");
  EXPECT_EQ(get(options, "no").calls, 1);
  EXPECT_EQ(get(options, "yes").status, 503);
  EXPECT_EQ(get("{ abort: 503, header: { x-rehearsal: } }", "anything").status, 503);
}

TEST(FaultInjection, meets_the_share_that_is_asked_for) {
  FaultFacts facts{.concerned = true, .delay_share = percent(10), .abort_share = percent(5)};
  Random random(1);
  unsigned delayed = 0;
  unsigned aborted = 0;
  constexpr unsigned trials = 100'000;
  for (unsigned trial = 0; trial < trials; ++trial) {
    facts.delay_draw = random.next();
    facts.abort_draw = random.next();
    const FaultVerdict verdict = decide_fault(facts);
    delayed += verdict.delay ? 1U : 0U;
    aborted += verdict.abort ? 1U : 0U;
  }
  // Five standard deviations: 474 and 345.
  EXPECT_NEAR(delayed, trials / 10, 474);
  EXPECT_NEAR(aborted, trials / 20, 345);
  EXPECT_EQ(get("{ abort: { status: 503, share: 0% } }").reason, "outside_share");
}

TEST(FaultInjection, complains_about_what_rehearses_nothing) {
  EXPECT_TRUE(complaints_about(fault_injection_filter(), "{ header: { x-a: b } }").contains("rehearse nothing"));
  EXPECT_TRUE(complaints_about(fault_injection_filter(), "{ abort: 200 }").contains("too small"));
  EXPECT_TRUE(complaints_about(fault_injection_filter(), "{ delay: { share: 5% } }").contains("\"time\" is missing"));
}

}  // namespace
}  // namespace weir
