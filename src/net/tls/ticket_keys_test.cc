// The keys of session tickets move on with time, and open for as long as a ticket lives.
#include "net/tls/ticket_keys.h"

#include <gtest/gtest.h>

#include <string>

namespace weir::tls {
namespace {

constexpr Time start{std::chrono::hours{100}};

TEST(TlsTicketKeys, seal_for_a_turn_and_open_for_three) {
  TicketKeys keys;
  const TicketKey first = keys.sealing(start);
  EXPECT_EQ(keys.sealing(start + TicketKeys::turn - Duration{1}).name, first.name);
  EXPECT_TRUE(keys.opening(first.name, start)->first);
  const TicketKey second = keys.sealing(start + TicketKeys::turn);
  EXPECT_NE(second.name, first.name);
  const auto kept = keys.opening(first.name, start + TicketKeys::turn);
  ASSERT_TRUE(kept);
  EXPECT_FALSE(kept->first);
  EXPECT_EQ(kept->key.cipher, first.cipher);
  EXPECT_TRUE(keys.opening(first.name, start + 2 * TicketKeys::turn));
  EXPECT_FALSE(keys.opening(first.name, start + 3 * TicketKeys::turn));
}

TEST(TlsTicketKeys, nothing_is_opened_after_a_long_sleep) {
  TicketKeys keys;
  const TicketKey old = keys.sealing(start);
  EXPECT_FALSE(keys.opening(old.name, start + 5 * TicketKeys::turn));
}

TEST(TlsTicketKeys, two_rings_share_no_key) {
  TicketKeys one;
  TicketKeys two;
  EXPECT_NE(one.sealing(start).cipher, two.sealing(start).cipher);
  EXPECT_NE(one.sealing(start).mac, one.sealing(start).cipher);
}

/// A key as files have it, of which each byte of a part is the same.
std::string written(char name, char mac, char cipher) {
  return std::string(16, name) + std::string(32, mac) + std::string(32, cipher);
}

TEST(TlsTicketKeys, of_a_file_seal_with_the_first_and_open_with_all_for_ever) {
  const auto keys = TicketKeys::read(written('a', 'b', 'c') + written('d', 'e', 'f') + written('g', 'h', 'i'));
  ASSERT_TRUE(keys) << keys.error();
  for (const Time now : {start, start + 100 * TicketKeys::turn}) {
    const TicketKey first = (*keys)->sealing(now);
    EXPECT_EQ(first.name.back(), 'a');
    EXPECT_EQ(first.mac.front(), 'b');
    EXPECT_EQ(first.cipher.back(), 'c');
    EXPECT_TRUE((*keys)->opening(first.name, now)->first);
    std::array<std::uint8_t, 16> last{};
    last.fill('g');
    const auto opened = (*keys)->opening(last, now);
    ASSERT_TRUE(opened);
    EXPECT_FALSE(opened->first);
    EXPECT_EQ(opened->key.cipher.front(), 'i');
    last.fill('x');
    EXPECT_FALSE((*keys)->opening(last, now));
  }
}

TEST(TlsTicketKeys, of_a_file_are_whole_and_have_names_of_their_own) {
  const std::string one = written('a', 'b', 'c');
  for (const std::size_t size : {0U, 48U, 79U, 81U}) {
    const auto keys = TicketKeys::read((one + one).substr(0, size));
    ASSERT_FALSE(keys) << size;
    EXPECT_TRUE(keys.error().starts_with("it has " + std::to_string(size) + " bytes")) << keys.error();
  }
  EXPECT_FALSE(TicketKeys::read(one + written('d', 'b', 'c') + written('e', 'b', 'c') + written('f', 'b', 'c')));
  const auto twice = TicketKeys::read(one + written('a', 'd', 'e'));
  ASSERT_FALSE(twice);
  EXPECT_TRUE(twice.error().starts_with("key 2 begins with the same 16 bytes")) << twice.error();
}

}  // namespace
}  // namespace weir::tls
