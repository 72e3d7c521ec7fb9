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
//   (3) Whatever went wrong before a certificate was taken over is over with it, whoever had it issued.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "app/acme/authority.h"
#include "app/acme/certificate_status.h"
#include "app/acme/order.h"
#include "contracts/shared_states.h"
#include "net/tls/identity.h"
#include "net/tls/issuing.h"

namespace weir::acme {

/// A certificate that nobody has signed but itself, for who insists on a connection.
std::shared_ptr<const tls::Identity> stand_in(const std::vector<std::string>& names, WallTime now);

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
  /// Its file in the vault, without the ending: the same for all that may show the same certificate.
  [[nodiscard]] std::string file_name() const { return file_name_of(names_, *authority_); }
  static std::string file_name_of(const std::vector<std::string>& names, const Authority& authority);

  [[nodiscard]] std::shared_ptr<const tls::Identity> identity(WallTime now);
  [[nodiscard]] CertificateStatus status(WallTime now) const;

  /// Takes over what was issued: chain and key, in one text. Blocks for a moment (parsing), so not on a core.
  /// \returns  what is wrong with it; nothing when it is shown from now on, or already was
  std::optional<std::string> take(const std::string& pem, WallTime now);
  /// What would be wrong with it if it were taken over; nothing when it may be. Blocks as take() does.
  [[nodiscard]] std::optional<std::string> judge(const std::string& pem, WallTime now) const;
  /// The same as take() of a text that nobody who follows hears of before tell_followers().
  std::optional<std::string> take_quietly(const std::string& pem, WallTime now);
  /// What is shown now, as take() was given it; empty: the stand-in.
  [[nodiscard]] std::string text() const;
  [[nodiscard]] std::optional<tls::IssuedFacts> facts() const;

  /// Until the first is issued clients are shown these, each for its own names, before the stand-in: what there was
  /// for some of the names when they were grouped otherwise, or had from another authority.
  void follow_upon(std::vector<std::shared_ptr<const tls::Identity>> others);
  [[nodiscard]] std::vector<std::shared_ptr<const tls::Identity>> others() const;

  void note_begin();
  void note_end();
  /// \param wait  until the next try
  void note_trouble(const Trouble& trouble, WallTime now, Duration wait);
  void note_renewal(WallTime when);
  /// In a row, since there was a newer certificate.
  [[nodiscard]] unsigned failures() const;
  /// Whether the last try has failed, and no other has begun.
  [[nodiscard]] bool has_just_failed() const;

  /// Hears of another identity, on the thread that took it over.
  class Follower {
   public:
    virtual void certificate_changed(WallTime now) = 0;

   protected:
    ~Follower() = default;
  };
  /// Who follows already is told once, however often he says so.
  void follow(std::weak_ptr<Follower> who);
  /// Each of those who follow any of them once.
  static void tell_followers(std::span<const std::shared_ptr<ManagedCertificate>> changed, WallTime now);

 private:
  struct Judged;
  [[nodiscard]] Judged judge_text(const std::string& pem, WallTime now) const;
  [[nodiscard]] bool is_behind(const tls::IssuedFacts& facts, WallTime now) const;

  const std::vector<std::string> names_;
  const ChallengeKind challenge_;
  const std::shared_ptr<const Authority> authority_;
  mutable std::mutex mutex_;
  std::shared_ptr<const tls::Identity> identity_;
  std::string text_;
  std::optional<tls::IssuedFacts> facts_;
  std::vector<std::shared_ptr<const tls::Identity>> others_;  // empty once one is issued
  CertificateStatus status_;
  std::vector<std::weak_ptr<Follower>> followers_;
};

}  // namespace weir::acme
