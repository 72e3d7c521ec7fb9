// Hashes that decide who serves a key: the same everywhere and for ever, since a fleet must agree on them.
//
// None of them resists somebody who looks for collisions: such a one gains a hot server, against which bounded loads
// help whatever the hash is.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace weir {

/// Spreads every bit over all others (the finisher of SplitMix64, Steele and Vigna 2014).
constexpr std::uint64_t mixed(std::uint64_t bits) {
  bits = (bits ^ (bits >> 30)) * 0xBF58476D1CE4E5B9U;
  bits = (bits ^ (bits >> 27)) * 0x94D049BB133111EBU;
  return bits ^ (bits >> 31);
}

/// FNV-1a in 64 bits, mixed.
constexpr std::uint64_t hash_of(std::string_view text, std::uint64_t seed = 0) {
  std::uint64_t hash = 0xCBF29CE484222325U ^ seed;
  for (const char each : text) hash = (hash ^ static_cast<unsigned char>(each)) * 0x100000001B3U;
  return mixed(hash);
}

/// CRC-32 as of Ethernet and zlib, which nginx hashes keys and servers with. Begin with crc32_begin; invert at the end.
inline constexpr std::uint32_t crc32_begin = ~std::uint32_t{0};
constexpr std::uint32_t crc32_more(std::uint32_t crc, std::string_view bytes) {
  constexpr auto table = [] {
    std::array<std::uint32_t, 256> made{};
    for (std::uint32_t byte = 0; byte < 256; ++byte) {
      std::uint32_t value = byte;
      for (int bit = 0; bit < 8; ++bit) value = (value >> 1) ^ ((value & 1) != 0 ? 0xEDB88320U : 0U);
      made[byte] = value;
    }
    return made;
  }();
  for (const char each : bytes) crc = table[(crc ^ static_cast<unsigned char>(each)) & 0xFF] ^ (crc >> 8);
  return crc;
}
constexpr std::uint32_t crc32(std::string_view bytes) {
  return ~crc32_more(crc32_begin, bytes);
}

/// What HAProxy hashes keys with by default (sdbm).
constexpr std::uint32_t sdbm(std::string_view text) {
  std::uint32_t hash = 0;
  for (const char each : text) hash = static_cast<unsigned char>(each) + (hash << 6) + (hash << 16) - hash;
  return hash;
}

}  // namespace weir
