// Names are added once, to the line that is there.
#include "http/vary.h"

#include <gtest/gtest.h>

namespace weir {
namespace {

std::string vary_after(std::initializer_list<std::string_view> lines, std::string_view name) {
  BlockPool pool(1);
  Arena arena(pool);
  Fields fields(arena);
  for (const std::string_view line : lines) fields.append(FieldName::vary, line);
  add_vary(fields, name);
  std::string text;
  for (const Field& field : fields) text += std::string(field.value) + '\n';
  return text;
}

TEST(Vary, adds_a_name_once) {
  EXPECT_EQ(vary_after({}, "accept"), "accept\n");
  EXPECT_EQ(vary_after({""}, "accept"), "accept\n");
  EXPECT_EQ(vary_after({"origin"}, "accept"), "origin, accept\n");
  EXPECT_EQ(vary_after({"origin, Accept"}, "accept"), "origin, Accept\n");
  EXPECT_EQ(vary_after({"accept", "origin"}, "accept"), "accept\norigin\n");
  EXPECT_EQ(vary_after({"*"}, "accept"), "*\n");
  EXPECT_EQ(vary_after({"accept-encoding"}, "accept"), "accept-encoding, accept\n") << "a name is not a part of one";
}

}  // namespace
}  // namespace weir
