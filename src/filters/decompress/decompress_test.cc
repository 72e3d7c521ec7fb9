// Bodies are decoded as they come, and no further than the bounds say.
#include "filters/decompress/decompress.h"

#include <gtest/gtest.h>

#include "base/limits.h"
#include "contracts/testing/conformance.h"
#include "http/coding/encoder.h"

namespace weir {
namespace {

using Readiness = PiecesBody::Readiness;

/// Pulls the request's body to its end, as a proxy would.
class KeepingService final : public Service {
 public:
  Reply handle(Exchange& exchange) const override {
    framing = exchange.request.framing.kind;
    for (const Field& field : exchange.request.fields) fields += std::string(field.name) + ' ';
    while (exchange.request_body != nullptr) {
      std::optional<Result<Piece>> piece = exchange.request_body->try_read();
      if (!piece) piece = co_await exchange.request_body->read();
      if (!*piece) co_return fail(piece->error());
      largest_piece = std::max(largest_piece, piece->value().bytes.size());
      body += piece->value().bytes;
      if (piece->value().end) break;
    }
    co_return Answer(exchange.arena);
  }
  Effect rehearse(ImaginedRequest&) const override { return {}; }

  mutable std::string body;
  mutable std::string fields;
  mutable std::size_t largest_piece = 0;
  mutable Framing::Kind framing{};
};

std::string coded(ContentCoding coding, std::string_view bytes) {
  const auto encoder = make_encoder(encoder_kind(coding, Effort::medium));
  encoder->begin(Effort::medium);
  std::string out;
  std::string buffer(65536, '\0');
  for (bool done = false; !done;) {
    std::span<char> left(buffer);
    done = encoder->encode(bytes, left, Demand::finish);
    out.append(buffer, 0, buffer.size() - left.size());
  }
  return out;
}

struct Upload {
  std::optional<Error> error;
  KeepingService service;
  std::string reason;
};

Upload upload(std::string_view options, std::string_view coding, std::string_view bytes, std::size_t step,
              Readiness readiness = Readiness::at_once) {
  const auto built = build_plugin(decompress_filter(), options);
  EXPECT_TRUE(built.plugin) << built.diagnostics.text();
  TestShard shard;
  Upload outcome;
  {
    TestExchange test(shard);
    std::vector<std::string_view> pieces;
    for (std::size_t at = 0; at < bytes.size(); at += step) pieces.push_back(bytes.substr(at, step));
    test.request("POST", "/", "example.com").content({Framing::Kind::length, bytes.size()}, pieces, readiness);
    if (!coding.empty()) test.field("content-encoding", coding);
    const auto answer = shard.run_to_end(built.plugin->handle(test.exchange, TestExchange::next(outcome.service)));
    if (!answer) outcome.error = answer.error();
    if (test.last_record() != nullptr) outcome.reason = test.last_record()->reason;
  }
  EXPECT_EQ(DecoderMemory::of(shard.shard()).bytes, 0U) << "what decoders held is given back";
  return outcome;
}

const std::string text = [] {
  std::string lines;
  for (int line = 0; line < 3000; ++line) lines += "{\"line\": " + std::to_string(line * line) + "}\n";
  return lines;
}();

TEST(Decompress, conforms) {
  expect_conformance(decompress_filter(), "{ bytes: 1MiB, ratio: 10 }");
}

TEST(Decompress, body_reaches_the_service_as_if_it_had_been_sent_plain) {
  for (const std::string_view name : {"gzip", "x-gzip", "br", "zstd", "GZIP", "identity, gzip"}) {
    const ContentCoding coding = name == "br"     ? ContentCoding::brotli
                                 : name == "zstd" ? ContentCoding::zstd
                                                  : ContentCoding::gzip;
    const std::string bytes = coded(coding, text);
    for (const std::size_t step : {std::size_t{1}, std::size_t{100}, bytes.size()}) {
      for (const Readiness readiness : {Readiness::at_once, Readiness::only_by_read}) {
        const Upload outcome = upload("{}", name, bytes, step, readiness);
        EXPECT_FALSE(outcome.error) << name;
        EXPECT_TRUE(outcome.service.body == text) << name << " in steps of " << step;
        EXPECT_EQ(outcome.service.framing, Framing::Kind::chunked);
        EXPECT_FALSE(outcome.service.fields.contains("content-encoding"));
      }
    }
  }
}

TEST(Decompress, plain_body_is_not_touched) {
  for (const std::string_view name : {"", "identity"}) {
    const Upload outcome = upload("{}", name, "hello", 5);
    EXPECT_EQ(outcome.service.body, "hello");
    EXPECT_EQ(outcome.service.framing, Framing::Kind::length);
  }
}

TEST(Decompress, unknown_and_several_codings_are_refused) {
  for (const auto& [name, reason] : {std::pair{"deflate", "unknown_coding"},
                                     {"compress", "unknown_coding"},
                                     {"gzip, gzip", "several_codings"},
                                     {"br, nonsense", "several_codings"}}) {
    const Upload outcome = upload("{}", name, "hello", 5);
    ASSERT_TRUE(outcome.error) << name;
    EXPECT_EQ(outcome.error->code, Code::unsupported_content_coding);
    EXPECT_EQ(outcome.reason, reason);
    EXPECT_EQ(outcome.service.body, "");
  }
}

TEST(Decompress, bomb_is_refused_by_its_ratio_before_it_fills_anything) {
  const std::string zeros(20'000'000, '\0');
  for (const auto& [name, coding] :
       {std::pair{"gzip", ContentCoding::gzip}, {"br", ContentCoding::brotli}, {"zstd", ContentCoding::zstd}}) {
    const std::string bomb = coded(coding, zeros);
    const Upload outcome = upload("{ bytes: none }", name, bomb, bomb.size());
    ASSERT_TRUE(outcome.error) << name;
    EXPECT_EQ(outcome.error->code, Code::body_expands_too_much) << name;
    EXPECT_LT(outcome.service.body.size(), 3'000'000U) << name;
    EXPECT_LE(outcome.service.largest_piece, 32U * 1024) << name;
  }
}

TEST(Decompress, many_small_members_are_one_bomb) {
  const std::string member = coded(ContentCoding::gzip, std::string(60'000, '\0'));
  std::string bomb;
  for (int count = 0; count < 200; ++count) bomb += member;
  const Upload outcome = upload("{ bytes: none }", "gzip", bomb, 1000);
  ASSERT_TRUE(outcome.error);
  EXPECT_EQ(outcome.error->code, Code::body_expands_too_much);
}

TEST(Decompress, size_is_bounded_to_the_byte) {
  const std::string bytes = coded(ContentCoding::gzip, text);
  const std::string exact = "{ bytes: " + std::to_string(text.size()) + "B }";
  const std::string one_less = "{ bytes: " + std::to_string(text.size() - 1) + "B }";
  EXPECT_FALSE(upload(exact, "gzip", bytes, 100).error);
  const Upload outcome = upload(one_less, "gzip", bytes, 100);
  ASSERT_TRUE(outcome.error);
  EXPECT_EQ(outcome.error->code, Code::body_too_large);
  EXPECT_LT(outcome.service.body.size(), text.size());
}

TEST(Decompress, body_that_is_cut_or_broken_never_looks_whole) {
  std::string bytes = coded(ContentCoding::gzip, text);
  const Upload cut = upload("{}", "gzip", std::string_view(bytes).substr(0, bytes.size() - 1), 100);
  ASSERT_TRUE(cut.error);
  EXPECT_EQ(cut.error->code, Code::bad_content_coding);
  bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 0x55);
  const Upload broken = upload("{}", "gzip", bytes, 100);
  ASSERT_TRUE(broken.error);
  EXPECT_EQ(broken.error->code, Code::bad_content_coding);
  EXPECT_TRUE(upload("{}", "gzip", "no gzip at all", 100).error);
}

TEST(Decompress, body_without_a_byte_is_empty) {
  EXPECT_FALSE(upload("{}", "gzip", "", 1).error);
}

TEST(Decompress, decoders_of_a_core_are_bounded_together) {
  TestShard shard;
  DecoderMemory& memory = DecoderMemory::of(shard.shard());
  memory.bytes = limits::decoders_bytes;  // others hold all there is
  Arena arena(shard.shard().blocks);
  const std::string bytes = coded(ContentCoding::gzip, text);
  {
    DecodedBody body(BodyPointer(arena.make<PiecesBody>(std::vector<std::string_view>{bytes}, Readiness::at_once)),
                     make_decoder(ContentCoding::gzip), {}, memory);
    const auto piece = shard.run_to_end(body.read());
    ASSERT_FALSE(piece);
    EXPECT_EQ(piece.error().code, Code::out_of_memory);
    EXPECT_EQ(piece.error().origin, Origin::gateway);
  }
  EXPECT_EQ(memory.bytes, limits::decoders_bytes);
}

}  // namespace
}  // namespace weir
