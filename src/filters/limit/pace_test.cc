// Bandwidth in virtual time: turns against a bucket counted exactly, bodies that come as fast as they may and no
// faster.
#include "filters/limit/pace.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <string>

#include "contracts/testing/test_exchange.h"
#include "filters/limit/paced_body.h"
#include "filters/limit/stated_bounds.h"

namespace weir::limit {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using std::chrono::seconds;
__extension__ using Wide = unsigned __int128;

Time at(Duration since) {
  return Time{seconds{1000}} + since;
}

/// The bucket by definition, in bytes times nanoseconds: exact for any rate.
class Bucket {
 public:
  explicit Bucket(const Pace& pace) : pace_(pace), level_(Wide{pace.burst} * 1'000'000'000) {}
  /// \returns whether there was enough at that moment
  bool pass(Time moment, ByteCount bytes) {
    const auto passed = static_cast<std::uint64_t>((moment - last_).count());
    last_ = moment;
    level_ = std::min(Wide{pace_.burst} * 1'000'000'000, level_ + Wide{passed} * pace_.bytes_per_second);
    const Wide cost = Wide{bytes} * 1'000'000'000;
    if (cost > level_) return false;
    level_ -= cost;
    return true;
  }

 private:
  const Pace pace_;
  Wide level_;
  Time last_{};
};

// A million turns of random sizes at random moments, at rates from bytes to gibibytes: never more than the bucket has
// when a turn comes due, in the order in which they were taken, and with use of what there is.
TEST(Pace, turns_never_pass_the_bucket) {
  std::mt19937_64 random(3);
  for (int round = 0; round < 1'000; ++round) {
    const ByteCount rate = ByteCount{1} << random() % 34;
    const Pace pace{.bytes_per_second = rate + random() % rate, .burst = 1 + random() % 200'000};
    Bucket bucket(pace);
    std::uint64_t state = 0;
    Time now = at({});
    Time last_due = now;
    for (int step = 0; step < 1'000; ++step) {
      now += nanoseconds{random() % 3 == 0 ? random() % 10'000'000 : 0};
      const ByteCount bytes = 1 + random() % pace.burst;
      const Turn turn = take_turn(pace, state, now, bytes);
      if (turn.wait > seconds{3600}) break;
      state = turn.state;
      const Time due = now + turn.wait;
      ASSERT_GE(due, last_due);
      last_due = due;
      ASSERT_TRUE(bucket.pass(due, bytes)) << rate << ' ' << pace.burst << ' ' << step;
    }
  }
}

// Who asks all the time gets the rate, less what is rounded up: a nanosecond for each turn.
TEST(Pace, a_rate_is_used_up) {
  const Pace pace{.bytes_per_second = 1'000'000'007, .burst = 65'536};
  std::uint64_t state = 0;
  Time now = at({});
  const int turns = 100'000;
  for (int step = 0; step < turns; ++step) {
    const Turn turn = take_turn(pace, state, now, 65'536);
    state = turn.state;
    now += turn.wait;
  }
  const auto ideal = static_cast<std::int64_t>(Wide{65'536} * (turns - 1) * 1'000'000'000 / pace.bytes_per_second);
  const std::int64_t taken = (now - at({})).count();
  EXPECT_GE(taken, ideal);
  EXPECT_LE(taken, ideal + 2 * turns);
}

TEST(Pace, what_is_given_back_can_be_had_again_and_no_more) {
  const Pace pace{.bytes_per_second = 1000, .burst = 100};
  const Turn all = take_turn(pace, 0, at({}), 100);
  EXPECT_EQ(all.wait, Duration{});
  EXPECT_EQ(take_turn(pace, all.state, at({}), 40).wait, milliseconds{40});
  const std::uint64_t after = give_back(pace, all.state, at({}), 40);
  EXPECT_EQ(take_turn(pace, after, at({}), 40).wait, Duration{});
  EXPECT_GT(take_turn(pace, give_back(pace, 0, at({}), 1'000'000), at({}), 100).state, 0U);
  EXPECT_EQ(take_turn(pace, take_turn(pace, give_back(pace, 0, at({}), 1000), at({}), 100).state, at({}), 1).wait,
            milliseconds{1})
      << "never more than the burst";
}

// A clock that goes back by a year: nobody waits a year.
TEST(Pace, a_clock_that_goes_back_makes_nobody_wait_long) {
  const Pace pace{.bytes_per_second = 1000, .burst = 1000};
  const std::uint64_t state = take_turn(pace, 0, at(std::chrono::hours{24 * 365}), 1000).state;
  EXPECT_EQ(take_turn(pace, state, at({}), 10).wait, milliseconds{10}) << "what is left counts as all spent";
}

// ---- bodies ----

/// Gives its bytes in pieces of a size, as they are asked for.
class SourceBody final : public Body {
 public:
  SourceBody(std::string_view bytes, std::size_t piece) : rest_(bytes), piece_(piece) {}
  Task<Result<Piece>> read() override {
    ++pulls;
    // As a socket does it: the bytes lie in a scratch that the next one overwrites.
    scratch_.assign(rest_.substr(0, piece_));
    rest_.remove_prefix(scratch_.size());
    co_return Piece{.bytes = scratch_, .end = rest_.empty()};
  }
  [[nodiscard]] std::optional<ByteCount> remaining() const override { return rest_.size(); }
  int pulls = 0;

 private:
  std::string_view rest_;
  std::size_t piece_;
  std::string scratch_;
};

std::string random_bytes(std::size_t size) {
  std::mt19937_64 random(17);
  std::string bytes(size, '\0');
  for (char& byte : bytes) byte = static_cast<char>(random());
  return bytes;
}

class PacedBodyTest : public testing::Test {
 protected:
  struct Seen {
    std::string bytes;
    std::vector<std::pair<Duration, ByteCount>> pieces;  ///< since the begin
  };

  Task<Result<void>> read_all(Body& body, Seen& seen) {
    while (true) {
      std::optional<Result<Piece>> piece = body.try_read();
      if (!piece) piece = co_await body.read();
      if (!*piece) co_return fail(piece->error());
      seen.bytes += (*piece)->bytes;
      seen.pieces.emplace_back(shard.shard().reactor.now() - begin, (*piece)->bytes.size());
      most_timers = std::max(most_timers, shard.shard().reactor.timers().armed_count());
      if ((*piece)->end) co_return Result<void>{};
      // The writer suspends: whatever lay in a scratch is gone.
      co_await Yield(shard.shard().reactor);
    }
  }
  Task<Result<void>> read_both(Body& one, Body& other, Seen& first, Seen& second) {
    weir::Scope scope(shard.shard().reactor);
    scope.spawn(forget(read_all(one, first)));
    scope.spawn(forget(read_all(other, second)));
    co_await scope.join();
    co_return Result<void>{};
  }
  static Task<void> forget(Task<Result<void>> task) { (void)co_await std::move(task); }

  TestShard shard;
  Arena arena{shard.shard().blocks};
  Cell waits;
  Time begin = shard.shard().reactor.now();
  std::size_t most_timers = 0;
};

// A mebibyte at 64 KiB a second: all bytes in their order, in the time that the rate says, evenly, with one timer.
TEST_F(PacedBodyTest, content_comes_evenly_at_its_rate) {
  const std::string content = random_bytes(mebibyte);
  const Pace pace{.bytes_per_second = 64 * kibibyte, .burst = 16 * kibibyte};
  for (const std::size_t piece : {std::size_t{100}, std::size_t{1460}, std::size_t{64 * kibibyte}, content.size()}) {
    PaceTable table(pace, 1);
    begin = shard.shard().reactor.now();
    most_timers = 0;
    PacedBody body(BodyPointer(arena.make<SourceBody>(content, piece)), table, 7, shard.shard().reactor, waits);
    EXPECT_EQ(body.remaining(), content.size());
    Seen seen;
    ASSERT_TRUE(shard.run_to_end(read_all(body, seen)));
    EXPECT_EQ(seen.bytes, content) << piece;
    const Duration took = shard.shard().reactor.now() - begin;
    const Duration ideal = milliseconds{15'750};  // (1 MiB - 16 KiB) / 64 KiB
    EXPECT_GE(took, ideal - milliseconds{25}) << piece;
    EXPECT_LE(took, ideal + milliseconds{100}) << piece;
    EXPECT_LE(most_timers, 1U);
    // In no second more than burst and rate, and never a pause longer than two portions.
    ByteCount within = 0;
    std::size_t from = 0;
    Duration last{};
    for (const auto& [when, bytes] : seen.pieces) {
      within += bytes;
      while (when - seen.pieces[from].first > seconds{1}) within -= seen.pieces[from++].second;
      EXPECT_LE(within, pace.burst + pace.bytes_per_second + 1);
      EXPECT_LE(when - last, milliseconds{45}) << piece;
      last = when;
    }
  }
  EXPECT_EQ(waits.get(), 4U);
}

// Two streams of one key share its rate, neither starves; a third of another key does not notice.
TEST_F(PacedBodyTest, streams_of_a_key_share_it) {
  const std::string content = random_bytes(128 * kibibyte);
  PaceTable table({.bytes_per_second = 64 * kibibyte, .burst = 4 * kibibyte}, 100);
  PacedBody one(BodyPointer(arena.make<SourceBody>(content, 1460)), table, 7, shard.shard().reactor, waits);
  PacedBody other(BodyPointer(arena.make<SourceBody>(content, 1460)), table, 7, shard.shard().reactor, waits);
  Seen first;
  Seen second;
  ASSERT_TRUE(shard.run_to_end(read_both(one, other, first, second)));
  EXPECT_EQ(first.bytes, content);
  EXPECT_EQ(second.bytes, content);
  const Duration took = shard.shard().reactor.now() - begin;
  EXPECT_GE(took, milliseconds{3900});
  EXPECT_LE(took, milliseconds{4100});
  EXPECT_GE(first.pieces.back().first, milliseconds{3700}) << "both ended about together";
  EXPECT_GE(second.pieces.back().first, milliseconds{3700});
}

// Backpressure is the absence of a pull: while a turn is waited for, the source is not asked.
TEST_F(PacedBodyTest, nothing_is_pulled_before_its_turn) {
  PaceTable table({.bytes_per_second = 1000, .burst = 100}, 1);
  auto* const source = arena.make<SourceBody>("0123456789", 10);
  EXPECT_TRUE(table.take_now(7, begin, 100)) << "somebody else has spent all";
  PacedBody body(BodyPointer(source), table, 7, shard.shard().reactor, waits);
  EXPECT_FALSE(body.try_read());
  EXPECT_EQ(source->pulls, 0);
  const Result<Piece> piece = shard.run_to_end(body.read());
  ASSERT_TRUE(piece);
  EXPECT_EQ(piece->bytes, "0123456789");
  EXPECT_TRUE(piece->end);
  EXPECT_EQ(shard.shard().reactor.now() - begin, milliseconds{100}) << "a portion is the burst here";
}

// What is given up gives its turn back: others do not wait for bytes that never pass.
TEST_F(PacedBodyTest, a_body_that_is_given_up_returns_its_turn) {
  PaceTable table({.bytes_per_second = 1000, .burst = 100}, 1);
  {
    auto* const pieces =
        arena.make<PiecesBody>(std::vector<std::string_view>{"x"}, PiecesBody::Readiness::only_by_read);
    PacedBody body(BodyPointer(pieces), table, 7, shard.shard().reactor, waits);
    EXPECT_FALSE(body.try_read()) << "a turn was there, a piece was not";
    EXPECT_FALSE(table.take_now(7, begin, 100));
  }
  EXPECT_TRUE(table.take_now(7, begin, 100));
}

/// Has each piece only from a moment on.
class LateBody final : public Body {
 public:
  LateBody(Reactor& reactor, std::vector<std::pair<Time, ByteCount>> pieces)
      : reactor_(reactor), pieces_(std::move(pieces)) {}
  Task<Result<Piece>> read() override {
    const Time when = pieces_[next_].first;
    if (when > reactor_.now()) CO_TRY_VOID(co_await Sleep(reactor_, when - reactor_.now()));
    co_return give();
  }
  std::optional<Result<Piece>> try_read() override {
    if (pieces_[next_].first > reactor_.now()) return {};
    return give();
  }

 private:
  Piece give() {
    scratch_.assign(pieces_[next_].second, 'x');
    return {.bytes = scratch_, .end = ++next_ == pieces_.size()};
  }
  Reactor& reactor_;
  std::vector<std::pair<Time, ByteCount>> pieces_;
  std::size_t next_ = 0;
  std::string scratch_;
};

class PaceBoundTest : public PacedBodyTest {
 protected:
  /// Bytes by the moments at which they passed, of streams of one key.
  std::map<Duration, ByteCount> passed(const Pace& pace, std::vector<std::vector<std::pair<Time, ByteCount>>> sources) {
    PaceTable table(pace, 1);
    std::vector<std::unique_ptr<PacedBody>> bodies;
    for (auto& pieces : sources) {
      bodies.push_back(
          std::make_unique<PacedBody>(BodyPointer(arena.make<LateBody>(shard.shard().reactor, std::move(pieces))),
                                      table, 7, shard.shard().reactor, waits));
    }
    std::vector<Seen> seen(bodies.size());
    EXPECT_TRUE(shard.run_to_end(read_each(bodies, seen)));
    std::map<Duration, ByteCount> all;
    for (const Seen& each : seen)
      for (const auto& [when, bytes] : each.pieces) all[when] += bytes;
    return all;
  }
  Task<Result<void>> read_each(std::span<const std::unique_ptr<PacedBody>> bodies, std::span<Seen> seen) {
    weir::Scope scope(shard.shard().reactor);
    for (std::size_t at = 0; at < bodies.size(); ++at) scope.spawn(forget(read_all(*bodies[at], seen[at])));
    co_await scope.join();
    co_return Result<void>{};
  }
  /// The most of any time of that length.
  static ByteCount worst(const std::map<Duration, ByteCount>& passed, Duration length) {
    ByteCount most = 0;
    ByteCount within = 0;
    auto first = passed.begin();
    for (const auto& [when, bytes] : passed) {
      within += bytes;
      for (; when - first->first >= length; ++first) within -= first->second;
      most = std::max(most, within);
    }
    return most;
  }
};

// Twenty streams whose turns have come and whose sources have nothing: when these have something in the same moment,
// a portion of each passes on top of what the bucket holds.
TEST_F(PaceBoundTest, a_stream_may_pass_a_portion_whose_turn_came_before_its_bytes) {
  const Pace pace{.bytes_per_second = 50'000, .burst = 1000};
  const std::vector<std::vector<std::pair<Time, ByteCount>>> sources(20, {{begin + seconds{5}, 1000}});
  const auto bytes = passed(pace, sources);
  const Bound bound = pace_bound(pace, 1);
  EXPECT_EQ(worst(bytes, milliseconds{1}), 20'000U) << "twenty portions at once, and 1000 are the burst";
  EXPECT_LE(static_cast<double>(worst(bytes, seconds{1})),
            bound.worst_second + 20 * static_cast<double>(PacedBody::portion_of(pace)));
}

// Random streams whose sources stall at random: never more than what is stated, in a second and in ten.
TEST_F(PaceBoundTest, what_is_stated_is_never_passed) {
  std::mt19937_64 random(41);
  for (int round = 0; round < 30; ++round) {
    begin = shard.shard().reactor.now();
    const Pace pace{.bytes_per_second = 2'000 + random() % 200'000, .burst = 600 + random() % 60'000};
    std::vector<std::vector<std::pair<Time, ByteCount>>> sources(1 + random() % 8);
    for (auto& pieces : sources) {
      Time when = begin;
      for (int piece = 0; piece < 60; ++piece) {
        if (random() % 10 == 0) when += milliseconds{random() % 3000};
        pieces.emplace_back(when, 1 + random() % 4000);
      }
    }
    const std::size_t streams = sources.size();
    const auto bytes = passed(pace, std::move(sources));
    const Bound bound = pace_bound(pace, 1);
    const auto on_top = static_cast<double>(streams * PacedBody::portion_of(pace));
    EXPECT_LE(static_cast<double>(worst(bytes, seconds{1})), bound.worst_second + on_top) << round;
    EXPECT_LE(static_cast<double>(worst(bytes, seconds{10})), bound.worst_ten_seconds + on_top) << round;
  }
}

/// A file of which slices can be had as such.
class SlicesBody final : public Body {
 public:
  explicit SlicesBody(ByteCount bytes) : left_(bytes) {}
  Task<Result<Piece>> read() override {
    const ByteCount bytes = std::min<ByteCount>(left_, sizeof(room_));
    left_ -= bytes;
    co_return Piece{.bytes = {room_, bytes}, .end = left_ == 0};
  }
  std::optional<Result<FilePiece>> try_file() override {
    const ByteCount bytes = std::min(left_, limits::file_slice_bytes);
    left_ -= bytes;
    return FilePiece{.descriptor = 0, .offset = 0, .bytes = bytes, .end = left_ == 0};
  }

 private:
  ByteCount left_;
  char room_[4096] = {};
};

// Slices of files pass as such while the bucket holds a whole one, and count like other bytes.
TEST_F(PacedBodyTest, files_are_sent_from_where_they_lie_while_they_need_not_wait) {
  PaceTable wide({.bytes_per_second = mebibyte, .burst = 2 * limits::file_slice_bytes}, 1);
  PacedBody body(BodyPointer(arena.make<SlicesBody>(3 * limits::file_slice_bytes)), wide, 7, shard.shard().reactor,
                 waits);
  EXPECT_TRUE(body.try_file());
  EXPECT_TRUE(body.try_file());
  EXPECT_FALSE(body.try_file()) << "the burst is spent";
  EXPECT_FALSE(body.try_read());
  EXPECT_TRUE(shard.run_to_end(body.read()));
  EXPECT_GE(shard.shard().reactor.now() - begin, milliseconds{3});
  PaceTable narrow({.bytes_per_second = mebibyte, .burst = limits::file_slice_bytes - 1}, 1);
  PacedBody copied(BodyPointer(arena.make<SlicesBody>(limits::file_slice_bytes)), narrow, 7, shard.shard().reactor,
                   waits);
  EXPECT_FALSE(copied.try_file()) << "no slice ever fits";
}

}  // namespace
}  // namespace weir::limit
