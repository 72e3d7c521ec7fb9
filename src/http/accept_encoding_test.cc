// Which coding is chosen for which field, and that no field can break the choice.
#include "http/accept_encoding.h"

#include <gtest/gtest.h>

#include <string>

#include "base/block_pool.h"

namespace weir {
namespace {

constexpr std::array everything{ContentCoding::brotli, ContentCoding::zstd, ContentCoding::gzip};

std::string_view chosen(std::string_view field, std::span<const ContentCoding> offered = everything) {
  return text_of(AcceptedCodings::parse(field).best_of(offered));
}

TEST(AcceptEncoding, server_order_decides_between_equals) {
  EXPECT_EQ(chosen("gzip, deflate, br, zstd"), "br");
  EXPECT_EQ(chosen("gzip, zstd"), "zstd");
  EXPECT_EQ(chosen("gzip;q=0.5, br;q=0.5"), "br");
  constexpr std::array other_order{ContentCoding::gzip, ContentCoding::brotli};
  EXPECT_EQ(chosen("br, gzip", other_order), "gzip");
}

TEST(AcceptEncoding, higher_quality_wins) {
  EXPECT_EQ(chosen("gzip;q=1.0, br;q=0.999"), "gzip");
  EXPECT_EQ(chosen("br;q=0.1, zstd;q=0.101"), "zstd");
  EXPECT_EQ(chosen("gzip ; q=0.8 , br;Q=0.9"), "br");
}

TEST(AcceptEncoding, refused_is_refused) {
  EXPECT_EQ(chosen("br;q=0, gzip;q=0.001"), "gzip");
  EXPECT_EQ(chosen("gzip;q=0"), "identity");
  EXPECT_EQ(chosen("*;q=0"), "identity");
  EXPECT_EQ(chosen("br;q=0.000, *"), "zstd");
}

TEST(AcceptEncoding, identity_wins_only_when_it_was_named_and_is_worth_more) {
  EXPECT_EQ(chosen("identity, gzip;q=0.5"), "identity");
  EXPECT_EQ(chosen("identity;q=0.5, gzip;q=0.5"), "gzip");
  EXPECT_EQ(chosen("gzip;q=0.2"), "gzip");
  EXPECT_EQ(chosen("*;q=0.3, identity"), "identity");
  EXPECT_EQ(chosen("identity;q=0"), "identity") << "refused altogether, so sent uncoded";
  EXPECT_EQ(chosen("identity;q=0, *;q=0.5"), "br");
}

TEST(AcceptEncoding, without_the_field_or_with_an_empty_one_nothing_is_coded) {
  EXPECT_EQ(chosen(""), "identity");
  EXPECT_EQ(chosen(" , ,"), "identity");
}

TEST(AcceptEncoding, names_in_any_case_and_old_names) {
  EXPECT_EQ(chosen("GZIP"), "gzip");
  EXPECT_EQ(chosen("x-gzip"), "gzip");
  EXPECT_EQ(chosen("compress, pack200-gzip, exi"), "identity");
}

TEST(AcceptEncoding, malformed_members_are_passed_over) {
  for (const char* const bad : {"br;q=2", "br;q=1.001", "br;q=0.1234", "br;q=-1", "br;q=", "br;q", "br;", "br;level=3",
                                "br gzip", "b r", ";q=1", "br;q=.5", "\"br\""}) {
    EXPECT_EQ(chosen(std::string(bad) + ", gzip;q=0.1").size(), 4U) << bad;
    EXPECT_EQ(chosen(std::string("zstd, ") + bad, std::array{ContentCoding::brotli, ContentCoding::zstd}), "zstd")
        << bad;
  }
}

TEST(AcceptEncoding, first_mention_counts) {
  EXPECT_EQ(chosen("br;q=0, br;q=1, gzip"), "gzip");
}

TEST(AcceptEncoding, lines_add_up) {
  BlockPool pool(1);
  Arena arena(pool);
  Fields fields(arena);
  fields.append(FieldName::accept_encoding, "gzip");
  fields.append(FieldName::accept, "br");
  fields.append(FieldName::accept_encoding, "zstd;q=0.9");
  const auto accepted = AcceptedCodings::of(fields);
  EXPECT_EQ(accepted.quality(ContentCoding::gzip), 1000);
  EXPECT_EQ(accepted.quality(ContentCoding::zstd), 900);
  EXPECT_FALSE(accepted.accepts(ContentCoding::brotli));
}

}  // namespace
}  // namespace weir
