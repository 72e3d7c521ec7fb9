// A file of users and hashed passwords, one `user:hash` per line, as htpasswd(1) and `weir hash-password` write it.
//
// Invariants
//   (1) Every hash is of a format that is slow to guess (base/password_hash.h); other lines are errors with their
//       number, and neither message nor decision ever holds a hash.
//   (2) A user stands in the file once.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/password_hash.h"
#include "contracts/watched_file.h"

namespace weir {

class Htpasswd {
 public:
  struct Entry {
    std::string user;
    PasswordHash hash;
    std::uint32_t line;
  };

  /// Lines that are empty or begin with '#' are passed over.
  static std::shared_ptr<const Htpasswd> parse(std::string_view bytes, FileReport& report);

  /// Null for a user who is not in the file.
  [[nodiscard]] const Entry* find(std::string_view user) const;
  /// The hash to compute for a user who is not in the file: whose does not matter, as long as an unknown user takes as
  /// long as a known one. The same user always gets the same.
  [[nodiscard]] const PasswordHash& decoy(std::string_view user) const;
  [[nodiscard]] std::size_t size() const { return entries_.size(); }

 private:
  std::vector<Entry> entries_;  // sorted by user; never empty
};

inline constexpr FileKind<Htpasswd> htpasswd_file{
    .name = "users", .bytes_max = limits::credentials_file_bytes, .secret = true, .parse = &Htpasswd::parse};

}  // namespace weir
