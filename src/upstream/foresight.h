// Which endpoint a request would meet, without sending it.
//
// Problem: "where does user 42 end up, and why not at the server I expect?" is asked before the request is there, and
// of a gateway that must not be disturbed. What a policy with a key decides can be told; what hangs on loads, turns and
// chance cannot, and whoever guesses lies.
// Idea: the functions that a request goes through (the sticky cookie's decision, the roster, the policy's own pick) are
// asked with a lineup (upstream/lineup.h), and twice: once as things are, once as if everybody were well and idle. When
// the two differ, the key's own endpoint is named beside the one that serves in its place. Where no one answer is
// right, the endpoints are listed that it may be.
//
// Invariants
//   (1) An endpoint is foretold only where no turn, draw or load that nobody knows could make it another; but a load
//       that is known, of this moment, counts (key_and_load).
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "upstream/lineup.h"
#include "upstream/sticky.h"

namespace weir {

/// What a request would bring.
struct ForeseenRequest {
  std::optional<std::uint64_t> key{};  ///< by Balancer::key_of()
  StickyRule::Read cookie{};           ///< of an upstream with `sticky`
};

struct Foresight {
  enum class By : std::uint8_t {
    nobody,   ///< there is no endpoint to send it to
    refusal,  ///< its cookie names one that it may not leave, and that is not there
    cookie,
    only,  ///< there is no other
    key,
    open,  ///< one of the candidates: turns, chance or load decide when it comes
  };

  By by = By::nobody;
  std::string_view reason;                    ///< static: of the policy, the cookie's decision, or the group's verdict
  std::optional<std::uint32_t> endpoint{};    ///< where it would be sent
  std::optional<std::uint32_t> own{};         ///< whose key it is while all are well and idle, if that is another
  std::optional<std::uint32_t> second{};      ///< where a second try would be sent
  std::vector<std::uint32_t> candidates{};    ///< by `open`
  std::optional<StickyVerdict> sticky{};      ///< of an upstream with `sticky`
  std::optional<std::uint32_t> remembered{};  ///< the endpoint that the cookie names
};

/// Pure. \param sticky  null: clients of the upstream need not come back
Foresight foresee(const Balancer& balancer, const StickyRule* sticky, const Lineup& lineup,
                  const ForeseenRequest& request);

}  // namespace weir
