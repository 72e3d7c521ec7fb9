// What is answered, in the long form and in the short ones.
#include "services/respond/respond.h"

#include <gtest/gtest.h>

#include "contracts/testing/conformance.h"

namespace weir {
namespace {

/// Status, fields, framing and body as lines.
std::string answer_of(std::string_view options) {
  const auto built = build_plugin(respond_service(), options);
  EXPECT_TRUE(built.plugin) << built.diagnostics.text();
  if (!built.plugin) return {};
  TestShard shard;
  TestExchange test(shard);
  auto answer = shard.run_to_end(built.plugin->handle(test.exchange));
  EXPECT_TRUE(answer);
  std::string text = std::to_string(answer->head.status) + '\n';
  for (const Field& field : answer->head.fields)
    text += std::string(field.name) + ": " + std::string(field.value) + '\n';
  if (answer->head.framing.kind == Framing::Kind::length)
    text += std::to_string(answer->head.framing.length) + " bytes\n";
  if (answer->body != nullptr) text += std::string(answer->body->try_read()->value().bytes);
  return text;
}

TEST(Respond, conforms) {
  expect_conformance(respond_service(), "{ status: 404, body: gone, headers: { x-a: b } }");
  expect_conformance(respond_service(), "204");
}

TEST(Respond, text_is_plain_text_unless_told_otherwise) {
  EXPECT_EQ(answer_of("{ body: \"hi\\n\" }"), "200\ncontent-type: text/plain; charset=utf-8\n3 bytes\nhi\n");
  EXPECT_EQ(answer_of("{ body: \"{}\", headers: { Content-Type: application/json, X-A: b } }"),
            "200\ncontent-type: application/json\nx-a: b\n2 bytes\n{}");
}

TEST(Respond, short_form_is_a_status_or_a_text) {
  EXPECT_EQ(answer_of("204"), "204\n");
  EXPECT_EQ(answer_of("404"), "404\n0 bytes\n");
  EXPECT_EQ(answer_of("\"204\""), "200\ncontent-type: text/plain; charset=utf-8\n3 bytes\n204");
  EXPECT_EQ(answer_of("hello there"), "200\ncontent-type: text/plain; charset=utf-8\n11 bytes\nhello there");
}

TEST(Respond, no_options_are_an_empty_200) {
  EXPECT_EQ(answer_of("{ }"), "200\n0 bytes\n");
}

TEST(Respond, not_modified_has_no_framing) {
  EXPECT_EQ(answer_of("{ status: 304 }"), "304\n");
}

TEST(Respond, template_is_filled_in_and_never_sniffed) {
  expect_conformance(respond_service(), "{ template: \"{{ client_address }}\" }");
  EXPECT_EQ(answer_of("{ template: \"Hello {{ host }}\", headers: { x-a: \"v={{ method }}\" } }"),
            "200\nx-a: v=GET\ncontent-type: text/plain; charset=utf-8\nx-content-type-options: nosniff\n"
            "17 bytes\nHello example.com");
  EXPECT_EQ(answer_of("{ template: \"{\\\"m\\\": {{method}}}\", headers: { content-type: application/json } }"),
            "200\ncontent-type: application/json\nx-content-type-options: nosniff\n12 bytes\n{\"m\": \"GET\"}");
}

TEST(Respond, complains_about_answers_that_are_none) {
  struct Case {
    std::string_view options;
    std::string_view said;
  };
  for (const auto& [options, said] : std::vector<Case>{
           {"101", "is no status of a final response"},
           {"999", "is no status of a final response"},
           {"{ status: 199 }", "write 200 to 599"},
           {"{ status: 204, body: x }", "test.yaml:1:22: respond.body: a response with status 204 has no body"},
           {"{ headers: { content-length: 3 } }", "is the framing of the message"},
           {"{ headers: { x-a: \"b\\nc\" } }", "control characters"},
           {"{ headers: { x-a: 1, X-A: 2 } }", "stands here already"},
           {"{ body: a, template: b }", "both body and template"},
           {"{ status: 204, template: x }", "respond.template: a response with status 204 has no body"},
           {"{ template: \"{{ hots }}\" }", "respond.template: {{ hots }}: there is no value"},
           {"{ template: \"{{ host }}\", headers: { content-type: text/css } }", "nobody has said how to escape"},
           {"{ template: \"a\", headers: { content-type: \"text/html; charset=utf-7\" } }", "says otherwise"},
           {"{ template: \"a\", headers: { location: \"/{{ host }}\" } }", "a request would decide about location"},
           {"{ template: \"a\", headers: { set-cookie: \"a={{ host }}\" } }", "would decide about set-cookie"},
           {"[1, 2]", "respond"},
       }) {
    EXPECT_TRUE(complaints_about(respond_service(), options).contains(said))
        << options << "\n"
        << complaints_about(respond_service(), options);
    EXPECT_FALSE(build_plugin(respond_service(), options).plugin) << options;
  }
}

}  // namespace
}  // namespace weir
