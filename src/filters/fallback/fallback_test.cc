// Who answers when the rest fails, and when nobody else may.
#include "filters/fallback/fallback.h"

#include <gtest/gtest.h>

#include <variant>

#include "contracts/testing/conformance.h"

namespace weir {
namespace {

/// Ends the chain as told, after pulling the request's body.
class FailingService final : public Service {
 public:
  explicit FailingService(std::variant<Error, Status> outcome, bool counts_as_attempt = true)
      : outcome_(outcome), counts_as_attempt_(counts_as_attempt) {}

  Reply handle(Exchange& exchange) const override {
    if (counts_as_attempt_) ++exchange.attempts;
    while (exchange.request_body != nullptr) {
      CO_TRY(const Piece piece, co_await exchange.request_body->read());
      if (piece.end) break;
    }
    if (const Error* error = std::get_if<Error>(&outcome_)) co_return fail(*error);
    Answer answer(exchange.arena);
    answer.head.status = std::get<Status>(outcome_);
    co_return answer;
  }
  Effect rehearse(ImaginedRequest&) const override { return {.text = "fails", .answers = true}; }

 private:
  std::variant<Error, Status> outcome_;
  bool counts_as_attempt_;
};

/// What answers instead: remembers the body it was sent.
class OtherService final : public Service {
 public:
  OtherService(std::string& body, bool forwards) : body_(body), forwards_(forwards) {}

  Reply handle(Exchange& exchange) const override {
    body_ = "asked:";
    while (exchange.request_body != nullptr && forwards_) {
      CO_TRY(const Piece piece, co_await exchange.request_body->read());
      body_ += piece.bytes;
      if (piece.end) break;
    }
    Answer answer(exchange.arena);
    answer.head.status = 203;
    co_return answer;
  }
  Effect rehearse(ImaginedRequest&) const override { return {.text = "helps", .answers = true, .status = 203}; }
  [[nodiscard]] bool forwards() const override { return forwards_; }

 private:
  std::string& body_;
  bool forwards_;
};

struct Case {
  std::variant<Error, Status> outcome;
  std::string_view method = "GET";
  std::vector<std::string_view> content{};
  bool forwards = false;
  std::vector<Status> statuses{};
  bool counts_as_attempt = true;
};

struct Ended {
  Status status = 0;  ///< 0: with an error
  std::string reason;
  std::string body;  ///< that the other service got
};

Ended play(const Case& what) {
  TestShard shard;
  TestExchange test(shard);
  test.request(what.method, "/", "example.com");
  if (!what.content.empty()) test.content({Framing::Kind::chunked, 0}, what.content);
  Ended ended;
  FallbackOptions options;
  options.statuses = what.statuses;
  options.services.push_back({.name = "other", .place = {}, .value = {}});
  const Fallback fallback(options, std::make_unique<OtherService>(ended.body, what.forwards));
  const FailingService rest(what.outcome, what.counts_as_attempt);
  const Result<Answer> answer = shard.run_to_end(fallback.handle(test.exchange, TestExchange::next(rest)));
  if (answer) ended.status = answer->head.status;
  if (test.last_record() != nullptr) ended.reason = test.last_record()->reason;
  return ended;
}

constexpr Error refused = upstream_error(Code::connect_refused).with(Retry::unsent);
constexpr Error broken = upstream_error(Code::peer_reset).with(Retry::idempotent);

TEST(Fallback, answers_when_the_rest_fails) {
  EXPECT_EQ(play({.outcome = broken}).status, 203);
  EXPECT_EQ(play({.outcome = gateway_error(Code::no_endpoint)}).status, 203);
  EXPECT_EQ(play({.outcome = upstream_error(Code::first_byte_timeout)}).status, 203);
  EXPECT_EQ(play({.outcome = gateway_error(Code::fault_injected)}).status, 203);
  EXPECT_EQ(play({.outcome = broken, .method = "POST"}).status, 203) << "nothing is sent twice";
}

TEST(Fallback, leaves_answers_and_refusals_alone) {
  EXPECT_EQ(play({.outcome = Status{200}}).status, 200);
  EXPECT_EQ(play({.outcome = Status{503}}).status, 503);
  EXPECT_EQ(play({.outcome = Status{503}}).reason, "") << "nothing was decided";
  EXPECT_EQ(play({.outcome = client_error(Code::access_denied)}).status, 0);
  EXPECT_EQ(play({.outcome = client_error(Code::access_denied)}).reason, "not_a_failure");
}

TEST(Fallback, takes_listed_statuses_for_failures) {
  EXPECT_EQ(play({.outcome = Status{503}, .statuses = {503}}).status, 203);
  EXPECT_EQ(play({.outcome = Status{500}, .statuses = {503}}).status, 500);
}

TEST(Fallback, comes_too_late_for_whoever_has_no_time) {
  for (const Code code : {Code::request_timeout, Code::canceled, Code::draining}) {
    EXPECT_EQ(play({.outcome = gateway_error(code)}).reason, "too_late");
  }
}

TEST(Fallback, sends_a_request_on_only_where_it_may_be_sent_twice) {
  EXPECT_EQ(play({.outcome = broken, .forwards = true}).status, 203);
  EXPECT_EQ(play({.outcome = broken, .method = "POST", .forwards = true}).reason, "not_idempotent");
  EXPECT_EQ(play({.outcome = refused, .method = "POST", .forwards = true}).status, 203) << "nobody has seen it";
  EXPECT_EQ(play({.outcome = Status{503}, .method = "POST", .forwards = true, .statuses = {503}}).status, 503);
  const Case none{
      .outcome = gateway_error(Code::no_endpoint), .method = "POST", .forwards = true, .counts_as_attempt = false};
  EXPECT_EQ(play(none).status, 203) << "nobody was asked";
}

TEST(Fallback, sends_the_body_from_its_beginning) {
  EXPECT_EQ(play({.outcome = broken, .method = "PUT", .content = {"hel", "lo"}, .forwards = true}).body, "asked:hello");
  const std::string large(limits::replay_bytes + 1, 'x');
  const Ended ended = play({.outcome = broken, .method = "PUT", .content = {large}, .forwards = true});
  EXPECT_EQ(ended.status, 0);
  EXPECT_EQ(ended.reason, "body_not_kept");
}

TEST(Fallback, complains_about_no_service_and_about_two) {
  EXPECT_TRUE(complaints_about(fallback_filter(), "{ statuses: [503] }").contains("no service is given"));
  EXPECT_TRUE(complaints_about(fallback_filter(), "{ respond: 200, files: /srv }").contains("two services"));
  EXPECT_TRUE(complaints_about(fallback_filter(), "{ respond: 200, statuses: [200] }").contains("no failure"));
}

}  // namespace
}  // namespace weir
