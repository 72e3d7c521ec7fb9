// Authorities that are asked, on virtual time: when, what of it is shown, and what becomes of those that do not answer.
#include "app/tls/ocsp_answers.h"

#include <gtest/gtest.h>

#include <string>

#include "contracts/testing/test_shard.h"
#include "net/tls/ocsp.h"
#include "net/tls/testing/test_authority.h"
#include "runtime/wait_out.h"
#include "upstream/testing/scripted_server.h"

namespace weir {
namespace {

using namespace std::chrono_literals;

class OcspAnswersTest : public testing::Test {
 protected:
  OcspAnswersTest() {
    const tls::TestCertificate made =
        authority.issue({.names = {"shop.test"},
                         .from_day = -9'000,
                         .until_day = 9'000,
                         .extensions = {{NID_info_access, "OCSP;URI:http://10.0.0.1/ask"}}});
    certificate = made.certificate;
    key = made.key;
    identity = read();
    question = answers->want(identity, now());
    say(word(10));
  }
  ~OcspAnswersTest() override {
    server.stop();
    test.world().run_until([&] { return server.stopped(); });
  }

  /// The certificate, as another configuration reads it.
  std::shared_ptr<const tls::Identity> read() {
    std::vector<tls::Finding> findings;
    return tls::Identity::read(certificate + authority.pem(), key, tls::certificate_time(), findings);
  }
  WallTime now() { return test.shard().reactor.wall_now(); }
  /// From up to an hour ago: certificates count in hours here.
  std::string word(int until_hour, int status = V_OCSP_CERTSTATUS_GOOD) {
    const auto ahead = static_cast<int>((now() - tls::certificate_time()) / 1h);
    return authority.word_on(certificate, {.status = status, .from_hour = ahead - 1, .until_hour = ahead + until_hour});
  }
  void say(const std::string& content, int status = 200) {
    server.answer = "HTTP/1.1 " + std::to_string(status) +
                    " Said\r\ncontent-length: " + std::to_string(content.size()) + "\r\n\r\n" + content;
  }
  void pass(Duration duration) {
    for (; duration > 30min; duration -= 30min) test.run_to_end(wait_out(test.shard().reactor, 30min));
    test.run_to_end(wait_out(test.shard().reactor, duration));
  }
  /// A core looks, and there is time for an answer.
  void look() {
    answers->ask_what_is_due(test.shard(), now());
    pass(1min);
  }
  [[nodiscard]] std::string answer() const { return answers->word(*question)->staple.answer; }
  [[nodiscard]] std::string trouble() const { return answers->word(*question)->trouble; }

  TestShard test;
  ScriptedServer server{test.shard().reactor, UpstreamAddress{*socket_address(*parse_endpoint("10.0.0.1:80"))}};
  const tls::TestAuthority authority{{.names = {}, .subject = "Old root", .from_day = -9'000, .until_day = 9'000},
                                     nullptr};
  std::string certificate;
  std::string key;
  std::shared_ptr<const tls::Identity> identity;
  std::shared_ptr<OcspAnswers> answers = std::make_shared<OcspAnswers>();
  std::shared_ptr<OcspAnswers::Question> question;
};

TEST_F(OcspAnswersTest, an_authority_is_asked_as_it_wants_to_be) {
  ASSERT_NE(question, nullptr);
  const auto before = answers->word(*question);
  look();
  ASSERT_EQ(server.heard.size(), 1U);
  EXPECT_TRUE(server.heard.front().starts_with("POST /ask HTTP/1.1\r\n")) << server.heard.front();
  EXPECT_TRUE(server.heard.front().contains("content-type: application/ocsp-request\r\n"));
  EXPECT_TRUE(server.heard.front().ends_with(tls::ocsp_request(identity->leaf(), identity->issuer())));
  EXPECT_EQ(trouble(), "");
  EXPECT_TRUE(server.answer.ends_with(answer()));
  EXPECT_FALSE(answer().empty());
  EXPECT_NE(answers->word(*question), before);
  EXPECT_EQ(before->staple.answer, "") << "what somebody has in his hands stays";
}

TEST_F(OcspAnswersTest, it_is_asked_again_at_half_of_its_answers_time) {
  look();
  pass(3h);
  look();
  EXPECT_EQ(server.heard.size(), 1U);
  pass(3h);
  look();
  EXPECT_EQ(server.heard.size(), 2U);
}

TEST_F(OcspAnswersTest, one_question_is_open_at_a_time) {
  server.manner = ScriptedServer::Manner::hang;
  answers->ask_what_is_due(test.shard(), now());
  pass(5s);
  answers->ask_what_is_due(test.shard(), now());
  pass(1min);
  EXPECT_EQ(server.asked_at.size(), 1U);
  EXPECT_TRUE(trouble().starts_with("http://10.0.0.1/ask: ")) << trouble();
}

TEST_F(OcspAnswersTest, who_is_down_harms_nothing_and_is_asked_later_and_later) {
  look();
  const std::string good = answer();
  server.die();
  pass(6h);
  look();
  EXPECT_EQ(answer(), good);
  EXPECT_FALSE(trouble().empty());
  server.come_back();
  look();
  EXPECT_EQ(server.heard.size(), 1U) << "not at once";
  pass(5min);
  say(word(10));
  look();
  EXPECT_EQ(server.heard.size(), 2U);
  EXPECT_EQ(trouble(), "");
}

TEST_F(OcspAnswersTest, what_is_no_good_takes_nobodys_place) {
  look();
  const std::string good = answer();
  const auto after = [&](const std::string& content, int status) {
    say(content, status);
    pass(10h);
    look();
    return *answers->word(*question);
  };
  EXPECT_EQ(after("no answer", 200).staple.answer, good);
  EXPECT_TRUE(trouble().ends_with("it is no OCSP answer")) << trouble();
  EXPECT_TRUE(after("", 503).trouble.ends_with("it answered with status 503"));
  EXPECT_TRUE(after(word(-1), 200).trouble.contains("it is stale since"));
  EXPECT_EQ(after(word(10, V_OCSP_CERTSTATUS_REVOKED), 200).staple.answer, "") << "what was revoked is not called good";
  EXPECT_TRUE(trouble().contains("was revoked on")) << trouble();
}

TEST_F(OcspAnswersTest, a_configuration_that_comes_and_goes_changes_nothing) {
  look();
  const std::string first = answer();
  EXPECT_EQ(answers->want(read(), now()), question) << "it asks the same";
  pass(6h);
  say(word(10));
  look();
  EXPECT_EQ(server.heard.size(), 2U);
  EXPECT_FALSE(answer() == first) << "it was heard";
  look();
  EXPECT_EQ(server.heard.size(), 2U) << "and nobody is asked once more";
}

TEST_F(OcspAnswersTest, nobody_is_asked_about_what_nobody_shows) {
  question.reset();
  look();
  EXPECT_TRUE(server.heard.empty());
}

TEST_F(OcspAnswersTest, what_was_said_is_found_again_after_a_restart) {
  look();
  const std::vector<StoreWrite> writes = answers->take_changes(10);
  ASSERT_EQ(writes.size(), 1U);
  EXPECT_TRUE(answers->take_changes(10).empty());
  answers->not_written(writes, {});
  EXPECT_EQ(answers->take_changes(10).size(), 1U);
  const StoreEntry entry{.key = writes.front().key, .value = *writes.front().value};
  const auto finds_it = [&](bool wanted_first) {
    const auto later = std::make_shared<OcspAnswers>();
    std::shared_ptr<OcspAnswers::Question> again;
    if (wanted_first) again = later->want(identity, now());
    later->restore({entry}, now());
    if (!wanted_first) again = later->want(identity, now());
    EXPECT_EQ(later->word(*again)->staple.answer, entry.value);
    EXPECT_GT(later->word(*again)->staple.until, now());
    later->ask_what_is_due(test.shard(), now());
    pass(1min);
    EXPECT_EQ(server.heard.size(), 1U) << "nobody has to be asked yet";
  };
  finds_it(true);
  finds_it(false);
  EXPECT_FALSE(answers->is_over(entry, now()));
  EXPECT_TRUE(answers->is_over(entry, now() + 11h));
}

TEST_F(OcspAnswersTest, certificates_that_name_nobody_ask_nobody) {
  const tls::TestCertificate made = authority.issue({.names = {"a.test"}});
  std::vector<tls::Finding> findings;
  const auto mute =
      tls::Identity::read(made.certificate + authority.pem(), made.key, tls::certificate_time(), findings);
  EXPECT_EQ(answers->want(mute, now()), nullptr);
}

}  // namespace
}  // namespace weir
