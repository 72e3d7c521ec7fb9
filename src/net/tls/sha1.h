// SHA-1 (FIPS 180-4), for protocols that prescribe it where nothing depends on its strength.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace weir::tls {

using Sha1 = std::array<std::uint8_t, 20>;

Sha1 sha1(std::string_view bytes);

}  // namespace weir::tls
