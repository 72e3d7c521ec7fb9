// A tunnel between two parties that say what a test wants, with the judge between them and the program's own relay.
#include "filters/websocket/guarded_tunnel.h"

#include <gtest/gtest.h>

#include "contracts/testing/test_shard.h"
#include "runtime/signal.h"
#include "server/relay.h"

namespace weir::websocket {
namespace {

using namespace std::chrono_literals;
using namespace std::string_literals;

/// One end of the tunnel: says what the test gives it, and remembers what it was told.
class Party final : public Duplex {
 public:
  explicit Party(Reactor& reactor) : said_(reactor), listens_(reactor) {}

  Task<Result<std::string_view>> receive(Duration timeout) override {
    while (saying_.empty() && !finished_) CO_TRY_VOID(co_await said_.wait(timeout));
    given_ = std::exchange(saying_, "");
    co_return given_;
  }
  Task<Result<void>> send(std::string_view bytes, Duration) override {
    heard += bytes;
    while (deaf) CO_TRY_VOID(co_await listens_.wait());
    co_return Result<void>{};
  }
  void finish_sending() override { told_end = true; }

  void say(const std::string& bytes) {
    saying_ += bytes;
    said_.raise();
  }
  void listen() {
    deaf = false;
    listens_.raise();
  }
  void finish() {
    finished_ = true;
    said_.raise();
  }

  std::string heard;
  bool told_end = false;
  bool deaf = false;

 private:
  Signal said_;
  Signal listens_;
  std::string saying_;
  std::string given_;
  bool finished_ = false;
};

/// The server's end belongs to the tunnel; the test looks at the party behind it.
class Borrowed final : public Duplex {
 public:
  explicit Borrowed(Party& party) : party_(party) {}
  Task<Result<std::string_view>> receive(Duration timeout) override { return party_.receive(timeout); }
  Task<Result<void>> send(std::string_view bytes, Duration timeout) override { return party_.send(bytes, timeout); }
  void finish_sending() override { party_.finish_sending(); }

 private:
  Party& party_;
};

const std::string mask = "\x01\x02\x03\x04";

std::string masked(std::string content) {
  for (std::size_t at = 0; at < content.size(); ++at) content[at] ^= mask[at % 4];
  return content;
}
std::string of_client(char first, const std::string& content) {
  return std::string{first, static_cast<char>(0x80U | content.size())} + mask + masked(content);
}
std::string of_server(char first, const std::string& content) {
  return std::string{first, static_cast<char>(content.size())} + content;
}
constexpr char text = '\x81';
constexpr char binary = '\x82';
constexpr char close = '\x88';

/// The code of a close frame at the end of what was heard; 0: there is none.
unsigned closed_with(std::string_view heard, bool to_server) {
  const std::size_t at = heard.rfind(close);
  if (at == std::string_view::npos) return 0;
  const std::string_view frame = heard.substr(at);
  const std::size_t key = 2;
  const std::size_t content = to_server ? 6 : 2;
  if (frame.size() < content + 2) return 0;
  const auto byte = [&](std::size_t which) {
    const char plain = frame[content + which];
    return static_cast<std::uint8_t>(to_server ? plain ^ frame[key + which] : plain);
  };
  return static_cast<unsigned>(byte(0) << 8U | byte(1));
}

class GuardedTunnelTest : public testing::Test {
 protected:
  ~GuardedTunnelTest() override {
    scope_.cancel(gateway_error(Code::canceled));
    world_.run_until([&] { return over(); });
  }

  void open(ByteCount message_bytes_max = unbounded, std::optional<Purse> messages = {}) {
    tunnel_ = std::make_unique<GuardedTunnel>(std::make_unique<Borrowed>(server_), reactor_,
                                              FrameRules{.masked = true, .message_bytes_max = message_bytes_max},
                                              FrameRules{}, messages);
    scope_.spawn(carry());
  }
  Task<void> carry() { outcome_ = co_await relay(reactor_, client_, *tunnel_, {.idle = idle_, .half_closed = 2s}); }
  [[nodiscard]] bool over() const { return scope_.running() == 0; }
  bool until(const std::function<bool()>& done) { return world_.run_until(done, 10s); }
  [[nodiscard]] std::optional<Code> reason() const {
    return outcome_.result ? std::nullopt : std::optional(outcome_.result.error().code);
  }

  TestShard shard_;
  SimWorld& world_ = shard_.world();
  Reactor& reactor_ = shard_.shard().reactor;
  Party client_{reactor_};
  Party server_{reactor_};
  std::unique_ptr<GuardedTunnel> tunnel_;
  Duration idle_ = 1h;
  RelayOutcome outcome_;
  Scope scope_{reactor_};
};

TEST_F(GuardedTunnelTest, what_keeps_the_rules_passes_both_ways_to_its_end) {
  open();
  const std::string up = of_client(text, "hello") + of_client(close, "\x03\xe8");
  const std::string down = of_server(binary, "\xff") + of_server(close, "\x03\xe8");
  for (const char byte : up) {
    client_.say({byte});
    world_.run_for(1ms);
  }
  server_.say(down);
  ASSERT_TRUE(until([&] { return client_.heard == down; }));
  EXPECT_EQ(server_.heard, up);
  client_.finish();
  server_.finish();
  ASSERT_TRUE(until([&] { return over(); }));
  EXPECT_TRUE(outcome_.result);
  EXPECT_EQ(outcome_.bytes_from_client, up.size());
}

TEST_F(GuardedTunnelTest, client_that_breaks_a_rule_is_told_and_so_is_the_server) {
  open();
  client_.say(of_client(text, "good") + of_server(text, "not masked") + of_client(text, "late"));
  ASSERT_TRUE(until([&] { return client_.told_end && server_.told_end; }));
  EXPECT_EQ(closed_with(client_.heard, false), 1002U);
  EXPECT_TRUE(server_.heard.starts_with(of_client(text, "good")));
  EXPECT_EQ(closed_with(server_.heard, true), 1002U);
  EXPECT_FALSE(over()) << "the client may still answer";
  client_.say(of_client(close, "\x03\xea"));
  client_.finish();
  ASSERT_TRUE(until([&] { return over(); }));
  EXPECT_EQ(reason(), Code::bad_websocket_frame);
  EXPECT_EQ(outcome_.result.error().origin, Origin::client);
}

TEST_F(GuardedTunnelTest, server_that_breaks_a_rule_is_told_and_so_is_the_client) {
  open();
  server_.say(of_server(text, "good") + of_client(text, "masked"));
  ASSERT_TRUE(until([&] { return client_.told_end && server_.told_end; }));
  EXPECT_TRUE(client_.heard.starts_with(of_server(text, "good")));
  EXPECT_EQ(closed_with(client_.heard, false), 1002U);
  EXPECT_EQ(closed_with(server_.heard, true), 1002U);
  client_.finish();
  ASSERT_TRUE(until([&] { return over(); }));
  EXPECT_EQ(outcome_.result.error().origin, Origin::upstream);
}

TEST_F(GuardedTunnelTest, client_that_never_stops_talking_is_not_listened_to_for_ever) {
  open();
  client_.say(of_server(text, "not masked"));
  const Time began = reactor_.now();
  while (!over() && reactor_.now() - began < 10s) {
    client_.say("and on and on");
    world_.run_for(100ms);
  }
  EXPECT_TRUE(over());
  EXPECT_LT(reactor_.now() - began, 5s);
  EXPECT_EQ(reason(), Code::bad_websocket_frame);
}

TEST_F(GuardedTunnelTest, client_that_does_not_listen_is_not_waited_for) {
  open();
  client_.deaf = true;
  client_.say(of_server(text, "not masked"));
  server_.say(of_server(close, "\x03\xea"));
  const Time began = reactor_.now();
  ASSERT_TRUE(until([&] { return over(); }));
  EXPECT_LT(reactor_.now() - began, 5s);
  EXPECT_EQ(reason(), Code::bad_websocket_frame);
}

TEST_F(GuardedTunnelTest, client_that_does_not_listen_is_not_waited_for_where_the_server_broke_the_rule) {
  open();
  client_.deaf = true;
  server_.say(of_client(text, "masked"));
  const Time began = reactor_.now();
  ASSERT_TRUE(until([&] { return over(); }));
  EXPECT_LT(reactor_.now() - began, 5s);
  EXPECT_EQ(outcome_.result.error().origin, Origin::upstream);
}

TEST_F(GuardedTunnelTest, server_that_never_stops_talking_is_not_listened_to_for_ever) {
  open();
  client_.say(of_server(text, "not masked"));
  const Time began = reactor_.now();
  while (!client_.told_end && reactor_.now() - began < 10s) {
    server_.say(of_server(text, "x"));
    world_.run_for(100ms);
  }
  EXPECT_TRUE(client_.told_end);
  EXPECT_LT(reactor_.now() - began, 3s);
  EXPECT_EQ(closed_with(client_.heard, false), 1002U);
}

TEST_F(GuardedTunnelTest, server_still_answers_what_came_before) {
  open();
  client_.say(of_client(text, "question") + of_server(text, "not masked"));
  ASSERT_TRUE(until([&] { return closed_with(server_.heard, true) == 1002U; }));
  EXPECT_FALSE(server_.told_end);
  server_.say(of_server(text, "answer") + of_server(close, "\x03\xea"));
  ASSERT_TRUE(until([&] { return client_.told_end; }));
  EXPECT_TRUE(client_.heard.starts_with(of_server(text, "answer")));
  EXPECT_EQ(client_.heard.find(close), of_server(text, "answer").size()) << "one close frame";
  EXPECT_EQ(client_.heard.rfind(close), of_server(text, "answer").size());
  EXPECT_TRUE(client_.heard.contains("not masked")) << "ours, which says what was wrong";
}

TEST_F(GuardedTunnelTest, client_that_says_nothing_to_its_close_frame_is_waited_for_two_seconds) {
  open();
  server_.finish();
  client_.say(of_server(text, "not masked"));
  const Time began = reactor_.now();
  ASSERT_TRUE(until([&] { return over(); }));
  EXPECT_GE(reactor_.now() - began, 2s);
  EXPECT_LT(reactor_.now() - began, 3s);
}

TEST_F(GuardedTunnelTest, message_that_is_too_large_is_refused_by_its_head) {
  open(5);
  client_.say(of_client(text, "hello") + of_client(text, "hello!").substr(0, 6));
  ASSERT_TRUE(until([&] { return client_.told_end; }));
  EXPECT_EQ(closed_with(client_.heard, false), 1009U);
  EXPECT_EQ(closed_with(server_.heard, true), 1009U);
}

TEST_F(GuardedTunnelTest, text_that_is_no_text_is_told_to_who_is_between_two_frames) {
  open();
  client_.say(of_client(text, std::string(100, 'x') + "\xff" + std::string(20, 'x')).substr(0, 50));
  ASSERT_TRUE(until([&] { return server_.heard.size() == 50; }));
  client_.say(masked(std::string(44, 'x')).substr(0, 44) + std::string(20, '\0'));
  client_.say(std::string(200, '\xee'));
  ASSERT_TRUE(until([&] { return client_.told_end && server_.told_end; }));
  EXPECT_EQ(closed_with(client_.heard, false), 1007U);
  EXPECT_EQ(closed_with(server_.heard, true), 0U) << "a close frame would be read as content";
}

TEST_F(GuardedTunnelTest, nobody_is_told_in_the_middle_of_what_it_hears) {
  open();
  const std::string frame = of_server(binary, "0123456789");
  server_.say(frame.substr(0, 7));
  ASSERT_TRUE(until([&] { return client_.heard.size() == 7; }));
  client_.say(of_server(text, "not masked"));
  ASSERT_TRUE(until([&] { return closed_with(server_.heard, true) == 1002U; }));
  server_.say(frame.substr(7));
  ASSERT_TRUE(until([&] { return client_.told_end; }));
  EXPECT_TRUE(client_.heard.starts_with(frame));
  EXPECT_EQ(closed_with(client_.heard, false), 1002U);
}

TEST_F(GuardedTunnelTest, frame_that_never_ends_is_followed_by_the_end_alone) {
  open();
  server_.say(of_server(binary, "0123456789").substr(0, 7));
  ASSERT_TRUE(until([&] { return client_.heard.size() == 7; }));
  client_.say(of_server(text, "not masked"));
  ASSERT_TRUE(until([&] { return client_.told_end; }));
  EXPECT_EQ(client_.heard.size(), 7U);
}

TEST_F(GuardedTunnelTest, side_that_was_closed_hears_no_second_close_frame) {
  open();
  server_.say(of_server(close, "\x03\xe8"));
  ASSERT_TRUE(until([&] { return !client_.heard.empty(); }));
  const Time began = reactor_.now();
  client_.say(of_server(text, "not masked"));
  ASSERT_TRUE(until([&] { return client_.told_end; }));
  EXPECT_EQ(client_.heard, of_server(close, "\x03\xe8"));
  EXPECT_LT(reactor_.now() - began, 100ms) << "it has said its last word already";
}

TEST_F(GuardedTunnelTest, server_that_was_closed_hears_no_second_close_frame) {
  open();
  const std::string goodbye = of_client(close, "\x03\xe8");
  client_.say(goodbye);
  ASSERT_TRUE(until([&] { return server_.heard == goodbye; }));
  server_.say(of_client(text, "masked"));
  ASSERT_TRUE(until([&] { return server_.told_end && client_.told_end; }));
  EXPECT_EQ(server_.heard, goodbye);
  EXPECT_EQ(closed_with(client_.heard, false), 1002U);
}

TEST_F(GuardedTunnelTest, both_sides_are_told_when_nothing_was_said_for_too_long) {
  idle_ = 5s;
  open();
  const std::string up = of_client(text, "hello");
  client_.say(up);
  ASSERT_TRUE(until([&] { return closed_with(server_.heard, true) == 1001U; }));
  EXPECT_TRUE(server_.heard.starts_with(up));
  EXPECT_FALSE(server_.told_end);
  server_.say(of_server(close, "\x03\xe9"));
  ASSERT_TRUE(until([&] { return client_.told_end; }));
  EXPECT_EQ(closed_with(client_.heard, false), 1001U);
  client_.say(of_client(close, "\x03\xe9"));
  client_.finish();
  ASSERT_TRUE(until([&] { return over(); }));
  EXPECT_EQ(reason(), Code::tunnel_timeout);
  EXPECT_EQ(outcome_.result.error().origin, Origin::gateway);
}

TEST_F(GuardedTunnelTest, who_says_nothing_to_that_either_is_left) {
  idle_ = 5s;
  open();
  const Time began = reactor_.now();
  ASSERT_TRUE(world_.run_until([&] { return over(); }, 20s));
  EXPECT_EQ(closed_with(server_.heard, true), 1001U);
  EXPECT_EQ(closed_with(client_.heard, false), 1001U);
  EXPECT_LE(reactor_.now() - began, 9100ms);
  EXPECT_EQ(reason(), Code::tunnel_timeout);
}

TEST_F(GuardedTunnelTest, client_that_listens_late_is_told_at_once) {
  open();
  client_.deaf = true;
  server_.say(of_server(text, "x"));
  ASSERT_TRUE(until([&] { return !client_.heard.empty(); }));
  client_.say(of_server(text, "not masked"));
  world_.run_for(3s);
  client_.listen();
  world_.run_for(10ms);
  EXPECT_TRUE(client_.told_end);
  EXPECT_EQ(closed_with(client_.heard, false), 1002U);
}

TEST_F(GuardedTunnelTest, server_that_does_not_listen_holds_nobody_up) {
  open();
  server_.deaf = true;
  client_.say(of_client(text, "first"));
  ASSERT_TRUE(until([&] { return !server_.heard.empty(); }));
  server_.say(of_client(text, "masked"));
  ASSERT_TRUE(until([&] { return client_.told_end; }));
  EXPECT_EQ(closed_with(client_.heard, false), 1002U);
  ASSERT_TRUE(until([&] { return over(); }));
}

TEST_F(GuardedTunnelTest, messages_are_counted_in_time) {
  open(unbounded, Purse(reactor_.now(), 3, 1s));
  const std::string one = of_client(text, "x");
  client_.say(one + one + one);
  world_.run_for(2500ms);
  client_.say(one + one);
  world_.run_for(10ms);
  EXPECT_EQ(server_.heard.size(), 5 * one.size());
  client_.say(one);
  ASSERT_TRUE(until([&] { return client_.told_end; }));
  EXPECT_EQ(closed_with(client_.heard, false), 1008U);
  EXPECT_TRUE(until([&] { return over(); }));
  EXPECT_EQ(reason(), Code::websocket_flood);
}

}  // namespace
}  // namespace weir::websocket
