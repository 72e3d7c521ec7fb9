// What a listener of raw streams does with who connects: `listeners[].protocol: tcp`, `tls_passthrough` or `udp`.
//
// Problem: without HTTP there is neither path nor field to choose by. Idea: a stream belongs to its listener; where its
// client asks for a name (SNI), opened here or not, that chooses: exact name, then the longest wildcard, then who is
// left takes the route without names. A route is a Route like any other: filters that need no HTTP, and a service whose
// answer is a tunnel.
//
// Invariants
//   (1) RawRoutes::find() is pure, and takes as long for 100,000 names as for one.
//   (2) The count of what is open outlives reloads: it is found again by the listener's name.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "contracts/shared_states.h"
#include "route/match.h"
#include "server/gateway.h"

namespace weir {

/// What a listener holds open, in the whole process.
class RawCount final : public SharedState {
 public:
  /// Counts one more unless `most` are open already.
  bool enter(std::uint64_t most) {
    if (open_.fetch_add(1, std::memory_order_relaxed) < most) return true;
    leave();
    return false;
  }
  void leave() { open_.fetch_sub(1, std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> open_{0};
};

/// One of a listener's places, until it goes.
class RawPlace {
 public:
  RawPlace() = default;
  /// \param entered  by who makes this
  explicit RawPlace(std::shared_ptr<RawCount> entered) : count_(std::move(entered)) {}
  RawPlace(RawPlace&&) = default;
  RawPlace& operator=(RawPlace&& other) noexcept {
    std::swap(count_, other.count_);
    return *this;
  }
  ~RawPlace() {
    if (count_ != nullptr) count_->leave();
  }

 private:
  std::shared_ptr<RawCount> count_;
};

struct RawRoute {
  std::vector<HostPattern> server_names;  ///< empty: whoever no other route takes
  std::shared_ptr<const Route> route;
};

struct RawVerdict {
  const RawRoute* chosen = nullptr;  ///< null: nobody wants it
  std::string_view reason;           ///< only_route, server_name, wildcard, no_name_matches
};

class RawRoutes {
 public:
  RawRoutes() = default;
  explicit RawRoutes(std::vector<RawRoute> routes);
  RawRoutes(RawRoutes&&) = default;
  RawRoutes& operator=(RawRoutes&&) = default;

  /// \param server_name  lower case; empty: none was asked for, or there is no way to ask
  [[nodiscard]] RawVerdict find(std::string_view server_name) const;

 private:
  std::vector<RawRoute> routes_;
  // By names within routes_; of wildcards by what follows "*.".
  std::unordered_map<std::string_view, const RawRoute*> exact_;
  std::unordered_map<std::string_view, const RawRoute*> wildcards_;
  const RawRoute* everybody_ = nullptr;
};

struct RawListener {
  RawRoutes routes;
  std::uint64_t connections_max = unbounded;
  std::shared_ptr<RawCount> count;
};

}  // namespace weir
