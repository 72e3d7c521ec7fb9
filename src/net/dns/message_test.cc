// What is read from an answer, what is refused, and what it comes to.
#include "net/dns/message.h"

#include <gtest/gtest.h>

#include "base/limits.h"
#include "base/random.h"
#include "net/dns/name.h"
#include "net/dns/testing/name_server.h"

namespace weir::dns {
namespace {

using namespace testing;

const Question shop{.name = "shop.test", .type = Type::a};

std::string answer_to(const Question& question, const Said& said, std::uint16_t number = 7) {
  return response_to(encode(number, question, true), said);
}
Finding finding_of(const Question& question, const Said& said) {
  const auto response = parse(answer_to(question, said), 7, question);
  EXPECT_TRUE(response && *response);
  return interpret(**response, question);
}

TEST(DnsName, is_kept_in_lower_case_without_its_last_dot) {
  EXPECT_EQ(canonical_name("Shop.Example.COM."), "shop.example.com");
  EXPECT_EQ(canonical_name("_http._tcp.shop"), "_http._tcp.shop");
  for (const std::string& bad :
       {std::string(), std::string("."), std::string("a..b"), std::string("a b"), std::string("a/b"),
        std::string(64, 'x'), std::string(".a"), std::string("a.."),
        std::string(130, 'x').insert(60, ".").insert(120, ".") + "." + std::string(130, 'y')}) {
    EXPECT_FALSE(canonical_name(bad)) << bad;
  }
}

TEST(DnsMessage, question_says_what_and_how_much_fits) {
  const std::string bytes = encode(0x1234, shop, true);
  EXPECT_EQ(bytes.substr(0, 2), "\x12\x34");
  EXPECT_EQ(name_in(bytes), "shop.test");
  EXPECT_EQ(type_in(bytes), Type::a);
  EXPECT_TRUE(has_edns(bytes));
  EXPECT_EQ(bytes.substr(bytes.size() - 11), std::string("\0\0\x29\x04\xD0\0\0\0\0\0\0", 11));
  EXPECT_FALSE(has_edns(encode(1, shop, false)));
}

TEST(DnsMessage, addresses_are_found_with_the_shortest_time) {
  const Finding finding = finding_of(shop, {.answers = {a("shop.test", "10.0.0.1", 60), a("SHOP.test", "10.0.0.2", 30),
                                                        a("other.test", "10.6.6.6", 1)}});
  EXPECT_EQ(finding.kind, Finding::Kind::found);
  ASSERT_EQ(finding.records.size(), 2U) << "records of other names are of no interest";
  EXPECT_EQ(finding.records[1].address.text(), "10.0.0.2");
  EXPECT_EQ(finding.seconds, 30U);
}

TEST(DnsMessage, aliases_are_followed_within_the_answer) {
  const Finding finding = finding_of(
      shop, {.answers = {cname("shop.test", "a.test", 9), cname("a.test", "b.test", 50), a("b.test", "10.0.0.1", 40)}});
  EXPECT_EQ(finding.kind, Finding::Kind::found);
  EXPECT_EQ(finding.seconds, 9U);
  const Finding open = finding_of(shop, {.answers = {cname("shop.test", "a.test", 9)}});
  EXPECT_EQ(open.kind, Finding::Kind::alias);
  EXPECT_EQ(open.alias, "a.test");
}

TEST(DnsMessage, aliases_in_a_circle_fail) {
  EXPECT_EQ(finding_of(shop, {.answers = {cname("shop.test", "a.test"), cname("a.test", "shop.test")}}).kind,
            Finding::Kind::failed);
  EXPECT_EQ(finding_of(
                shop, {.answers = {cname("shop.test", "a.test"), cname("a.test", "b.test"), cname("b.test", "a.test")}})
                .kind,
            Finding::Kind::failed);
}

TEST(DnsMessage, none_is_told_from_nobody_and_from_do_not_know) {
  const Finding none = finding_of(shop, {.authorities = {soa("test", 300, 20)}});
  EXPECT_EQ(none.kind, Finding::Kind::no_data);
  EXPECT_EQ(none.seconds, 20U) << "the smaller of the two numbers";
  const Finding nobody = finding_of(shop, {.authorities = {soa("test", 10, 20)}, .code = 3});
  EXPECT_EQ(nobody.kind, Finding::Kind::no_name);
  EXPECT_EQ(nobody.seconds, 10U);
  for (const unsigned code : {1U, 2U, 4U, 5U, 9U}) {
    EXPECT_EQ(finding_of(shop, {.code = code}).kind, Finding::Kind::failed) << code;
  }
}

TEST(DnsMessage, services_have_priority_weight_port_and_target) {
  const Question question{.name = "_http._tcp.test", .type = Type::srv};
  const Finding finding = finding_of(question, {.answers = {srv("_http._tcp.test", 10, 5, 8080, "Web.test")}});
  ASSERT_EQ(finding.records.size(), 1U);
  EXPECT_EQ(finding.records[0].service, (Service{.priority = 10, .weight = 5, .port = 8080, .target = "web.test"}));
  const Finding gone = finding_of(question, {.answers = {srv("_http._tcp.test", 0, 0, 0, "")}});
  ASSERT_EQ(gone.records.size(), 1U);
  EXPECT_TRUE(gone.records[0].service.target.empty());
}

TEST(DnsMessage, what_answers_something_else_is_no_answer) {
  const std::string good = answer_to(shop, {.answers = {a("shop.test", "10.0.0.1")}});
  const auto taken = [&](const std::string& message, std::uint16_t number = 7) {
    const auto response = parse(message, number, shop);
    EXPECT_TRUE(response.has_value());
    return response && response->has_value();
  };
  EXPECT_TRUE(taken(good));
  EXPECT_FALSE(taken(good, 8)) << "another number";
  EXPECT_FALSE(taken(answer_to({.name = "shop.test", .type = Type::aaaa}, {}))) << "another type";
  EXPECT_FALSE(taken(answer_to({.name = "evil.test", .type = Type::a}, {}))) << "another name";
  EXPECT_FALSE(taken(encode(7, shop, true))) << "a question";
  EXPECT_FALSE(taken("")) << "nothing";
  std::string status = good;
  status[2] = static_cast<char>(status[2] | 0x10);
  EXPECT_FALSE(taken(status)) << "another operation";
}

TEST(DnsMessage, malformed_answers_are_refused) {
  const std::string good = answer_to(shop, {.answers = {a("shop.test", "10.0.0.1")}});
  EXPECT_FALSE(parse(good.substr(0, good.size() - 1), 7, shop)) << "cut short";
  EXPECT_FALSE(parse(answer_to(shop, {.answers = {record("shop.test", Type::a, 1, "12345")}}), 7, shop))
      << "an address of five bytes";
  // A name that points at itself, at what follows, or out of the message.
  for (const std::string pointer : {"\xC0\x1B", "\xC0\x30", "\xC3\xFF", "\x80\x01"}) {
    std::string message = answer_to(shop, {.answers = {""}});
    EXPECT_FALSE(parse(message + pointer + wire_16(1) + wire_16(1) + wire_32(1) + wire_16(4) + "abcd", 7, shop));
  }
}

TEST(DnsMessage, names_that_point_back_are_read) {
  const std::string message = answer_to(shop, {.answers = {""}});
  const auto response =
      parse(message + "\xC0\x0C" + wire_16(1) + wire_16(1) + wire_32(5) + wire_16(4) + "\x0A\x01\x02\x03", 7, shop);
  ASSERT_TRUE(response && *response);
  ASSERT_EQ((*response)->answers.size(), 1U);
  EXPECT_EQ((*response)->answers[0].owner, "shop.test");
  EXPECT_EQ((*response)->answers[0].address.text(), "10.1.2.3");
}

TEST(DnsMessage, times_to_live_are_bounded) {
  EXPECT_EQ(finding_of(shop, {.answers = {a("shop.test", "10.0.0.1", 0x7FFFFFFF)}}).seconds, 7U * 24 * 3600);
  EXPECT_EQ(finding_of(shop, {.answers = {a("shop.test", "10.0.0.1", 0x80000001U)}}).seconds, 0U);
}

TEST(DnsMessage, no_more_records_are_kept_than_anybody_uses) {
  Said said;
  for (std::size_t count = 0; count < limits::dns_records + 10; ++count)
    said.answers.push_back(a("shop.test", "10.0.0.1"));
  EXPECT_EQ(finding_of(shop, said).records.size(), limits::dns_records);
}

TEST(DnsMessage, damaged_answers_never_lead_outside) {
  Random random(3);
  const std::string good = answer_to(
      shop, {.answers = {cname("shop.test", "a.test"), a("a.test", "10.0.0.1"), srv("x.test", 1, 2, 3, "y.test")},
             .authorities = {soa("test", 1, 2)}});
  for (int round = 0; round < 20'000; ++round) {
    std::string damaged = good;
    for (std::size_t left = 1 + random.below(4); left > 0; --left)
      damaged[random.below(damaged.size())] = static_cast<char>(random.next());
    damaged.resize(random.below(damaged.size() + 1));
    if (const auto response = parse(damaged, 7, shop); response && *response) interpret(**response, shop);
  }
}

}  // namespace
}  // namespace weir::dns
