// Shows: what was seen of a script is believed for a while, and for that root and that script alone.
// How: the table by itself, with times written down here.
#include "services/fastcgi/script_memory.h"

#include <gtest/gtest.h>

namespace weir {
namespace {

constexpr Time begin = Time{} + std::chrono::hours{1};

TEST(ScriptMemory, believes_for_a_while) {
  ScriptMemory memory;
  EXPECT_FALSE(memory.recall("/srv", "/a.php", begin));
  memory.keep("/srv", "/a.php", ScriptFound::yes, begin);
  memory.keep("/srv", "/b.php", ScriptFound::no, begin);
  EXPECT_EQ(memory.recall("/srv", "/a.php", begin), ScriptFound::yes);
  EXPECT_EQ(memory.recall("/srv", "/b.php", begin), ScriptFound::no);
  EXPECT_FALSE(memory.recall("/other", "/a.php", begin));
  EXPECT_FALSE(memory.recall("/srv", "/a.php", begin + limits::file_freshness));
}

TEST(ScriptMemory, what_could_not_be_told_is_not_kept) {
  ScriptMemory memory;
  memory.keep("/srv", "/a.php", ScriptFound::not_allowed, begin);
  EXPECT_FALSE(memory.recall("/srv", "/a.php", begin));
}

TEST(ScriptMemory, paths_that_visitors_make_up_cost_no_memory) {
  ScriptMemory memory;
  for (int at = 0; at < 10'000; ++at) memory.keep("/srv", "/" + std::to_string(at), ScriptFound::no, begin);
  std::size_t known = 0;
  for (int at = 0; at < 10'000; ++at) known += memory.recall("/srv", "/" + std::to_string(at), begin) ? 1U : 0U;
  EXPECT_GT(known, 0U);
  EXPECT_LE(known, limits::scripts_remembered);
}

}  // namespace
}  // namespace weir
