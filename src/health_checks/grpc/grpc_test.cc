// What servers answer to grpc.health.v1.Health/Check, and what it means.
#include "health_checks/grpc/grpc.h"

#include <gtest/gtest.h>

#include "health_checks/grpc/call.h"
#include "health_checks/grpc/message.h"

namespace weir {
namespace {

using namespace std::string_view_literals;

// Messages.

TEST(GrpcMessage, request_is_what_protobuf_makes_of_it) {
  EXPECT_EQ(grpc::health_request(""), "\0\0\0\0\0"sv);
  EXPECT_EQ(grpc::health_request("shop"), "\0\0\0\0\x06\x0A\x04shop"sv);
  const std::string name(200, 'x');
  EXPECT_EQ(grpc::health_request(name), std::string("\0\0\0\0\xCB\x0A\xC8\x01"sv) + name);
}

TEST(GrpcMessage, answer_is_read_strictly_and_fields_of_later_versions_are_passed_over) {
  using grpc::ServingStatus;
  const auto framed = [](std::string_view message) {
    return std::string("\0\0\0\0"sv) + static_cast<char>(message.size()) + std::string(message);
  };
  EXPECT_EQ(grpc::health_answer(framed("\x08\x01"sv)), ServingStatus::serving);
  EXPECT_EQ(grpc::health_answer(framed("\x08\x02"sv)), ServingStatus::not_serving);
  EXPECT_EQ(grpc::health_answer(framed("\x08\x03"sv)), ServingStatus::service_unknown);
  EXPECT_EQ(grpc::health_answer(framed(""sv)), ServingStatus::unknown) << "what is not written is 0";
  EXPECT_EQ(grpc::health_answer(framed("\x08\x09"sv)), ServingStatus::unknown);
  EXPECT_EQ(grpc::health_answer(framed("\x12\x02hi\x19yyyyyyyy\x25zzzz\x28\x80\x01\x08\x01"sv)),
            ServingStatus::serving);
  for (const std::string_view bad : {"\x08"sv, "\x08\x80"sv, "\x12\x09hi"sv, "\x00\x01"sv, "\x0B"sv, "\x19yyy"sv,
                                     "\x08\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x01"sv}) {
    EXPECT_FALSE(grpc::health_answer(framed(bad)));
  }
  EXPECT_FALSE(grpc::health_answer(""));
  EXPECT_FALSE(grpc::health_answer("\0\0\0\0\x03\x08\x01"sv)) << "cut short";
  EXPECT_FALSE(grpc::health_answer("\0\0\0\0\x02\x08\x01\0"sv)) << "something follows";
  EXPECT_FALSE(grpc::health_answer("\x01\0\0\0\x02\x08\x01"sv)) << "compressed, which nobody asked for";
}

// What the facts of an answer mean.

std::string judged(const grpc::Heard& heard) {
  const ProbeResult result = judge(heard);
  return (result.passed ? "passed " : "failed ") + std::string(result.reason) +
         (result.number == 0 ? "" : " " + std::to_string(result.number));
}

TEST(GrpcCheck, every_way_to_answer_has_its_reason) {
  const grpc::Heard good{.status = 200,
                         .content_type = "application/grpc",
                         .grpc_status = 0,
                         .content = std::string("\0\0\0\0\x02\x08\x01"sv)};
  EXPECT_EQ(judged(good), "passed serving");
  grpc::Heard heard = good;
  heard.content_type = "application/grpc+proto";
  EXPECT_EQ(judged(heard), "passed serving");
  heard.content_type = "application/grpcx";
  EXPECT_EQ(judged(heard), "failed not_grpc");
  heard.content_type = "text/html";
  EXPECT_EQ(judged(heard), "failed not_grpc");
  heard = good;
  heard.content.back() = '\x02';
  EXPECT_EQ(judged(heard), "failed not_serving");
  heard.content.back() = '\x03';
  EXPECT_EQ(judged(heard), "failed unknown_service");
  heard.content.back() = '\0';
  EXPECT_EQ(judged(heard), "failed unknown_status");
  heard.content.pop_back();
  EXPECT_EQ(judged(heard), "failed bad_message");
  heard = good;
  heard.grpc_status = 12;
  EXPECT_EQ(judged(heard), "failed unimplemented");
  heard.grpc_status = 5;
  EXPECT_EQ(judged(heard), "failed unknown_service");
  heard.grpc_status = 14;
  EXPECT_EQ(judged(heard), "failed grpc_status 14");
  heard.grpc_status.reset();
  EXPECT_EQ(judged(heard), "failed no_grpc_status");
  heard.status = 503;
  EXPECT_EQ(judged(heard), "failed status 503");
}

// Frames.

std::string frame(std::uint8_t type, std::uint8_t flags, std::uint8_t stream, std::string_view payload) {
  const auto size = static_cast<std::uint32_t>(payload.size());
  std::string out;
  for (const int shift : {16, 8, 0}) out += static_cast<char>(size >> shift & 0xFF);
  return out + static_cast<char>(type) + static_cast<char>(flags) + std::string("\0\0\0"sv) +
         static_cast<char>(stream) + std::string(payload);
}

/// A line that is not indexed, its name written out (RFC 7541 section 6.2.2).
std::string line(std::string_view name, std::string_view value) {
  return std::string(1, '\0') + static_cast<char>(name.size()) + std::string(name) + static_cast<char>(value.size()) +
         std::string(value);
}

constexpr std::uint8_t data = 0, headers = 1, reset = 3, settings = 4, goaway = 7;
constexpr std::uint8_t end_stream = 1, end_headers = 4;

const std::string hello = frame(settings, 0, 0, "");
const std::string head =
    frame(headers, end_headers, 1, line(":status", "200") + line("content-type", "application/grpc"));
const std::string serving = frame(data, 0, 1, "\0\0\0\0\x02\x08\x01"sv);
const std::string trailers = frame(headers, end_headers | end_stream, 1, line("grpc-status", "0"));

std::string judged_bytes(std::string_view answer, bool ended = false) {
  const auto result = grpc::Call::judge_bytes(answer, ended);
  return result ? std::string(result->passed ? "passed " : "failed ") + std::string(result->reason) : "more";
}

TEST(GrpcCall, answer_is_judged_when_its_stream_ends_however_it_was_cut) {
  const std::string answer = hello + head + serving + trailers;
  for (std::size_t come = 0; come < answer.size(); ++come) ASSERT_EQ(judged_bytes(answer.substr(0, come)), "more");
  EXPECT_EQ(judged_bytes(answer), "passed serving");
  EXPECT_EQ(judged_bytes(answer + "nonsense that nobody reads any more"), "passed serving");
  grpc::Call call({.authority = "localhost", .service = {}, .timeout = std::chrono::seconds{1}});
  for (const char each : answer) call.receive({&each, 1});
  ASSERT_TRUE(call.verdict());
  EXPECT_TRUE(call.verdict()->passed);
}

TEST(GrpcCall, request_and_acknowledgement_are_sent) {
  grpc::Call call({.authority = "localhost", .service = "shop", .timeout = std::chrono::seconds{1}});
  const std::string request = call.take_output();
  EXPECT_TRUE(request.starts_with("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"));
  EXPECT_TRUE(request.ends_with(frame(data, end_stream, 1, grpc::health_request("shop"))));
  call.receive(hello);
  EXPECT_EQ(call.take_output(), frame(settings, 1, 0, ""));
}

TEST(GrpcCall, refusal_may_come_as_trailers_alone) {
  EXPECT_EQ(judged_bytes(hello + frame(headers, end_headers | end_stream, 1,
                                       line(":status", "200") + line("content-type", "application/grpc") +
                                           line("grpc-status", "12"))),
            "failed unimplemented");
}

TEST(GrpcCall, everything_else_is_a_failure_with_its_reason) {
  EXPECT_EQ(judged_bytes("", true), "failed no_answer");
  EXPECT_EQ(judged_bytes(hello + head, true), "failed cut_short");
  EXPECT_EQ(judged_bytes("HTTP/1.1 400 Bad Request\r\n\r\n"), "failed not_http2");
  EXPECT_EQ(judged_bytes(head), "failed not_http2") << "a server begins with its settings";
  EXPECT_EQ(judged_bytes(hello + frame(reset, 0, 1, "\0\0\0\x07"sv)), "failed reset");
  EXPECT_EQ(judged_bytes(hello + frame(goaway, 0, 0, "\0\0\0\0\0\0\0\x0B"sv)), "failed goes_away");
  EXPECT_EQ(judged_bytes(hello + head + frame(headers, end_headers | end_stream, 1, line("grpc-status", "zero"))),
            "failed no_grpc_status");
  std::string endless = hello + head;
  while (endless.size() < 70'000) endless += frame(data, 0, 1, std::string(100, 'x'));
  EXPECT_EQ(judged_bytes(endless), "failed answer_too_long");
}

}  // namespace
}  // namespace weir
