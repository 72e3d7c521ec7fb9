// The formats, and crypt(3) for bcrypt.
#include "base/password_hash.h"

#include <crypt.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>

#include "base/crypto.h"
#include "base/limits.h"
#include "base/text.h"

namespace weir {
namespace {

constexpr std::size_t bcrypt_bytes = 60;         // $2y$10$ and 53 characters
constexpr std::size_t bcrypt_password_max = 72;  // what bcrypt looks at
constexpr unsigned bcrypt_cost_min = 4;
constexpr unsigned bcrypt_cost_max = 16;  // 4 seconds of a core
constexpr unsigned bcrypt_cost_fair = 10;
constexpr std::uint64_t argon2_memory_max = std::uint64_t{1024} * 1024;    // KiB: 1 GiB for a moment
constexpr std::uint64_t argon2_work_max = std::uint64_t{4} * 1024 * 1024;  // KiB times passes: 4 seconds of a core
constexpr std::uint64_t argon2_memory_fair = 19456;  // KiB: OWASP's least (Password Storage Cheat Sheet, 2023)
constexpr std::size_t argon2_bytes_max = 127;        // what libsodium reads

constexpr std::string_view advice = "make a new one with `weir hash-password`";

using Parsed = std::expected<PasswordHash, std::string>;

bool is_bcrypt_character(char c) {
  return text::is_alpha(c) || text::is_digit(c) || c == '.' || c == '/';
}

bool is_base64_character(char c) {
  return text::is_alpha(c) || text::is_digit(c) || c == '+' || c == '/';
}

/// The name of a format that is not taken, where one can tell.
std::string_view name_of_other(std::string_view text) {
  struct Format {
    std::string_view begins;
    std::string_view name;
  };
  static constexpr std::array formats{
      Format{"$apr1$", "an MD5 hash (apr1)"},
      Format{"$1$", "an MD5 hash"},
      Format{"{SHA}", "a SHA-1 hash without salt"},
      Format{"{SSHA}", "a SHA-1 hash"},
      Format{"$5$", "a SHA-256 hash (sha256-crypt)"},
      Format{"$6$", "a SHA-512 hash (sha512-crypt)"},
      Format{"$y$", "a yescrypt hash"},
      Format{"$7$", "an scrypt hash"},
      Format{"$2x$", "a hash of a bcrypt with a known mistake (2x)"},
      Format{"$argon2i$", "an Argon2i hash"},
      Format{"$argon2d$", "an Argon2d hash"},
      Format{"{PLAIN}", "a password in plain text"},
  };
  for (const Format& format : formats) {
    if (text.starts_with(format.begins)) return format.name;
  }
  return text.size() == 13 ? "a DES hash, or a password in plain text" : "neither a bcrypt nor an Argon2id hash";
}

/// `m=65536` and so on: the number behind `name=`.
std::optional<std::uint64_t> parameter(std::string_view part, std::string_view name) {
  if (!part.starts_with(name) || part.size() > name.size() + 10) return {};
  return text::parse_decimal(part.substr(name.size()));
}

struct Argon2Parameters {
  std::uint64_t memory = 0;  // KiB
  std::uint64_t passes = 0;
  std::uint64_t lanes = 0;
};

/// \source  RFC 9106, and the encoding of the reference implementation: $argon2id$v=19$m=M,t=T,p=P$SALT$HASH
std::optional<Argon2Parameters> parse_argon2(std::string_view text) {
  const std::vector<std::string_view> parts = text::split(text, '$');
  if (parts.size() != 6 || parts[2] != "v=19") return {};
  const std::vector<std::string_view> costs = text::split(parts[3], ',');
  if (costs.size() != 3) return {};
  const auto memory = parameter(costs[0], "m=");
  const auto passes = parameter(costs[1], "t=");
  const auto lanes = parameter(costs[2], "p=");
  const bool encoded = std::ranges::all_of(parts[4], &is_base64_character) && !parts[4].empty() &&
                       std::ranges::all_of(parts[5], &is_base64_character) && parts[5].size() >= 22;
  if (!memory || !passes || !lanes || !encoded || *passes == 0 || *lanes == 0) return {};
  return Argon2Parameters{.memory = *memory, .passes = *passes, .lanes = *lanes};
}

/// What crypt(3) makes of password and setting; empty when it will not.
std::string crypt_text(const std::string& password, const std::string& setting) {
  const auto memory = std::make_unique<crypt_data>();
  const char* made = ::crypt_r(password.c_str(), setting.c_str(), memory.get());
  std::string text = made == nullptr || *made == '*' ? std::string() : std::string(made);
  ::explicit_bzero(memory.get(), sizeof(crypt_data));
  return text;
}

}  // namespace

std::expected<PasswordHash, std::string> PasswordHash::parse(std::string_view text) {
  const bool bcrypt_prefix = text.starts_with("$2a$") || text.starts_with("$2b$") || text.starts_with("$2y$");
  if (bcrypt_prefix) {
    const auto cost = text.size() == bcrypt_bytes ? text::parse_decimal(text.substr(4, 2)) : std::nullopt;
    const bool whole = cost && text[6] == '$' && std::ranges::all_of(text.substr(7), &is_bcrypt_character);
    if (!whole) return std::unexpected("a bcrypt hash that is cut short or mistyped: it has 60 characters");
    if (*cost < bcrypt_cost_min || *cost > bcrypt_cost_max) {
      return std::unexpected(
          fmt::format("a bcrypt hash of cost {}; taken are {} to {}", *cost, bcrypt_cost_min, bcrypt_cost_max));
    }
    return PasswordHash(Kind::bcrypt, std::string(text), static_cast<std::uint32_t>(*cost));
  }
  if (text.starts_with("$argon2id$")) {
    const auto parameters = parse_argon2(text);
    if (!parameters || text.size() > argon2_bytes_max) {
      return std::unexpected("an Argon2id hash that is cut short or mistyped: $argon2id$v=19$m=M,t=T,p=P$SALT$HASH");
    }
    if (parameters->memory > argon2_memory_max || parameters->memory * parameters->passes > argon2_work_max ||
        parameters->lanes > 64 || parameters->memory < 8 * parameters->lanes) {
      return std::unexpected("an Argon2id hash whose cost is out of bounds: at most m=1048576, and m times t 4194304");
    }
    return PasswordHash(Kind::argon2id, std::string(text), static_cast<std::uint32_t>(parameters->memory));
  }
  return std::unexpected(fmt::format("{}, which is not taken; {}", name_of_other(text), advice));
}

bool PasswordHash::matches(std::string_view password) const {
  // crypt(3) reads up to a NUL: "secret\0x" must not pass for "secret".
  if (password.size() > limits::password_bytes || password.contains('\0')) return false;
  if (kind_ == Kind::argon2id) return crypto::argon2id_matches(text_, password);
  std::string terminated(password);
  const std::string made = crypt_text(terminated, text_);
  crypto::forget(terminated);
  // Digests of equal size: the comparison tells nothing about where the hashes differ.
  return !made.empty() && crypto::equal(crypto::sha256(made), crypto::sha256(text_));
}

std::string PasswordHash::weakness() const {
  if (kind_ == Kind::bcrypt && cost_ < bcrypt_cost_fair) {
    return fmt::format("bcrypt with cost {} is quick to guess; {}, or with htpasswd -B -C 12", cost_, advice);
  }
  if (kind_ == Kind::argon2id && cost_ < argon2_memory_fair) {
    return fmt::format("Argon2id with {} KiB is quick to guess; {}", cost_, advice);
  }
  return {};
}

std::optional<std::string> bcrypt(const std::string& password, unsigned cost) {
  if (password.size() > bcrypt_password_max || password.contains('\0')) return {};
  std::array<std::uint8_t, 16> salt{};
  crypto::fill_random(salt);
  std::array<char, CRYPT_GENSALT_OUTPUT_SIZE> setting{};
  const char* made = ::crypt_gensalt_rn("$2y$", std::clamp(cost, bcrypt_cost_min, bcrypt_cost_max),
                                        reinterpret_cast<const char*>(salt.data()), salt.size(), setting.data(),
                                        static_cast<int>(setting.size()));
  if (made == nullptr) return {};
  std::string hash = crypt_text(password, made);
  return hash.empty() ? std::nullopt : std::optional(std::move(hash));
}

}  // namespace weir
