// Which messages are of gRPC, and what is made of statuses and texts.
#include "http/grpc.h"

#include <gtest/gtest.h>

namespace weir {
namespace {

TEST(Grpc, is_known_by_its_content_type) {
  for (const std::string_view type : {"application/grpc", "application/grpc+proto", "application/grpc;charset=x",
                                      "Application/gRPC", "application/grpc+json"})
    EXPECT_TRUE(is_grpc(type)) << type;
  for (const std::string_view type : {"", "application/grp", "application/grpc-web", "application/grpc-web-text+proto",
                                      "application/grpcx", "text/plain; a=application/grpc"})
    EXPECT_FALSE(is_grpc(type)) << type;
}

TEST(Grpc, statuses_are_those_of_the_published_table) {
  const std::pair<Status, int> table[] = {{400, 13}, {401, 16}, {403, 7}, {404, 12}, {429, 14}, {502, 14}, {503, 14},
                                          {504, 14}, {500, 2},  {413, 2}, {508, 2},  {421, 2},  {302, 2}};
  for (const auto& [status, wanted] : table) EXPECT_EQ(static_cast<int>(grpc_status_of(status)), wanted) << status;
}

TEST(Grpc, messages_are_escaped) {
  EXPECT_EQ(grpc_message_of("no route matches"), "no route matches");
  EXPECT_EQ(grpc_message_of("100% \xC3\xBC\r\n~"), "100%25 %C3%BC%0D%0A~");
}

}  // namespace
}  // namespace weir
