// What is kept of a body, and until when. The source says its pieces one by one.
#include "upstream/replay_body.h"

#include <gtest/gtest.h>

#include <deque>

#include "contracts/testing/test_shard.h"

namespace weir {
namespace {

class Pieces final : public Body {
 public:
  explicit Pieces(std::deque<Result<Piece>> pieces) : pieces_(std::move(pieces)) {}
  Task<Result<Piece>> read() override { co_return *try_read(); }
  std::optional<Result<Piece>> try_read() override {
    if (pieces_.empty()) return {};
    const Result<Piece> next = pieces_.front();
    pieces_.pop_front();
    return next;
  }

 private:
  std::deque<Result<Piece>> pieces_;
};

struct Fixture {
  // In place, as in an arena: the pointer ends the body and frees nothing.
  explicit Fixture(std::deque<Result<Piece>> pieces, ByteCount keep_max = 8)
      : replayed(machine.shard().reactor, BodyPointer(new(&storage) Pieces(std::move(pieces))), keep_max) {}
  std::string pull(std::size_t pieces = 100) {
    std::string text;
    while (pieces-- > 0) {
      const auto piece = replayed.try_read();
      if (!piece || !*piece) break;
      text += (*piece)->bytes;
      if ((*piece)->end) return text + "$";
    }
    return text;
  }

  TestShard machine;
  alignas(Pieces) std::byte storage[sizeof(Pieces)];
  ReplayBody replayed;
};

/// A client that takes its time: each read waits until something comes.
class SlowClient final : public Body {
 public:
  explicit SlowClient(Reactor& reactor) : signal_(reactor) {}
  Task<Result<Piece>> read() override {
    EXPECT_FALSE(std::exchange(being_read_, true)) << "two read at once";
    const Result<void> came = co_await signal_.wait();
    being_read_ = false;
    if (!came) co_return fail(came.error());
    co_return next_;
  }
  void send(Result<Piece> piece) {
    next_ = piece;
    signal_.raise();
  }

 private:
  Signal signal_;
  Result<Piece> next_ = Piece{};
  bool being_read_ = false;
};

/// Tries that read a body beside one another, as uploads do that nobody has told yet that their upstream refused.
class ReplayBodyInTurns : public testing::Test {
 protected:
  std::size_t begin_reading() {
    results_.emplace_back();
    scope_.spawn(read(results_.size() - 1));
    return results_.size() - 1;
  }
  Task<void> read(std::size_t place) {
    const Result<Piece> piece = co_await body_.read();
    if (!piece) {
      results_[place] = piece.error().code == Code::canceled ? "canceled" : "failed";
    } else {
      results_[place] = std::string(piece->bytes) + (piece->end ? "$" : "");
    }
  }
  void client_sends(Result<Piece> piece) {
    client_->send(piece);
    machine_.world().run_until([] { return false; });
  }

  TestShard machine_;
  alignas(SlowClient) std::byte storage_[sizeof(SlowClient)];
  SlowClient* client_ = new (&storage_) SlowClient(machine_.shard().reactor);
  ReplayBody body_{machine_.shard().reactor, BodyPointer(client_), 0};
  Scope scope_{machine_.shard().reactor};
  std::deque<std::string> results_;
};

TEST_F(ReplayBodyInTurns, what_an_old_try_waited_for_is_the_next_ones) {
  const std::size_t refused = begin_reading();
  body_.rewind();
  const std::size_t next = begin_reading();
  client_sends(Piece{.bytes = "ab"});
  EXPECT_EQ(results_[refused], "canceled");
  EXPECT_EQ(results_[next], "ab");
  const std::size_t rest = begin_reading();
  client_sends(Piece{.bytes = "cd", .end = true});
  EXPECT_EQ(results_[rest], "cd$");
  EXPECT_FALSE(body_.replayable()) << "what must not be sent twice was kept";
}

TEST_F(ReplayBodyInTurns, tries_in_between_are_told_at_once) {
  begin_reading();
  body_.rewind();
  const std::size_t second = begin_reading();
  body_.rewind();
  const std::size_t third = begin_reading();
  client_sends(Piece{.bytes = "ab", .end = true});
  EXPECT_EQ(results_[second], "canceled");
  EXPECT_EQ(results_[third], "ab$");
}

TEST_F(ReplayBodyInTurns, client_that_breaks_off_under_an_old_try_fails_the_next) {
  begin_reading();
  body_.rewind();
  const std::size_t next = begin_reading();
  client_sends(fail(client_error(Code::peer_reset)));
  EXPECT_EQ(results_[next], "failed");
  EXPECT_FALSE(body_.replayable());
}

TEST(ReplayBody, small_body_is_said_again) {
  Fixture body({Piece{.bytes = "ab"}, Piece{.bytes = "cd"}, Piece{.bytes = "ef", .end = true}});
  EXPECT_EQ(body.pull(), "abcdef$");
  ASSERT_TRUE(body.replayed.replayable());
  body.replayed.rewind();
  EXPECT_EQ(body.replayed.remaining(), 6U);
  EXPECT_EQ(body.pull(), "abcdef$");
}

TEST(ReplayBody, half_pulled_body_goes_on_behind_the_replay) {
  Fixture body({Piece{.bytes = "ab"}, Piece{.bytes = "cd", .end = true}});
  EXPECT_EQ(body.pull(1), "ab");
  body.replayed.rewind();
  EXPECT_EQ(body.pull(), "abcd$");
  body.replayed.rewind();
  EXPECT_EQ(body.pull(), "abcd$");
}

TEST(ReplayBody, body_beyond_the_limit_is_not_kept) {
  Fixture body({Piece{.bytes = "12345678"}, Piece{.bytes = "9", .end = true}});
  EXPECT_EQ(body.pull(1), "12345678");
  EXPECT_TRUE(body.replayed.replayable());
  EXPECT_EQ(body.pull(), "9$");
  EXPECT_FALSE(body.replayed.replayable());
}

TEST(ReplayBody, keeping_nothing_allows_a_second_try_only_before_the_first_pull) {
  Fixture body({Piece{.bytes = "a", .end = true}}, 0);
  EXPECT_TRUE(body.replayed.replayable());
  EXPECT_EQ(body.pull(), "a$");
  EXPECT_FALSE(body.replayed.replayable());
}

TEST(ReplayBody, failed_body_is_not_said_again) {
  Fixture body({Piece{.bytes = "a"}, fail(client_error(Code::peer_closed))});
  EXPECT_EQ(body.pull(), "a");
  EXPECT_FALSE(body.replayed.replayable());
}

TEST(ReplayBody, forgotten_while_replaying_still_says_the_rest) {
  Fixture body({Piece{.bytes = "ab"}, Piece{.bytes = "cd", .end = true}});
  EXPECT_EQ(body.pull(1), "ab");
  body.replayed.rewind();
  body.replayed.forget();
  EXPECT_EQ(body.pull(), "abcd$");
}

}  // namespace
}  // namespace weir
