// Where accounts and certificates of authorities are kept, so that a restart asks nobody: a folder, for its owner
// alone.
//
//   acme/acme-v02.api.letsencrypt.org_directory/account.key       the account's key; one for each account
//                                               shop.test.pem     a certificate with its chain and its key
//                                               shop.test.lock    held by the process that is having it issued
//   acme/challenges/TOKEN                                         what is answered to who looks for TOKEN
//
// Idea: several processes may share it, on one machine or over a network. Each file is replaced as a whole and is on
// the disk before anybody uses it, and each process writes beside it under a name of its own, so that two that hold no
// lock mix nothing. A lock is the kernel's (flock) and ends with its holder, so that none is ever stale; a write that
// nobody waits for any more is a holder, too.
//
// All functions block: on an executor only, or before anything is served.
//
// Invariants
//   (1) Two holders of a lock of the same name never exist at once.
//   (2) Certificate and key are one file: nobody ever reads one without the other.
#pragma once

#include <expected>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "app/outgoing/url.h"
#include "base/units.h"

namespace weir::acme {

class Vault {
 public:
  template <typename T>
  using Kept = std::expected<T, std::string>;

  /// \param folder  `acme` in the folder of the state; need not be there yet
  explicit Vault(std::string folder);

  /// The file of a name in the folder of an authority, to be told to people.
  [[nodiscard]] std::string path_of(const Url& authority, const std::string& name) const;
  /// What stands there; nothing where there is none.
  [[nodiscard]] Kept<std::optional<std::string>> read(const Url& authority, const std::string& name) const;
  /// Whether something stands there, without reading it.
  [[nodiscard]] bool has(const Url& authority, const std::string& name) const;
  /// Those of all authorities, by what stands in their names before "+" or the ending: a certificate's first name.
  [[nodiscard]] std::multimap<std::string, std::string> certificate_files() const;
  [[nodiscard]] Kept<void> write(const Url& authority, const std::string& name, std::string_view bytes) const;

  /// Held until the last reference goes.
  using Lock = std::shared_ptr<const void>;
  /// \returns  null when somebody else holds it
  [[nodiscard]] Kept<Lock> lock(const Url& authority, const std::string& name) const;

  /// \pre  is_token(token)
  [[nodiscard]] Kept<void> write_challenge(const std::string& token, std::string_view answer) const;
  void remove_challenge(const std::string& token) const;
  [[nodiscard]] std::optional<std::string> read_challenge(const std::string& token) const;

  /// Removes what processes that were killed have left: challenges that no authority asks for any more, and files that
  /// were being written. \param now  what is older than a day goes
  void sweep(WallTime now) const;

 private:
  [[nodiscard]] std::string folder_of(const Url& authority) const;
  [[nodiscard]] Kept<void> make(const std::string& folder) const;
  [[nodiscard]] Kept<void> write_whole(const std::string& folder, const std::string& name,
                                       std::string_view bytes) const;

  std::string folder_;
  std::string own_;  // in the names of files that this process is writing
};

}  // namespace weir::acme
