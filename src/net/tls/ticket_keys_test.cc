// The keys of session tickets move on with time, and open for as long as a ticket lives.
#include "net/tls/ticket_keys.h"

#include <gtest/gtest.h>

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

}  // namespace
}  // namespace weir::tls
