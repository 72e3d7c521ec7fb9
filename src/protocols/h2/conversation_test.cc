// What one side says must be what the other hears, and a stream that stands still must hold nobody else.
#include <gtest/gtest.h>

#include "base/fault.h"
#include "protocols/h2/testing/conversation.h"

namespace weir::h2 {
namespace {

using namespace std::chrono_literals;

TEST_F(Conversation, a_request_and_its_answer_pass_through) {
  const StreamId id = client_.ask("POST", "/echo", "some content", {{"x-a", "b"}});
  ASSERT_TRUE(until([&] { return client_.at(id).ended; }));
  EXPECT_EQ(client_.at(id).status, "200");
  EXPECT_EQ(client_.at(id).content, "some content");
  EXPECT_EQ(client_.at(id).fields["x-origin"], "yes");
  EXPECT_EQ(client_.at(id).fields["content-length"], "12");
  EXPECT_EQ(origin_.version, Version::http_2);
  ASSERT_TRUE(until([&] { return forward_.deliveries.size() == 1; }));
  EXPECT_TRUE(forward_.deliveries[0].complete);
  EXPECT_EQ(forward_.deliveries[0].request_body_bytes, 12U);
  EXPECT_EQ(forward_.deliveries[0].response_body_bytes, 12U);
  EXPECT_EQ(forward_.healthy_leases, 1U);
}

TEST_F(Conversation, many_requests_share_one_connection_to_the_origin) {
  std::vector<StreamId> ids;
  for (int i = 0; i < 60; ++i) ids.push_back(client_.ask("GET", "/none"));
  ASSERT_TRUE(until([&] { return std::ranges::all_of(ids, [&](StreamId id) { return client_.at(id).ended; }); }));
  for (const StreamId id : ids) EXPECT_EQ(client_.at(id).status, "204");
  EXPECT_EQ(origin_server_.connections(), 1U);
  EXPECT_EQ(forward_.healthy_leases, 60U);
}

TEST_F(Conversation, large_content_comes_whole_both_ways) {
  const std::string large(1'000'000, 'u');
  const StreamId up = client_.ask("POST", "/echo", large);
  const StreamId down = client_.ask("GET", "/large");
  ASSERT_TRUE(until([&] { return client_.at(up).ended && client_.at(down).ended; }));
  EXPECT_TRUE(client_.at(up).content == large);
  EXPECT_TRUE(client_.at(down).content == origin_.large);
}

// A slow client stalls its own stream: what is held for it is a few windows and pieces, and others are answered.
TEST_F(Conversation, a_stream_that_stands_still_holds_nobody_else) {
  client_.stop_reading();
  const StreamId stalled = client_.ask("GET", "/large");
  ASSERT_TRUE(until([&] { return client_.at(stalled).content.size() >= 65'535; }));
  const StreamId other = client_.ask("GET", "/none");
  ASSERT_TRUE(until([&] { return client_.at(other).ended; }));
  world_.run_for(5s);
  EXPECT_EQ(client_.at(stalled).content.size(), 65'535U);
  client_.read_on();
  ASSERT_TRUE(until([&] { return client_.at(stalled).ended; }));
  EXPECT_TRUE(client_.at(stalled).content == origin_.large);
}

// The client knows that a stream is over before its exchange has ended: whatever still has to end is no reason to
// refuse the next request.
TEST_F(Conversation, a_stream_that_is_over_leaves_room_for_the_next) {
  configuration_->limits.streams_per_connection = 1;
  forward_.lingers = 5s;
  const StreamId first = client_.ask("GET", "/none");
  ASSERT_TRUE(until([&] { return client_.at(first).ended; }));
  ASSERT_TRUE(forward_.deliveries.empty()) << "its exchange goes on";
  const StreamId second = client_.ask("GET", "/none");
  ASSERT_TRUE(until([&] { return client_.at(second).ended || client_.at(second).reset; }));
  EXPECT_EQ(client_.at(second).status, "204");
  ASSERT_TRUE(until([&] { return forward_.deliveries.size() == 2; }));
}

// Who answers 70,000 bytes is free for others when they have come, though the client has not taken the last of them.
TEST_F(Conversation, an_origin_is_not_held_by_a_client_that_is_slow_to_take_the_end) {
  origin_.large.resize(70'000);
  client_.stop_reading();
  const StreamId id = client_.ask("GET", "/large");
  ASSERT_TRUE(until([&] { return client_.at(id).content.size() == 65'535; }));
  EXPECT_TRUE(until([&] { return forward_.healthy_leases == 1; }));
  EXPECT_FALSE(client_.at(id).ended);
  client_.read_on();
  ASSERT_TRUE(until([&] { return client_.at(id).ended; }));
  EXPECT_TRUE(client_.at(id).content == origin_.large);
}

TEST_F(Conversation, content_streams_as_it_comes) {
  const StreamId id = client_.ask("GET", "/slow");
  ASSERT_TRUE(until([&] { return client_.at(id).status == "200"; }));
  origin_.source = "first ";
  origin_.signal.raise();
  ASSERT_TRUE(until([&] { return client_.at(id).content == "first "; }));
  EXPECT_FALSE(client_.at(id).ended);
  origin_.source = "second";
  origin_.last = true;
  origin_.signal.raise();
  ASSERT_TRUE(until([&] { return client_.at(id).ended; }));
  EXPECT_EQ(client_.at(id).content, "first second");
}

TEST_F(Conversation, a_request_that_is_taken_back_is_given_up_everywhere) {
  const StreamId id = client_.ask("GET", "/never");
  ASSERT_TRUE(until([&] { return origin_.heard.size() == 1; }));
  client_.take_back(id);
  client_.wake();
  ASSERT_TRUE(until([&] { return forward_.deliveries.size() == 1 && origin_.deliveries.size() == 1; }));
  EXPECT_EQ(forward_.deliveries[0].error->code, Code::peer_reset);
  EXPECT_EQ(gateway_.shard.metrics.h2_streams_reset_by_clients.get(), 1U);
  const StreamId next = client_.ask("GET", "/none");  // both connections go on
  ASSERT_TRUE(until([&] { return client_.at(next).ended; }));
  EXPECT_EQ(origin_server_.connections(), 1U);
}

// The origin never hears of it: a request that is given up before it could be sent is not sent later.
TEST_F(Conversation, a_request_that_is_taken_back_before_it_was_sent_is_never_sent) {
  const StreamId id = client_.ask("GET", "/none");
  client_.take_back(id);
  const StreamId next = client_.ask("GET", "/none");
  ASSERT_TRUE(until([&] { return client_.at(next).ended; }));
  EXPECT_EQ(forward_.begun, 1U);
}

constexpr Error disabled = gateway_error(Code::endpoint_disabled);

TEST_F(Conversation, requests_at_an_origin_that_is_disabled_are_given_up_at_once) {
  const StreamId get = client_.ask("GET", "/never");
  const StreamId upload = client_.ask("POST", "/echo", "a part", {}, false);
  const StreamId content = client_.ask("GET", "/slow");
  ASSERT_TRUE(until([&] { return origin_.begun == 3 && client_.at(content).status == "200"; }));
  const Time begin = gateway_.shard.reactor.now();
  forward_.give_up_all(disabled);
  ASSERT_TRUE(until([&] { return client_.at(get).ended && client_.at(upload).ended && client_.at(content).reset; }));
  EXPECT_LT(gateway_.shard.reactor.now() - begin, 1s);
  EXPECT_EQ(client_.at(get).status, "503");
  EXPECT_EQ(client_.at(upload).status, "503");
  ASSERT_TRUE(until([&] { return origin_.deliveries.size() == 3; })) << "the origin hears of it";
  ASSERT_EQ(forward_.errors.size(), 2U);
  EXPECT_EQ(forward_.errors[0].code, Code::endpoint_disabled);
  EXPECT_EQ(forward_.errors[0].retry, Retry::idempotent);
  EXPECT_EQ(forward_.errors[1].retry, Retry::never) << "of its upload a part may have been taken";
  const StreamId next = client_.ask("GET", "/none");
  ASSERT_TRUE(until([&] { return client_.at(next).ended; }));
  EXPECT_EQ(client_.at(next).status, "204") << "what is not given up goes on";
}

TEST_F(Conversation, request_that_is_given_up_before_it_left_was_not_sent) {
  network_.faults_at(origin_address_.address).hang_connect = 1;
  const StreamId post = client_.ask("POST", "/echo", "content");
  ASSERT_TRUE(until([&] { return forward_.begun == 1; }));
  world_.run_for(10ms);
  forward_.give_up_all(disabled);
  ASSERT_TRUE(until([&] { return client_.at(post).ended; }));
  ASSERT_EQ(forward_.errors.size(), 1U);
  EXPECT_EQ(forward_.errors[0].retry, Retry::unsent);
  EXPECT_EQ(origin_.begun, 0U);
}

TEST_F(Conversation, content_shorter_than_declared_is_no_request) {
  const StreamId id = client_.ask("POST", "/echo", "12345", {{"content-length", "9"}});
  ASSERT_TRUE(until([&] { return client_.at(id).reset.has_value(); }));
  EXPECT_EQ(client_.at(id).reset, ErrorCode::protocol_error);
  ASSERT_TRUE(until([&] { return forward_.deliveries.size() == 1; }));
  EXPECT_EQ(forward_.deliveries[0].error->code, Code::bad_length);
}

TEST_F(Conversation, a_drain_answers_what_is_under_way_and_loses_nothing) {
  const StreamId id = client_.ask("GET", "/slow");
  ASSERT_TRUE(until([&] { return client_.at(id).status == "200"; }));
  bool drained = false;
  gateway_server_.drain([&] { drained = true; });
  ASSERT_TRUE(until([&] { return client_.goaways().size() == 2; }));
  EXPECT_EQ(client_.lasts(), (std::vector<StreamId>{INT32_MAX, id}));
  EXPECT_FALSE(drained);
  origin_.source = "the end";
  origin_.last = true;
  origin_.signal.raise();
  ASSERT_TRUE(until([&] { return client_.at(id).ended; }));
  EXPECT_EQ(client_.at(id).content, "the end");
  ASSERT_TRUE(until([&] { return drained; }));
}

TEST_F(Conversation, an_idle_connection_ends_when_its_time_is_over) {
  const StreamId id = client_.ask("GET", "/none");
  ASSERT_TRUE(until([&] { return client_.at(id).ended; }));
  EXPECT_TRUE(world_.run_until([&] { return client_.over(); }, 80s));
  EXPECT_EQ(client_.goaways(), std::vector<ErrorCode>{ErrorCode::no_error});
}

TEST_F(Conversation, a_flood_of_pings_ends_the_connection_and_is_counted) {
  for (unsigned i = 0; i < limits::h2_idle_frames_at_once + 100; ++i) client_.frames().ping();
  client_.wake();
  ASSERT_TRUE(until([&] { return !client_.goaways().empty(); }));
  EXPECT_EQ(client_.goaways()[0], ErrorCode::enhance_your_calm);
  ASSERT_TRUE(until([&] { return gateway_server_.connections() == 0; }));
  EXPECT_EQ(gateway_.shard.metrics.h2_connections_ended[static_cast<std::size_t>(Flood::pings)].get(), 1U);
}

TEST_F(Conversation, requests_that_are_taken_back_by_the_hundred_end_the_connection) {
  for (unsigned i = 0; i < limits::h2_resets_at_once + 50; ++i) {
    const StreamId id = client_.ask("GET", "/never");
    world_.run_for(2ms);
    client_.take_back(id);
    world_.run_for(2ms);
    if (!client_.goaways().empty()) break;
  }
  ASSERT_TRUE(until([&] { return !client_.goaways().empty(); }));
  EXPECT_EQ(client_.goaways()[0], ErrorCode::enhance_your_calm);
}

// Planted mistakes must be found: each of these is what the tests above would notice.

TEST_F(Conversation, notices_credit_of_a_stream_that_is_lost) {
  const PlantedFault planted(Fault::stream_credit_lost);
  const StreamId id = client_.ask("POST", "/echo", std::string(200'000, 'u'));
  EXPECT_FALSE(until([&] { return client_.at(id).ended; }));
}

TEST_F(Conversation, notices_credit_of_a_connection_that_is_lost) {
  const PlantedFault planted(Fault::connection_credit_lost);
  const StreamId id = client_.ask("POST", "/echo", std::string(2'000'000, 'u'));
  EXPECT_FALSE(until([&] { return client_.at(id).ended; }));
}

// Who gives credit when content arrives, and again when it is read, is sent all there is although nobody reads it.
TEST_F(Conversation, notices_credit_that_is_given_twice) {
  const auto taken_in = [&] {
    const std::size_t before = forward_.deliveries.size();
    const StreamId id = client_.ask("POST", "/never", std::string(2'000'000, 'u'));
    world_.run_for(1s);
    client_.take_back(id);
    EXPECT_TRUE(until([&] { return forward_.deliveries.size() > before; }));
    return forward_.deliveries.back().request_body_bytes;
  };
  EXPECT_LT(taken_in(), 400'000U);
  const PlantedFault planted(Fault::stream_credit_twice);
  EXPECT_GT(taken_in(), 1'000'000U);
}

TEST_F(Conversation, notices_a_request_that_is_answered_though_it_was_taken_back) {
  const PlantedFault planted(Fault::h2_reset_unheard);
  const StreamId id = client_.ask("GET", "/never");
  ASSERT_TRUE(until([&] { return origin_.heard.size() == 1; }));
  client_.take_back(id);
  EXPECT_FALSE(until([&] { return forward_.deliveries.size() == 1; }));
}

TEST_F(Conversation, notices_a_request_that_counts_for_ever) {
  const auto leak = [&] {
    const PlantedFault planted(Fault::h2_stream_leaked);
    const StreamId id = client_.ask("GET", "/never");
    until([&] { return origin_.heard.size() == 1; });
    client_.take_back(id);
    until([&] { return forward_.deliveries.size() == 1; });
    client_.vanish();
    until([&] { return gateway_server_.connections() == 0; });
  };
  EXPECT_DEATH(leak(), "a session ends behind its streams");
}

TEST_F(Conversation, notices_an_upstream_that_is_about_to_end_and_is_asked_on) {
  const PlantedFault planted(Fault::h2_goaway_unheard);
  const StreamId slow = client_.ask("GET", "/slow");
  ASSERT_TRUE(until([&] { return client_.at(slow).status == "200"; }));
  origin_server_.drain([] {});
  world_.run_for(1s);
  const StreamId next = client_.ask("GET", "/none");
  ASSERT_TRUE(until([&] { return client_.at(next).ended; }));
  EXPECT_FALSE(forward_.errors.empty()) << "nobody else is asked";
}

TEST_F(Conversation, an_origin_that_is_gone_is_told_as_unsent) {
  origin_server_.abort();
  world_.run_for(1s);
  const StreamId id = client_.ask("POST", "/echo", "content");
  ASSERT_TRUE(until([&] { return client_.at(id).ended; }));
  EXPECT_EQ(client_.at(id).status, "502");
  ASSERT_EQ(forward_.errors.size(), 1U);
  EXPECT_EQ(forward_.errors[0].code, Code::connect_refused);
  EXPECT_EQ(forward_.errors[0].retry, Retry::unsent);
}

TEST_F(Conversation, an_origin_that_drains_is_left_for_a_new_connection) {
  const StreamId first = client_.ask("GET", "/none");
  ASSERT_TRUE(until([&] { return client_.at(first).ended; }));
  const StreamId slow = client_.ask("GET", "/slow");
  ASSERT_TRUE(until([&] { return client_.at(slow).status == "200"; }));
  origin_server_.drain([] {});
  world_.run_for(1s);
  origin_.source = "kept";
  origin_.last = true;
  origin_.signal.raise();
  ASSERT_TRUE(until([&] { return client_.at(slow).ended; }));
  EXPECT_EQ(client_.at(slow).content, "kept");
}

/// Frames by hand: what comes in which piece is its business.
class RawClient {
 public:
  RawClient(Reactor& reactor, const UpstreamAddress& address) : reactor_(reactor), scope_(reactor) {
    scope_.spawn(listen(address));
  }
  RawClient(const RawClient&) = delete;
  ~RawClient() { scope_.cancel(gateway_error(Code::canceled)); }

  void say(std::string bytes) { scope_.spawn(send(std::move(bytes))); }
  [[nodiscard]] bool over() const { return scope_.running() == 0; }
  void vanish() { scope_.cancel(gateway_error(Code::canceled)); }
  std::string heard;

  static std::string frame(char type, char flags, char stream, std::string_view payload) {
    std::string bytes{0, 0, static_cast<char>(payload.size()), type, flags, 0, 0, 0, stream};
    return bytes.append(payload);
  }
  /// `:method POST`, `:scheme http`, and literals for the rest (RFC 7541 appendix A).
  static std::string post(char stream, std::string_view path) {
    std::string fields("\x83\x86\x01\x04weir\x04");
    fields += static_cast<char>(path.size());
    return frame(1, 0x5, stream, fields.append(path));
  }
  static std::string beginning() { return std::string(http2_preface) + frame(4, 0, 0, ""); }
  static std::string answer_to_ping() { return frame(6, 1, 0, std::string(8, '\0')); }

 private:
  Task<void> listen(UpstreamAddress address) {
    auto connected = co_await connect(reactor_, address, no_limit);
    if (!connected) co_return;
    stream_ = std::move(*connected);
    while (true) {
      const auto received = co_await stream_->receive(no_limit);
      if (!received || received->empty()) co_return;
      heard.append(received->data(), received->size());
    }
  }
  Task<void> send(std::string bytes) {
    while (stream_ == nullptr) {
      if (!co_await Sleep(reactor_, 1ms)) co_return;
    }
    co_await stream_->send(bytes, no_limit);
  }

  Reactor& reactor_;
  Scope scope_;
  std::unique_ptr<Stream> stream_;
};

// Whoever is told by a GOAWAY that his request was not touched sends it again: it must not be, also when it comes
// while that GOAWAY waits to be sent.
TEST_F(Conversation, a_request_above_the_last_stream_of_a_goaway_is_not_served) {
  RawClient raw(client_party_.shard.reactor, gateway_address_);
  raw.say(RawClient::beginning());
  world_.run_for(10ms);
  gateway_server_.drain([] {});
  world_.run_for(10ms);
  raw.say(RawClient::answer_to_ping() + RawClient::post(1, "/none"));
  world_.run_for(100ms);
  EXPECT_EQ(forward_.begun, 0U);
  EXPECT_TRUE(raw.heard.contains(RawClient::frame(7, 0, 0, std::string(8, '\0')))) << "the last stream was none";
  raw.vanish();
  EXPECT_TRUE(until([&] { return raw.over(); }));
}

// Its stream is closed before its head is whole, so that nothing tells of the head's end.
TEST_F(Conversation, a_refused_request_whose_head_comes_in_two_pieces_ends_no_connection) {
  configuration_->limits.streams_per_connection = 1;
  configuration_->timeouts.client_head = 1s;
  forward_.lingers = 5s;
  RawClient raw(client_party_.shard.reactor, gateway_address_);
  raw.say(RawClient::beginning() + RawClient::post(1, "/never"));
  ASSERT_TRUE(until([&] { return origin_.heard.size() == 1; }));
  const std::string taken_back = RawClient::frame(3, 0, 1, std::string("\0\0\0\x8", 4));
  const std::string refused = RawClient::post(3, "/none");
  raw.say(taken_back + refused.substr(0, 12));
  world_.run_for(10ms);
  EXPECT_EQ(gateway_.shard.metrics.h2_streams_refused.get(), 1U);
  raw.say(refused.substr(12));
  world_.run_for(8s);
  raw.say(RawClient::post(5, "/none"));
  EXPECT_TRUE(until([&] { return origin_.heard.size() == 2; }));
  raw.vanish();
  EXPECT_TRUE(until([&] { return raw.over(); }));
}

}  // namespace
}  // namespace weir::h2
