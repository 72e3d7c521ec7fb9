// A password as it stands in a file of users: a hash that is slow on purpose.
//
// Problem: files of users hold whatever the tool of their time wrote: MD5 with a salt, SHA-1 without, DES. Such hashes
// are guessed at billions a second, and nobody notices until the file leaks.
// Idea: two formats are taken, bcrypt and Argon2id; every other is refused with its name and what to do. Their costs
// are bounded from above, too, since the file decides how long a core computes.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

namespace weir {

class PasswordHash {
 public:
  enum class Kind : std::uint8_t { bcrypt, argon2id };

  /// \param text  `$2y$10$...` (bcrypt: 2a, 2b, 2y) or `$argon2id$v=19$m=65536,t=3,p=1$...`
  /// \returns  or one sentence for a person, without the hash in it
  static std::expected<PasswordHash, std::string> parse(std::string_view text);

  /// Whether it is the hash of `password`. Takes 50 to 500 ms: on an executor only. Any thread.
  [[nodiscard]] bool matches(std::string_view password) const;

  [[nodiscard]] Kind kind() const { return kind_; }
  [[nodiscard]] const std::string& text() const { return text_; }
  /// Why it is easier to guess than it should be, as one sentence; empty when it is not.
  [[nodiscard]] std::string weakness() const;

 private:
  PasswordHash(Kind kind, std::string text, std::uint32_t cost) : kind_(kind), text_(std::move(text)), cost_(cost) {}

  Kind kind_;
  std::string text_;
  std::uint32_t cost_;  ///< of bcrypt: the exponent; of Argon2id: the memory in KiB
};

/// Makes a bcrypt hash. \param cost  4 to 16: two to the power of it rounds
/// \returns  nothing when the password has a NUL byte or is longer than the 72 bytes that bcrypt looks at
std::optional<std::string> bcrypt(const std::string& password, unsigned cost);

}  // namespace weir
