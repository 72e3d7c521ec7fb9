// Bytes that come with a hello: served before the handshake is over, once, and never mistaken for later ones.
#include "net/tls/early_data.h"

#include <gtest/gtest.h>

#include <array>
#include <utility>

#include "net/tls/server_context.h"
#include "net/tls/testing/early_asker.h"
#include "net/tls/testing/test_authority.h"

namespace weir::tls {
namespace {

class EarlyDataTest : public testing::Test {
 protected:
  EarlyDataTest() {
    const TestCertificate made = test_root().issue({.names = {"shop.test"}});
    std::vector<Finding> findings;
    settings.shown = {{Identity::read(made.certificate, made.key, certificate_time(), findings)}};
    settings.tickets = std::make_shared<TicketKeys>();
    settings.early_data = std::make_shared<HelloRecord>();
  }

  /// A connection that gives the client a ticket.
  void give_ticket() {
    server = ServerContext::make(settings).value();
    const auto engine = server->accept(bench, Time{}, certificate_time());
    EXPECT_FALSE(engine->shake(client.shake({})).value());
    EXPECT_TRUE(engine->shake(client.shake(engine->owed())).value());
    EXPECT_FALSE(engine->facts().early);
    client.keep_ticket(engine->owed());
    client.resume();
  }
  std::string opened(Engine& engine, std::string_view received) {
    std::string room(100'000, '\0');
    const auto count = engine.open(received, room);
    EXPECT_TRUE(count);
    return room.substr(0, count.value_or(0));
  }
  static std::string sealed(Engine& engine, std::string_view bytes) {
    return std::string(engine.seal(std::span(&bytes, 1)).value_or(""));
  }

  ServerSettings settings;
  std::shared_ptr<const ServerContext> server;
  Workbench bench;
  EarlyAsker client;
};

TEST_F(EarlyDataTest, is_served_and_answered_before_the_handshake_is_over) {
  give_ticket();
  const auto engine = server->accept(bench, Time{}, certificate_time());
  EXPECT_FALSE(engine->facts().early);
  EXPECT_TRUE(engine->shake(client.say_early("GET / early")).value());
  EXPECT_TRUE(engine->facts().early);
  EXPECT_TRUE(engine->facts().resumed);
  const std::string flight = engine->owed();
  EXPECT_TRUE(engine->unread());
  EXPECT_EQ(opened(*engine, {}), "GET / early");
  EXPECT_FALSE(engine->unread());
  EXPECT_TRUE(engine->facts().early) << "nobody has proven anything yet";
  EXPECT_TRUE(engine->goodbye().empty()) << "there is none before the end of the handshake";
  const std::string answer = sealed(*engine, "an answer");
  const std::string finished = client.shake(flight);
  EXPECT_TRUE(client.was_taken());
  EXPECT_EQ(client.read(answer), "an answer");
  EXPECT_EQ(opened(*engine, finished), "");
  EXPECT_FALSE(engine->facts().early);
  EXPECT_EQ(opened(*engine, client.say("and later")), "and later");
  EXPECT_EQ(client.read(sealed(*engine, "another answer")), "another answer");
  EXPECT_FALSE(engine->goodbye().empty());
}

TEST_F(EarlyDataTest, what_comes_in_pieces_and_into_small_rooms_is_whole) {
  give_ticket();
  const auto engine = server->accept(bench, Time{}, certificate_time());
  std::string wire = client.say_early("first ");
  wire += client.say_early("second");
  bool over = false;
  std::string flight;
  std::string heard;
  for (const char each : wire) {
    if (!over) {
      over = engine->shake({&each, 1}).value();
      flight += engine->owed();
    } else {
      heard += opened(*engine, {&each, 1});
    }
  }
  ASSERT_TRUE(over);
  heard += opened(*engine, client.shake(flight) + client.say(" third"));
  EXPECT_EQ(heard, "first second third");
}

TEST_F(EarlyDataTest, small_rooms_lose_nothing) {
  give_ticket();
  const auto engine = server->accept(bench, Time{}, certificate_time());
  EXPECT_TRUE(engine->shake(client.say_early("a request in early data")).value());
  const std::string end = client.shake(engine->owed()) + client.say(" and more");
  std::string heard;
  std::string_view rest = end;
  do {
    std::array<char, 5> room{};
    heard.append(room.data(), engine->open(std::exchange(rest, {}), room).value());
  } while (engine->unread());
  EXPECT_EQ(heard, "a request in early data and more");
}

TEST_F(EarlyDataTest, a_hello_that_is_sent_again_brings_nothing) {
  give_ticket();
  const std::string recorded = client.say_early("GET / early");
  EXPECT_TRUE(server->accept(bench, Time{}, certificate_time())->shake(recorded).value());
  const auto replayed = server->accept(bench, Time{}, certificate_time());
  EXPECT_FALSE(replayed->shake(recorded).value()) << "the rest of the handshake is waited for, and never comes";
  const auto elsewhere = ServerContext::make(settings).value();
  EXPECT_FALSE(elsewhere->accept(bench, Time{}, certificate_time())->shake(recorded).value())
      << "nor after a renewal of certificates";
  EXPECT_FALSE(replayed->facts().early);
}

TEST_F(EarlyDataTest, who_is_refused_goes_on_with_a_whole_handshake) {
  give_ticket();
  const std::string recorded = client.say_early("GET / early");
  EXPECT_TRUE(server->accept(bench, Time{}, certificate_time())->shake(recorded).value());
  const auto engine = server->accept(bench, Time{}, certificate_time());
  EXPECT_FALSE(engine->shake(recorded).value());
  EXPECT_TRUE(engine->shake(client.shake(engine->owed())).value());
  EXPECT_FALSE(client.was_taken());
  EXPECT_TRUE(client.resumed());
  EXPECT_EQ(opened(*engine, client.say("GET / again")), "GET / again");
}

TEST_F(EarlyDataTest, is_refused_at_first_where_others_may_have_the_keys_of_tickets) {
  settings.tickets = TicketKeys::read(std::string(TicketKey::bytes, 'k')).value();
  give_ticket();
  const auto engine = server->accept(bench, Time{}, certificate_time());
  EXPECT_FALSE(engine->shake(client.say_early("GET / early")).value());
  EXPECT_TRUE(engine->shake(client.shake(engine->owed())).value());
  EXPECT_FALSE(client.was_taken());
  EXPECT_TRUE(client.resumed());
}

TEST_F(EarlyDataTest, is_refused_where_it_is_off) {
  give_ticket();
  settings.early_data = nullptr;
  const auto off = ServerContext::make(settings).value();
  const auto engine = off->accept(bench, Time{}, certificate_time());
  EXPECT_FALSE(engine->shake(client.say_early("GET / early")).value());
  EXPECT_TRUE(engine->shake(client.shake(engine->owed())).value());
  EXPECT_FALSE(client.was_taken());
}

}  // namespace
}  // namespace weir::tls
