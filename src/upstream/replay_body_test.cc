// What is kept of a body, and until when. The source says its pieces one by one.
#include "upstream/replay_body.h"

#include <gtest/gtest.h>

#include <deque>

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
      : replayed(BodyPointer(new(&storage) Pieces(std::move(pieces))), keep_max) {}
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

  alignas(Pieces) std::byte storage[sizeof(Pieces)];
  ReplayBody replayed;
};

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
