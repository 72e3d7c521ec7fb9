// Who is let in, how often a hash is computed, and what goes upstream: on a simulated core with counted hashes.
#include "filters/basic_auth/basic_auth.h"

#include <gtest/gtest.h>

#include "contracts/testing/conformance.h"
#include "contracts/testing/temporary_folder.h"
#include "filters/basic_auth/verified_credentials.h"
#include "runtime/wait_out.h"

namespace weir {
namespace {

using namespace std::chrono_literals;

// Password "secret", at the least cost there is: `htpasswd -nbB -C 4 ann secret`.
constexpr std::string_view users =
    "# people\n"
    "ann:$2y$04$0wo81.kP9vhkA6DiuRtBbuIPbiFLDec7bHp.ohXfK1fbZlaffQlBm\n"
    "\n"
    "bob:$argon2id$v=19$m=1024,t=1,p=1$c2FsdHNhbHRzYWx0$GMv1V/a9uBNqF+93SqBH3JLZiqfe1V1xP9SfOSAqqRE:a comment\r\n";
constexpr std::string_view ann_secret = "Basic YW5uOnNlY3JldA==";
constexpr std::string_view bob_secret = "Basic Ym9iOnNlY3JldA==";
constexpr std::string_view ann_wrong = "Basic YW5uOndyb25n";
constexpr std::string_view eve_secret = "Basic ZXZlOnNlY3JldA==";

class BasicAuthTest : public testing::Test {
 protected:
  BasicAuthTest() {
    folder.write("users.htpasswd", users);
    folder.enter();
  }

  void build(std::string_view options) {
    built = build_plugin(basic_auth_filter(), options);
    ASSERT_TRUE(built.plugin) << built.diagnostics.text();
  }
  /// 200 and what the upstream saw, or the code.
  std::string ask(std::string_view authorization) {
    TestExchange test(shard);
    if (!authorization.empty()) test.field("authorization", authorization);
    test.field("x-user", "claimed");
    const Result<Answer> answer = shard.run_to_end(built.plugin->handle(test.exchange, TestExchange::next(service)));
    reason = test.last_record()->reason;
    subject = test.last_record()->subject;
    challenge = test.exchange.challenge;
    seen.clear();
    for (const Field& field : test.exchange.request.fields) {
      seen += std::string(field.name) + "=" + std::string(field.value) + ";";
    }
    return answer ? "let in" : std::string(name_of(answer.error().code));
  }

  TemporaryFolder folder;
  TestShard shard;
  CountingService service;
  Built<Filter> built;
  std::string reason;
  std::string subject;
  std::string challenge;
  std::string seen;
};

TEST_F(BasicAuthTest, conforms) {
  expect_conformance(basic_auth_filter(), "{ users: users.htpasswd, user_header: X-User, realm: staff }");
}

TEST_F(BasicAuthTest, right_password_opens) {
  build("users.htpasswd");
  EXPECT_EQ(ask(ann_secret), "let in");
  EXPECT_EQ(reason, "password_matches");
  EXPECT_EQ(subject, "ann");
  EXPECT_EQ(ask(bob_secret), "let in");
}

TEST_F(BasicAuthTest, everything_else_is_refused_with_its_reason_and_a_challenge) {
  build("{ users: users.htpasswd, realm: staff only }");
  EXPECT_EQ(ask(""), "credentials_missing");
  EXPECT_EQ(challenge, "Basic realm=\"staff only\", charset=\"UTF-8\"");
  EXPECT_EQ(reason, "no_credentials");
  EXPECT_EQ(ask(ann_wrong), "credentials_refused");
  EXPECT_EQ(reason, "wrong_password");
  EXPECT_EQ(subject, "ann");
  EXPECT_EQ(ask(eve_secret), "credentials_refused");
  EXPECT_EQ(reason, "unknown_user");
  EXPECT_EQ(subject, "") << "it might be a password";
  EXPECT_EQ(ask("Basic !"), "credentials_refused");
  EXPECT_EQ(reason, "malformed_credentials");
  EXPECT_EQ(ask("Bearer x"), "credentials_refused");
  EXPECT_EQ(reason, "other_scheme");
  EXPECT_EQ(service.calls, 0);
}

TEST_F(BasicAuthTest, verified_password_is_remembered_for_its_time) {
  build("{ users: users.htpasswd, remember: 10s }");
  ask(ann_secret);
  EXPECT_EQ(ask(ann_secret), "let in");
  EXPECT_EQ(reason, "password_remembered");
  EXPECT_EQ(ask(ann_wrong), "credentials_refused");
  shard.run_to_end(wait_out(shard.shard().reactor, 11s));
  ask(ann_secret);
  EXPECT_EQ(reason, "password_matches") << "computed anew";
}

TEST_F(BasicAuthTest, wrong_password_and_unknown_user_are_never_remembered) {
  build("users.htpasswd");
  ask(ann_wrong);
  ask(eve_secret);
  EXPECT_EQ(VerifiedCredentials::of(shard.shard()).size(), 0U);
}

TEST_F(BasicAuthTest, nothing_is_remembered_when_that_is_wanted) {
  build("{ users: users.htpasswd, remember: 0s }");
  ask(ann_secret);
  ask(ann_secret);
  EXPECT_EQ(reason, "password_matches");
}

TEST_F(BasicAuthTest, changed_password_counts_at_once_though_the_old_one_was_remembered) {
  build("users.htpasswd");
  EXPECT_EQ(ask(ann_secret), "let in");
  const auto other = bcrypt("other", 4);
  folder.write("users.htpasswd", "ann:" + *other + "\n");
  shard.run_to_end(wait_out(shard.shard().reactor, 2s));
  EXPECT_EQ(ask(ann_secret), "credentials_refused");
  EXPECT_EQ(ask("Basic YW5uOm90aGVy"), "let in");
}

TEST_F(BasicAuthTest, upstream_sees_the_user_and_not_the_password) {
  build("{ users: users.htpasswd, user_header: X-User }");
  ask(ann_secret);
  EXPECT_EQ(seen, "x-user=ann;");
  build("{ users: users.htpasswd, user_header: X-User, forward_authorization: true }");
  ask(ann_secret);
  EXPECT_EQ(seen, "authorization=" + std::string(ann_secret) + ";x-user=ann;");
}

TEST_F(BasicAuthTest, together_they_wait_for_one_hash) {
  build("users.htpasswd");
  Scope scope(shard.shard().reactor);
  std::vector<std::unique_ptr<TestExchange>> tests;
  for (int number = 0; number < 5; ++number) {
    tests.push_back(std::make_unique<TestExchange>(shard));
    tests.back()->field("authorization", ann_secret);
    scope.spawn([](const Filter& filter, Exchange& exchange, const Service& end) -> Task<void> {
      static_cast<void>(co_await filter.handle(exchange, TestExchange::next(end)));
    }(*built.plugin, tests.back()->exchange, service));
  }
  shard.world().run_until([&] { return scope.running() == 0; });
  int computed = 0;
  for (const auto& test : tests) computed += test->last_record()->reason == "password_matches" ? 1 : 0;
  EXPECT_EQ(computed, 1);
  EXPECT_EQ(service.calls, 5);
}

TEST_F(BasicAuthTest, memory_of_verified_passwords_is_bounded) {
  VerifiedCredentials& verified = VerifiedCredentials::of(shard.shard());
  for (int number = 0; number < 10'000; ++number) {
    verified.remember(verified.digest("hash", std::to_string(number), "p"), {});
  }
  EXPECT_LE(verified.size(), limits::credentials_remembered);
  EXPECT_TRUE(verified.knows(verified.digest("hash", "9999", "p"), {}, 1s));
  EXPECT_FALSE(verified.knows(verified.digest("hash", "0", "p"), {}, 1s));
}

TEST_F(BasicAuthTest, complains_about_files_and_options) {
  const auto said = [&](std::string_view options) { return complaints_about(basic_auth_filter(), options); };
  EXPECT_TRUE(said("nowhere").contains("cannot read nowhere: No such file")) << said("nowhere");
  EXPECT_TRUE(said("{ users: users.htpasswd, realm: 'a\"b' }").contains("basic_auth.realm"));
  EXPECT_TRUE(said("{ users: users.htpasswd, user_header: Host }").contains("request's authority"));
  folder.write("bad", "ann:$apr1$x$y\nbob:\nann\n");
  EXPECT_TRUE(said("bad").contains("bad:1:1: user \"ann\" has an MD5 hash")) << said("bad");
  EXPECT_TRUE(said("bad").contains("bad:3:1: this is not user:hash")) << said("bad");
  folder.write("bad", std::string(users) + "ann:$2y$12$abcdefghijklmnopqrstuuABCDEFGHIJKLMNOPQRSTUVWXYZ01234\n");
  EXPECT_TRUE(said("bad").contains("bad:5:1: user \"ann\" stands here a second time; the first is in line 2"))
      << said("bad");
  folder.write("bad", "# nobody\n");
  EXPECT_TRUE(said("bad").contains("nobody could get in")) << said("bad");
}

}  // namespace
}  // namespace weir
