// How a share is written and shown.
#include "contracts/option_share.h"

#include <gtest/gtest.h>

#include "contracts/testing/node_text.h"

namespace weir {
namespace {

TEST(Share, is_read_and_shown_as_written) {
  for (const std::string_view text : {"0%", "20%", "0.5%", "99.9999%", "100%"}) {
    Diagnostics diagnostics;
    Share share;
    EXPECT_TRUE(OptionType<Share>::read(node(text), Reading(diagnostics, "share"), share)) << diagnostics.text();
    EXPECT_EQ(OptionType<Share>::shown(share), text);
  }
}

TEST(Share, is_complained_about_when_it_is_none) {
  for (const std::string_view text : {"20", "%", "101%", "100.1%", "-1%", "1.%", "0.00001%", "a%", "1 %", "[1%]"}) {
    Diagnostics diagnostics;
    Share share;
    EXPECT_FALSE(OptionType<Share>::read(node(text), Reading(diagnostics, "share"), share)) << text;
    EXPECT_FALSE(diagnostics.text().empty()) << text;
  }
}

TEST(Share, holds_that_part_of_all_draws) {
  unsigned held = 0;
  for (std::uint64_t draw = 0; draw < 1'000'000; ++draw) held += percent(20).holds(draw) ? 1U : 0U;
  EXPECT_EQ(held, 200'000U);
  EXPECT_FALSE(percent(0).holds(0));
  EXPECT_TRUE(percent(100).holds(999'999));
}

}  // namespace
}  // namespace weir
