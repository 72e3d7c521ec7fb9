// The ranges and weights of Accept.
#include "http/accept.h"

#include <algorithm>

#include "base/text.h"

namespace weir {
namespace {

/// `0.5` as 500; malformed weights count as 1 (RFC 9110 section 12.4.2: up to three digits).
int parse_quality(std::string_view weight) {
  if (!weight.starts_with('0')) return 1000;
  int quality = 0;
  int unit = 100;
  for (std::size_t at = 2; at < weight.size() && unit > 0 && text::is_digit(weight[at]); ++at, unit /= 10) {
    quality += (weight[at] - '0') * unit;
  }
  return quality;
}

int quality_of(std::string_view parameters) {
  while (!parameters.empty()) {
    const std::size_t end = std::min(parameters.find(';'), parameters.size());
    const std::string_view parameter = text::trim(parameters.substr(0, end));
    if (parameter.starts_with("q=") || parameter.starts_with("Q=")) return parse_quality(parameter.substr(2));
    parameters.remove_prefix(std::min(end + 1, parameters.size()));
  }
  return 1000;
}

int exactness_of(std::string_view range, std::string_view type) {
  if (range == "*/*") return 1;
  if (text::equal_ignoring_case(range, type)) return 3;
  const bool whole_family = range.ends_with("/*") && text::equal_ignoring_case(range.substr(0, range.size() - 1),
                                                                               type.substr(0, type.find('/') + 1));
  return whole_family ? 2 : 0;
}

}  // namespace

MediaWish wish_for(std::string_view accept, std::string_view media_type) {
  MediaWish wish;
  text::for_each_member(accept, [&](std::string_view member) {
    const std::size_t end = std::min(member.find(';'), member.size());
    const int exactness = exactness_of(text::trim(member.substr(0, end)), media_type);
    if (exactness != 0) wish.refine({.quality = quality_of(member.substr(end)), .exactness = exactness});
  });
  return wish;
}

}  // namespace weir
