// What is taken for credentials, and what is not.
#include "http/authorization.h"

#include <gtest/gtest.h>

#include "base/block_pool.h"

namespace weir {
namespace {

using Kind = BasicCredentials::Kind;

class AuthorizationTest : public testing::Test {
 protected:
  BasicCredentials basic(std::initializer_list<std::string_view> values) {
    Fields fields(arena);
    for (const std::string_view value : values) fields.append(FieldName::authorization, value);
    return read_basic_credentials(fields);
  }

  BlockPool blocks;
  Arena arena{blocks};
};

TEST_F(AuthorizationTest, basic_is_user_and_password) {
  const BasicCredentials given = basic({"Basic YW5uOnNlY3JldA=="});
  EXPECT_EQ(given.kind, Kind::given);
  EXPECT_EQ(given.user, "ann");
  EXPECT_EQ(given.password, "secret");
  EXPECT_EQ(basic({"bAsIc   YW5uOnNlY3JldA=="}).kind, Kind::given) << "schemes have no case";
}

TEST_F(AuthorizationTest, colons_belong_to_the_password) {
  const BasicCredentials given = basic({"Basic YTpiOmM="});
  EXPECT_EQ(given.user, "a");
  EXPECT_EQ(given.password, "b:c");
}

TEST_F(AuthorizationTest, everything_else_is_told_apart) {
  EXPECT_EQ(basic({}).kind, Kind::none);
  EXPECT_EQ(basic({"Bearer x"}).kind, Kind::other_scheme);
  EXPECT_EQ(basic({"Basic YW5uOnNlY3JldA==", "Basic YW5uOnNlY3JldA=="}).kind, Kind::repeated);
  for (const std::string_view bad : {"", "Basic", "Basic ", "Basic YW5u", "Basic YW5uOnNlY3JldA", "Basic %%%",
                                     "Basic YW5uOnNlY3JldA== x", "Basic YQBuOmI=", "(x) y"}) {
    EXPECT_EQ(basic({bad}).kind, Kind::malformed) << bad;
  }
}

}  // namespace
}  // namespace weir
