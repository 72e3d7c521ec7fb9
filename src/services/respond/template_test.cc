// Where values may stand, and that none gets out of its place.
#include "services/respond/template.h"

#include <gtest/gtest.h>

#include "contracts/testing/test_exchange.h"

namespace weir {
namespace {

constexpr std::string_view nasty = "<script>alert('x')</script>&\"\\\r\n{{host}}";

class TemplateTest : public testing::Test {
 protected:
  std::string render(std::string_view text, TemplateLanguage language, std::string_view value = nasty) {
    const auto made = Template::parse(text, language);
    if (!made) return "error: " + made.error();
    TestExchange test(shard);
    test.field("x", value);
    const auto rendered = made->render(selector_facts(test.exchange), test.exchange.arena);
    return rendered ? std::string(*rendered) : std::string(name_of(rendered.error().code));
  }

  TestShard shard;
};

TEST_F(TemplateTest, text_between_tags_and_in_attributes_is_escaped) {
  const std::string escaped =
      "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;&amp;&quot;\\\xEF\xBF\xBD\xEF\xBF\xBD{{host}}";
  EXPECT_EQ(render("<p>{{ header: x }}</p>", TemplateLanguage::html), "<p>" + escaped + "</p>");
  EXPECT_EQ(render("<p title='{{header: x}}'>", TemplateLanguage::html), "<p title='" + escaped + "'>");
  EXPECT_EQ(render("<p data-a = \"{{header: x}}\">", TemplateLanguage::html), "<p data-a = \"" + escaped + "\">");
  EXPECT_EQ(render("<TITLE>{{header: x}}</TITLE>", TemplateLanguage::html), "<TITLE>" + escaped + "</TITLE>");
  EXPECT_EQ(render("<!-- a --><script>1</script>{{header: x}}", TemplateLanguage::html),
            "<!-- a --><script>1</script>" + escaped);
}

TEST_F(TemplateTest, places_where_no_escaping_helps_are_errors) {
  for (const std::string_view text : {"<script>{{host}}</script>",
                                      "<script>a</scripts>{{host}}",
                                      "<style>{{host}}</style>",
                                      "<a href='{{host}}'>",
                                      "<a href={{host}}>",
                                      "<a title={{host}}>",
                                      "<a title= {{host}}>",
                                      "<a onclick=\"{{host}}\">",
                                      "<{{host}}>",
                                      "<a {{host}}>",
                                      "<a {{host}}='x'>",
                                      "</{{host}}>",
                                      "<!-- {{host}} -->",
                                      "<!doctype {{host}}>",
                                      "<iframe srcdoc=\"{{host}}\">",
                                      "<p style=\"{{host}}\">",
                                      "<meta content='{{host}}'>",
                                      "<p id='{{host}}'>",
                                      "<script/>{{host}}",
                                      "<a\nhref = '{{host}}'>",
                                      "<img src=\"/a/{{host}}\">",
                                      "<noscript>{{host}}",
                                      "<script><!-- <script> </script>{{host}}"}) {
    EXPECT_TRUE(render(text, TemplateLanguage::html).starts_with("error: {{ host }} stands "))
        << text << ": " << render(text, TemplateLanguage::html);
  }
}

TEST_F(TemplateTest, json_values_are_strings_with_or_without_quotes_in_front) {
  const std::string escaped =
      "\\u003cscript\\u003ealert(\\u0027x\\u0027)\\u003c/script\\u003e\\u0026\\\"\\\\\xEF\xBF\xBD\xEF\xBF\xBD{{host}}";
  EXPECT_EQ(render("{\"a\": {{header: x}}, \"b\": \"-{{header: x}}-\"}", TemplateLanguage::json),
            "{\"a\": \"" + escaped + "\", \"b\": \"-" + escaped + "-\"}");
  EXPECT_EQ(render("{\"a\":{\"b\":\"\\\"{{header: x}}\"}}", TemplateLanguage::json),
            "{\"a\":{\"b\":\"\\\"" + escaped + "\"}}");
  EXPECT_TRUE(render("{\"a\": \"\\{{host}}\"}", TemplateLanguage::json).contains("behind a backslash"));
}

TEST_F(TemplateTest, text_keeps_everything_but_control_characters) {
  EXPECT_EQ(render("Hello {{header: x}}!", TemplateLanguage::text, "<b>\x1b[31m\xC2\x9B\xC3\xA9"),
            "Hello <b>\xEF\xBF\xBD[31m\xEF\xBF\xBD\xC3\xA9!");
}

TEST_F(TemplateTest, fields_hold_visible_ascii_alone) {
  EXPECT_EQ(render("a {{header: x}}", TemplateLanguage::field, "b c%\r\nx-evil: 1\xC3\xA9"),
            "a b c%25%0D%0Ax-evil: 1%C3%A9");
}

TEST_F(TemplateTest, bytes_that_are_no_utf8_are_replaced) {
  for (const std::string_view bad :
       {"\xFF", "\xC0\xAF", "\xE0\x80\xAF", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xE2\x82"}) {
    const std::string rendered = render("{{header: x}}", TemplateLanguage::html, bad);
    EXPECT_TRUE(rendered.starts_with("\xEF\xBF\xBD")) << bad;
    EXPECT_FALSE(rendered.contains(bad));
  }
  EXPECT_EQ(render("{{header: x}}", TemplateLanguage::html, "\xE2\x82\xAC \xF0\x9F\x98\x80"),
            "\xE2\x82\xAC \xF0\x9F\x98\x80");
}

TEST_F(TemplateTest, two_braces_can_be_written) {
  EXPECT_EQ(render("a {{ \"{{\" }} b }} c", TemplateLanguage::text), "a {{ b }} c");
}

TEST_F(TemplateTest, result_is_bounded) {
  std::string text;
  for (int number = 0; number < 100; ++number) text += "{{header: x}}";
  EXPECT_EQ(render(text, TemplateLanguage::html, std::string(10'000, '"')), "internal");
}

TEST_F(TemplateTest, mistakes_get_a_sentence) {
  EXPECT_EQ(render("{{ host", TemplateLanguage::text), "error: {{ is not closed by }}");
  EXPECT_TRUE(render("{{ hots }}", TemplateLanguage::text).contains("{{ hots }}: there is no value called \"hots\""));
}

TEST(TemplateLanguage, is_that_of_the_media_type) {
  EXPECT_EQ(language_of("text/html; charset=utf-8"), TemplateLanguage::html);
  EXPECT_EQ(language_of("Application/Problem+JSON"), TemplateLanguage::json);
  EXPECT_EQ(language_of("text/plain"), TemplateLanguage::text);
  for (const std::string_view none : {"text/css", "image/svg+xml", "application/javascript", ""}) {
    EXPECT_FALSE(language_of(none)) << none;
  }
}

}  // namespace
}  // namespace weir
