// A certificate with its chain and its key: who a server (or a client) can prove to be.
//
// Idea: both are PEM text. Whatever is wrong with them is found when they are read, with the line it stands in and what
// to do about it, and not by the first client that comes.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/units.h"

struct x509_st;
struct evp_pkey_st;

namespace weir::tls {

/// Something to say about one of the two texts.
struct Finding {
  enum class In : std::uint8_t { certificate, key };
  In in = In::certificate;
  std::uint32_t line = 0;  ///< from 1; 0: the text as a whole
  bool error = true;       ///< otherwise a warning: it can be used all the same
  std::string what;
  std::string advice;
};

/// Kinds of keys: a client that knows one may not know the other.
enum class KeyKind : std::uint8_t { ecdsa, rsa, eddsa };
std::string_view name_of(KeyKind kind);

/// Who is shown a certificate: clients look for their host's name in it, servers do not.
enum class ShownTo : std::uint8_t { clients, servers };

/// Immutable.
class Identity {
 public:
  /// \param certificate  PEM: the certificate, then those that lead to its root
  /// \param key          PEM: its private key, without a passphrase
  /// \returns  null after findings that are errors
  static std::shared_ptr<const Identity> read(std::string_view certificate, std::string_view key, WallTime now,
                                              std::vector<Finding>& findings, ShownTo whom = ShownTo::clients);
  ~Identity();
  Identity(const Identity&) = delete;
  Identity& operator=(const Identity&) = delete;

  /// The host names it is for, lower case; `*.example.com` stands for one label.
  [[nodiscard]] const std::vector<std::string>& names() const { return names_; }
  [[nodiscard]] KeyKind kind() const { return kind_; }
  [[nodiscard]] WallTime valid_until() const { return valid_until_; }
  /// What people call it: its first name, or its subject.
  [[nodiscard]] std::string title() const;
  /// The library's objects, for the .cc files of this folder.
  [[nodiscard]] const x509_st* leaf() const { return leaf_; }
  /// Null: it does not stand in the file.
  [[nodiscard]] const x509_st* issuer() const;
  /// The same text for the same certificates; a key belongs to its certificate.
  [[nodiscard]] std::string fingerprint() const;

 private:
  friend struct ServerCallbacks;
  friend class ClientContext;
  friend class IdentityReader;
  Identity() = default;

  x509_st* leaf_ = nullptr;
  evp_pkey_st* key_ = nullptr;
  std::vector<x509_st*> chain_;
  std::vector<std::string> names_;
  std::string subject_;
  KeyKind kind_ = KeyKind::ecdsa;
  WallTime valid_until_{};
};

/// Whether a certificate's name (`shop.example.com`, `*.example.com`) covers a host, both lower case (RFC 6125 6.4.3).
bool covers(std::string_view name, std::string_view host);

}  // namespace weir::tls
