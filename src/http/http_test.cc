// Shows: the small facts of HTTP (names, phrases, hosts, dates, ids, error bodies) are right.
// How: tables of input and outcome.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "http/date.h"
#include "http/fields.h"
#include "http/host.h"
#include "http/message.h"
#include "http/problem.h"
#include "http/request_id.h"

namespace weir {
namespace {

TEST(Method, is_found_by_its_exact_letters) {
  EXPECT_EQ(method_of("GET"), Method::get);
  EXPECT_EQ(method_of("DELETE"), Method::delete_);
  EXPECT_EQ(method_of("get"), Method::other);
  EXPECT_EQ(method_of("GETS"), Method::other);
  EXPECT_EQ(method_of(""), Method::other);
}

TEST(Status, has_the_registered_phrase) {
  EXPECT_EQ(phrase_of(404), "Not Found");
  EXPECT_EQ(phrase_of(599), "");
}

TEST(FieldName, every_known_name_is_found) {
#define WEIR_CHECK_NAME(id, text)          \
  EXPECT_EQ(name_id(text), FieldName::id); \
  EXPECT_EQ(text_of(FieldName::id), text);
  WEIR_FIELD_NAMES(WEIR_CHECK_NAME)
#undef WEIR_CHECK_NAME
  EXPECT_EQ(name_id(""), FieldName::other);
  EXPECT_EQ(name_id("hosts"), FieldName::other);
  EXPECT_EQ(name_id("Host"), FieldName::other) << "names are lower case by then";
  EXPECT_EQ(name_id(std::string(500, 'x')), FieldName::other);
}

TEST(Fields, set_replaces_every_line_and_keeps_the_place) {
  BlockPool pool;
  Arena arena(pool);
  Fields fields(arena);
  fields.append("a", "1");
  fields.append("b", "2");
  fields.append("a", "3");
  fields.set("a", "4");
  fields.set("c", "5");
  std::string all;
  for (const Field& field : fields) all.append(field.name).append(field.value);
  EXPECT_EQ(all, "a4b2c5");
  EXPECT_EQ(fields.remove("b"), 1U);
  EXPECT_EQ(fields.find("b"), nullptr);
}

TEST(Fields, grow_past_their_first_room) {
  BlockPool pool;
  Arena arena(pool);
  Fields fields(arena);
  for (int line = 0; line < 1000; ++line) fields.append("a", "b");
  EXPECT_EQ(fields.size(), 1000U);
  EXPECT_EQ(fields.remove("a"), 1000U);
}

TEST(Fields, know_a_name_exactly_as_long_as_a_line_has_it) {
  BlockPool pool;
  Arena arena(pool);
  Fields fields(arena);
  Random random(1);
  const std::array known{FieldName::host, FieldName::via, FieldName::x_request_id, FieldName::date};
  const std::array<std::string_view, 2> unknown{"x-one", "x-two"};
  for (int step = 0; step < 10'000; ++step) {
    const FieldName name = known[random.below(known.size())];
    const std::string_view other = unknown[random.below(unknown.size())];
    switch (random.below(7)) {
      case 0:
        fields.append(name, "1");
        break;
      case 1:
        fields.append(other, "1");
        break;
      case 2:
        fields.set(name, "2");
        break;
      case 3:
        fields.remove(name);
        break;
      case 4:
        fields.remove(other);
        break;
      case 5:
        fields.remove_if([&](const Field& field) { return field.id == name && field.value == "2"; });
        break;
      default:
        fields.remove_if([&](const Field&) { return random.below(2) == 0; });
    }
    for (const FieldName each : {known[0], known[1], known[2], known[3], FieldName::other}) {
      const bool there = std::ranges::any_of(fields, [&](const Field& field) { return field.id == each; });
      ASSERT_EQ(fields.has(each), there) << text_of(each) << " at step " << step;
      ASSERT_EQ(fields.find(each) != nullptr, there);
      ASSERT_EQ(fields.get(each).empty(), !there);
    }
  }
  const Fields copy = fields;
  EXPECT_EQ(copy.has_any(~FieldSet{0}), !copy.empty());
}

struct HostCase {
  std::string text;
  std::string outcome;  // text|host|port or the error
};

TEST(Host, is_read_strictly) {
  const std::vector<HostCase> cases{
      {"Example.COM", "example.com|example.com|-"},
      {"example.com:8080", "example.com:8080|example.com|8080"},
      {"Example.com.", "example.com|example.com|-"},
      {"example.com.:80", "example.com:80|example.com|80"},
      {"127.0.0.1:1", "127.0.0.1:1|127.0.0.1|1"},
      {"[::1]", "[::1]|::1|-"},
      {"[2001:DB8::1]:443", "[2001:db8::1]:443|2001:db8::1|443"},
      {"a_b.example", "a_b.example|a_b.example|-"},
      {"", "bad_host"},
      {".", "bad_host"},
      {"..", "bad_host"},
      {"a..b", "bad_host"},
      {".a", "bad_host"},
      {"a b", "bad_host"},
      {"a,b", "bad_host"},
      {"a/b", "bad_host"},
      {"user@a", "bad_host"},
      {"a%2e", "bad_host"},
      {"\xC3\xA9", "bad_host"},
      {":80", "bad_host"},
      {"a:", "bad_host"},
      {"a:65536", "bad_host"},
      {"a:080", "bad_host"},
      {"a:+80", "bad_host"},
      {"a:80:80", "bad_host"},
      {"::1", "bad_host"},
      {"[::1", "bad_host"},
      {"[::g]", "bad_host"},
      {"[::1%25eth0]", "bad_host"},
      {"[::1]x", "bad_host"},
      {"[]", "bad_host"},
      {std::string(256, 'a'), "bad_host"},
  };
  for (const HostCase& each : cases) {
    BlockPool pool;
    Arena arena(pool);
    const Result<Authority> authority = parse_authority(each.text, arena);
    std::string outcome;
    if (authority) {
      outcome.append(authority->text).append("|").append(authority->host).append("|");
      outcome += authority->port ? std::to_string(*authority->port) : "-";
    } else {
      outcome = name_of(authority.error().code);
    }
    EXPECT_EQ(outcome, each.outcome) << each.text;
  }
}

TEST(Date, is_imf_fixdate) {
  EXPECT_EQ(view_of(format_date(WallTime(std::chrono::seconds(784111777)))), "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(view_of(format_date(WallTime(std::chrono::seconds(0)))), "Thu, 01 Jan 1970 00:00:00 GMT");
  EXPECT_EQ(view_of(format_date(WallTime(std::chrono::nanoseconds(1709251199999999999)))),
            "Thu, 29 Feb 2024 23:59:59 GMT");
}

TEST(RequestId, is_made_valid_and_judged) {
  Random random(1);
  const RequestId first = make_request_id(random);
  const RequestId second = make_request_id(random);
  EXPECT_NE(first, second);
  EXPECT_TRUE(is_request_id(view_of(first)));
  EXPECT_TRUE(is_request_id(std::string(128, 'a')));
  EXPECT_FALSE(is_request_id(std::string(129, 'a')));
  EXPECT_FALSE(is_request_id(""));
  EXPECT_FALSE(is_request_id("a b"));
  EXPECT_FALSE(is_request_id("a\"b"));
}

TEST(Problem, takes_the_form_its_reader_prefers) {
  const auto format = [](std::string_view accept) { return choose_problem_format(accept); };
  EXPECT_EQ(format(""), ProblemFormat::plain);
  EXPECT_EQ(format("*/*"), ProblemFormat::plain);
  EXPECT_EQ(format("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"), ProblemFormat::html);
  EXPECT_EQ(format("application/json"), ProblemFormat::json);
  EXPECT_EQ(format("application/problem+json;q=0.5, text/html;q=0.4"), ProblemFormat::json);
  EXPECT_EQ(format("application/json;q=0.3, text/html;q=0.4"), ProblemFormat::html);
  EXPECT_EQ(format("application/json, text/plain, */*"), ProblemFormat::json);
  EXPECT_EQ(format("text/*"), ProblemFormat::plain);
  EXPECT_EQ(format("TEXT/HTML"), ProblemFormat::html);
  EXPECT_EQ(format("text/html;q=0, */*"), ProblemFormat::plain);
  EXPECT_EQ(format("text/html;q=0"), ProblemFormat::plain);
  EXPECT_EQ(format("image/png"), ProblemFormat::plain);
}

TEST(Problem, escapes_what_came_from_outside) {
  const Problem problem{.status = 404,
                        .reason = "no_route",
                        .sentence = "no route matches this request",
                        .request_id = "abc",
                        .detail = "<b>\"x\""};
  EXPECT_EQ(render_problem(problem, ProblemFormat::json),
            "{\"type\":\"about:blank\",\"title\":\"Not "
            "Found\",\"status\":404,\"detail\":\"<b>\\\"x\\\"\",\"reason\":\"no_route\","
            "\"request_id\":\"abc\"}\n");
  const std::string html = render_problem(problem, ProblemFormat::html);
  EXPECT_NE(html.find("&lt;b&gt;&quot;x&quot;"), std::string::npos);
  EXPECT_EQ(html.find("<b>"), std::string::npos);
  EXPECT_EQ(render_problem(problem, ProblemFormat::plain),
            "404 Not Found: no route matches this request\n<b>\"x\"\nreason: no_route\nrequest: abc\n");
}

}  // namespace
}  // namespace weir
