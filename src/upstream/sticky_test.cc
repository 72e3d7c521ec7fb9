// Cookies that name endpoints: who can write one, what one is worth, and what the client is told to do with it.
#include "upstream/sticky.h"

#include <gtest/gtest.h>

#include <set>

#include "base/random.h"
#include "contracts/testing/node_text.h"
#include "http/message.h"

namespace weir {
namespace {

using namespace std::chrono_literals;
using OnDrain = StickyOptions::OnDrain;
using OnFailure = StickyOptions::OnFailure;
using Secure = StickyOptions::Secure;
using SameSite = StickyOptions::SameSite;

const std::string new_secret = "the new secret which is long enough";
const std::string old_secret = "the old secret which is long enough";

// ---- the cookie ----

TEST(StickyKeys, open_what_they_sealed) {
  const StickyKeys keys("shop", {new_secret});
  const StickyToken token{.endpoint = 0xFEDC'BA98'7654'3210, .issued = 0xFFFF'FFFF};
  const std::string text = keys.seal(token);
  EXPECT_EQ(text.size(), StickyKeys::text_bytes);
  ASSERT_TRUE(keys.open(text));
  EXPECT_EQ(keys.open(text)->token, token);
}

TEST(StickyKeys, open_nothing_else) {
  // Every single bit of a cookie is changed; lengths around its own, and those of others, are tried.
  const StickyKeys keys("shop", {new_secret});
  const std::string text = keys.seal({.endpoint = 7, .issued = 8});
  for (std::size_t at = 0; at < text.size(); ++at) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string other = text;
      other[at] = static_cast<char>(other[at] ^ (1 << bit));
      EXPECT_FALSE(keys.open(other)) << other;
    }
    EXPECT_FALSE(keys.open(text.substr(0, at)));
  }
  for (const std::string& other : {text + "A", text + "=", " " + text, std::string(39, 'A'), std::string()}) {
    EXPECT_FALSE(keys.open(other)) << other;
  }
}

TEST(StickyKeys, of_another_upstream_or_with_another_secret_are_foreign) {
  const std::string text = StickyKeys("shop", {new_secret}).seal({.endpoint = 7, .issued = 8});
  EXPECT_FALSE(StickyKeys("shop2", {new_secret}).open(text));
  EXPECT_FALSE(StickyKeys("shop", {old_secret}).open(text));
}

TEST(StickyKeys, rotate_without_losing_anybody) {
  const std::string text = StickyKeys("shop", {old_secret}).seal({.endpoint = 7, .issued = 8});
  const StickyKeys both("shop", {new_secret, old_secret});
  ASSERT_TRUE(both.open(text));
  EXPECT_EQ(both.open(text)->key, 1U);
  EXPECT_EQ(both.open(both.seal({}))->key, 0U);
}

TEST(StickyKeys, name_endpoints_by_what_only_the_secret_can_compute) {
  const StickyKeys one("shop", {new_secret});
  const StickyKeys same("shop", {new_secret});
  const StickyKeys other("shop", {old_secret});
  EXPECT_EQ(one.id_of(0, "10.0.0.1:80"), same.id_of(0, "10.0.0.1:80")) << "on every gateway the same";
  EXPECT_NE(one.id_of(0, "10.0.0.1:80"), other.id_of(0, "10.0.0.1:80"));
  EXPECT_NE(one.id_of(0, "10.0.0.1:80"), one.id_of(0, "10.0.0.2:80"));
}

// ---- the decision ----

TEST(Sticky, who_has_no_cookie_of_ours_is_sent_where_the_balancer_says) {
  EXPECT_EQ(decide(StickyFacts{}).reason, "no_cookie");
  EXPECT_EQ(decide({.cookie = StickyCookie::foreign}).reason, "not_ours");
  EXPECT_EQ(decide({.cookie = StickyCookie::expired, .on_failure = OnFailure::refuse}).reason, "expired");
  EXPECT_EQ(decide({.cookie = StickyCookie::foreign, .on_failure = OnFailure::refuse}).action, StickyAction::pick);
}

TEST(Sticky, stays_while_the_endpoint_is_well) {
  const StickyVerdict verdict = decide({.cookie = StickyCookie::good, .known = true, .available = true});
  EXPECT_EQ(verdict.action, StickyAction::keep);
  EXPECT_FALSE(verdict.renew);
}

TEST(Sticky, cookie_is_written_anew_when_its_key_or_itself_grows_old) {
  EXPECT_TRUE(decide({.cookie = StickyCookie::good, .old_key = true, .known = true, .available = true}).renew);
  EXPECT_TRUE(decide({.cookie = StickyCookie::good, .ageing = true, .known = true, .available = true}).renew);
}

TEST(Sticky, lost_endpoint_is_replaced_or_refused_as_the_rule_says) {
  const StickyFacts lost[] = {{.cookie = StickyCookie::good},
                              {.cookie = StickyCookie::good, .known = true},
                              {.cookie = StickyCookie::good, .known = true, .available = true, .disabled = true}};
  for (StickyFacts facts : lost) {
    EXPECT_EQ(decide(facts).action, StickyAction::pick);
    facts.on_failure = OnFailure::refuse;
    EXPECT_EQ(decide(facts).action, StickyAction::refuse);
  }
}

TEST(Sticky, drained_endpoint_keeps_its_clients_or_lets_them_go) {
  StickyFacts facts{.cookie = StickyCookie::good, .ageing = true, .known = true, .available = true, .drained = true};
  EXPECT_EQ(decide(facts).action, StickyAction::keep);
  EXPECT_FALSE(decide(facts).renew) << "a drain should end";
  facts.on_drain = OnDrain::move;
  facts.on_failure = OnFailure::refuse;
  EXPECT_EQ(decide(facts).action, StickyAction::pick) << "to move them is what the operator asked for";
}

TEST(Sticky, whoever_may_have_no_other_endpoint_tries_the_same_again) {
  StickyFacts facts{.cookie = StickyCookie::good, .known = true, .available = true, .failed = true};
  EXPECT_EQ(decide(facts).action, StickyAction::pick);
  facts.on_failure = OnFailure::refuse;
  EXPECT_EQ(decide(facts).action, StickyAction::keep);
}

TEST(StickyProperty, only_a_good_cookie_is_ever_kept_or_refused) {
  Random random(5);
  std::set<std::string_view> reasons;
  for (int trial = 0; trial < 20'000; ++trial) {
    const auto flip = [&] { return random.chance(0.5); };
    const StickyFacts facts{.cookie = static_cast<StickyCookie>(random.below(4)),
                            .old_key = flip(),
                            .ageing = flip(),
                            .known = flip(),
                            .available = flip(),
                            .drained = flip(),
                            .disabled = flip(),
                            .failed = flip(),
                            .on_failure = flip() ? OnFailure::another : OnFailure::refuse,
                            .on_drain = flip() ? OnDrain::keep : OnDrain::move};
    const StickyVerdict verdict = decide(facts);
    reasons.insert(verdict.reason);
    if (verdict.action == StickyAction::keep) {
      ASSERT_TRUE(facts.cookie == StickyCookie::good && facts.known && facts.available && !facts.disabled);
    }
    if (verdict.action == StickyAction::refuse) {
      ASSERT_TRUE(facts.cookie == StickyCookie::good && facts.on_failure == OnFailure::refuse);
    }
    if (verdict.renew) ASSERT_EQ(verdict.action, StickyAction::keep);
  }
  EXPECT_EQ(reasons.size(), 10U);
}

// ---- the rule ----

struct Request {
  explicit Request(const std::string& cookies) { head.fields.append(FieldName::cookie, arena.copy(cookies)); }
  BlockPool blocks;
  Arena arena{blocks};
  RequestHead head{arena};
};

std::string pair_of(const std::string& set_cookie) {
  return set_cookie.substr(0, set_cookie.find(';'));
}

constexpr WallTime noon{std::chrono::hours{12}};

TEST(StickyRule, attributes_are_as_configured) {
  const std::string name = "weir-shop=" + std::string(39, '.');
  const auto attributes = [&](const StickyOptions& options, bool encrypted) {
    return StickyRule("shop", options).write("10.0.0.1:80", noon, encrypted).substr(name.size());
  };
  EXPECT_EQ(attributes({.keys = {new_secret}}, false), "; Path=/; HttpOnly; SameSite=Lax");
  EXPECT_EQ(attributes({.keys = {new_secret}}, true), "; Path=/; HttpOnly; SameSite=Lax; Secure");
  EXPECT_EQ(attributes({.keys = {new_secret},
                        .path = "/shop",
                        .ttl = 1h,
                        .secure = Secure::on,
                        .http_only = false,
                        .same_site = SameSite::none},
                       false),
            "; Path=/shop; Max-Age=3600; SameSite=None; Secure");
  EXPECT_EQ(attributes({.keys = {new_secret}, .secure = Secure::off, .same_site = SameSite::strict}, true),
            "; Path=/; HttpOnly; SameSite=Strict");
}

TEST(StickyRule, name_of_an_upstream_that_no_cookie_may_have) {
  EXPECT_EQ(StickyRule("a shop;", {.keys = {new_secret}}).cookie_name(), "weir-a_shop_");
  EXPECT_EQ(StickyRule("shop", {.cookie = "route", .keys = {new_secret}}).cookie_name(), "route");
}

TEST(StickyRule, reads_what_it_wrote_until_its_time_is_over) {
  const StickyRule rule("shop", {.keys = {new_secret}, .ttl = 1h});
  const Request request(pair_of(rule.write("10.0.0.1:80", noon, false)));
  const auto read = [&](WallTime now) { return rule.read(request.head.fields, now); };
  EXPECT_EQ(read(noon).cookie, StickyCookie::good);
  EXPECT_EQ(read(noon).endpoint, rule.keys().id_of(0, "10.0.0.1:80"));
  EXPECT_FALSE(read(noon + 30min).ageing);
  EXPECT_TRUE(read(noon + 31min).ageing);
  EXPECT_EQ(read(noon + 60min).cookie, StickyCookie::good);
  EXPECT_EQ(read(noon + 61min).cookie, StickyCookie::expired);
  EXPECT_EQ(read(noon - 5min).cookie, StickyCookie::good) << "written by a machine whose clock is ahead";
}

TEST(StickyRule, finds_its_own_among_foreign_ones_and_does_not_look_for_ever) {
  const StickyRule rule("shop", {.keys = {new_secret}});
  const std::string good = pair_of(rule.write("10.0.0.1:80", noon, false));
  const Request behind_another("weir-shop=forged; " + good);
  EXPECT_EQ(rule.read(behind_another.head.fields, noon).cookie, StickyCookie::good);
  std::string many;
  for (std::size_t at = 0; at < limits::sticky_cookies; ++at) many += "weir-shop=forged; ";
  const Request behind_many(many + good);
  EXPECT_EQ(rule.read(behind_many.head.fields, noon).cookie, StickyCookie::foreign);
}

TEST(StickyIds, find_endpoints_by_each_key) {
  const StickyKeys keys("shop", {new_secret, old_secret});
  StickyIds ids;
  const std::vector<std::string_view> addresses{"10.0.0.1:80", "10.0.0.2:80"};
  ids.make(keys, addresses);
  EXPECT_EQ(ids.find(0, keys.id_of(0, "10.0.0.2:80")), 1U);
  EXPECT_EQ(ids.find(1, keys.id_of(1, "10.0.0.1:80")), 0U);
  EXPECT_FALSE(ids.find(0, keys.id_of(1, "10.0.0.1:80")));
  EXPECT_FALSE(ids.find(2, 0));
  ids.make(keys, {});
  EXPECT_FALSE(ids.find(0, keys.id_of(0, "10.0.0.2:80")));
}

// ---- the options ----

std::string complaints_about(std::string_view text) {
  Diagnostics diagnostics;
  (void)StickyOptions::schema().read(node(text), Reading(diagnostics, "sticky"));
  return diagnostics.text();
}

TEST(StickyOptions, mistakes_are_told) {
  EXPECT_EQ(complaints_about("{ keys: [" + new_secret + "] }"), "");
  EXPECT_NE(complaints_about("{ cookie: route }").find("keys"), std::string::npos);
  EXPECT_NE(complaints_about("{ keys: [] }").find("has no key"), std::string::npos);
  EXPECT_NE(complaints_about("{ keys: [short] }").find("openssl rand"), std::string::npos);
  EXPECT_NE(complaints_about("{ keys: [" + new_secret + "], cookie: \"a b\" }").find("no name of a cookie"),
            std::string::npos);
  EXPECT_NE(complaints_about("{ keys: [" + new_secret + "], path: \"/;x\" }").find("no path of a cookie"),
            std::string::npos);
  EXPECT_NE(complaints_about("{ keys: [" + new_secret + "], same_site: none }").find("secure: on"), std::string::npos);
}

}  // namespace
}  // namespace weir
