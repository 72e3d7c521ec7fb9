// WebSockets through streams: to the gateway, and on to the origin.
#include <gtest/gtest.h>

#include "protocols/h2/testing/conversation.h"

namespace weir::h2 {
namespace {

using namespace std::chrono_literals;

TEST_F(Conversation, a_tunnel_goes_through_a_stream) {
  const StreamId id = client_.tunnel("/tunnel");
  ASSERT_TRUE(until([&] { return client_.at(id).status == "200"; }));
  EXPECT_EQ(forward_.asked_for, "websocket");
  EXPECT_EQ(forward_.websocket_key.size(), 24U);
  client_.send(id, "hello", false);
  ASSERT_TRUE(until([&] { return client_.at(id).content == "hello"; }));
  client_.send(id, " again", true);
  ASSERT_TRUE(until([&] { return client_.at(id).ended; }));
  EXPECT_EQ(client_.at(id).content, "hello again");
  ASSERT_TRUE(until([&] { return forward_.deliveries.size() == 1; }));
  EXPECT_TRUE(forward_.deliveries[0].complete);
}

TEST_F(Conversation, a_tunnel_goes_on_to_the_origin_over_a_stream) {
  const StreamId id = client_.tunnel("/through");
  ASSERT_TRUE(until([&] { return client_.at(id).status == "200"; }));
  EXPECT_EQ(origin_.upgrade, "websocket");
  EXPECT_EQ(client_.at(id).fields.count("sec-websocket-accept"), 0U);
  const StreamId beside = client_.ask("GET", "/none");
  ASSERT_TRUE(until([&] { return client_.at(beside).ended; }));
  EXPECT_EQ(origin_server_.connections(), 1U) << "a stream like any other";
  const std::string large(300'000, 'w');
  client_.send(id, large, false);
  ASSERT_TRUE(until([&] { return client_.at(id).content.size() == large.size(); }));
  client_.send(id, " the end", true);
  ASSERT_TRUE(until([&] { return client_.at(id).ended; }));
  EXPECT_TRUE(client_.at(id).content == large + " the end");
  ASSERT_TRUE(until([&] { return forward_.deliveries.size() == 2 && origin_.deliveries.size() == 2; }));
  EXPECT_TRUE(forward_.deliveries[1].complete);
  EXPECT_EQ(forward_.healthy_leases, 2U);
}

// Behind its end an origin that wants to hear no more resets the stream: what it said lies here, and is passed on.
TEST_F(Conversation, what_a_tunnel_said_before_its_reset_is_heard) {
  client_.stop_reading();
  const StreamId id = client_.tunnel("/farewell");
  ASSERT_TRUE(until([&] { return client_.at(id).content.size() == 65'535; }));
  ASSERT_TRUE(until([&] { return origin_.deliveries.size() == 1; }));
  world_.run_for(1s);
  client_.read_on();
  ASSERT_TRUE(until([&] { return client_.at(id).ended || client_.at(id).reset; }));
  EXPECT_EQ(client_.at(id).content.size(), 100'000U);
  EXPECT_TRUE(client_.at(id).ended);
}

TEST_F(Conversation, an_origin_that_cannot_be_reached_is_told_to_who_wants_a_tunnel_too) {
  origin_server_.abort();
  world_.run_for(1s);
  const StreamId id = client_.tunnel("/through");
  ASSERT_TRUE(until([&] { return client_.at(id).ended; }));
  EXPECT_EQ(client_.at(id).status, "502");
  ASSERT_EQ(forward_.errors.size(), 1U);
  EXPECT_EQ(forward_.errors[0].code, Code::connect_refused);
  EXPECT_EQ(forward_.errors[0].retry, Retry::unsent);
}

TEST_F(Conversation, a_tunnel_that_waits_for_settings_is_given_up_as_unsent) {
  network_.faults_at(origin_address_.address).hang_connect = 1;
  const StreamId id = client_.tunnel("/through");
  ASSERT_TRUE(until([&] { return forward_.begun == 1; }));
  world_.run_for(10ms);
  forward_.give_up_all(gateway_error(Code::endpoint_disabled));
  ASSERT_TRUE(until([&] { return client_.at(id).ended; }));
  ASSERT_EQ(forward_.errors.size(), 1U);
  EXPECT_EQ(forward_.errors[0].code, Code::endpoint_disabled);
  EXPECT_EQ(forward_.errors[0].retry, Retry::unsent);
}

// Nobody will ever read them, and the limits that they would be held against went with the configuration.
TEST_F(Conversation, fields_in_a_tunnel_reset_its_stream_and_nothing_else) {
  for (const std::string_view path : {"/tunnel", "/through"}) {
    const StreamId id = client_.tunnel(path);
    ASSERT_TRUE(until([&] { return client_.at(id).status == "200"; }));
    const std::array trailers{Line{"x-late", "yes"}};
    client_.send_trailers(id, trailers);
    ASSERT_TRUE(until([&] { return client_.at(id).reset.has_value(); })) << path;
    EXPECT_EQ(client_.at(id).reset, ErrorCode::protocol_error);
  }
  ASSERT_TRUE(until([&] { return forward_.deliveries.size() == 2; }));
  EXPECT_EQ(forward_.deliveries[0].error->code, Code::protocol_violation);
  const StreamId next = client_.ask("GET", "/none");
  ASSERT_TRUE(until([&] { return client_.at(next).ended; }));
}

TEST_F(Conversation, an_answer_that_opens_no_tunnel_is_never_taken_for_one) {
  const StreamId id = client_.tunnel("/none");  // the origin does not switch, and says 204
  ASSERT_TRUE(until([&] { return client_.at(id).ended; }));
  EXPECT_EQ(client_.at(id).status, "403");
}

}  // namespace
}  // namespace weir::h2
