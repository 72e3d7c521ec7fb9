// An authority as some listeners use it: where it is, whose account is used there, which kind of certificates is
// wanted.
//
// Problem: accounts and certificates are kept in files and found again by their names; two listeners that ask at the
// same address, but for different accounts or kinds, must not take each other's. Idea: what makes a difference has a
// name of its own, and what makes none (mail addresses, who is believed) is not in it, so that a change there asks for
// nothing anew.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "app/outgoing/url.h"
#include "net/tls/client_context.h"

namespace weir::acme {

/// An account elsewhere to which the one here belongs. `tls.acme.external_account`.
struct ExternalAccount {
  std::string key_id;
  std::string secret;  ///< decoded
  friend bool operator==(const ExternalAccount&, const ExternalAccount&) = default;
};

struct AuthoritySettings {
  Url directory;
  std::shared_ptr<const tls::ClientContext> context;  ///< whom to believe to be the authority
  std::vector<std::string> contacts;                  ///< mail addresses
  std::optional<ExternalAccount> external_account;
  std::string profile;  ///< of certificates, where the authority has several; empty: its own choice
};

struct Authority {
  std::string name;  ///< as written: `letsencrypt`, or the directory's URL
  AuthoritySettings settings;

  /// Which of the accounts at this address is used, as a name for its files: `account`, or one of its own for each
  /// external account.
  [[nodiscard]] std::string account() const;
  /// What else tells its certificates from others of the same names and address: whose they are, of which kind. Empty
  /// where neither is written.
  [[nodiscard]] std::string variant() const;
  /// Everything by which a reload knows it again.
  [[nodiscard]] std::string identity() const;
};

/// Twelve digits that stand for a text in the name of a file.
std::string digest_of(const std::string& text);

}  // namespace weir::acme
