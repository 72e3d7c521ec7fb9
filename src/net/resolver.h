// Names to addresses: what those who connect ask, and the system's resolver as one who answers.
//
// Idea: an answer says how long it holds, so that whoever asked knows when to ask again. net/dns/ is the other one who
// answers: without threads, and with times to live.
#pragma once

#include <optional>
#include <vector>

#include "net/address.h"
#include "runtime/executor.h"
#include "runtime/reactor.h"
#include "runtime/task.h"

namespace weir {

/// One of the addresses behind an endpoint.
struct ResolvedAddress {
  UpstreamAddress address;
  std::uint32_t weight = 1;   ///< among the others; at least 1
  std::uint8_t priority = 0;  ///< the lowest is used as long as it serves (SRV)
  friend bool operator==(const ResolvedAddress&, const ResolvedAddress&) = default;
};

struct ResolvedAddresses {
  std::vector<ResolvedAddress> addresses;
  Duration holds = no_limit;  ///< from now; no_limit where nobody says
};

/// What needs no resolving: a literal address or a unix path. Nothing for names.
std::optional<ResolvedAddresses> literal_addresses(const Endpoint& endpoint);

class Resolver {
 public:
  virtual ~Resolver() = default;
  /// All addresses of `endpoint`, in the resolver's order; literals and unix paths answer at once.
  /// \errors  resolve_failed (origin upstream, retry unsent); canceled
  virtual Task<Result<ResolvedAddresses>> resolve(Reactor& reactor, const Endpoint& endpoint) = 0;
};

/// getaddrinfo() on the blocking executor: whatever nsswitch.conf says, and no times to live. Names of services (SRV)
/// are not its business.
class SystemResolver final : public Resolver {
 public:
  explicit SystemResolver(Executor& executor) : executor_(executor) {}
  Task<Result<ResolvedAddresses>> resolve(Reactor& reactor, const Endpoint& endpoint) override;

 private:
  Executor& executor_;
};

}  // namespace weir
