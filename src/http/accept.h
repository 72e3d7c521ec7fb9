// How much a client wants a media type: the Accept field, asked for one type at a time.
//
// Idea: whoever has several forms of one thing (error pages, problem details) asks for each form's wish and takes the
// best; nobody needs the whole list.
#pragma once

#include <string_view>

namespace weir {

/// How much a type is wanted: its weight, then how exactly it was named.
struct MediaWish {
  int quality = 0;    ///< in thousandths; 0 is not wanted at all
  int exactness = 0;  ///< 0 not named, 1 by */*, 2 by text/*, 3 by text/html

  /// A more exact range overrides a less exact one, whatever its weight.
  void refine(MediaWish other) {
    if (other.exactness >= exactness) *this = other;
  }
  [[nodiscard]] bool better_than(MediaWish other) const {
    return quality != other.quality ? quality > other.quality : exactness > other.exactness;
  }
};

/// \param accept      the field's value; an empty one names nothing
/// \param media_type  without parameters, lower case: text/html
/// Malformed weights count as 1.
/// \source RFC 9110 sections 12.4.2 (weights, up to three digits) and 12.5.1 (ranges, the most exact one decides)
MediaWish wish_for(std::string_view accept, std::string_view media_type);

}  // namespace weir
