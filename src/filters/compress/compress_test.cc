// Which answers are compressed and why, what becomes of their fields, and how the bytes flow.
#include "filters/compress/compress.h"

#include <gtest/gtest.h>

#include "contracts/testing/conformance.h"
#include "filters/compress/compressed_body.h"
#include "http/coding/decoder.h"

namespace weir {
namespace {

using Readiness = PiecesBody::Readiness;
using Lines = std::vector<std::pair<std::string_view, std::string_view>>;

/// Answers with fields and pieces.
class PageService final : public Service {
 public:
  Reply handle(Exchange& exchange) const override {
    seen_none_match = exchange.request.fields.get(FieldName::if_none_match);
    Answer answer(exchange.arena);
    answer.head.status = status;
    answer.head.framing = framing;
    for (const auto& [name, value] : fields) answer.head.fields.append(name, value);
    if (exchange.request.method != Method::head && !has_no_content(status)) {
      answer.body = BodyPointer(exchange.arena.make<PiecesBody>(pieces, readiness, error));
    }
    co_return answer;
  }
  Effect rehearse(ImaginedRequest&) const override { return {}; }

  Status status = 200;
  Framing framing{.kind = Framing::Kind::chunked};
  Lines fields{{"content-type", "text/html"}};
  std::vector<std::string_view> pieces;
  Readiness readiness = Readiness::at_once;
  std::optional<Error> error;
  mutable std::string seen_none_match;
};

struct Seen {
  Framing framing;
  std::string fields;  ///< "name: value" lines
  std::vector<std::string> pieces;
  std::optional<Error> error;
  std::string record;  ///< verdict and reason

  [[nodiscard]] std::string bytes() const {
    std::string all;
    for (const std::string& piece : pieces) all += piece;
    return all;
  }
  [[nodiscard]] bool has(std::string_view line) const { return fields.contains(std::string(line) + '\n'); }
};

Seen visit(const PageService& service, const Lines& request, std::string_view options = "{}",
           std::string_view method = "GET") {
  const auto built = build_plugin(compress_filter(), options);
  EXPECT_TRUE(built.plugin) << built.diagnostics.text();
  TestShard shard;
  TestExchange test(shard);
  test.request(method, "/", "example.com");
  for (const auto& [name, value] : request) test.field(name, value);
  Result<Answer> answer = shard.run_to_end(built.plugin->handle(test.exchange, TestExchange::next(service)));
  EXPECT_TRUE(answer);
  Seen seen{.framing = answer->head.framing};
  for (const Field& field : answer->head.fields) {
    seen.fields += std::string(field.name) + ": " + std::string(field.value) + '\n';
  }
  while (answer->body != nullptr) {
    std::optional<Result<Piece>> piece = answer->body->try_read();
    if (!piece) piece = shard.run_to_end(answer->body->read());
    if (!*piece) {
      seen.error = piece->error();
      break;
    }
    if (!(*piece)->bytes.empty()) seen.pieces.emplace_back((*piece)->bytes);
    if ((*piece)->end) break;
  }
  answer->body.reset();
  if (const DecisionRecord* record = test.last_record()) {
    seen.record = std::string(record->verdict) + ' ' + std::string(record->reason);
  }
  EXPECT_EQ(Encoders::of(shard.shard()).lent_bytes(), 0U) << "every encoder came back";
  return seen;
}

std::string decoded(ContentCoding coding, std::string_view bytes) {
  const auto decoder = make_decoder(coding);
  std::string text;
  std::string buffer(100'000, '\0');
  while (true) {
    std::span<char> left(buffer);
    EXPECT_TRUE(decoder->decode(bytes, left));
    text.append(buffer, 0, buffer.size() - left.size());
    if (bytes.empty() && !left.empty()) break;
  }
  EXPECT_TRUE(decoder->whole());
  return text;
}

const std::string page = [] {
  std::string text;
  for (int line = 0; line < 200; ++line) text += "<li>item " + std::to_string(line * 37 % 101) + "</li>\n";
  return text;
}();

PageService page_service() {
  PageService service;
  service.pieces = {page};
  return service;
}

TEST(Compress, conforms) {
  expect_conformance(compress_filter(), "{ encodings: [gzip], minimum: 512B }");
}

TEST(Compress, answers_in_the_coding_that_both_like_best) {
  const std::vector<std::tuple<std::string_view, std::string_view, ContentCoding>> cases{
      {"gzip", "gzip", ContentCoding::gzip},
      {"br", "br", ContentCoding::brotli},
      {"gzip, deflate, br, zstd", "zstd", ContentCoding::zstd},
      {"gzip, br;q=0.5", "gzip", ContentCoding::gzip},
      {"*", "zstd", ContentCoding::zstd},
  };
  for (const auto& [accept, name, coding] : cases) {
    const Seen seen = visit(page_service(), {{"accept-encoding", accept}});
    EXPECT_TRUE(seen.has("content-encoding: " + std::string(name))) << accept << '\n' << seen.fields;
    EXPECT_TRUE(seen.has("vary: accept-encoding"));
    EXPECT_EQ(decoded(coding, seen.bytes()), page);
    EXPECT_EQ(seen.record, std::string(name) + " compressed");
  }
}

TEST(Compress, whole_body_keeps_a_length_and_one_that_flows_does_not) {
  const Seen whole = visit(page_service(), {{"accept-encoding", "gzip"}});
  EXPECT_EQ(whole.framing, (Framing{.kind = Framing::Kind::length, .length = whole.bytes().size()}));
  PageService service = page_service();
  service.framing = {.kind = Framing::Kind::length, .length = page.size()};
  service.readiness = Readiness::only_by_read;
  const Seen flowing = visit(service, {{"accept-encoding", "gzip"}});
  EXPECT_EQ(flowing.framing.kind, Framing::Kind::chunked);
  EXPECT_EQ(decoded(ContentCoding::gzip, flowing.bytes()), page);
}

TEST(Compress, every_piece_of_a_stream_that_pauses_can_be_read_at_once) {
  for (const std::string_view coding : {"gzip", "br", "zstd"}) {
    PageService service;
    service.fields = {{"content-type", "text/event-stream"}};
    service.pieces = {"data: one\n\n", "data: two\n\n", "data: three\n\n"};
    service.readiness = Readiness::only_by_read;
    const Seen seen = visit(service, {{"accept-encoding", coding}});
    ASSERT_GE(seen.pieces.size(), 3U) << coding;
    const auto decoder = make_decoder(*content_coding(coding));
    std::string text;
    for (std::size_t at = 0; at < 3; ++at) {
      std::string_view input = seen.pieces[at];
      std::string buffer(1000, '\0');
      std::span<char> left(buffer);
      ASSERT_TRUE(decoder->decode(input, left));
      text.append(buffer, 0, buffer.size() - left.size());
      EXPECT_TRUE(text.ends_with(service.pieces[at])) << coding << ": an event is readable when its piece is";
    }
  }
}

TEST(Compress, pieces_that_are_there_are_compressed_together) {
  PageService service;
  service.pieces = std::vector<std::string_view>(50, "<li>the same line again</li>\n");
  const Seen seen = visit(service, {{"accept-encoding", "gzip"}});
  EXPECT_EQ(seen.pieces.size(), 1U);
  EXPECT_LT(seen.bytes().size(), 100U);
}

TEST(Compress, leaves_alone_what_must_not_or_need_not_be_compressed) {
  struct Case {
    std::string_view reason;
    void (*change)(PageService&);
    bool varies = false;
  };
  const std::vector<Case> cases{
      {"partial_content", [](PageService& service) { service.status = 206; }},
      {"no_content", [](PageService& service) { service.status = 204; }},
      {"already_coded", [](PageService& service) { service.fields.emplace_back("content-encoding", "br"); }},
      {"no_transform",
       [](PageService& service) { service.fields.emplace_back("cache-control", "private, No-Transform"); }},
      {"type_not_listed", [](PageService& service) { service.fields = {{"content-type", "image/png"}}; }},
      {"type_not_listed", [](PageService& service) { service.fields.clear(); }},
      {"too_small", [](PageService& service) { service.framing = {Framing::Kind::length, 1023}; }},
      {"too_small", [](PageService& service) { service.pieces = {"tiny"}; }, true},
  };
  for (const Case& each : cases) {
    PageService service = page_service();
    each.change(service);
    const Seen seen = visit(service, {{"accept-encoding", "gzip"}});
    EXPECT_EQ(seen.record, "plain " + std::string(each.reason));
    EXPECT_FALSE(seen.has("content-encoding: gzip")) << each.reason;
    EXPECT_EQ(seen.has("vary: accept-encoding"), each.varies) << each.reason;
    if (service.status == 200) {
      std::string expected;
      for (const std::string_view piece : service.pieces) expected += piece;
      EXPECT_TRUE(seen.bytes() == expected) << each.reason;
    }
  }
}

TEST(Compress, client_that_does_not_want_it_is_told_that_others_get_something_else) {
  EXPECT_EQ(visit(page_service(), {}).record, "plain not_asked");
  for (const std::string_view accept : {"identity", "gzip;q=0", "deflate", "gzip;q=0.5, identity", "nonsense, ;q=1"}) {
    const Seen seen = visit(page_service(), {{"accept-encoding", accept}});
    EXPECT_EQ(seen.record, "plain not_accepted") << accept;
    EXPECT_TRUE(seen.has("vary: accept-encoding"));
    EXPECT_EQ(seen.bytes(), page);
  }
  EXPECT_EQ(visit(page_service(), {{"accept-encoding", "gzip"}, {"cache-control", "no-transform"}}).record,
            "plain no_transform");
}

TEST(Compress, what_does_not_shrink_goes_as_it_was) {
  std::string noise;
  std::uint32_t state = 1;
  while (noise.size() < 4000) noise += static_cast<char>((state = state * 1664525 + 1013904223) >> 24);
  PageService service;
  service.pieces = {noise};
  const Seen seen = visit(service, {{"accept-encoding", "gzip"}});
  EXPECT_EQ(seen.record, "plain no_gain");
  EXPECT_TRUE(seen.bytes() == noise);
  EXPECT_EQ(seen.framing.length, noise.size());
}

TEST(Compress, fields_that_spoke_of_the_plain_bytes_go_or_change) {
  PageService service = page_service();
  service.fields = {
      {"content-type", "text/html"},     {"accept-ranges", "bytes"}, {"etag", "\"abc\""}, {"vary", "cookie"},
      {"content-digest", "sha-256=:x:"}, {"set-cookie", "a=b"}};
  const Seen seen = visit(service, {{"accept-encoding", "br"}});
  EXPECT_EQ(seen.fields,
            "content-type: text/html\netag: \"abc-br\"\nvary: cookie, accept-encoding\nset-cookie: a=b\n"
            "content-encoding: br\n");
  service.fields = {{"content-type", "text/html"}, {"etag", "W/\"abc\""}, {"vary", "*"}};
  const Seen weak = visit(service, {{"accept-encoding", "br"}});
  EXPECT_TRUE(weak.has("etag: W/\"abc\""));
  EXPECT_TRUE(weak.has("vary: *"));
}

TEST(Compress, head_says_what_get_would) {
  PageService service = page_service();
  service.fields = {{"content-type", "text/html"}, {"content-length", "5000"}, {"etag", "\"abc\""}};
  service.framing = {};
  const Seen seen = visit(service, {{"accept-encoding", "gzip"}}, "{}", "HEAD");
  EXPECT_EQ(seen.fields,
            "content-type: text/html\netag: \"abc-gzip\"\nvary: accept-encoding\ncontent-encoding: gzip\n");
  service.framing = {.kind = Framing::Kind::length, .length = 5000};
  EXPECT_NE(visit(service, {{"accept-encoding", "gzip"}}, "{}", "HEAD").framing.kind, Framing::Kind::length)
      << "the plain length is not that of what GET would send";
  service.framing = {};
  service.fields[1].second = "10";
  EXPECT_EQ(visit(service, {{"accept-encoding", "gzip"}}, "{}", "HEAD").record, "plain too_small");
}

TEST(Compress, tag_with_a_coding_is_understood_when_it_comes_back) {
  PageService service;
  service.status = 304;
  service.fields = {{"etag", "\"abc\""}};
  const Seen seen = visit(service, {{"accept-encoding", "gzip"}, {"if-none-match", "\"old\", \"abc-gzip\""}});
  EXPECT_EQ(service.seen_none_match, "\"old\", \"abc-gzip\", \"abc\"");
  EXPECT_EQ(seen.fields, "etag: \"abc-gzip\"\nvary: accept-encoding\n");
  // The plain one was shown: the plain one is confirmed.
  EXPECT_EQ(visit(service, {{"accept-encoding", "gzip"}, {"if-none-match", "\"abc\""}}).fields, "etag: \"abc\"\n");
  // Another coding was shown: that one is confirmed.
  EXPECT_TRUE(visit(service, {{"if-none-match", "\"abc-zstd\""}}).has("etag: \"abc-zstd\""));
  // An upstream that uses such tags itself is not touched.
  service.fields = {{"etag", "\"abc-gzip\""}};
  EXPECT_TRUE(visit(service, {{"if-none-match", "\"abc-gzip\""}}).has("etag: \"abc-gzip\""));
}

TEST(Compress, error_of_the_source_cuts_the_answer) {
  PageService service = page_service();
  service.error = upstream_error(Code::body_cut_short);
  for (const Readiness readiness : {Readiness::at_once, Readiness::only_by_read}) {
    service.readiness = readiness;
    const Seen seen = visit(service, {{"accept-encoding", "gzip"}});
    ASSERT_TRUE(seen.error);
    EXPECT_EQ(seen.error->code, Code::body_cut_short);
  }
}

TEST(Compress, body_larger_than_any_buffer_flows_in_pieces) {
  std::string large;
  while (large.size() < 3'000'000) large += page;
  for (const std::string_view options : {"{}", "{ effort: low }", "{ effort: high }"}) {
    PageService service;
    for (std::size_t at = 0; at < large.size(); at += 60'000) {
      service.pieces.push_back(std::string_view(large).substr(at, 60'000));
    }
    const Seen seen = visit(service, {{"accept-encoding", "gzip"}}, options);
    EXPECT_EQ(seen.framing.kind, Framing::Kind::chunked);
    EXPECT_GT(seen.pieces.size(), 2U);
    EXPECT_TRUE(decoded(ContentCoding::gzip, seen.bytes()) == large);
  }
}

TEST(Compress, effort_falls_as_the_core_gets_busy) {
  using E = Effort;
  EXPECT_EQ(choose_effort({.configured = E::high, .busy = 799}), E::high);
  EXPECT_EQ(choose_effort({.configured = E::high, .busy = 800}), E::medium);
  EXPECT_EQ(choose_effort({.configured = E::high, .busy = 950}), E::low);
  EXPECT_EQ(choose_effort({.configured = E::medium, .busy = 800}), E::low);
  EXPECT_EQ(choose_effort({.configured = E::low, .busy = 1000}), E::low);
  EXPECT_EQ(choose_effort({.configured = E::high, .adapts = false, .busy = 1000}), E::high);
}

TEST(Compress, encoders_are_bounded_and_used_again) {
  Encoders encoders;
  std::vector<std::unique_ptr<Encoder>> lent;
  while (encoders.has_room_for(EncoderKind::gzip_fast)) lent.push_back(encoders.lend(EncoderKind::gzip_fast));
  EXPECT_GT(lent.size(), 100U);
  EXPECT_LE(encoders.lent_bytes(), limits::encoders_lent_bytes);
  EXPECT_FALSE(encoders.has_room_for(EncoderKind::zstd));
  const Encoder* last = lent.back().get();
  while (!lent.empty()) {
    encoders.take_back(EncoderKind::gzip_fast, std::move(lent.front()));
    lent.erase(lent.begin());
  }
  EXPECT_EQ(encoders.lent_bytes(), 0U);
  EXPECT_LE(encoders.idle_bytes(), limits::encoders_idle_bytes);
  EXPECT_NE(encoders.lend(EncoderKind::gzip_fast).get(), last) << "those beyond the bound were freed";
  EXPECT_EQ(decide_compression({.wanted = ContentCoding::gzip,
                                .names_codings = true,
                                .has_content = true,
                                .type_listed = true,
                                .memory_left = false})
                .reason,
            "memory_full");
}

TEST(Compress, types_are_matched_by_name_family_and_suffix) {
  const TypeList types({"text/*", "*+json", "application/json"});
  for (const std::string_view type :
       {"text/html", "TEXT/Plain; charset=utf-8", "application/json", "application/ld+json; x=y"}) {
    EXPECT_TRUE(types.holds(type)) << type;
  }
  for (const std::string_view type : {"", "text", "textual/html", "application/jsonx", "image/svg+xml", ";text/html"}) {
    EXPECT_FALSE(types.holds(type)) << type;
  }
}

TEST(Compress, complains_about_what_cannot_be) {
  const auto complaints = [](std::string_view options) { return complaints_about(compress_filter(), options); };
  EXPECT_TRUE(complaints("{ encodings: [brotli] }").contains("compress.encodings[0]"));
  EXPECT_TRUE(complaints("{ encodings: [] }").contains("compress nothing"));
  EXPECT_TRUE(complaints("{ types: [html] }").contains("no media type"));
  EXPECT_TRUE(complaints("{ effort: extreme }").contains("compress.effort"));
  EXPECT_TRUE(complaints("{ minimum: 2MiB }").contains("too large"));
}

}  // namespace
}  // namespace weir
