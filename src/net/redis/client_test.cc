// The client as those who ask meet it: answers in their order, patience kept, dead and slow servers left alone,
// clusters followed. All in virtual time, against servers that are made up.
#include "net/redis/client.h"

#include <gtest/gtest.h>

#include "net/redis/testing/redis_client_test.h"

namespace weir::redis {
namespace {

using namespace std::chrono_literals;

TEST_F(RedisClient, many_questions_share_a_connection_and_get_their_own_answers) {
  FakeRedis redis(network, world, "10.0.0.1:6379");
  redis.answer = &echo;
  network.faults() = {.partial_read = 0.3, .partial_write = 0.3, .split = 0.3, .partial_bytes = 5};
  connect_to({"10.0.0.1:6379"});
  std::vector<std::shared_ptr<Asked>> all;
  for (int number = 0; number < 200; ++number) all.push_back(begin("key" + std::to_string(number), 30s));
  ASSERT_TRUE(world.run_until([&] { return all.back()->reply.has_value(); }));
  for (int number = 0; number < 200; ++number) EXPECT_EQ(all[number]->text(), "key" + std::to_string(number));
  EXPECT_EQ(redis.connections, 1U);
}

TEST_F(RedisClient, says_who_it_is_and_never_shows_the_password) {
  FakeRedis redis(network, world, "10.0.0.1:6379");
  redis.answer = [&](const FakeRedis::Words& words) {
    return words[0] == "AUTH" && words.back() != "secret" ? "-WRONGPASS invalid username-password pair\r\n"
                                                          : echo(words);
  };
  settings.user = "weir";
  settings.password = "secret";
  settings.database = 3;
  connect_to({"10.0.0.1:6379"});
  EXPECT_EQ(ask_now("a")->text(), "a");
  ASSERT_EQ(redis.asked.size(), 3U);
  EXPECT_EQ(redis.asked[0], (FakeRedis::Words{"AUTH", "weir", "secret"}));
  EXPECT_EQ(redis.asked[1], (FakeRedis::Words{"SELECT", "3"}));
}

TEST_F(RedisClient, a_wrong_password_is_told_in_the_servers_words) {
  FakeRedis redis(network, world, "10.0.0.1:6379");
  redis.answer = [](const FakeRedis::Words&) { return "-WRONGPASS invalid username-password pair\r\n"; };
  settings.password = "guess";
  connect_to({"10.0.0.1:6379"});
  EXPECT_EQ(ask_now("a")->error(), Code::credentials_refused);
  EXPECT_EQ(events.last_words, "WRONGPASS invalid username-password pair");
}

TEST_F(RedisClient, a_dead_server_costs_nobody_a_wait) {
  connect_to({"10.0.0.1:6379"});
  EXPECT_EQ(ask_now("a")->error(), Code::connect_refused);
  const Time before = reactor.now();
  for (int number = 0; number < 100; ++number) EXPECT_EQ(ask_now("b")->error(), Code::unreachable);
  EXPECT_EQ(reactor.now(), before);
  EXPECT_EQ(events.counts[Event::suppressed], 1U);
}

TEST_F(RedisClient, a_server_that_comes_back_is_found_within_the_longest_pause) {
  connect_to({"10.0.0.1:6379"});
  ask_now("a");
  world.run_for(60s);
  const unsigned tries = events.counts[Event::failed];
  EXPECT_GT(tries, 30U) << "at least one try in two seconds";
  EXPECT_LT(tries, 60U);
  FakeRedis redis(network, world, "10.0.0.1:6379");
  redis.answer = &echo;
  world.run_for(Suppression::pause_max + 10ms);
  EXPECT_EQ(ask_now("a")->text(), "a");
}

TEST_F(RedisClient, a_late_answer_is_given_up_after_the_patience_and_thrown_away) {
  FakeRedis redis(network, world, "10.0.0.1:6379");
  redis.answer = &echo;
  connect_to({"10.0.0.1:6379"});
  ask_now("first");
  redis.delay = 100ms;
  const Time began = reactor.now();
  const auto late = ask_now("late", 5ms);
  EXPECT_EQ(late->error(), Code::timed_out);
  EXPECT_LE(late->ended - began, 7ms);
  EXPECT_EQ(ask_now("next", 5ms)->error(), Code::unreachable) << "nobody waits for it any more";
  redis.delay = {};
  world.run_for(300ms);
  EXPECT_EQ(events.counts[Event::late_answer], 1U);
  EXPECT_EQ(ask_now("after", 5ms)->text(), "after") << "not the answer of somebody else";
  EXPECT_EQ(redis.connections, 1U);
}

TEST_F(RedisClient, a_slow_server_is_waited_for_once_and_then_only_probed) {
  FakeRedis redis(network, world, "10.0.0.1:6379");
  redis.answer = &echo;
  connect_to({"10.0.0.1:6379"});
  ask_now("first");
  redis.delay = 100ms;
  Duration waited{};
  for (int number = 0; number < 1000; ++number) {
    const Time began = reactor.now();
    ask_now("x", 5ms);
    waited += reactor.now() - began;
    world.run_for(10ms);
  }
  EXPECT_LE(waited, 7ms) << "once, in ten seconds";
  EXPECT_LE(redis.count("PING"), 12U);
}

TEST_F(RedisClient, a_hanging_server_is_given_up_and_found_again) {
  FakeRedis redis(network, world, "10.0.0.1:6379");
  redis.answer = &echo;
  connect_to({"10.0.0.1:6379"});
  ask_now("first");
  redis.hangs = true;
  EXPECT_EQ(ask_now("x", 5ms)->error(), Code::timed_out);
  world.run_for(10s);
  EXPECT_GT(events.counts[Event::failed], 1U) << "a silent connection is closed, and so is one that greets nobody";
  redis.hangs = false;
  world.run_for(4s);
  EXPECT_EQ(ask_now("y", 5ms)->text(), "y");
}

TEST_F(RedisClient, a_connection_that_is_lost_fails_those_who_wait) {
  FakeRedis redis(network, world, "10.0.0.1:6379");
  redis.answer = &echo;
  connect_to({"10.0.0.1:6379"});
  ask_now("first");
  redis.delay = 50ms;
  const auto one = begin("a");
  const auto two = begin("b");
  world.run_for(10ms);
  redis.kill();
  EXPECT_TRUE(one->error());
  EXPECT_TRUE(two->error());
}

TEST_F(RedisClient, an_answer_that_is_none_ends_the_connection) {
  FakeRedis redis(network, world, "10.0.0.1:6379");
  redis.answer = [](const FakeRedis::Words&) { return "HTTP/1.1 400 Bad Request\r\n"; };
  connect_to({"10.0.0.1:6379"});
  EXPECT_EQ(ask_now("a")->error(), Code::unexpected_bytes);
}

TEST_F(RedisClient, another_address_is_tried_when_one_fails) {
  FakeRedis redis(network, world, "10.0.0.2:6379");
  redis.answer = &echo;
  connect_to({"10.0.0.1:6379", "10.0.0.2:6379"});
  EXPECT_TRUE(ask_now("a")->error());
  world.run_for(10ms);
  EXPECT_EQ(ask_now("a")->text(), "a");
}

TEST_F(RedisClient, a_server_that_may_only_read_is_left_for_the_next_address) {
  FakeRedis old_master(network, world, "10.0.0.1:6379");
  FakeRedis new_master(network, world, "10.0.0.2:6379");
  old_master.answer = [](const FakeRedis::Words& words) {
    return words[0] == "PING" ? "+PONG\r\n" : "-READONLY You can't write against a read only replica.\r\n";
  };
  new_master.answer = &echo;
  connect_to({"10.0.0.1:6379", "10.0.0.2:6379"});
  EXPECT_TRUE((*ask_now("a")->reply)->value().is_error("READONLY"));
  world.run_for(10ms);
  EXPECT_EQ(ask_now("a")->text(), "a");
}

TEST_F(RedisClient, whoever_leaves_while_he_waits_disturbs_nobody) {
  FakeRedis redis(network, world, "10.0.0.1:6379");
  redis.answer = &echo;
  connect_to({"10.0.0.1:6379"});
  ask_now("first");
  redis.delay = 3ms;
  auto leaver = std::make_shared<Asked>();
  {
    Scope leaving(reactor);
    leaving.spawn(ask("leaves", 1s, leaver));
    const auto stays = begin("stays");
    world.run_for(1ms);
    leaving.cancel(client_error(Code::canceled));
    world.run_until([&] { return leaving.running() == 0; });
    EXPECT_EQ(leaver->error(), Code::canceled);
    world.run_for(10ms);
    EXPECT_EQ(stays->text(), "stays");
  }
}

TEST_F(RedisClient, an_idle_connection_is_closed_and_opened_when_somebody_asks) {
  FakeRedis redis(network, world, "10.0.0.1:6379");
  redis.answer = &echo;
  connect_to({"10.0.0.1:6379"});
  ask_now("a");
  world.run_for(settings.idle_timeout + 1s);
  EXPECT_EQ(client->nodes().front().state, "idle");
  EXPECT_EQ(ask_now("b", 5ms)->text(), "b");
  EXPECT_EQ(redis.connections, 2U);
  EXPECT_EQ(events.counts[Event::failed], 0U);
}

// ---- functions ----

Request function_request(std::string_view key) {
  Request request{.function = 0, .words = 2};
  request.bytes = command({"1", key}).substr(4);  // without the count of words
  return request;
}

Task<void> call(Client& client, const Request& request, std::shared_ptr<Asked> asked) {
  asked->reply.emplace(co_await client.ask(request, 0, 1s));
}

TEST_F(RedisClient, functions_are_loaded_when_connecting_and_called_by_name) {
  FakeRedis redis(network, world, "10.0.0.1:6379");
  redis.answer = [](const FakeRedis::Words& words) {
    return words[0] == "FUNCTION" ? "-ERR Library 'x' already exists\r\n" : echo(words);
  };
  settings.library = {.source = "#!lua name=x\n", .functions = {{.name = "f", .script = "return 1"}}};
  connect_to({"10.0.0.1:6379"});
  auto asked = std::make_shared<Asked>();
  const Request request = function_request("k");
  scope.spawn(call(*client, request, asked));
  ASSERT_TRUE(world.run_until([&] { return asked->reply.has_value(); }));
  EXPECT_EQ(redis.asked.back(), (FakeRedis::Words{"FCALL", "f", "1", "k"}));
}

TEST_F(RedisClient, a_server_that_refuses_functions_gets_scripts) {
  FakeRedis redis(network, world, "10.0.0.1:6379");
  redis.answer = [](const FakeRedis::Words& words) -> std::string {
    if (words[0] == "FUNCTION") return "-ERR unknown command 'FUNCTION'\r\n";
    if (words[0] == "SCRIPT") return "$4\r\nabcd\r\n";
    return echo(words);
  };
  settings.library = {.source = "#!lua name=x\n", .functions = {{.name = "f", .script = "return 1"}}};
  connect_to({"10.0.0.1:6379"});
  auto asked = std::make_shared<Asked>();
  const Request request = function_request("k");
  scope.spawn(call(*client, request, asked));
  ASSERT_TRUE(world.run_until([&] { return asked->reply.has_value(); }));
  EXPECT_EQ(redis.asked.back(), (FakeRedis::Words{"EVALSHA", "abcd", "1", "k"}));
}

// ---- clusters ----

std::string slots_answer(std::string_view low_master, std::string_view high_master) {
  const auto range = [](int first, int last, std::string_view master) {
    const Endpoint endpoint = *parse_endpoint(master);
    return "*3\r\n:" + std::to_string(first) + "\r\n:" + std::to_string(last) + "\r\n*3\r\n$" +
           std::to_string(endpoint.host.size()) + "\r\n" + endpoint.host + "\r\n:" + std::to_string(endpoint.port) +
           "\r\n$2\r\nid\r\n";
  };
  return "*2\r\n" + range(0, 8191, low_master) + range(8192, 16383, high_master);
}

/// A master of a cluster of two: it serves its half and sends everybody else on.
void make_master(FakeRedis& redis, bool low, std::string& low_address, std::string& high_address) {
  redis.answer = [low, &low_address, &high_address](const FakeRedis::Words& words) {
    if (words[0] == "CLUSTER") return slots_answer(low_address, high_address);
    if (words[0] == "PING" || words[0] == "ASKING") return std::string("+OK\r\n");
    const std::uint16_t slot = slot_of(words.back());
    if ((slot < 8192) == low) return std::string(low ? "+low\r\n" : "+high\r\n");
    return "-MOVED " + std::to_string(slot) + ' ' + (low ? high_address : low_address) + "\r\n";
  };
}

class RedisCluster : public RedisClient {
 protected:
  RedisCluster() {
    make_master(low, true, low_address, high_address);
    make_master(high, false, low_address, high_address);
  }
  std::string low_address = "10.0.0.1:7000";
  std::string high_address = "10.0.0.2:7000";
  FakeRedis low{network, world, "10.0.0.1:7000"};
  FakeRedis high{network, world, "10.0.0.2:7000"};
  const std::string low_key = "{b}";   // slot 3300
  const std::string high_key = "{a}";  // slot 15495
};

TEST_F(RedisCluster, slots_are_those_of_the_specification) {
  EXPECT_EQ(slot_of("123456789"), 0x31C3);
  EXPECT_EQ(slot_of("{user1000}.following"), slot_of("user1000"));
  EXPECT_EQ(slot_of("foo{{bar}}zap"), slot_of("{bar"));
  EXPECT_EQ(slot_of("foo{bar}{zap}"), slot_of("bar"));
  EXPECT_NE(slot_of("foo{}{bar}"), slot_of("bar"));
  EXPECT_EQ(slot_of(low_key), 3300);
  EXPECT_EQ(slot_of(high_key), 15495);
}

TEST_F(RedisCluster, moved_is_followed_and_the_table_is_read) {
  connect_to({low_address}, true);
  EXPECT_EQ(ask_now(high_key)->text(), "high");
  world.run_for(100ms);
  EXPECT_EQ(events.counts[Event::refreshed], 1U);
  const unsigned redirected = events.counts[Event::redirected];
  EXPECT_EQ(ask_now(high_key)->text(), "high");
  EXPECT_EQ(ask_now(low_key)->text(), "low");
  EXPECT_EQ(events.counts[Event::redirected], redirected) << "asked at the right place at once";
}

TEST_F(RedisCluster, ask_is_followed_for_one_question_with_asking) {
  connect_to({low_address}, true);
  ask_now(low_key);
  world.run_for(2s);
  low.answer = [&](const FakeRedis::Words& words) {
    return words[0] == "GET" ? "-ASK 3300 " + high_address + "\r\n" : std::string("+OK\r\n");
  };
  high.answer = [&](const FakeRedis::Words& words) {
    return std::string(words[0] == "GET" ? "+taken\r\n" : "+OK\r\n");
  };
  EXPECT_EQ(ask_now(low_key)->text(), "taken");
  ASSERT_GE(high.asked.size(), 2U);
  EXPECT_EQ(high.asked[high.asked.size() - 2].front(), "ASKING");
  const std::size_t before = low.count("GET");
  ask_now(low_key);
  EXPECT_EQ(low.count("GET"), before + 1) << "the slot is still the old one's";
}

TEST_F(RedisCluster, a_failover_is_found_within_seconds) {
  connect_to({low_address}, true);
  ask_now(low_key);
  world.run_for(2s);
  low.kill();
  EXPECT_TRUE(ask_now(low_key)->error());
  EXPECT_EQ(ask_now(high_key)->text(), "high") << "the others are not disturbed";
  low_address = "10.0.0.3:7000";
  FakeRedis replica(network, world, "10.0.0.3:7000");
  make_master(replica, true, low_address, high_address);
  bool found = false;
  for (int tries = 0; tries < 30 && !found; ++tries) {
    found = ask_now(low_key)->text() == "low";
    world.run_for(100ms);
  }
  EXPECT_TRUE(found);
  EXPECT_EQ(client->nodes().size(), 2U) << "the dead one is forgotten";
}

TEST_F(RedisCluster, the_table_is_read_at_most_once_a_second_however_often_it_is_wrong) {
  connect_to({low_address}, true);
  ask_now(low_key);
  world.run_for(2s);
  const std::size_t before = low.count("CLUSTER") + high.count("CLUSTER");
  // Both send everybody away for ever.
  low.answer = [&](const FakeRedis::Words& words) {
    return words[0] == "CLUSTER" ? slots_answer(low_address, high_address) : "-MOVED 3300 " + high_address + "\r\n";
  };
  high.answer = [&](const FakeRedis::Words& words) {
    return words[0] == "CLUSTER" ? slots_answer(low_address, high_address) : "-MOVED 3300 " + low_address + "\r\n";
  };
  for (int number = 0; number < 1000; ++number) {
    EXPECT_EQ(ask_now(low_key)->error(), Code::upstream_overloaded) << "a circle of redirections ends";
    world.run_for(10ms);
  }
  EXPECT_LE(low.count("CLUSTER") + high.count("CLUSTER") - before, 11U);
}

}  // namespace
}  // namespace weir::redis
