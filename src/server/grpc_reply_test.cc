// Weir's own errors as clients of gRPC get them.
#include "server/grpc_reply.h"

#include <gtest/gtest.h>

#include "contracts/testing/test_exchange.h"
#include "server/error_reply.h"

namespace weir {
namespace {

std::string field(const Answer& answer, std::string_view name) {
  const Field* const found = answer.head.fields.find(name);
  return found == nullptr ? "none" : std::string(found->value);
}

class GrpcReply : public testing::Test {
 protected:
  GrpcReply() { test.request("POST", "/shop.Cart/Add", "shop.test").field("content-type", "application/grpc+proto"); }

  TestShard shard;
  TestExchange test{shard};
};

TEST_F(GrpcReply, is_200_and_nothing_but_fields) {
  const Answer answer = error_reply(test.exchange, client_error(Code::no_route));
  EXPECT_EQ(answer.head.status, 200);
  EXPECT_EQ(answer.body, nullptr);
  EXPECT_EQ(answer.head.framing.length, 0U);
  EXPECT_EQ(field(answer, "content-type"), "application/grpc");
  EXPECT_EQ(field(answer, "grpc-status"), "12");
  EXPECT_EQ(field(answer, "grpc-message"), "no route matches this request (no_route)");
}

TEST_F(GrpcReply, says_in_grpc_what_the_status_of_http_would_have_said) {
  EXPECT_EQ(field(error_reply(test.exchange, upstream_error(Code::connect_refused)), "grpc-status"), "14");
  EXPECT_EQ(field(error_reply(test.exchange, client_error(Code::credentials_missing)), "grpc-status"), "16");
  EXPECT_EQ(field(error_reply(test.exchange, upstream_error(Code::first_byte_timeout)), "grpc-status"), "14");
}

TEST_F(GrpcReply, says_that_the_time_is_over) {
  EXPECT_EQ(field(error_reply(test.exchange, gateway_error(Code::request_timeout)), "grpc-status"), "4");
}

TEST_F(GrpcReply, takes_status_and_words_from_the_details) {
  const ErrorDetails details{.status = 403, .detail = "not on Sundays, says r\xC3\xBClz"};
  test.exchange.error_details = &details;
  const Answer answer = error_reply(test.exchange, client_error(Code::rate_limited));
  EXPECT_EQ(field(answer, "grpc-status"), "7");
  EXPECT_EQ(field(answer, "grpc-message"), "not on Sundays, says r%C3%BClz (rate_limited)");
}

TEST_F(GrpcReply, is_for_grpc_alone) {
  TestExchange other(shard);
  other.request("POST", "/", "shop.test").field("content-type", "application/grpc-web");
  const Answer answer = error_reply(other.exchange, client_error(Code::no_route));
  EXPECT_EQ(answer.head.status, 404);
  EXPECT_EQ(field(answer, "grpc-status"), "none");
}

}  // namespace
}  // namespace weir
