// Looking for BEGIN and END.
#include "net/tls/pem_blocks.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>

namespace weir::tls {

bool PemBlock::is_certificate() const {
  return label == "CERTIFICATE" || label == "X509 CERTIFICATE" || label == "TRUSTED CERTIFICATE";
}

std::vector<PemBlock> pem_blocks(std::string_view text) {
  constexpr std::string_view begin = "-----BEGIN ";
  constexpr std::string_view dashes = "-----";
  std::vector<PemBlock> blocks;
  std::uint32_t line = 1;
  std::size_t counted = 0;
  for (std::size_t at = text.find(begin); at != std::string_view::npos; at = text.find(begin, at)) {
    line += static_cast<std::uint32_t>(std::count(text.begin() + counted, text.begin() + at, '\n'));
    counted = at;
    const std::size_t label_end = text.find(dashes, at + begin.size());
    if (label_end == std::string_view::npos) break;
    const std::string_view label = text.substr(at + begin.size(), label_end - at - begin.size());
    const std::string end = fmt::format("-----END {}-----", label);
    const std::size_t close = text.find(end, label_end);
    const std::size_t stop = close == std::string_view::npos ? text.size() : close + end.size();
    blocks.push_back({.label = label, .text = text.substr(at, stop - at), .line = line});
    at = stop;
  }
  return blocks;
}

}  // namespace weir::tls
