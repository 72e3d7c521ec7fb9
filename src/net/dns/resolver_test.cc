// Names to addresses in virtual time, by name servers that are slow, gone, wrong or lying.
#include "net/dns/resolver.h"

#include <gtest/gtest.h>

#include "net/dns/testing/name_server.h"
#include "net/listener.h"
#include "net/stream.h"
#include "runtime/scope.h"
#include "runtime/sim_io.h"
#include "runtime/sim_world.h"

namespace weir::dns {
namespace {

using namespace testing;
using namespace std::chrono_literals;

class FixedSettings final : public SettingsSource {
 public:
  Task<Result<std::shared_ptr<const Settings>>> latest(Reactor&) override {
    co_return std::make_shared<const Settings>(settings);
  }
  Settings settings;
};

class DnsResolverTest : public ::testing::Test {
 protected:
  DnsResolverTest() {
    world.add(reactor);
    source.settings.servers = {first, second};
    source.settings.has_v4 = true;
    serve(first);
  }
  ~DnsResolverTest() override {
    scope.cancel(gateway_error(Code::draining));
    world.run_until([&] { return scope.running() == 0; });
    EXPECT_EQ(network.open_handles(), 0U) << network.describe_open();
  }

  static SocketAddress server(std::string_view address) {
    return socket_address(IpAddress::parse(address).value(), 53);
  }

  /// Answers from `zone`; a name that is not there is nobody's.
  void serve(const SocketAddress& address) {
    network.serve_datagrams(address, [this, address](std::string_view question) {
      asked.push_back(text_of(address) + " " + name_in(question) + " " +
                      std::to_string(static_cast<unsigned>(type_in(question))));
      return std::vector{response_to(question, said_to(question))};
    });
  }
  Said said_to(std::string_view question) {
    const auto found = zone.find({name_in(question), type_in(question)});
    return found != zone.end() ? found->second : Said{.answers = {}, .authorities = {soa("test", 5, 5)}, .code = 3};
  }

  /// One question over a connection, answered from `zone`.
  Task<void> serve_stream(Listener& listener) {
    const Result<Handle> accepted = co_await listener.accept();
    if (!accepted) co_return;
    Stream stream(reactor, *accepted, Origin::client);
    std::string question;
    while (question.size() < 2 || question.size() < 2U + static_cast<std::uint8_t>(question[1])) {
      const auto piece = co_await stream.receive(1s);
      if (!piece || piece->empty()) co_return;
      question.append(piece->data(), piece->size());
    }
    const std::string answer = response_to(question.substr(2), said_to(question.substr(2)));
    co_await stream.send({wire_16(static_cast<unsigned>(answer.size())), answer}, 1s);
    co_await stream.receive(1s);
  }

  static Task<void> keep(DnsResolver& resolver, Reactor& reactor, Endpoint endpoint,
                         std::optional<Result<ResolvedAddresses>>& answer) {
    answer.emplace(co_await resolver.resolve(reactor, endpoint));
  }
  Result<ResolvedAddresses> resolve(Endpoint endpoint) {
    std::optional<Result<ResolvedAddresses>> answer;
    scope.spawn(keep(resolver, reactor, std::move(endpoint), answer));
    EXPECT_TRUE(world.run_until([&] { return answer.has_value(); }));
    return *answer;
  }
  /// `10.0.0.1:80 10.0.0.2:80`, or why not.
  std::string addresses_of(std::string host) {
    const Result<ResolvedAddresses> found = resolve({.host = std::move(host), .port = 80});
    if (!found) return found.error().text != nullptr ? found.error().text : "?";
    std::string texts;
    for (const ResolvedAddress& each : found->addresses)
      texts += (texts.empty() ? "" : " ") + text_of(each.address.address);
    return texts;
  }

  SimNetwork network{1};
  SimIo io{network};
  Reactor reactor{io, 1};
  SimWorld world{network};
  Scope scope{reactor};
  const SocketAddress first = server("10.0.0.2");
  const SocketAddress second = server("10.0.0.3");
  std::map<std::pair<std::string, Type>, Said> zone;
  std::vector<std::string> asked;
  FixedSettings source;
  DnsResolver resolver{source};
};

TEST_F(DnsResolverTest, names_become_addresses_for_as_long_as_the_answer_holds) {
  zone[{"shop.test", Type::a}] = {.answers = {a("shop.test", "10.1.0.1", 60), a("shop.test", "10.1.0.2", 60)}};
  const auto found = resolve({.host = "Shop.test", .port = 8080});
  ASSERT_TRUE(found);
  ASSERT_EQ(found->addresses.size(), 2U);
  EXPECT_EQ(text_of(found->addresses[0].address.address), "10.1.0.1:8080");
  EXPECT_EQ(found->holds, 60s);
  world.run_for(20s);
  EXPECT_EQ(resolve({.host = "shop.test", .port = 1})->holds, 40s) << "remembered, and older";
  EXPECT_EQ(asked.size(), 1U);
  world.run_for(41s);
  addresses_of("shop.test");
  EXPECT_EQ(asked.size(), 2U) << "its time was over";
}

TEST_F(DnsResolverTest, both_kinds_are_asked_for_where_the_machine_has_both) {
  source.settings.has_v6 = true;
  zone[{"shop.test", Type::a}] = {.answers = {a("shop.test", "10.1.0.1", 60)}};
  zone[{"shop.test", Type::aaaa}] = {.answers = {aaaa("shop.test", "2001:db8::1", 9)}};
  const auto found = resolve({.host = "shop.test", .port = 80});
  ASSERT_TRUE(found);
  ASSERT_EQ(found->addresses.size(), 2U);
  EXPECT_EQ(found->holds, 9s);
  zone[{"four.test", Type::a}] = {.answers = {a("four.test", "10.1.0.4")}};
  EXPECT_EQ(addresses_of("four.test"), "10.1.0.4:80") << "that there is none of the one kind is no failure";
}

TEST_F(DnsResolverTest, next_server_is_asked_when_one_is_gone_slow_or_does_not_know) {
  serve(second);
  zone[{"shop.test", Type::a}] = {.answers = {a("shop.test", "10.1.0.1", 1)}};
  network.serve_datagrams(first, nullptr);  // refused by its machine
  EXPECT_EQ(addresses_of("shop.test"), "10.1.0.1:80");
  world.run_for(10s);
  network.serve_datagrams(first, [](std::string_view) { return std::vector<std::string>{}; });  // silent
  network.serve_datagrams(second, [](std::string_view question) {
    return std::vector{response_to(question, {.code = 2})};  // SERVFAIL
  });
  const Time before = reactor.now();
  EXPECT_EQ(addresses_of("shop.test"), "no name server answered");
  EXPECT_EQ(reactor.now() - before, 2 * 2s) << "two rounds of waiting for the silent one";
  serve(second);
  EXPECT_EQ(addresses_of("shop.test"), "10.1.0.1:80") << "a failure leaves no trace";
}

TEST_F(DnsResolverTest, server_that_answered_last_is_asked_first) {
  serve(second);
  network.serve_datagrams(first, nullptr);
  zone[{"a.test", Type::a}] = {.answers = {a("a.test", "10.1.0.1")}};
  zone[{"b.test", Type::a}] = {.answers = {a("b.test", "10.1.0.2")}};
  addresses_of("a.test");
  serve(first);
  addresses_of("b.test");
  EXPECT_EQ(asked.back(), "10.0.0.3:53 b.test 1");
}

TEST_F(DnsResolverTest, liars_are_not_listened_to) {
  zone[{"shop.test", Type::a}] = {.answers = {a("shop.test", "10.1.0.1")}};
  network.serve_datagrams(first, [&](std::string_view question) {
    std::string wrong_number = response_to(question, {.answers = {a("shop.test", "10.6.6.6")}});
    wrong_number[0] = static_cast<char>(wrong_number[0] + 1);
    std::string other(question);
    other[13] = 'x';
    return std::vector<std::string>{
        wrong_number, response_to(other, {.answers = {a("xhop.test", "10.6.6.6")}}), "",
        response_to(question, {.answers = {a("evil.test", "10.6.6.6"), a("shop.test", "10.1.0.1")}})};
  });
  EXPECT_EQ(addresses_of("shop.test"), "10.1.0.1:80");
  // Somebody who guesses and guesses: the server is given up, not listened to for ever.
  network.serve_datagrams(first, [&](std::string_view question) {
    std::string wrong = response_to(question, {.answers = {a("late.test", "10.6.6.6")}});
    wrong[1] = static_cast<char>(wrong[1] + 1);
    return std::vector<std::string>(100, wrong);
  });
  serve(second);
  zone[{"late.test", Type::a}] = {.answers = {a("late.test", "10.1.0.2")}};
  EXPECT_EQ(addresses_of("late.test"), "10.1.0.2:80");
}

TEST_F(DnsResolverTest, what_does_not_fit_is_asked_for_over_tcp) {
  network.serve_datagrams(
      first, [](std::string_view question) { return std::vector{response_to(question, {.truncated = true})}; });
  Said many;
  for (int last = 1; last <= 200; ++last) many.answers.push_back(a("shop.test", "10.1.0." + std::to_string(last)));
  zone[{"shop.test", Type::a}] = many;
  Listener listener(reactor, Listener::open(reactor, first, {}).value());
  scope.spawn(serve_stream(listener));
  const auto found = resolve({.host = "shop.test", .port = 80});
  ASSERT_TRUE(found);
  EXPECT_EQ(found->addresses.size(), 200U);
  world.run_until([&] { return scope.running() == 0; });
}

TEST_F(DnsResolverTest, server_without_edns_is_asked_as_in_the_old_days) {
  unsigned refused = 0;
  network.serve_datagrams(first, [&](std::string_view question) {
    if (!has_edns(question)) return std::vector{response_to(question, {.answers = {a("shop.test", "10.1.0.1", 1)}})};
    ++refused;
    return std::vector{response_to(question, {.code = 1})};
  });
  EXPECT_EQ(addresses_of("shop.test"), "10.1.0.1:80");
  world.run_for(5s);
  EXPECT_EQ(addresses_of("shop.test"), "10.1.0.1:80");
  EXPECT_EQ(refused, 1U) << "it is known then";
}

TEST_F(DnsResolverTest, that_there_is_none_is_remembered_for_a_while) {
  EXPECT_EQ(addresses_of("none.test"), "the name has no address");
  EXPECT_EQ(addresses_of("none.test"), "the name has no address");
  EXPECT_EQ(asked.size(), 1U);
  zone[{"none.test", Type::a}] = {.answers = {a("none.test", "10.1.0.1")}};
  world.run_for(6s);
  EXPECT_EQ(addresses_of("none.test"), "10.1.0.1:80");
}

TEST_F(DnsResolverTest, answers_that_hold_no_time_are_shared_by_those_who_ask_at_once) {
  zone[{"shop.test", Type::a}] = {.answers = {a("shop.test", "10.1.0.1", 0)}};
  std::vector<std::optional<Result<ResolvedAddresses>>> answers(100);
  for (std::size_t each = 0; each < answers.size(); ++each) {
    scope.spawn(
        keep(resolver, reactor, {.host = "shop.test", .port = static_cast<std::uint16_t>(each)}, answers[each]));
  }
  EXPECT_TRUE(world.run_until([&] { return scope.running() == 0; }));
  EXPECT_EQ(asked.size(), 1U);
  for (const auto& answer : answers) {
    ASSERT_TRUE(*answer);
    EXPECT_EQ((*answer)->holds, 1s) << "no less: nobody is asked in a circle";
  }
  world.run_for(2s);
  addresses_of("shop.test");
  EXPECT_EQ(asked.size(), 2U);
}

TEST_F(DnsResolverTest, aliases_lead_to_other_questions_but_not_for_ever) {
  zone[{"www.test", Type::a}] = {.answers = {cname("www.test", "shop.test", 7)}};
  zone[{"shop.test", Type::a}] = {.answers = {a("shop.test", "10.1.0.1", 60)}};
  const auto found = resolve({.host = "www.test", .port = 80});
  ASSERT_TRUE(found);
  EXPECT_EQ(found->holds, 7s);
  zone[{"x.test", Type::a}] = {.answers = {cname("x.test", "y.test")}};
  zone[{"y.test", Type::a}] = {.answers = {cname("y.test", "x.test")}};
  EXPECT_EQ(addresses_of("x.test"), "the name leads through too many aliases");
}

TEST_F(DnsResolverTest, search_list_and_hosts_file_come_first) {
  source.settings.search = {"a.test", "b.test"};
  read_hosts_file("10.9.9.9 db\n", source.settings);
  zone[{"shop.b.test", Type::a}] = {.answers = {a("shop.b.test", "10.1.0.1")}};
  EXPECT_EQ(addresses_of("shop"), "10.1.0.1:80");
  EXPECT_EQ(addresses_of("db"), "10.9.9.9:80");
  EXPECT_EQ(asked, (std::vector<std::string>{"10.0.0.2:53 shop.a.test 1", "10.0.0.2:53 shop.b.test 1"}));
  EXPECT_EQ(addresses_of("no name"), "this is no host name");
}

TEST_F(DnsResolverTest, services_bring_hosts_ports_weights_and_ranks) {
  zone[{"_http._tcp.test", Type::srv}] = {.answers = {srv("_http._tcp.test", 20, 1, 81, "back.test", 50),
                                                      srv("_http._tcp.test", 10, 0, 80, "a.test", 50),
                                                      srv("_http._tcp.test", 10, 30, 82, "b.test", 50),
                                                      srv("_http._tcp.test", 10, 1, 80, "gone.test", 50)}};
  zone[{"a.test", Type::a}] = {.answers = {a("a.test", "10.1.0.1", 60)}};
  zone[{"b.test", Type::a}] = {.answers = {a("b.test", "10.1.0.2", 9)}};
  zone[{"back.test", Type::a}] = {.answers = {a("back.test", "10.1.0.3", 60)}};
  const auto found = resolve({.host = "_http._tcp.test", .service = true});
  ASSERT_TRUE(found);
  const auto address = [](std::string_view text) {
    return UpstreamAddress{socket_address(*parse_endpoint(text)).value()};
  };
  EXPECT_EQ(found->addresses,
            (std::vector<ResolvedAddress>{
                {address("10.1.0.1:80"), 1, 0}, {address("10.1.0.2:82"), 30, 0}, {address("10.1.0.3:81"), 1, 1}}));
  EXPECT_EQ(found->holds, 9s);
  zone[{"_none._tcp.test", Type::srv}] = {.answers = {srv("_none._tcp.test", 0, 0, 0, "")}};
  const auto none = resolve({.host = "_none._tcp.test", .service = true});
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code, Code::resolve_failed);
}

TEST_F(DnsResolverTest, whoever_gives_up_hands_the_question_on) {
  zone[{"shop.test", Type::a}] = {.answers = {a("shop.test", "10.1.0.1")}};
  network.serve_datagrams(first, [](std::string_view) { return std::vector<std::string>{}; });
  Scope impatient(reactor);
  std::optional<Result<ResolvedAddresses>> given_up;
  impatient.spawn(keep(resolver, reactor, {.host = "shop.test", .port = 80}, given_up));
  world.settle();
  std::optional<Result<ResolvedAddresses>> patient;
  scope.spawn(keep(resolver, reactor, {.host = "shop.test", .port = 80}, patient));
  serve(first);
  impatient.cancel(gateway_error(Code::canceled));
  EXPECT_TRUE(world.run_until([&] { return patient && impatient.running() == 0; }));
  ASSERT_TRUE(given_up);
  EXPECT_EQ(given_up->error().code, Code::canceled);
  EXPECT_TRUE(*patient);
}

TEST_F(DnsResolverTest, lossy_networks_only_take_longer) {
  network.faults().vanish = 0.5;
  network.faults().latency = 20ms;
  source.settings.attempts = 5;
  serve(second);
  unsigned found = 0;
  for (int number = 0; number < 100; ++number) {
    const std::string name = "n" + std::to_string(number) + ".test";
    zone[{name, Type::a}] = {.answers = {a(name, "10.1.0.1")}};
    if (addresses_of(name) == "10.1.0.1:80") ++found;
  }
  EXPECT_GT(found, 90U);
}

}  // namespace
}  // namespace weir::dns
