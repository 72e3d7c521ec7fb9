// Which page stands for which error, for which client; what stays of the answer; what is said about pages that cannot
// be.
#include "filters/error_pages/error_pages.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "contracts/testing/conformance.h"
#include "server/error_reply.h"

namespace weir {
namespace {

constexpr std::string_view site =
    "{ pages: [{ status: [404, 410], text: \"<p>not here\" }, { status: 5xx, text: \"<p>sorry\" },"
    " { status: 503, text: \"<p>soon\" }] }";

/// Fails with `error`, or answers `status` with `body` as an upstream or as a service of ours.
class EndingService final : public Service {
 public:
  Reply handle(Exchange& exchange) const override {
    if (from_upstream) exchange.attempts = 1;
    if (error) co_return fail(*error);
    Answer answer(exchange.arena);
    answer.head.status = status;
    answer.head.fields.append("content-type", "application/x-thing");
    answer.head.fields.append("content-encoding", "gzip");
    answer.head.fields.append("etag", "\"1\"");
    answer.head.fields.append("set-cookie", "a=b");
    answer.head.framing = {.kind = Framing::Kind::length, .length = body.size()};
    if (!body.empty()) answer.body = BodyPointer(exchange.arena.make<FixedBody>(body));
    co_return answer;
  }
  Effect rehearse(ImaginedRequest&) const override { return {}; }

  std::optional<Error> error;
  Status status = 404;
  std::string_view body;
  bool from_upstream = false;
};

struct Seen {
  Status status = 0;
  std::string type;
  std::string body;
  std::string fields;  ///< names, separated by spaces
  std::string reason;  ///< of the last decision
};

std::string pull_whole(TestShard& shard, Answer& answer) {
  std::string whole;
  while (answer.body != nullptr) {
    const Result<Piece> piece = shard.run_to_end(answer.body->read());
    if (!piece) break;
    whole += piece->bytes;
    if (piece->end) break;
  }
  return whole;
}

/// What a client gets: an error becomes an answer as it does in a session.
Seen visit(std::string_view options, const EndingService& service, std::string_view accept = {}) {
  const auto built = build_plugin(error_pages_filter(), options);
  EXPECT_TRUE(built.plugin) << built.diagnostics.text();
  TestShard shard;
  TestExchange test(shard);
  if (!accept.empty()) test.field("accept", accept);
  Result<Answer> answer = shard.run_to_end(built.plugin->handle(test.exchange, TestExchange::next(service)));
  if (!answer) answer = error_reply(test.exchange, answer.error());
  Seen seen{.status = answer->head.status,
            .type = std::string(answer->head.fields.get(FieldName::content_type)),
            .body = pull_whole(shard, *answer)};
  EXPECT_EQ(answer->head.framing.length, seen.body.size());
  for (const Field& field : answer->head.fields) seen.fields += std::string(field.name) + ' ';
  if (test.last_record() != nullptr) seen.reason = test.last_record()->reason;
  answer->body.reset();
  return seen;
}

Seen visit_with_error(std::string_view options, Error error, std::string_view accept = {}) {
  EndingService service;
  service.error = error;
  return visit(options, service, accept);
}

TEST(ErrorPages, conforms) {
  expect_conformance(error_pages_filter(), site);
}

TEST(ErrorPages, error_gets_the_page_of_its_status_and_keeps_what_it_says_about_itself) {
  const Seen seen = visit_with_error(site, client_error(Code::not_found));
  EXPECT_EQ(seen.status, 404);
  EXPECT_EQ(seen.body, "<p>not here");
  EXPECT_EQ(seen.type, "text/html; charset=utf-8");
  EXPECT_EQ(seen.reason, "own_page");
  EXPECT_TRUE(seen.fields.contains("cache-control "));
  EXPECT_TRUE(seen.fields.contains("proxy-status "));
}

TEST(ErrorPages, status_that_is_named_wins_over_its_class) {
  const Seen named = visit_with_error(site, gateway_error(Code::queue_full));
  EXPECT_EQ(named.status, 503);
  EXPECT_EQ(named.body, "<p>soon");
  EXPECT_TRUE(named.fields.contains("retry-after "));
  EXPECT_EQ(visit_with_error(site, upstream_error(Code::first_byte_timeout)).body, "<p>sorry");
}

TEST(ErrorPages, status_without_a_page_keeps_the_built_in_one) {
  const Seen seen = visit_with_error(site, client_error(Code::access_denied));
  EXPECT_EQ(seen.status, 403);
  EXPECT_TRUE(seen.body.contains("reason: access_denied"));
  EXPECT_EQ(seen.reason, "no_page_for_status");
}

TEST(ErrorPages, client_that_prefers_problem_details_gets_them) {
  const Error error = client_error(Code::not_found);
  for (const std::string_view accept : {"application/json", "application/problem+json, */*", "text/plain"}) {
    const Seen seen = visit_with_error(site, error, accept);
    EXPECT_TRUE(seen.body.contains("not_found")) << accept;
    EXPECT_EQ(seen.reason, "client_prefers_other_form");
  }
  for (const std::string_view accept : {"*/*", "text/html,*/*;q=0.8", "text/*", "application/json;q=0.5, text/html"}) {
    EXPECT_EQ(visit_with_error(site, error, accept).body, "<p>not here") << accept;
  }
}

TEST(ErrorPages, forms_of_one_status_are_chosen_by_accept) {
  constexpr std::string_view forms =
      "{ pages: [{ status: 404, text: \"<p>page\" }, { status: 404, text: \"[1]\", type: application/json }] }";
  const Error error = client_error(Code::not_found);
  EXPECT_EQ(visit_with_error(forms, error).body, "<p>page") << "the first one for whoever does not care";
  EXPECT_EQ(visit_with_error(forms, error, "application/json").body, "[1]");
  EXPECT_EQ(visit_with_error(forms, error, "application/json;q=0.2, text/html;q=0.1").type, "application/json");
  EXPECT_TRUE(visit_with_error(forms, error, "text/plain").body.contains("not_found"));
}

TEST(ErrorPages, choice_by_accept_is_told_to_caches) {
  const Error error = client_error(Code::not_found);
  EXPECT_TRUE(visit_with_error(site, error).fields.contains("vary "));
  EXPECT_TRUE(visit_with_error(site, error, "application/json").fields.contains("vary ")) << "also of the other form";
  EXPECT_FALSE(visit_with_error(site, client_error(Code::access_denied)).fields.contains("vary "))
      << "no page, no choice";
}

TEST(ErrorPages, answer_of_the_upstream_is_its_own_business_unless_the_option_says_otherwise) {
  EndingService service;
  service.body = "theirs";
  service.from_upstream = true;
  EXPECT_EQ(visit("{ pages: { status: 404, text: ours } }", service).body, "theirs");
  const Seen seen = visit("{ pages: { status: 404, text: ours }, upstream: replace }", service);
  EXPECT_EQ(seen.status, 404);
  EXPECT_EQ(seen.body, "ours");
  EXPECT_EQ(seen.fields, "set-cookie vary content-type ") << "what described the old body is gone";
}

TEST(ErrorPages, own_answer_is_filled_only_when_it_says_nothing) {
  EndingService service;
  EXPECT_EQ(visit(site, service).body, "<p>not here");
  service.body = "on purpose";
  EXPECT_EQ(visit(site, service).body, "on purpose");
  service.status = 200;
  service.body = {};
  EXPECT_EQ(visit(site, service).body, "");
}

TEST(ErrorPages, innermost_filter_with_a_page_decides) {
  const auto outer = build_plugin(error_pages_filter(), "{ pages: [{ status: [403, 404], text: outer }] }");
  const auto inner = build_plugin(error_pages_filter(), "{ pages: [{ status: 404, text: inner }] }");
  for (const auto& [code, expected] : {std::pair{Code::not_found, "inner"}, {Code::access_denied, "outer"}}) {
    TestShard shard;
    TestExchange test(shard);
    EndingService service;
    service.error = client_error(code);
    const std::array<const Filter*, 1> rest{inner.plugin.get()};
    const auto answer = shard.run_to_end(outer.plugin->handle(test.exchange, Next(rest, service)));
    ASSERT_FALSE(answer);
    Answer dressed = error_reply(test.exchange, answer.error());
    EXPECT_EQ(pull_whole(shard, dressed), expected);
  }
}

TEST(ErrorPages, file_is_found_beside_the_configuration_and_read_once) {
  const std::filesystem::path file = std::filesystem::path(testing::TempDir()) / "weir_error_page.html";
  std::ofstream(file) << "<h1>from a file";
  const std::string options = "{ pages: { status: 404, file: " + file.string() + " } }";
  const auto built = build_plugin(error_pages_filter(), options);
  ASSERT_TRUE(built.plugin) << built.diagnostics.text();
  std::filesystem::remove(file);
  TestShard shard;
  TestExchange test(shard);
  EndingService service;
  auto answer = shard.run_to_end(built.plugin->handle(test.exchange, TestExchange::next(service)));
  EXPECT_EQ(pull_whole(shard, *answer), "<h1>from a file");
  EXPECT_EQ(answer->head.fields.get(FieldName::content_type), "text/html; charset=utf-8");
}

TEST(ErrorPages, complains_about_pages_that_cannot_be) {
  const auto complaints = [](std::string_view options) { return complaints_about(error_pages_filter(), options); };
  EXPECT_TRUE(complaints("{ pages: [] }").contains("changes nothing"));
  EXPECT_TRUE(complaints("{ pages: { text: x } }").contains("\"status\" is missing"));
  EXPECT_TRUE(complaints("{ pages: { status: 200, text: x } }").contains("\"200\" is no status of an error"));
  EXPECT_TRUE(complaints("{ pages: { status: 3xx, text: x } }").contains("write 400 to 599"));
  EXPECT_TRUE(complaints("{ pages: { status: 404 } }").contains("neither file nor text"));
  EXPECT_TRUE(complaints("{ pages: { status: 404, text: x, file: y } }").contains("both file and text"));
  EXPECT_TRUE(complaints("{ pages: { status: 404, text: x, type: nonsense } }").contains("no media type"));
  EXPECT_TRUE(complaints("{ pages: { status: 404, file: /no/such/page.html } }")
                  .contains("error_pages.pages[0].file: cannot read /no/such/page.html: No such file"));
  EXPECT_TRUE(complaints("{ pages: { status: 404, file: / } }").contains("not a regular file"));
}

}  // namespace
}  // namespace weir
