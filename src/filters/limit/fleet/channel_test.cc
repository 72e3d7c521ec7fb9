// Shows that members understand one another, and nobody else: wrong keys, replays, other connections, broken lengths.
#include "filters/limit/fleet/channel.h"

#include <gtest/gtest.h>

namespace weir::limit::fleet {
namespace {

using What = Channel::Taken::What;

const std::string old_secret = "0123456789abcdef0123456789abcdef";
const std::string new_secret = "fedcba9876543210fedcba9876543210";

struct Pair {
  explicit Pair(const KeyRing& one, const KeyRing& other)
      : dialed(one.hello()),
        accepted(other.answer(dialed).value()),
        caller(one, Channel::Side::dials, dialed, accepted),
        called(other, Channel::Side::accepts, dialed, accepted) {}
  Hello dialed;
  Hello accepted;
  Channel caller;
  Channel called;
};

What take(Channel& channel, std::string_view bytes) {
  return channel.take(bytes).what;
}

TEST(FleetChannel, carries_messages_both_ways) {
  const KeyRing ring("edge", {old_secret});
  Pair pair(ring, ring);
  const std::string two = pair.caller.frame("one") + pair.caller.frame("two");
  std::string_view bytes = two;
  EXPECT_EQ(pair.called.take(bytes).message, "one");
  EXPECT_EQ(pair.called.take(bytes).message, "two");
  EXPECT_TRUE(bytes.empty());
  const std::string back = pair.called.frame("back");
  bytes = back;
  EXPECT_EQ(pair.caller.take(bytes).message, "back");
}

TEST(FleetChannel, waits_for_a_frame_that_came_in_pieces) {
  const KeyRing ring("edge", {old_secret});
  Pair pair(ring, ring);
  const std::string frame = pair.caller.frame("message");
  for (std::size_t size = 0; size < frame.size(); ++size)
    EXPECT_EQ(take(pair.called, frame.substr(0, size)), What::incomplete);
  EXPECT_EQ(take(pair.called, frame), What::message);
}

TEST(FleetChannel, refuses_what_is_replayed_reordered_reflected_or_changed) {
  const KeyRing ring("edge", {old_secret});
  Pair pair(ring, ring);
  const std::string first = pair.caller.frame("first");
  const std::string second = pair.caller.frame("second");
  EXPECT_EQ(take(pair.called, second), What::refused);
  EXPECT_EQ(take(pair.caller, first), What::refused) << "sent back to its sender";
  std::string changed = first;
  changed.back() = static_cast<char>(changed.back() ^ 1);
  EXPECT_EQ(take(pair.called, changed), What::refused);
  EXPECT_EQ(take(pair.called, first), What::message);
  EXPECT_EQ(take(pair.called, first), What::refused) << "replayed";
  Pair another(ring, ring);
  EXPECT_EQ(take(another.called, first), What::refused) << "recorded from another connection";
}

TEST(FleetChannel, refuses_a_wrong_key_and_another_fleet) {
  const KeyRing ring("edge", {old_secret});
  EXPECT_FALSE(ring.answer(KeyRing("edge", {new_secret}).hello()));
  EXPECT_FALSE(ring.answer(KeyRing("other", {old_secret}).hello()));
}

// Each step of a rotation is a time in which members of both kinds are there.
TEST(FleetChannel, keys_rotate_member_by_member) {
  const KeyRing before("edge", {old_secret});
  const KeyRing added("edge", {old_secret, new_secret});
  const KeyRing turned("edge", {new_secret, old_secret});
  const KeyRing after("edge", {new_secret});
  for (const auto& [one, other] : {std::pair(&before, &added), {&added, &turned}, {&turned, &after}}) {
    EXPECT_TRUE(other->answer(one->hello()));
    EXPECT_TRUE(one->answer(other->hello()));
    Pair pair(*one, *other);
    EXPECT_EQ(take(pair.called, pair.caller.frame("message")), What::message);
  }
  EXPECT_FALSE(before.answer(after.hello()));
}

TEST(FleetChannel, refuses_lengths_that_no_frame_has) {
  const KeyRing ring("edge", {old_secret});
  Pair pair(ring, ring);
  EXPECT_EQ(take(pair.called, std::string("\xff\xff", 2)), What::refused);
  EXPECT_EQ(take(pair.called, std::string("\x0f\x00", 2)), What::refused) << "shorter than its seal";
}

TEST(FleetChannel, hello_comes_back_and_nothing_else_is_one) {
  const Hello hello = KeyRing("edge", {old_secret}).hello();
  const std::string bytes = write(hello);
  ASSERT_EQ(bytes.size(), hello_bytes);
  EXPECT_EQ(read_hello(bytes)->challenge, hello.challenge);
  EXPECT_FALSE(read_hello(bytes + "x"));
  EXPECT_FALSE(read_hello("GET / HTTP/1.1\r\nhost: somebody else's port\r\n\r\n."));
}

TEST(FleetChannel, fingerprints_are_the_same_at_all_members_and_differ_by_rule) {
  const KeyRing one("edge", {old_secret});
  const KeyRing other("edge", {old_secret, new_secret});
  EXPECT_EQ(one.fingerprints("rule").hash("key"), other.fingerprints("rule").hash("key"));
  EXPECT_NE(one.fingerprints("rule").hash("key"), one.fingerprints("another").hash("key"));
  EXPECT_NE(one.fingerprints("rule").hash("key"), KeyRing("edge", {new_secret}).fingerprints("rule").hash("key"));
}

}  // namespace
}  // namespace weir::limit::fleet
