// A conversation with an authority: the requests of ACME, made and answered one after the other (RFC 8555).
//
// Idea: what is to be said next is decided elsewhere (order.h), how it is signed too (jws.h); this makes the request,
// keeps the nonce that each answer brings, and turns whatever goes wrong into a Trouble that says in words what it was
// and of which kind, so that schedule.h knows when to try again.
//
// Invariants
//   (1) A nonce is used once; one that was not taken is replaced and the request sent again, so often and no more.
//   (2) Whatever was shown to prove a name is taken down again before obtain() returns.
#pragma once

#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "app/acme/authority.h"
#include "app/acme/messages.h"
#include "app/acme/order.h"
#include "app/acme/schedule.h"
#include "app/outgoing/http_client.h"
#include "net/tls/signing_key.h"

namespace weir {

/// For CO_TRY: troubles are passed on as errors are.
inline std::unexpected<acme::Trouble> fail(acme::Trouble trouble) {
  return std::unexpected(std::move(trouble));
}

namespace acme {

template <typename T>
using Outcome = std::expected<T, Trouble>;

struct Account {
  std::shared_ptr<const tls::SigningKey> key;
  std::string url;  ///< by which the authority knows it; empty: it does not yet
};

/// How a name is proved: what the authority has to find there.
struct Proof {
  ChallengeKind kind = ChallengeKind::http_01;
  std::string name;
  std::string token;
  std::string authorization;  ///< token and thumbprint
};

/// Where proofs are shown to whoever comes to look.
class Proofs {
 public:
  /// Returns when it can be seen.
  virtual Task<Outcome<void>> show(const Proof& proof) = 0;
  virtual void take_down(const Proof& proof) = 0;

 protected:
  ~Proofs() = default;
};

struct Wish {
  std::vector<std::string> names;
  ChallengeKind challenge = ChallengeKind::http_01;
  std::string replaces;  ///< the renewal id of the certificate that this one follows; empty: it is the first
};

struct Issued {
  std::string chain;  ///< PEM
  std::shared_ptr<const tls::SigningKey> key;
};

struct RenewalAdvice {
  std::optional<RenewalWindow> window;
  Duration holds{};
};

class Conversation {
 public:
  /// \param settings  outlive this
  Conversation(Shard& shard, const AuthoritySettings& settings) : shard_(shard), settings_(settings) {}

  /// Hears what the authority offers, and where. Before all else.
  Task<Outcome<void>> begin();
  /// Makes the account known, or finds it again by its key and tells it the contacts anew. \returns  its URL
  Task<Outcome<std::string>> open_account(std::shared_ptr<const tls::SigningKey> key);
  /// From an order to its certificate.
  Task<Outcome<Issued>> obtain(const Account& account, const Wish& wish, Proofs& proofs);
  /// When the authority would like a certificate to be renewed; no window where it does not say.
  Task<Outcome<RenewalAdvice>> ask_for_renewal(std::string renewal_id);

  [[nodiscard]] const Directory& directory() const { return directory_; }

 private:
  class Shown;

  Task<Outcome<OutgoingAnswer>> request(OutgoingRequest request);
  Task<Outcome<std::string>> next_nonce();
  /// \param url, account  taken by value: both come from answers that are replaced meanwhile
  Task<Outcome<OutgoingAnswer>> post(std::string url, const Account& account, std::string payload);
  Task<Outcome<OrderView>> place_order(const Account& account, const Wish& wish, std::string& url);
  Task<Outcome<void>> take_step(const Step& step, const Account& account, const Wish& wish, OrderView& view,
                                const std::string& order_url, Shown& shown);
  Task<Outcome<void>> ask_authorization(const Account& account, OrderView& view, std::size_t at);
  Task<Outcome<void>> answer_challenge(const Account& account, const Wish& wish, OrderView& view, const Step& step,
                                       Shown& shown);
  Task<Outcome<void>> finalize(const Account& account, const Wish& wish, OrderView& view);
  Task<Outcome<void>> ask_order(const Account& account, OrderView& view, const std::string& url);
  Task<Outcome<void>> pause(unsigned time);

  Shard& shard_;
  const AuthoritySettings& settings_;
  Directory directory_;
  std::string nonce_;
  std::optional<Duration> told_to_wait_;  // by the answer heard last
  std::shared_ptr<const tls::SigningKey> certificate_key_;
};

}  // namespace acme
}  // namespace weir
