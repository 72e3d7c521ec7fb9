// A certificate that is had from an authority and kept young: what is shown to clients now, and how it stands.
//
// Idea: whoever serves asks for the identity and never waits; whoever has it issued (keeper.h) puts a newer one in its
// place. Until the first has been issued there is a stand-in that nobody has signed but itself, so that the site can be
// reached by who insists, and says in its subject what it is. It lives among the shared states under its names and its
// authority, so that a reload finds it again.
//
// Invariants
//   (1) identity() is never null, and never older than what was shown before.
//   (2) A certificate without its key, of another key or for other names never becomes the identity.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "app/acme/certificate_status.h"
#include "app/acme/conversation.h"
#include "contracts/shared_states.h"
#include "net/tls/identity.h"
#include "net/tls/issuing.h"

namespace weir::acme {

/// An authority as some listeners use it: settings, and what is known of the account there.
struct Authority {
  std::string name;  ///< as written: `letsencrypt`, or the directory's URL
  AuthoritySettings settings;
};

/// A certificate that nobody has signed but itself, for who insists on a connection.
std::shared_ptr<const tls::Identity> stand_in(const std::vector<std::string>& names, WallTime now);

/// The type of a trouble that is none: another process has the certificate's lock.
inline constexpr std::string_view locked_elsewhere = "locked";

class ManagedCertificate final : public SharedState, public std::enable_shared_from_this<ManagedCertificate> {
 public:
  ManagedCertificate(std::vector<std::string> names, ChallengeKind challenge,
                     std::shared_ptr<const Authority> authority)
      : names_(std::move(names)), challenge_(challenge), authority_(std::move(authority)) {}

  /// Where it stands among the shared states.
  static std::string key_of(const std::vector<std::string>& names, const Authority& authority, ChallengeKind challenge);

  [[nodiscard]] const std::vector<std::string>& names() const { return names_; }
  [[nodiscard]] ChallengeKind challenge() const { return challenge_; }
  [[nodiscard]] const Authority& authority() const { return *authority_; }
  /// Its file in the vault, without the ending.
  [[nodiscard]] std::string file_name() const;

  [[nodiscard]] std::shared_ptr<const tls::Identity> identity(WallTime now);
  /// Moves whenever identity() gives another.
  [[nodiscard]] std::uint64_t version() const { return version_.load(std::memory_order_acquire); }
  [[nodiscard]] CertificateStatus status(WallTime now) const;

  /// Takes over what was issued: chain and key, in one text. Blocks for a moment (parsing), so not on a core.
  /// \returns  what is wrong with it; nothing when it is shown from now on, or already was
  std::optional<std::string> take(const std::string& pem, WallTime now);
  /// What is shown now, as take() was given it; empty: the stand-in.
  [[nodiscard]] std::string text() const;
  [[nodiscard]] std::optional<tls::IssuedFacts> facts() const;

  void note_begin();
  void note_end(const std::optional<Trouble>& trouble, WallTime now, std::optional<WallTime> next_try);
  void note_renewal(WallTime when);

  /// Hears of another identity, on the thread that took it over.
  class Follower {
   public:
    virtual void certificate_changed(WallTime now) = 0;

   protected:
    ~Follower() = default;
  };
  /// Who follows already is told once, however often he says so.
  void follow(std::weak_ptr<Follower> who);

 private:
  void tell_followers(WallTime now);

  const std::vector<std::string> names_;
  const ChallengeKind challenge_;
  const std::shared_ptr<const Authority> authority_;
  std::atomic<std::uint64_t> version_{1};
  mutable std::mutex mutex_;
  std::shared_ptr<const tls::Identity> identity_;
  std::string text_;
  std::optional<tls::IssuedFacts> facts_;
  CertificateStatus status_;
  std::vector<std::weak_ptr<Follower>> followers_;
};

}  // namespace weir::acme
