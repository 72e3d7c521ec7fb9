// What is encoded decodes to the same, however it is cut; a flush makes everything readable; what is broken is told.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <string>

#include "http/coding/decoder.h"
#include "http/coding/encoder.h"

namespace weir {
namespace {

struct Way {
  ContentCoding coding;
  Effort effort;
};
std::string shown(const Way& way) {
  return std::string(text_of(way.coding)) + ' ' + std::string(name_of(way.effort));
}

std::vector<Way> all_ways() {
  std::vector<Way> ways;
  for (const ContentCoding coding : {ContentCoding::gzip, ContentCoding::brotli, ContentCoding::zstd}) {
    for (const Effort effort : {Effort::low, Effort::medium, Effort::high}) ways.push_back({coding, effort});
  }
  return ways;
}

/// Text that compresses like text: words of a small vocabulary.
std::string prose(std::size_t bytes) {
  static constexpr std::array words{"<li>", "the ",  "gateway ", "answers", " with ",   "href=\"", "cart",
                                    "\n",   "class", "item-",    "42",      " request", "</li>",   "status"};
  std::string text;
  std::uint32_t state = 7;
  while (text.size() < bytes) {
    state = state * 1664525 + 1013904223;
    text += words[(state >> 16) % words.size()];
  }
  text.resize(bytes);
  return text;
}

/// Gives `bytes` to the encoder with `room` bytes of room at a time.
void encode(Encoder& encoder, std::string_view bytes, Demand demand, std::size_t room, std::string& out) {
  std::string buffer(room, '\0');
  for (int call = 0; call < 1'000'000; ++call) {
    std::span<char> left(buffer);
    const bool done = encoder.encode(bytes, left, demand);
    out.append(buffer, 0, buffer.size() - left.size());
    if (done) return;
  }
  FAIL() << "an encoder comes to an end: " << typeid(encoder).name() << " demand " << static_cast<int>(demand)
         << " room " << room << " so far " << out.size();
}

/// All that decodes from `coded`, given in one piece or byte by byte.
Result<std::string> decode(Decoder& decoder, std::string_view coded, std::size_t step, std::size_t room = 4096) {
  std::string whole;
  std::string buffer(room, '\0');
  while (!coded.empty()) {
    std::string_view input = coded.substr(0, step);
    coded.remove_prefix(input.size());
    while (true) {
      std::span<char> left(buffer);
      TRY_VOID(decoder.decode(input, left));
      whole.append(buffer, 0, buffer.size() - left.size());
      if (input.empty() && !left.empty()) break;
    }
  }
  return whole;
}

std::string coded_with(const Way& way, std::string_view bytes) {
  const auto encoder = make_encoder(encoder_kind(way.coding, way.effort));
  encoder->begin(way.effort);
  std::string out;
  encode(*encoder, bytes, Demand::finish, 64 * 1024, out);
  return out;
}

TEST(Coding, decodes_to_the_same_at_every_split) {
  const std::string text = prose(700);
  for (const Way& way : all_ways()) {
    SCOPED_TRACE(shown(way));
    const auto encoder = make_encoder(encoder_kind(way.coding, way.effort));
    for (std::size_t split = 0; split <= text.size(); split += 7) {
      for (const Demand between : {Demand::more, Demand::flush}) {
        encoder->begin(way.effort);  // the same one again: nothing is left of the stream before
        std::string coded;
        encode(*encoder, std::string_view(text).substr(0, split), between, 64, coded);
        encode(*encoder, std::string_view(text).substr(split), Demand::finish, 64, coded);
        const auto decoder = make_decoder(way.coding);
        ASSERT_EQ(decode(*decoder, coded, 1, 50), text) << "split at " << split;
        ASSERT_TRUE(decoder->whole());
      }
    }
  }
}

TEST(Coding, flush_makes_everything_readable) {
  for (const Way& way : all_ways()) {
    SCOPED_TRACE(shown(way));
    const auto encoder = make_encoder(encoder_kind(way.coding, way.effort));
    const auto decoder = make_decoder(way.coding);
    encoder->begin(way.effort);
    for (const std::string event : {"data: one\n\n", "data: two\n\n", "data: three\n\n"}) {
      std::string coded;
      encode(*encoder, event, Demand::flush, 4096, coded);
      EXPECT_EQ(decode(*decoder, coded, coded.size()), event);
      EXPECT_FALSE(decoder->whole());
    }
  }
}

TEST(Coding, large_text_shrinks_and_survives_small_rooms) {
  const std::string text = prose(3'000'000);
  for (const Way& way : all_ways()) {
    SCOPED_TRACE(shown(way));
    const std::string coded = coded_with(way, text);
    EXPECT_LT(coded.size(), text.size() / 3);
    EXPECT_TRUE(decode(*make_decoder(way.coding), coded, 1400, 1000) == text);
  }
}

TEST(Coding, empty_content_is_a_whole_stream) {
  for (const Way& way : all_ways()) {
    const auto decoder = make_decoder(way.coding);
    EXPECT_EQ(decode(*decoder, coded_with(way, ""), 1), "") << shown(way);
    EXPECT_TRUE(decoder->whole()) << shown(way);
  }
}

RC_GTEST_PROP(Coding, any_bytes_in_any_pieces_decode_to_themselves, ()) {
  const Way way = *rc::gen::elementOf(all_ways());
  const auto pieces = *rc::gen::container<std::vector<std::pair<std::string, bool>>>(
      rc::gen::pair(rc::gen::string<std::string>(), rc::gen::arbitrary<bool>()));
  const auto encoder = make_encoder(encoder_kind(way.coding, way.effort));
  encoder->begin(way.effort);
  std::string coded;
  std::string whole;
  for (const auto& [bytes, flushed] : pieces) {
    whole += bytes;
    encode(*encoder, bytes, flushed ? Demand::flush : Demand::more, *rc::gen::inRange(16, 3000), coded);
  }
  encode(*encoder, {}, Demand::finish, 1024, coded);
  const auto decoder = make_decoder(way.coding);
  const auto step = static_cast<std::size_t>(*rc::gen::inRange(1, 5000));
  const Result<std::string> back = decode(*decoder, coded, step);
  RC_ASSERT(back.has_value() && back.value() == whole);
  RC_ASSERT(decoder->whole());
}

// ISA-L's level 0 never ended when the header of its second block filled the room to the last byte.
TEST(Coding, flushes_into_any_small_room_come_to_an_end) {
  for (const Way& way : all_ways()) {
    for (std::size_t room = 13; room <= 130; ++room) {
      const auto encoder = make_encoder(encoder_kind(way.coding, way.effort));
      encoder->begin(way.effort);
      std::string coded;
      for (const std::string_view piece : {"one ", "two ", "three"})
        encode(*encoder, piece, Demand::flush, room, coded);
      encode(*encoder, {}, Demand::finish, room, coded);
      const auto decoder = make_decoder(way.coding);
      ASSERT_EQ(decode(*decoder, coded, 7), "one two three") << shown(way) << " room " << room;
    }
  }
}

TEST(Coding, members_and_frames_behind_each_other_are_one_stream) {
  for (const ContentCoding coding : {ContentCoding::gzip, ContentCoding::zstd}) {
    const Way way{coding, Effort::medium};
    const std::string coded = coded_with(way, "one ") + coded_with(way, "") + coded_with(way, "two");
    for (const std::size_t step : {std::size_t{1}, coded.size()}) {
      const auto decoder = make_decoder(coding);
      EXPECT_EQ(decode(*decoder, coded, step), "one two") << shown(way);
      EXPECT_TRUE(decoder->whole());
    }
  }
}

TEST(Coding, stream_that_was_cut_is_not_whole) {
  const std::string text = prose(5000);
  for (const Way& way : all_ways()) {
    const std::string coded = coded_with(way, text);
    for (std::size_t cut = 0; cut < coded.size(); cut += 1 + coded.size() / 50) {
      const auto decoder = make_decoder(way.coding);
      EXPECT_TRUE(decode(*decoder, std::string_view(coded).substr(0, cut), 100)) << shown(way);
      EXPECT_FALSE(decoder->whole()) << shown(way) << " cut at " << cut;
    }
  }
}

TEST(Coding, garbage_behind_the_end_and_instead_of_a_stream_is_an_error) {
  for (const ContentCoding coding : {ContentCoding::gzip, ContentCoding::brotli, ContentCoding::zstd}) {
    const std::string coded = coded_with({coding, Effort::medium}, "content") + "garbage that follows";
    for (const std::size_t step : {std::size_t{1}, coded.size()}) {
      const auto result = decode(*make_decoder(coding), coded, step);
      ASSERT_FALSE(result) << text_of(coding);
      EXPECT_EQ(result.error().code, Code::bad_content_coding);
    }
    EXPECT_FALSE(decode(*make_decoder(coding), std::string(100, '\xff'), 100)) << text_of(coding);
  }
}

TEST(Coding, zstd_of_before_version_one_is_refused_however_it_is_cut) {
  constexpr std::string_view old("\x26\xB5\x2F\xFD\x04\x58\x65\x00", 8);
  for (const std::size_t step : {std::size_t{1}, old.size()}) {
    EXPECT_FALSE(decode(*make_decoder(ContentCoding::zstd), old, step)) << step;
  }
}

TEST(Coding, zstd_window_beyond_what_the_web_allows_is_refused) {
  // A frame header that asks for a window of 1 GiB (RFC 8878 section 3.1.1.1.2: exponent 20, mantissa 0).
  const std::string frame("\x28\xb5\x2f\xfd\x00\xa0\x01\x00\x00", 9);
  EXPECT_FALSE(decode(*make_decoder(ContentCoding::zstd), frame, frame.size()));
}

TEST(Coding, there_is_no_decoder_for_what_senders_never_agreed_on) {
  EXPECT_EQ(make_decoder(ContentCoding::deflate), nullptr);
  EXPECT_EQ(make_decoder(ContentCoding::identity), nullptr);
}

}  // namespace
}  // namespace weir
