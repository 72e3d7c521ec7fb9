// Who has to begin with a PROXY header, and what becomes of one that comes in pieces, late, or not at all.
#include "server/proxy_header.h"

#include <gtest/gtest.h>

#include "net/connect.h"
#include "net/listener.h"
#include "runtime/scope.h"
#include "runtime/sim_io.h"
#include "runtime/sim_world.h"

namespace weir {
namespace {

using namespace std::chrono_literals;
using proxy_protocol::Refusal;

ClientAddress at(std::string_view address) {
  const IpAddress parsed = *IpAddress::parse(address);
  return {.address = parsed, .peer = parsed};
}

TEST(ProxyHeader, is_asked_for_by_address_alone) {
  const ProxySenders senders{.blocks = {*Cidr::parse("10.0.0.0/8")}};
  EXPECT_TRUE(awaits_header(senders, at("10.1.2.3")));
  EXPECT_TRUE(awaits_header(senders, at("::ffff:10.1.2.3")));
  EXPECT_FALSE(awaits_header(senders, at("11.1.2.3")));
  EXPECT_FALSE(awaits_header({}, at("10.1.2.3")));
  const ClientAddress unix_client{.over_unix = true};
  EXPECT_FALSE(awaits_header(senders, unix_client));
  EXPECT_FALSE(awaits_header({.blocks = {*Cidr::parse("::/0")}}, unix_client));
  EXPECT_TRUE(awaits_header({.all = true, .blocks = {}}, unix_client));
}

/// A sender and whoever hears it, with a network that needs no time.
class HeardTest : public testing::Test {
 protected:
  HeardTest() {
    world.add(reactor);
    scope.spawn(hear());
    world.settle();
  }
  ~HeardTest() override {
    scope.cancel(gateway_error(Code::draining));
    world.run_until([&] { return scope.running() == 0; });
    sender.reset();
    inbox.reset();
    receiver.reset();
  }

  Task<void> hear() {
    const auto accepted = co_await listener.accept();
    receiver = std::make_unique<Stream>(reactor, *accepted, Origin::client);
    inbox = std::make_unique<Inbox>(*receiver);
    heard = co_await hear_proxy_header(*inbox, 5s);
  }
  Task<void> connect_and_send(std::string_view first) {
    sender = std::move(*co_await connect(reactor, {io.local_address(listener.handle())}, 1s));
    if (!first.empty()) static_cast<void>(co_await sender->send(first, 1s));
  }
  Task<void> send(std::string_view more) { static_cast<void>(co_await sender->send(more, 1s)); }
  void say(std::string_view bytes) {
    scope.spawn(sender == nullptr ? connect_and_send(bytes) : send(bytes));
    world.run_for(100ms);
  }

  SimNetwork network{1};
  SimIo io{network};
  Reactor reactor{io, 1};
  SimWorld world{network};
  Listener listener{reactor, *Listener::open(reactor, *socket_address(*parse_endpoint("10.0.0.1:80")), {})};
  std::unique_ptr<Stream> sender;
  std::unique_ptr<Stream> receiver;
  std::unique_ptr<Inbox> inbox;
  std::optional<HeardHeader> heard;
  Scope scope{reactor};
};

constexpr std::string_view line = "PROXY TCP4 203.0.113.7 192.0.2.1 5000 80\r\n";

TEST_F(HeardTest, what_stands_behind_it_stays_unread) {
  say(std::string(line) + "GET / HTTP/1.1");
  ASSERT_TRUE(heard && heard->good);
  EXPECT_EQ(heard->header.source.port, 5000);
  EXPECT_EQ(std::string_view(inbox->unread().data(), inbox->unread().size()), "GET / HTTP/1.1");
}

TEST_F(HeardTest, may_come_in_two_pieces) {
  say(line.substr(0, 9));
  EXPECT_FALSE(heard);
  say(line.substr(9));
  ASSERT_TRUE(heard && heard->good);
  EXPECT_TRUE(inbox->empty());
}

TEST_F(HeardTest, has_one_time_for_all_of_it) {
  for (std::size_t count = 0; count < 8; ++count) {
    say(line.substr(count, 1));
    world.run_for(500ms);
  }
  EXPECT_FALSE(heard);
  world.run_for(500ms);
  ASSERT_TRUE(heard);
  EXPECT_FALSE(heard->good);
  EXPECT_EQ(heard->why, Refusal::timed_out);
  EXPECT_FALSE(heard->silent);
}

TEST_F(HeardTest, is_refused_with_its_first_wrong_byte) {
  say("PROXYx");
  ASSERT_TRUE(heard);
  EXPECT_EQ(heard->why, Refusal::missing);
}

TEST_F(HeardTest, one_who_only_looks_whether_the_port_is_open_is_no_news) {
  say("");
  sender.reset();
  world.run_for(100ms);
  ASSERT_TRUE(heard);
  EXPECT_EQ(heard->why, Refusal::closed);
  EXPECT_TRUE(heard->silent);
}

TEST_F(HeardTest, one_who_goes_in_the_middle_is) {
  say("PROXY TC");
  sender.reset();
  world.run_for(100ms);
  ASSERT_TRUE(heard);
  EXPECT_EQ(heard->why, Refusal::closed);
  EXPECT_FALSE(heard->silent);
}

}  // namespace
}  // namespace weir
