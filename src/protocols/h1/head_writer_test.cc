// Shows: what is written is complete, has one framing, and is read back as what was meant.
// How: exact bytes for the forms there are; a property: write, parse, compare, for generated heads.
#include "protocols/h1/head_writer.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <array>
#include <string>
#include <vector>

#include "base/text.h"
#include "protocols/h1/head_parser.h"

namespace weir::h1 {
namespace {

class HeadWriter : public testing::Test {
 protected:
  std::string written(const RequestHead& head) {
    HeadBuffer out(memory);
    write_request_head(out, head);
    EXPECT_FALSE(out.overflowed());
    return std::string(out.written());
  }
  std::string written(const ResponseHead& head, Version version = Version::http_1_1,
                      Persistence persistence = Persistence::keep_alive) {
    HeadBuffer out(memory);
    write_response_head(out, head, version, persistence, "NOW");
    return std::string(out.written());
  }

  std::array<char, 4096> memory{};
  BlockPool pool;
  Arena arena{pool};
  RequestHead request{arena};
  ResponseHead response{arena};
};

TEST_F(HeadWriter, writes_requests) {
  request.method_text = "GET";
  request.method = Method::get;
  request.path = "/a";
  request.has_query = true;
  request.authority = "b";
  request.fields.append("x", "y");
  request.fields.append(FieldName::host, "another");
  request.fields.append(FieldName::content_length, "7");
  EXPECT_EQ(written(request), "GET /a? HTTP/1.1\r\nhost: b\r\nx: y\r\n\r\n");
  request.accepts_trailers = true;
  request.framing = {.kind = Framing::Kind::chunked};
  EXPECT_EQ(
      written(request),
      "GET /a? HTTP/1.1\r\nhost: b\r\nx: y\r\ntransfer-encoding: chunked\r\nconnection: te\r\nte: trailers\r\n\r\n");
  request.accepts_trailers = false;
  request.framing = {};
  request.upgrade = "websocket";
  EXPECT_EQ(written(request),
            "GET /a? HTTP/1.1\r\nhost: b\r\nx: y\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n");
}

TEST_F(HeadWriter, says_that_a_post_is_empty) {
  request.method_text = "POST";
  request.method = Method::post;
  request.path = "/";
  request.authority = "b";
  EXPECT_EQ(written(request), "POST / HTTP/1.1\r\nhost: b\r\ncontent-length: 0\r\n\r\n");
}

TEST_F(HeadWriter, writes_responses) {
  response.fields.append("x", "y");
  response.framing = {.kind = Framing::Kind::length, .length = 5};
  response.fields.append(FieldName::content_length, "9");
  EXPECT_EQ(written(response), "HTTP/1.1 200 OK\r\nx: y\r\ndate: NOW\r\ncontent-length: 5\r\n\r\n");
  EXPECT_EQ(written(response, Version::http_1_0),
            "HTTP/1.1 200 OK\r\nx: y\r\ndate: NOW\r\ncontent-length: 5\r\nconnection: keep-alive\r\n\r\n");
  EXPECT_EQ(written(response, Version::http_1_1, Persistence::close),
            "HTTP/1.1 200 OK\r\nx: y\r\ndate: NOW\r\ncontent-length: 5\r\nconnection: close\r\n\r\n");
  response.framing = {};
  EXPECT_EQ(written(response), "HTTP/1.1 200 OK\r\nx: y\r\ncontent-length: 9\r\ndate: NOW\r\n\r\n") << "answer to HEAD";
}

TEST_F(HeadWriter, writes_the_senders_date_an_unknown_status_and_a_closing_end) {
  response.status = 299;
  response.fields.append(FieldName::date, "THEN");
  response.framing = {.kind = Framing::Kind::until_close};
  EXPECT_EQ(written(response), "HTTP/1.1 299 \r\ndate: THEN\r\nconnection: close\r\n\r\n");
}

TEST_F(HeadWriter, writes_interim_and_switching_responses) {
  response.status = 100;
  EXPECT_EQ(written(response), "HTTP/1.1 100 Continue\r\n\r\n");
  response.status = 101;
  response.upgrade = "websocket";
  EXPECT_EQ(written(response),
            "HTTP/1.1 101 Switching Protocols\r\ndate: NOW\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n");
}

TEST_F(HeadWriter, remembers_an_overflow_and_writes_nothing_past_the_end) {
  std::array<char, 8> small{};
  HeadBuffer out(std::span(small).first(4));
  out.append("abc");
  out.append("de");
  EXPECT_TRUE(out.overflowed());
  EXPECT_EQ(out.written(), "abc");
  EXPECT_EQ(small[4], 0);
}

TEST_F(HeadWriter, writes_chunk_lines_and_the_last_chunk) {
  HeadBuffer out(memory);
  write_chunk_line(out, 420);
  Fields trailers(arena);
  trailers.append(FieldName::etag, "\"x\"");
  write_last_chunk(out, &trailers);
  write_last_chunk(out, nullptr);
  EXPECT_EQ(out.written(), "1a4\r\n0\r\netag: \"x\"\r\n\r\n0\r\n\r\n");
}

std::string token() {
  return *rc::gen::nonEmpty(
      rc::gen::container<std::string>(rc::gen::elementOf(std::string("abcdefghijklmnopqrstuvwxyz0123456789-_.!"))));
}

TEST(HeadRoundTrip, what_is_written_is_read_back_equal) {
  rc::check([] {
    BlockPool pool;
    Arena arena(pool);
    RequestHead sent(arena);
    sent.method_text = arena.copy(*rc::gen::element<std::string>("GET", "POST", "PUT", "BREW"));
    sent.method = method_of(sent.method_text);
    sent.authority = sent.host = "example.com";
    sent.path = arena.join(std::string_view("/"), "x" + token());
    sent.has_query = *rc::gen::arbitrary<bool>();
    if (sent.has_query) sent.query = arena.copy(token());
    sent.framing = *rc::gen::element(Framing{.kind = Framing::Kind::chunked},
                                     Framing{.kind = Framing::Kind::length, .length = 77});
    const auto fields = *rc::gen::inRange(0, 20);
    for (int field = 0; field < fields; ++field) {
      const auto value = *rc::gen::container<std::string>(rc::gen::elementOf(std::string("abc XYZ,;=\"\xC3\xA9")));
      sent.fields.append(arena.copy("x-" + token()), arena.copy(text::trim(value)));
    }
    std::vector<char> memory(1 << 20);
    HeadBuffer out(memory);
    write_request_head(out, sent);
    std::string bytes(out.written());

    RequestHead received(arena);
    const Result<HeadLength> length = parse_request_head(bytes, Limits{}, received);
    RC_ASSERT(length.has_value());
    RC_ASSERT(*length == bytes.size());
    RC_ASSERT(interpret(received, Limits{}, arena).has_value());
    RC_ASSERT(received.method_text == sent.method_text);
    RC_ASSERT(received.authority == sent.authority);
    RC_ASSERT(received.path == sent.path);
    RC_ASSERT(received.has_query == sent.has_query);
    RC_ASSERT(received.query == sent.query);
    RC_ASSERT(received.framing == sent.framing);
    RC_ASSERT(received.fields.size() == sent.fields.size());
    for (std::size_t at = 0; at < sent.fields.size(); ++at) {
      RC_ASSERT(received.fields.begin()[at].name == sent.fields.begin()[at].name);
      RC_ASSERT(received.fields.begin()[at].value == sent.fields.begin()[at].value);
    }
  });
}

}  // namespace
}  // namespace weir::h1
