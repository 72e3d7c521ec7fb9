// The parts of a PEM text, with the lines they begin in: what is wrong with one is told with its line.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace weir::tls {

/// From its BEGIN line to its END line.
struct PemBlock {
  std::string_view label;  ///< CERTIFICATE, PRIVATE KEY, ...
  std::string_view text;
  std::uint32_t line = 0;  ///< from 1

  [[nodiscard]] bool is_certificate() const;
  [[nodiscard]] bool is_private_key() const { return label.ends_with("PRIVATE KEY"); }
};

std::vector<PemBlock> pem_blocks(std::string_view text);

}  // namespace weir::tls
