// What is to be done next for an order, from what the authority has said of it so far.
//
// Idea: an order is a small machine of the authority's (RFC 8555 section 7.1.6) whose states are read, not guessed:
// each time something is known anew, this says the one next step. The shell (conversation.h) makes the requests. Pure.
//
// Invariants
//   (1) The same view gives the same step; a step that was done changes the view.
//   (2) Nothing is downloaded that the authority has not called valid.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/acme/messages.h"

namespace weir::acme {

/// How a name is proved. `tls.acme.challenge`.
enum class ChallengeKind : std::uint8_t { http_01, tls_alpn_01 };
std::string_view name_of(ChallengeKind kind);

/// One of an order's authorizations.
struct AuthorizationView {
  std::optional<Authorization> said;  ///< nothing: not yet asked for
  bool answered = false;              ///< its challenge stands, and the authority was told so
};

struct OrderView {
  Order order;
  std::vector<AuthorizationView> authorizations;  ///< in the order's order
  bool finalized = false;                         ///< the request for the certificate was sent
};

enum class Act : std::uint8_t {
  ask_authorization,  ///< number `at`
  answer_challenge,   ///< challenge `challenge` of number `at`: let it stand, then say so
  await_authorization,
  await_order,
  finalize,
  download,
  give_up,
};

struct Step {
  Act act = Act::give_up;
  std::size_t at = 0;
  std::size_t challenge = 0;
  std::string why;  ///< of give_up, for people
};

Step next_step(const OrderView& view, ChallengeKind kind);

}  // namespace weir::acme
