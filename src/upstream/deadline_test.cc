// What an upstream is told of the time that is left.
#include "upstream/deadline.h"

#include <gtest/gtest.h>

#include "base/block_pool.h"

namespace weir {
namespace {

using namespace std::chrono_literals;

class DeadlineTest : public testing::Test {
 protected:
  std::string_view told(Duration left, std::string_view field) {
    const RequestHead& head = *tell_time_left(request, left, "x-left-ms", arena);
    const Field* const found = head.fields.find(field);
    return found == nullptr ? "" : found->value;
  }

  BlockPool blocks;
  Arena arena{blocks};
  RequestHead request{arena};
};

TEST_F(DeadlineTest, milliseconds_are_told_rounded_down_and_at_least_one) {
  EXPECT_EQ(told(1500ms + 999us, "x-left-ms"), "1500");
  EXPECT_EQ(told(10us, "x-left-ms"), "1");
  EXPECT_EQ(told(no_limit, "x-left-ms"), "");
}

TEST_F(DeadlineTest, what_a_client_says_is_replaced_and_its_own_head_left_alone) {
  request.fields.append("x-left-ms", "99999999");
  request.fields.append("x-a", "b");
  EXPECT_EQ(told(2s, "x-left-ms"), "2000");
  EXPECT_EQ(told(2s, "x-a"), "b");
  EXPECT_EQ(request.fields.find("x-left-ms")->value, "99999999");
}

TEST_F(DeadlineTest, grpc_timeout_only_becomes_shorter) {
  EXPECT_EQ(told(2s, "grpc-timeout"), "") << "no gRPC";
  request.fields.append(FieldName::content_type, "application/grpc+proto");
  EXPECT_EQ(told(2s, "grpc-timeout"), "2000m");
  EXPECT_EQ(told(100'000'000'000ms, "grpc-timeout"), "99999999S") << "eight digits at most";
}

TEST_F(DeadlineTest, shorter_grpc_timeout_of_the_client_stays) {
  request.fields.append(FieldName::content_type, "application/grpc");
  request.fields.append("grpc-timeout", "50m");
  EXPECT_EQ(told(2s, "grpc-timeout"), "50m");
  EXPECT_EQ(told(20ms, "grpc-timeout"), "20m");
}

TEST(GrpcTimeout, is_up_to_eight_digits_and_a_unit) {
  EXPECT_EQ(parse_grpc_timeout("100m"), 100ms);
  EXPECT_EQ(parse_grpc_timeout("3S"), 3s);
  EXPECT_EQ(parse_grpc_timeout("2M"), 2min);
  EXPECT_EQ(parse_grpc_timeout("1H"), 1h);
  EXPECT_EQ(parse_grpc_timeout("7u"), 7us);
  EXPECT_EQ(parse_grpc_timeout("7n"), 7ns);
  for (const std::string_view wrong : {"", "m", "5", "5x", "-5m", "5 m", "123456789m", "0x5m"}) {
    EXPECT_FALSE(parse_grpc_timeout(wrong)) << wrong;
  }
}

}  // namespace
}  // namespace weir
