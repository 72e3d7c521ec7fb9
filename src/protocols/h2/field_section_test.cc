// What a request of HTTP/2 may say, and that nothing of it can mean something else when it is written as HTTP/1:
// sections are fed line by line and their meaning, or the reason of their refusal, is looked at.
#include "protocols/h2/field_section.h"

#include <gtest/gtest.h>

#include <vector>

namespace weir::h2 {
namespace {

using Lines = std::vector<std::pair<std::string, std::string>>;

struct Read {
  explicit Read(const Lines& lines, bool end = true, const Limits& limits = {}, bool extended = false)
      : section(SectionKind::request, Origin::client, limits, head.fields) {
    for (const auto& [name, value] : lines) kept_on = kept_on && section.add(name, value);
    outcome = section.finish_request(head, end, extended);
  }
  [[nodiscard]] std::string_view reason() const { return outcome ? "" : name_of(outcome.error().code); }

  BlockPool blocks;
  Arena arena{blocks};
  RequestHead head{arena};
  FieldSection section;
  bool kept_on = true;
  Result<void> outcome;
};

const Lines get{{":method", "GET"}, {":scheme", "http"}, {":path", "/a/./b?q=1"}, {":authority", "Weir.Test:80"}};

Lines with(Lines lines, std::initializer_list<std::pair<std::string, std::string>> more) {
  lines.insert(lines.end(), more.begin(), more.end());
  return lines;
}
Lines without(const Lines& lines, std::string_view name) {
  Lines left;
  for (const auto& line : lines) {
    if (line.first != name) left.push_back(line);
  }
  return left;
}

TEST(FieldSection, gives_a_request_the_meaning_it_would_have_in_http1) {
  const Read read(with(get, {{"user-agent", "curl"}, {"te", "trailers"}, {"x-a", "1"}, {"x-a", "2"}}));
  ASSERT_TRUE(read.outcome);
  EXPECT_EQ(read.head.method, Method::get);
  EXPECT_EQ(read.head.version, Version::http_2);
  EXPECT_EQ(read.head.path, "/a/b");
  EXPECT_EQ(read.head.query, "q=1");
  EXPECT_EQ(read.head.target, "/a/./b?q=1");
  EXPECT_EQ(read.head.authority, "weir.test:80");
  EXPECT_EQ(read.head.host, "weir.test");
  EXPECT_TRUE(read.head.accepts_trailers);
  EXPECT_EQ(read.head.framing, Framing{});
  EXPECT_EQ(read.head.fields.size(), 3U);  // te is between neighbours
}

TEST(FieldSection, content_without_a_length_is_content) {
  EXPECT_EQ(Read(get, false).head.framing.kind, Framing::Kind::chunked);
  const Read declared(with(get, {{"content-length", "7"}}), false);
  EXPECT_EQ(declared.head.framing, (Framing{.kind = Framing::Kind::length, .length = 7}));
  EXPECT_FALSE(declared.head.fields.has(FieldName::content_length));
}

TEST(FieldSection, crumbs_of_a_cookie_become_one) {
  const Read read(with(get, {{"cookie", "a=1"}, {"x", "y"}, {"cookie", "b=2"}, {"cookie", "c=3"}}));
  ASSERT_TRUE(read.outcome);
  EXPECT_EQ(read.head.fields.get(FieldName::cookie), "a=1; b=2; c=3");
  EXPECT_EQ(read.head.fields.size(), 2U);
}

TEST(FieldSection, a_host_beside_the_authority_must_name_the_same) {
  EXPECT_TRUE(Read(with(get, {{"host", "weir.test:80"}})).outcome);
  const Read other(with(get, {{"host", "admin.test"}}));
  EXPECT_EQ(other.reason(), "conflicting_authority");
  EXPECT_TRUE(other.section.malformed());
  const Read alone(with(without(get, ":authority"), {{"host", "weir.test"}}));
  ASSERT_TRUE(alone.outcome);
  EXPECT_EQ(alone.head.authority, "weir.test");
  const Read none(without(get, ":authority"));
  EXPECT_EQ(none.reason(), "missing_host");
  EXPECT_FALSE(none.section.malformed());  // answered, as in HTTP/1
}

struct Refused {
  const char* what;
  Lines lines;
  std::string_view reason;
};

// Each is a way to say two things at once, or to bring a byte across that HTTP/1 would take for the end of something.
TEST(FieldSection, what_could_become_another_request_is_malformed) {
  const std::string nul("a\0b", 3);
  const std::vector<Refused> all{
      {"no method", without(get, ":method"), "bad_pseudo_field"},
      {"no scheme", without(get, ":scheme"), "bad_pseudo_field"},
      {"no path", without(get, ":path"), "bad_pseudo_field"},
      {"method twice", with(get, {{":method", "GET"}}), "bad_pseudo_field"},
      {"pseudo behind a field", with(with(get, {{"x", "y"}}), {{":authority", "a"}}), "bad_pseudo_field"},
      {"unknown pseudo", with(get, {{":proto", "x"}}), "bad_pseudo_field"},
      {"status in a request", with(get, {{":status", "200"}}), "bad_pseudo_field"},
      {"protocol not offered", with(get, {{":protocol", "websocket"}}), "bad_pseudo_field"},
      {"method with a space", with(without(get, ":method"), {{":method", "GET / HTTP/1.1"}}), "bad_pseudo_field"},
      {"empty method", with(without(get, ":method"), {{":method", ""}}), "bad_pseudo_field"},
      {"odd scheme", with(without(get, ":scheme"), {{":scheme", "http://x/?"}}), "bad_pseudo_field"},
      {"empty path", with(without(get, ":path"), {{":path", ""}}), "bad_target"},
      {"path with a space", with(without(get, ":path"), {{":path", "/a b"}}), "bad_target"},
      {"path with CRLF", with(without(get, ":path"), {{":path", "/a\r\nhost: x"}}), "bad_target"},
      {"absolute path", with(without(get, ":path"), {{":path", "http://x/"}}), "bad_target"},
      {"path with fragment", with(without(get, ":path"), {{":path", "/a#b"}}), "bad_target"},
      {"asterisk of GET", with(without(get, ":path"), {{":path", "*"}}), "bad_target"},
      {"capital in a name", with(get, {{"X-a", "y"}}), "bad_field_name"},
      {"colon in a name", with(get, {{"x:a", "y"}}), "bad_field_name"},
      {"space in a name", with(get, {{"x a", "y"}}), "bad_field_name"},
      {"CRLF in a name", with(get, {{"x\r\ny", "z"}}), "bad_field_name"},
      {"empty name", with(get, {{"", "z"}}), "bad_field_name"},
      {"CRLF in a value", with(get, {{"x", "a\r\nb: c"}}), "bad_field_value"},
      {"LF in a value", with(get, {{"x", "a\nb"}}), "bad_field_value"},
      {"NUL in a value", with(get, {{"x", nul}}), "bad_field_value"},
      {"space before a value", with(get, {{"x", " a"}}), "bad_field_value"},
      {"tab behind a value", with(get, {{"x", "a\t"}}), "bad_field_value"},
      {"connection", with(get, {{"connection", "close"}}), "connection_field"},
      {"transfer-encoding", with(get, {{"transfer-encoding", "chunked"}}), "connection_field"},
      {"upgrade", with(get, {{"upgrade", "h2c"}}), "connection_field"},
      {"keep-alive", with(get, {{"keep-alive", "1"}}), "connection_field"},
      {"proxy-connection", with(get, {{"proxy-connection", "close"}}), "connection_field"},
      {"te with more", with(get, {{"te", "trailers, gzip"}}), "connection_field"},
      {"two lengths", with(get, {{"content-length", "0"}, {"content-length", "0"}}), "repeated_length"},
      {"list of lengths", with(get, {{"content-length", "0, 0"}}), "bad_length"},
      {"length with a sign", with(get, {{"content-length", "+0"}}), "bad_length"},
      {"length of nothing", with(get, {{"content-length", "3"}}), "bad_length"},
      {"two hosts", with(get, {{"host", "weir.test:80"}, {"host", "weir.test:80"}}), "repeated_host"},
      {"CONNECT with a path", with(without(get, ":method"), {{":method", "CONNECT"}}), "bad_pseudo_field"},
  };
  for (const Refused& each : all) {
    const Read read(each.lines);
    EXPECT_EQ(read.reason(), each.reason) << each.what;
    EXPECT_TRUE(read.section.malformed()) << each.what;
  }
}

TEST(FieldSection, what_is_only_too_much_is_answered) {
  Limits limits;
  limits.request_line_bytes = 64;
  limits.head_bytes = 4096;
  limits.fields = 4;
  limits.field_bytes = 1000;
  const Read path(with(without(get, ":path"), {{":path", "/" + std::string(100, 'a')}}), true, limits);
  EXPECT_EQ(path.reason(), "target_too_long");
  const Read line(with(get, {{"x", std::string(1001, 'a')}}), true, limits);
  EXPECT_EQ(line.reason(), "field_too_large");
  Lines many = get;
  for (int i = 0; i < 8; ++i) many.emplace_back("x", "y");
  EXPECT_EQ(Read(many, true, limits).reason(), "too_many_fields");
  EXPECT_FALSE(path.section.malformed() || line.section.malformed());
}

// The letters count as they are when unpacked, whatever they weighed on the wire.
TEST(FieldSection, a_head_far_beyond_the_limit_is_not_unpacked_on) {
  Limits limits;
  limits.head_bytes = 2048;
  limits.request_line_bytes = 1024;
  limits.fields = 10'000;
  Lines lines = get;
  for (int i = 0; i < 4; ++i) lines.emplace_back("x", std::string(900, 'a'));
  const Read over(lines, true, limits);
  EXPECT_EQ(over.reason(), "head_too_large");
  EXPECT_TRUE(over.kept_on);
  for (int i = 0; i < 20; ++i) lines.emplace_back("x", std::string(900, 'a'));
  EXPECT_FALSE(Read(lines, true, limits).kept_on);
}

TEST(FieldSection, connect_names_an_authority_and_nothing_else) {
  const Read read({{":method", "CONNECT"}, {":authority", "db.test:5432"}}, false);
  ASSERT_TRUE(read.outcome);
  EXPECT_EQ(read.head.target_form, TargetForm::authority);
  EXPECT_EQ(read.head.framing, Framing{});
}

TEST(FieldSection, trailers_describe_and_decide_nothing) {
  BlockPool blocks;
  Arena arena(blocks);
  const auto outcome = [&](const Lines& lines) -> std::string_view {
    Fields fields(arena);
    const Limits limits;
    FieldSection section(SectionKind::trailers, Origin::client, limits, fields);
    for (const auto& [name, value] : lines) section.add(name, value);
    const Result<void> read = section.finish_trailers();
    return read ? "" : name_of(read.error().code);
  };
  EXPECT_EQ(outcome({{"grpc-status", "0"}, {"etag", "\"a\""}}), "");
  EXPECT_EQ(outcome({{"content-length", "3"}}), "bad_trailer");
  EXPECT_EQ(outcome({{":status", "200"}}), "bad_trailer");
  EXPECT_EQ(outcome({{"x", "a\r\nb"}}), "bad_trailer");
  EXPECT_EQ(outcome({{"x", std::string(10'000, 'a')}}), "trailer_too_large");
}

TEST(FieldSection, an_answer_has_a_status_and_no_switch_of_protocols) {
  BlockPool blocks;
  Arena arena(blocks);
  const auto read = [&](const Lines& lines, Method method, bool end, ResponseHead& head) -> std::string_view {
    const Limits limits;
    FieldSection section(SectionKind::response, Origin::upstream, limits, head.fields);
    for (const auto& [name, value] : lines) section.add(name, value);
    const Result<void> outcome = section.finish_response(head, method, end);
    return outcome ? "" : name_of(outcome.error().code);
  };
  ResponseHead good(arena);
  EXPECT_EQ(read({{":status", "204"}, {"x", "y"}}, Method::get, true, good), "");
  EXPECT_EQ(good.status, 204);
  ResponseHead head(arena);
  EXPECT_EQ(read({{":status", "200"}, {"content-length", "7"}}, Method::head, true, head), "");
  EXPECT_EQ(head.fields.get(FieldName::content_length), "7");
  for (const std::string status : {"101", "20", "2000", "abc", "099", "600"}) {
    ResponseHead bad(arena);
    EXPECT_NE(read({{":status", status}}, Method::get, true, bad), "") << status;
  }
  ResponseHead cut(arena);
  EXPECT_EQ(read({{":status", "200"}, {"content-length", "7"}}, Method::get, true, cut), "bad_length");
}

}  // namespace
}  // namespace weir::h2
