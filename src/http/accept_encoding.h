// Which content coding a client wants (RFC 9110 section 12.5.3).
//
// Idea: the field becomes five small numbers, one quality per coding that Weir knows; who has an answer in several
// codings asks for the best of them. A member that is malformed is passed over, as if it were not there: the worst that
// follows is an answer that is larger than it had to be.
//
// What the RFC leaves open, decided here
//   - Among equal qualities the server's order decides, and any coding goes before none: `gzip, br` is "whichever".
//   - Without the field nothing is coded, though everything would be acceptable: such clients are old or simple.
//   - Where everything on offer is refused, `identity` included, the answer goes out uncoded rather than as 406.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "http/fields.h"

namespace weir {

enum class ContentCoding : std::uint8_t { identity, gzip, brotli, zstd, deflate };
inline constexpr std::size_t content_coding_count = 5;

/// As it stands in content-encoding: "gzip", "br", "zstd", "deflate"; "identity" for none.
std::string_view text_of(ContentCoding coding);
/// The coding of that name in any case; x-gzip is gzip (section 8.4.1.3).
std::optional<ContentCoding> content_coding(std::string_view name);

/// What a client said of each coding.
class AcceptedCodings {
 public:
  /// Quality in thousandths: 0 is refused, 1000 is best.
  using Quality = std::uint16_t;

  /// All lines of accept-encoding of a request.
  static AcceptedCodings of(const Fields& request);
  /// One value of the field.
  static AcceptedCodings parse(std::string_view value);

  /// What a coding that is not identity is worth; 0 when it was refused or not named.
  [[nodiscard]] Quality quality(ContentCoding coding) const { return qualities_[static_cast<std::size_t>(coding)]; }
  [[nodiscard]] bool accepts(ContentCoding coding) const { return quality(coding) > 0; }

  /// The coding to answer in, identity included. \param offered  what the server has, in the order it prefers
  [[nodiscard]] ContentCoding best_of(std::span<const ContentCoding> offered) const;

 private:
  void take(std::string_view value);
  void settle();

  static constexpr Quality unsaid = 0xFFFF;

  std::array<Quality, content_coding_count> qualities_{unsaid, unsaid, unsaid, unsaid, unsaid};
  Quality others_ = unsaid;  // of `*`
  bool identity_named_ = false;
};

}  // namespace weir
