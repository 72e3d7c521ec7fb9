// What a browser's call becomes, and what comes back to it.
#include "filters/grpc_web/grpc_web.h"

#include <gtest/gtest.h>

#include "base/crypto.h"
#include "contracts/testing/conformance.h"
#include "filters/grpc_web/base64_stream.h"
#include "filters/grpc_web/bodies.h"
#include "server/error_reply.h"

namespace weir {
namespace {

using namespace grpc_web;

TEST(GrpcWebNames, tell_form_and_suffix) {
  EXPECT_FALSE(dialect_of("application/grpc"));
  EXPECT_FALSE(dialect_of("application/grpc-webx"));
  EXPECT_FALSE(dialect_of("application/json"));
  EXPECT_FALSE(dialect_of("application/grpc-web")->text);
  const Dialect text = *dialect_of("Application/gRPC-Web-Text+json; charset=utf-8");
  EXPECT_TRUE(text.text);
  EXPECT_EQ(text.suffix, "+json");
  EXPECT_EQ(grpc_type(text), "application/grpc+json");
  EXPECT_EQ(web_type(text), "application/grpc-web-text+json");
  EXPECT_EQ(web_type(*dialect_of("application/grpc-web")), "application/grpc-web+proto");
  EXPECT_EQ(grpc_type(*dialect_of("application/grpc-web")), "application/grpc");
}

TEST(GrpcWebTrailers, are_lines_behind_flag_and_length) {
  TestShard shard;
  Arena arena(shard.shard().blocks);
  Fields fields(arena);
  fields.append("grpc-status", "0");
  fields.append("x-a", "b");
  EXPECT_EQ(trailer_frame(&fields), std::string("\x80\0\0\0\x16", 5) + "grpc-status:0\r\nx-a:b\r\n");
  EXPECT_TRUE(trailer_frame(nullptr).contains("grpc-status:2\r\n"));
}

std::string decoded(std::string_view text) {
  Base64Decoder decoder;
  std::string out;
  return decoder.decode(text, out) && decoder.whole() ? out : "refused";
}

TEST(GrpcWebText, may_be_padded_wherever_the_writer_flushed) {
  EXPECT_EQ(decoded(""), "");
  EXPECT_EQ(decoded("aGVsbG8="), "hello");
  EXPECT_EQ(decoded("aGVsbG8=aGVsbG8="), "hellohello");
  EXPECT_EQ(decoded("aA==ZWxsbw=="), "hello");
}

TEST(GrpcWebText, is_read_strictly) {
  for (const std::string_view wrong :
       {"aGVsbG8", "a", "aGVs bG8=", "aGVs\r\nbG8=", "=", "a===", "aA=a", "aGVsbG9=", "aB==", "aGVs-_8=", "===="})
    EXPECT_EQ(decoded(wrong), "refused") << wrong;
}

/// Answers as a server of gRPC does, and remembers what it was asked.
class GrpcServer final : public Service {
 public:
  class Content final : public Body {
   public:
    Content(std::vector<std::string_view> pieces, const Fields* trailers)
        : pieces_(std::move(pieces)), trailers_(trailers) {}
    Task<Result<Piece>> read() override {
      if (at_ == pieces_.size()) co_return Piece{.bytes = {}, .end = true, .trailers = trailers_};
      co_return Piece{.bytes = pieces_[at_++]};
    }

   private:
    std::vector<std::string_view> pieces_;
    const Fields* trailers_;
    std::size_t at_ = 0;
  };

  Reply handle(Exchange& exchange) const override {
    type = exchange.request.fields.get(FieldName::content_type);
    accepts_trailers = exchange.request.accepts_trailers;
    while (exchange.request_body != nullptr) {
      CO_TRY(const Piece piece, co_await exchange.request_body->read());
      asked += piece.bytes;
      if (piece.end) break;
    }
    if (error) co_return fail(*error);
    Answer answer(exchange.arena);
    answer.head.fields.append(FieldName::content_type, answers_with);
    auto* const trailers = exchange.arena.make<Fields>(exchange.arena);
    trailers->append("grpc-status", "0");
    if (with_content) answer.body = BodyPointer(exchange.arena.make<Content>(pieces, trailers));
    co_return answer;
  }
  Effect rehearse(ImaginedRequest&) const override { return {}; }

  std::string_view answers_with = "application/grpc";
  bool with_content = true;
  std::vector<std::string_view> pieces{"ab", "cde"};
  std::optional<Error> error;
  mutable std::string type;
  mutable std::string asked;
  mutable bool accepts_trailers = false;
};

class GrpcWebTest : public testing::Test {
 protected:
  GrpcWebTest() { test.request("POST", "/shop.Cart/Add", "shop.test"); }

  Result<Answer> ask(std::string_view type, std::vector<std::string_view> content) {
    test.field("content-type", type)
        .content({Framing::Kind::length, 1}, std::move(content), PiecesBody::Readiness::only_by_read);
    return shard.run_to_end(filter.handle(test.exchange, TestExchange::next(server)));
  }
  static Task<Result<std::string>> all_of(Body& body) {
    std::string all;
    while (true) {
      CO_TRY(const Piece piece, co_await body.read());
      all += std::string(piece.bytes) + (piece.end ? "" : "|");
      if (piece.end) co_return all;
    }
  }
  std::string content_of(const Answer& answer) { return shard.run_to_end(all_of(*answer.body)).value_or("an error"); }

  TestShard shard;
  TestExchange test{shard};
  GrpcServer server;
  GrpcWeb filter;
};

const std::string status_frame = std::string("\x80\0\0\0\x0F", 5) + "grpc-status:0\r\n";

TEST_F(GrpcWebTest, binary_form_passes_messages_as_they_are) {
  const auto answer = ask("application/grpc-web+proto", {"ping"});
  ASSERT_TRUE(answer);
  EXPECT_EQ(server.type, "application/grpc+proto");
  EXPECT_EQ(server.asked, "ping");
  EXPECT_TRUE(server.accepts_trailers);
  EXPECT_EQ(answer->head.fields.get(FieldName::content_type), "application/grpc-web+proto");
  EXPECT_EQ(answer->head.framing.kind, Framing::Kind::chunked);
  EXPECT_EQ(content_of(*answer), "ab|cde|" + status_frame);
}

TEST_F(GrpcWebTest, text_form_is_base64_both_ways) {
  const auto answer = ask("application/grpc-web-text", {"cGl", "uZ", "w==cG9uZw=", "="});
  ASSERT_TRUE(answer);
  EXPECT_EQ(server.type, "application/grpc");
  EXPECT_EQ(server.asked, "pingpong");
  EXPECT_EQ(answer->head.fields.get(FieldName::content_type), "application/grpc-web-text+proto");
  EXPECT_EQ(content_of(*answer), "YWI=|Y2Rl|" + crypto::encode_base64(status_frame));
}

TEST_F(GrpcWebTest, text_that_is_no_base64_is_refused) {
  const auto answer = ask("application/grpc-web-text", {"cGluZ", "*=="});
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, Code::bad_content_coding);
  EXPECT_EQ(answer.error().origin, Origin::client);
}

TEST_F(GrpcWebTest, text_that_ends_in_a_group_is_refused) {
  EXPECT_FALSE(ask("application/grpc-web-text", {"cGluZw"}));
}

TEST_F(GrpcWebTest, status_without_content_stays_in_the_head) {
  server.with_content = false;
  const auto answer = ask("application/grpc-web", {"x"});
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->body, nullptr);
  EXPECT_EQ(answer->head.fields.get(FieldName::content_type), "application/grpc-web+proto");
}

TEST_F(GrpcWebTest, answer_that_is_not_of_grpc_is_left_alone) {
  server.answers_with = "text/html";
  const auto answer = ask("application/grpc-web", {"x"});
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->head.fields.get(FieldName::content_type), "text/html");
  EXPECT_EQ(content_of(*answer), "ab|cde|");
}

TEST_F(GrpcWebTest, errors_of_weir_are_told_in_the_clients_form) {
  server.error = client_error(Code::access_denied);
  EXPECT_FALSE(ask("application/grpc-web-text", {"cGluZw=="}));
  const Answer told = error_reply(test.exchange, *server.error);
  EXPECT_EQ(told.head.fields.get(FieldName::content_type), "application/grpc-web-text+proto");
  EXPECT_EQ(told.head.fields.find("grpc-status")->value, "7");
}

TEST_F(GrpcWebTest, what_is_not_of_grpc_web_passes_untouched) {
  const auto answer = ask("application/grpc", {"ping"});
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->head.fields.get(FieldName::content_type), "application/grpc");
  EXPECT_EQ(content_of(*answer), "ab|cde|");
  EXPECT_EQ(test.exchange.error_pages, nullptr);
}

}  // namespace
}  // namespace weir
