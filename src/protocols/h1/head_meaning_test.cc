// Shows: a parsed head has one meaning (framing, authority, path, persistence, upgrade) or is refused with its own
// code. How: tables of heads and what becomes of them, as one line of text each.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "protocols/h1/head_parser.h"

namespace weir::h1 {
namespace {

std::string text_of_framing(const Framing& framing) {
  switch (framing.kind) {
    case Framing::Kind::none:
      return "none";
    case Framing::Kind::length:
      return std::to_string(framing.length);
    case Framing::Kind::chunked:
      return "chunked";
    case Framing::Kind::until_close:
      return "until_close";
  }
  return "?";
}

std::string text_of_fields(const Fields& fields) {
  std::string text;
  for (const Field& field : fields) text.append(" ").append(field.name);
  return text;
}

/// `authority path[?query] framing [flags] names of the fields left`, or the error.
std::string meaning_of_request(std::string bytes, const Limits& limits = {}) {
  BlockPool pool;
  Arena arena(pool);
  RequestHead request(arena);
  const Result<HeadLength> length = parse_request_head(bytes, limits, request);
  if (!length || *length != bytes.size()) return "unparsed";
  if (const Result<void> meaning = interpret(request, limits, arena); !meaning) {
    EXPECT_EQ(meaning.error().origin, Origin::client);
    return std::string(name_of(meaning.error().code));
  }
  std::string text(request.authority);
  text.append(" ").append(request.path);
  if (request.has_query) text.append("?").append(request.query);
  text += " " + text_of_framing(request.framing);
  if (!request.keep_alive) text += " close";
  if (request.expects_continue) text += " continue";
  if (request.accepts_trailers) text += " trailers";
  if (!request.upgrade.empty()) text.append(" upgrade=").append(request.upgrade);
  return text + text_of_fields(request.fields);
}

std::string get(const std::string& fields, const std::string& line = "GET / HTTP/1.1") {
  return meaning_of_request(line + "\r\n" + fields + "\r\n");
}
std::string get_a(const std::string& fields, const std::string& line = "GET / HTTP/1.1") {
  return get("Host: a\r\n" + fields, line);
}

TEST(RequestMeaning, target_and_host_give_one_authority_and_path) {
  EXPECT_EQ(get("Host: A.example:80\r\n", "GET /x/../y?q=%2e HTTP/1.1"), "a.example:80 /y?q=%2e none");
  EXPECT_EQ(get("Host: a\r\n", "GET /? HTTP/1.1"), "a /? none");
  EXPECT_EQ(get("Host: a\r\n", "GET http://B.example/c?d HTTP/1.1"), "b.example /c?d none");
  EXPECT_EQ(get("Host: a\r\n", "GET HTTPS://b HTTP/1.1"), "b / none");
  EXPECT_EQ(get("Host: a\r\n", "GET http://b?q HTTP/1.1"), "b /?q none");
  EXPECT_EQ(get("Host: a\r\n", "OPTIONS http://b HTTP/1.1"), "b * none");
  EXPECT_EQ(get("Host: a\r\n", "OPTIONS * HTTP/1.1"), "a * none");
  EXPECT_EQ(get("Host: a\r\n", "CONNECT b:443 HTTP/1.1"), "b:443  none");
  EXPECT_EQ(get("", "GET / HTTP/1.0"), " / none close");
}

TEST(RequestMeaning, refuses_doubtful_targets_and_hosts) {
  EXPECT_EQ(get(""), "missing_host");
  EXPECT_EQ(get("Host: a\r\nHost: a\r\n"), "repeated_host");
  EXPECT_EQ(get("Host:\r\n"), "bad_host");
  EXPECT_EQ(get("Host: a b\r\n"), "bad_host");
  EXPECT_EQ(get("Host:\r\n", "GET / HTTP/1.0"), "bad_host");
  EXPECT_EQ(get("Host: a@b\r\n", "GET http://c/ HTTP/1.1"), "bad_host") << "Host must be right even when overridden";
  EXPECT_EQ(get("", "GET http://c/ HTTP/1.1"), "missing_host");
  EXPECT_EQ(get_a("", "GET http://u@b/ HTTP/1.1"), "bad_host");
  EXPECT_EQ(get_a("", "GET http:/// HTTP/1.1"), "bad_host");
  EXPECT_EQ(get_a("", "GET ftp://b/ HTTP/1.1"), "bad_target");
  EXPECT_EQ(get_a("", "GET a HTTP/1.1"), "bad_target");
  EXPECT_EQ(get_a("", "GET * HTTP/1.1"), "bad_target");
  EXPECT_EQ(get_a("", "CONNECT / HTTP/1.1"), "bad_target");
  EXPECT_EQ(get_a("", "CONNECT b HTTP/1.1"), "bad_target");
  EXPECT_EQ(get_a("", "GET b:443 HTTP/1.1"), "bad_target");
  EXPECT_EQ(get_a("", "GET /%00 HTTP/1.1"), "bad_path");
  EXPECT_EQ(get_a("", "GET http://b/../ HTTP/1.1"), "bad_path");
}

TEST(RequestMeaning, framing_has_one_reading) {
  EXPECT_EQ(get_a("Content-Length: 5\r\n"), "a / 5");
  EXPECT_EQ(get_a("Content-Length: 0\r\n"), "a / 0");
  EXPECT_EQ(get_a("Transfer-Encoding: Chunked\r\n"), "a / chunked");
  EXPECT_EQ(get_a("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"), "conflicting_length");
  EXPECT_EQ(get_a("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n"), "conflicting_length");
  EXPECT_EQ(get_a("Content-Length: 5\r\nContent-Length: 5\r\n"), "repeated_length");
  EXPECT_EQ(get_a("Content-Length: 5, 5\r\n"), "repeated_length");
  for (const char* length : {"+5", "-5", "5 5", "0x5", "", "5;", "18446744073709551616", "\xB2"}) {
    EXPECT_EQ(get_a(std::string("Content-Length: ") + length + "\r\n"), "bad_length") << length;
  }
  for (const char* coding :
       {"gzip", "chunked, chunked", "chunked, gzip", "chunked;q=1", "identity", "", "xchunked", "\"chunked\""}) {
    EXPECT_EQ(get_a(std::string("Transfer-Encoding: ") + coding + "\r\n"), "chunked_not_last") << coding;
  }
  for (const char* coding : {"gzip, chunked", "chunked,"}) {
    EXPECT_EQ(get_a(std::string("Transfer-Encoding: ") + coding + "\r\n"), "unsupported_transfer_coding") << coding;
  }
  EXPECT_EQ(get_a("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"), "chunked_not_last");
  EXPECT_EQ(get_a("Transfer-Encoding: chunked\r\n", "POST / HTTP/1.0"), "transfer_coding_in_http10");
  EXPECT_EQ(get_a("Content-Length: 5\r\n", "CONNECT b:1 HTTP/1.1"), "bad_length");
  EXPECT_EQ(get_a("Transfer-Encoding: chunked\r\n", "CONNECT b:1 HTTP/1.1"), "unsupported_transfer_coding");
  EXPECT_EQ(meaning_of_request("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\n", Limits{.body_bytes = 5}),
            "body_too_large");
}

TEST(RequestMeaning, hop_by_hop_fields_end_here) {
  EXPECT_EQ(get_a("Keep-Alive: 5\r\nProxy-Connection: x\r\nTE: gzip, trailers\r\nProxy-Authorization: x\r\nX: "
                  "y\r\nTrailer: z\r\n"),
            "a / none trailers x trailer");
  EXPECT_EQ(get_a("X-A: 1\r\nConnection: x-a, X-B\r\nx-b: 2\r\nx-c: 3\r\nConnection: close\r\n"), "a / none close x-c");
  EXPECT_EQ(get_a("Connection: host, cookie, content-length, x-forwarded-for\r\nCookie: c\r\nX-Forwarded-For: "
                  "d\r\nContent-Length: 3\r\n"),
            "a / 3 cookie x-forwarded-for");
  std::string many = "Connection: x";
  for (int option = 0; option < 40; ++option) many += ", x";
  EXPECT_EQ(get_a(many + "\r\n"), "bad_field_value");
}

TEST(RequestMeaning, persistence_follows_version_and_connection) {
  EXPECT_EQ(get_a("Connection: CLOSE\r\n"), "a / none close");
  EXPECT_EQ(get_a("Connection: keep-alive\r\n", "GET / HTTP/1.0"), "a / none");
  EXPECT_EQ(get_a("Connection: keep-alive, close\r\n", "GET / HTTP/1.0"), "a / none close");
}

TEST(RequestMeaning, expectation_is_continue_or_refused) {
  EXPECT_EQ(get_a("Expect: 100-Continue\r\nContent-Length: 1\r\n"), "a / 1 continue");
  EXPECT_EQ(get_a("Expect: 100-continue\r\n"), "a / none");
  EXPECT_EQ(get_a("Expect: 200-ok\r\n"), "unsupported_expectation");
  EXPECT_EQ(get_a("Expect: 100-continue, x\r\n"), "unsupported_expectation");
  EXPECT_EQ(get_a("Expect: anything\r\n", "GET / HTTP/1.0"), "a / none close");
}

TEST(RequestMeaning, upgrade_needs_connection_version_and_no_body) {
  EXPECT_EQ(get_a("Connection: Upgrade\r\nUpgrade: WebSocket\r\n"), "a / none upgrade=websocket");
  EXPECT_EQ(get_a("Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c, x\r\nHTTP2-Settings: y\r\n"),
            "a / none upgrade=h2c");
  EXPECT_EQ(get_a("Upgrade: websocket\r\n"), "a / none");
  EXPECT_EQ(get_a("Connection: upgrade\r\nUpgrade: websocket\r\nContent-Length: 1\r\n"), "a / 1");
  EXPECT_EQ(get_a("Connection: upgrade\r\nUpgrade: websocket\r\n", "GET / HTTP/1.0"), "a / none close");
  EXPECT_EQ(get_a("Connection: upgrade\r\nUpgrade: a b\r\n"), "a / none");
}

std::string meaning_of_response(const std::string& line, const std::string& fields, Method method = Method::get) {
  BlockPool pool;
  Arena arena(pool);
  ResponseHead response(arena);
  std::string bytes = line + "\r\n" + fields + "\r\n";
  const Result<HeadLength> length = parse_response_head(bytes, {}, response);
  if (!length || *length != bytes.size()) return "unparsed";
  if (const Result<void> meaning = interpret(response, method, arena); !meaning) {
    EXPECT_EQ(meaning.error().origin, Origin::upstream);
    return std::string(name_of(meaning.error().code));
  }
  std::string text = std::to_string(response.status) + " " + text_of_framing(response.framing);
  if (!response.keep_alive) text += " close";
  if (!response.upgrade.empty()) text.append(" upgrade=").append(response.upgrade);
  return text + text_of_fields(response.fields);
}

TEST(ResponseMeaning, framing_follows_status_method_and_fields) {
  const std::string ok = "HTTP/1.1 200 OK";
  EXPECT_EQ(meaning_of_response(ok, "Content-Length: 5\r\n"), "200 5");
  EXPECT_EQ(meaning_of_response(ok, "Transfer-Encoding: chunked\r\n"), "200 chunked");
  EXPECT_EQ(meaning_of_response(ok, ""), "200 until_close close");
  EXPECT_EQ(meaning_of_response(ok, "Content-Length: 5\r\nConnection: close\r\n"), "200 5 close");
  EXPECT_EQ(meaning_of_response(ok, "Content-Length: 5\r\n", Method::head), "200 none content-length");
  EXPECT_EQ(meaning_of_response(ok, "Transfer-Encoding: chunked\r\n", Method::head), "200 none");
  EXPECT_EQ(meaning_of_response(ok, "Content-Length: x\r\n", Method::head), "bad_length");
  EXPECT_EQ(meaning_of_response(ok, "Content-Length: 5\r\n", Method::connect), "200 none");
  EXPECT_EQ(meaning_of_response("HTTP/1.1 403 No", "Content-Length: 5\r\n", Method::connect), "403 5");
  EXPECT_EQ(meaning_of_response("HTTP/1.1 304 Not Modified", "Content-Length: 5\r\n"), "304 none content-length");
  EXPECT_EQ(meaning_of_response("HTTP/1.1 204 No Content", "Content-Length: 5\r\n"), "204 none");
  EXPECT_EQ(meaning_of_response("HTTP/1.1 204 No Content", "Content-Length: 5\r\n", Method::head), "204 none");
  EXPECT_EQ(meaning_of_response("HTTP/1.1 100 Continue", ""), "100 none");
  EXPECT_EQ(meaning_of_response("HTTP/1.0 200 OK", "Content-Length: 5\r\n"), "200 5 close");
  EXPECT_EQ(meaning_of_response("HTTP/1.0 200 OK", "Content-Length: 5\r\nConnection: keep-alive\r\n"), "200 5");
}

TEST(ResponseMeaning, refuses_what_has_two_readings) {
  const std::string ok = "HTTP/1.1 200 OK";
  EXPECT_EQ(meaning_of_response(ok, "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"), "conflicting_length");
  EXPECT_EQ(meaning_of_response(ok, "Content-Length: 5\r\nContent-Length: 5\r\n"), "repeated_length");
  EXPECT_EQ(meaning_of_response(ok, "Transfer-Encoding: gzip, chunked\r\n"), "unsupported_transfer_coding");
  EXPECT_EQ(meaning_of_response("HTTP/1.1 204 No Content", "Transfer-Encoding: chunked\r\n"),
            "unsupported_transfer_coding");
  EXPECT_EQ(meaning_of_response("HTTP/1.1 103 Hints", "Transfer-Encoding: chunked\r\n"), "unsupported_transfer_coding");
  EXPECT_EQ(meaning_of_response("HTTP/1.0 200 OK", "Transfer-Encoding: chunked\r\n"), "transfer_coding_in_http10");
}

TEST(ResponseMeaning, a_switch_names_its_protocol) {
  const std::string line = "HTTP/1.1 101 Switching Protocols";
  EXPECT_EQ(meaning_of_response(line, "Connection: Upgrade\r\nUpgrade: WebSocket\r\nX: y\r\n"),
            "101 none upgrade=websocket x");
  EXPECT_EQ(meaning_of_response(line, "Upgrade: websocket\r\n"), "bad_upgrade");
  EXPECT_EQ(meaning_of_response(line, "Connection: upgrade\r\n"), "bad_upgrade");
}

}  // namespace
}  // namespace weir::h1
