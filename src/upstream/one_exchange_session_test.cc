// Shows: what is promised is sent or nothing is, and a connection goes back healthy only when all ended well.
// How: a session of a made-up protocol (`head:` and the content; the answer is one byte) against a peer in simulated
// time.
#include "upstream/one_exchange_session.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "contracts/testing/test_exchange.h"
#include "net/listener.h"

namespace weir {
namespace {

using namespace std::chrono_literals;

class Owner final : public LeaseOwner {
 public:
  void give_back(ClientSession&, bool healthy) override { healths.push_back(healthy); }
  std::vector<bool> healths;
};

struct Writer {
  Stream& stream;
  ByteCount left;

  Stream::Send& send_head(std::string_view head) { return stream.send(head, no_limit); }
  Stream::Send& send(std::string_view head, const Piece& piece) {
    left -= piece.bytes.size();
    return stream.send({head, piece.bytes}, no_limit);
  }
  [[nodiscard]] std::optional<ByteCount> promised() const { return left; }
};

class Session final : public OneExchangeSession {
 public:
  using OneExchangeSession::OneExchangeSession;

  Reply send(Exchange& exchange, const RequestHead& head, Body* body, const UpstreamTimeouts& timeouts,
             Lease lease) override {
    begin(std::move(lease));
    Result<void> outcome = co_await send_with_body(exchange, Writer{*stream_, head.framing.length}, "head:", *body);
    if (outcome) {
      const auto bytes = co_await stream_->receive(first_byte_left(timeouts));
      if (bytes) inbox_.take(*bytes);
      outcome = judge_received(bytes ? Result<std::size_t>(bytes->size()) : fail(bytes.error()), false, timeouts);
    }
    if (outcome) {
      inbox_.consume(1);
      let_go(true);
      co_return Answer(exchange.arena);
    }
    const Error error = failure_of(outcome.error());
    let_go(false);
    co_return fail(error);
  }
};

class OneExchange : public testing::Test {
 protected:
  OneExchange() : address_(*socket_address(*parse_endpoint("10.0.0.9:80"))), scope_(shard_.shard().reactor) {}
  ~OneExchange() override {
    scope_.cancel(gateway_error(Code::canceled));
    shard_.world().run_until([&] { return scope_.running() == 0; });
  }

  /// Takes one connection, reads `wanted` bytes and says `answer`; empty: it closes.
  Task<void> serve(std::size_t wanted, std::string answer) {
    Reactor& reactor = shard_.shard().reactor;
    Listener listener(reactor, *Listener::open(reactor, address_, {}));
    const Result<Handle> accepted = co_await listener.accept();
    if (!accepted) co_return;
    Stream stream(reactor, *accepted, Origin::client);
    while (received_.size() < wanted) {
      const auto bytes = co_await stream.receive(1h);
      if (!bytes || bytes->empty()) co_return;
      received_.append(bytes->data(), bytes->size());
    }
    if (answer.empty()) co_return;
    co_await stream.send(answer, 1h);
    co_await stream.receive(1h);
  }

  /// What one exchange came to: `answered`, or the error's name.
  Task<std::string> exchange(ByteCount promised, std::string_view content) {
    if (session_ == nullptr) {
      auto stream = co_await connect(shard_.shard().reactor, {address_}, 1s);
      if (!stream) co_return "unconnected";
      session_ = std::make_unique<Session>(shard_.shard(), std::move(*stream), nullptr);
    }
    TestExchange test(shard_);
    RequestHead head(test.exchange.arena);
    head.framing = {.kind = Framing::Kind::length, .length = promised};
    FixedBody body(content);
    const UpstreamTimeouts timeouts{.first_byte = 1s};
    const Result<Answer> answer =
        co_await session_->send(test.exchange, head, &body, timeouts, Lease(owner_, *session_));
    test.exchange.scope.cancel(gateway_error(Code::canceled));
    co_await test.exchange.scope.join();
    retry_ = answer ? Retry::never : answer.error().retry;
    co_return answer ? "answered" : std::string(name_of(answer.error().code));
  }
  Task<void> give_up_after(Duration wait) {
    co_await Sleep(shard_.shard().reactor, wait);
    session_->give_up(gateway_error(Code::no_endpoint));
  }
  std::string outcome(std::size_t wanted, std::string answer, ByteCount promised, std::string_view content) {
    scope_.spawn(serve(wanted, std::move(answer)));
    return shard_.run_to_end(exchange(promised, content));
  }

  TestShard shard_;
  SocketAddress address_;
  Scope scope_;
  Owner owner_;
  std::unique_ptr<Session> session_;
  std::string received_;
  Retry retry_ = Retry::never;
};

TEST_F(OneExchange, goes_back_healthy_when_all_ended_well) {
  EXPECT_EQ(outcome(10, "+", 5, "hello"), "answered");
  EXPECT_EQ(received_, "head:hello");
  EXPECT_EQ(owner_.healths, std::vector<bool>{true});
  EXPECT_TRUE(session_->usable());
}

TEST_F(OneExchange, sends_nothing_of_a_content_that_is_not_as_long_as_promised) {
  EXPECT_EQ(outcome(1, "+", 6, "hello"), "body_cut_short");
  EXPECT_EQ(shard_.run_to_end(exchange(4, "hello")), "bad_length");
  EXPECT_EQ(received_, "");
  EXPECT_EQ(owner_.healths, (std::vector<bool>{false, false}));
}

TEST_F(OneExchange, is_condemned_when_the_peer_says_more_than_its_answer) {
  EXPECT_EQ(outcome(10, "+more", 5, "hello"), "answered");
  EXPECT_EQ(owner_.healths, std::vector<bool>{false});
  EXPECT_FALSE(session_->usable());
}

TEST_F(OneExchange, that_is_given_up_ends_at_once_and_may_be_tried_again) {
  scope_.spawn(give_up_after(100ms));
  const Time begin = shard_.shard().reactor.now();
  EXPECT_EQ(outcome(100, "+", 5, "hello"), "no_endpoint");
  EXPECT_EQ(shard_.shard().reactor.now() - begin, 100ms);
  EXPECT_EQ(retry_, Retry::idempotent);
  EXPECT_EQ(owner_.healths, std::vector<bool>{false});
}

TEST_F(OneExchange, that_was_closed_before_a_byte_of_the_answer_may_be_tried_again) {
  EXPECT_EQ(outcome(10, "", 5, "hello"), "peer_closed");
  EXPECT_EQ(retry_, Retry::idempotent);
  EXPECT_EQ(owner_.healths, std::vector<bool>{false});
}

}  // namespace
}  // namespace weir
