// What one attempt tells about the endpoint it went to.
//
// Problem: whether an endpoint is well is known piece by piece: it accepts, it begins an answer, it ends it; and a
// request may be given up by the client at any moment, which says nothing.
// Idea: an Observation is made when an endpoint was picked and told how the attempt ended. Once the head of an answer
// is there, it stays with the exchange until the body or the tunnel is over. Dropped without a word it counts for
// nothing: a hedged request that lost, a client that went away.
//
//   Observation watched = state.observe(*pool);
//   ...
//   watched.failed(error, exchange, reused);    or    watched.answered(exchange, status, took);
//
// Invariants
//   (1) An endpoint is in flight from the making of its Observation until the attempt failed, or the exchange is over.
//   (2) What the client or the gateway caused is never held against an endpoint; nor is a connection that went stale
//       while it was idle.
#pragma once

#include <utility>

#include "contracts/exchange.h"
#include "upstream/endpoint_health.h"
#include "upstream/prober.h"

namespace weir {

class HealthView;

/// An endpoint as one core follows it. Lives as long as it is followed or somebody observes it.
class FollowedEndpoint {
 public:
  FollowedEndpoint(HealthView& view, std::shared_ptr<EndpointHealth> health, const UpstreamAddress& address,
                   unsigned core)
      : health_(std::move(health)), core_(health_->core(core)), view_(view), address_(address) {}

  [[nodiscard]] const std::shared_ptr<EndpointHealth>& health() const { return health_; }
  [[nodiscard]] bool observed() const { return observers_ > 0; }
  /// \param weight  0: it is no endpoint of this core any more
  void show_weight(std::uint32_t weight) { core_.weight.set(weight); }

  void enter();
  void leave();
  void succeeded(AnswerPart part, Time now);
  void failed(AnswerPart part, Time now);
  /// A connect failed for which no request waited any more.
  void connect_failed(const Error& error, Duration took);
  /// A request came to its head, or failed.
  void count(bool failure, Duration took);
  [[nodiscard]] const OutlierRules& rules() const;
  [[nodiscard]] Time now() const;

 private:
  void stop_checks() {
    if (prober_ != nullptr) prober_->stop();
    prober_.reset();
  }

  friend class HealthView;

  const std::shared_ptr<EndpointHealth> health_;
  EndpointHealth::Core& core_;
  HealthView& view_;
  const UpstreamAddress address_;
  std::shared_ptr<Prober> prober_;  // when this core checks it
  std::uint32_t observers_ = 0;
  Time reported_at_{};
  OutlierWindow counted_before_;  // at the last comparison; of the core that watches
};

/// Whether an attempt that failed so speaks against the endpoint. Pure.
/// \param reused    on a connection that had carried others: it may have gone stale while it was idle
/// \param all_sent  the whole request had been given to the kernel
bool speaks_against_endpoint(const Error& error, bool reused, bool all_sent);
/// The same of an answer. Pure.
bool speaks_against_endpoint(Status status, CountedStatuses counted);

class Observation {
 public:
  Observation() = default;
  explicit Observation(FollowedEndpoint& endpoint) : endpoint_(&endpoint) { endpoint.enter(); }
  Observation(Observation&& other) noexcept : endpoint_(std::exchange(other.endpoint_, nullptr)) {}
  Observation& operator=(Observation&& other) noexcept {
    if (this != &other) {
      drop();
      endpoint_ = std::exchange(other.endpoint_, nullptr);
    }
    return *this;
  }
  ~Observation() { drop(); }

  /// The attempt ended in an error. \param took  since a connection was asked for
  void failed(const Error& error, const Exchange& exchange, bool reused, Duration took);
  /// The head of an answer is there, `took` after a connection was. The rest is watched until the exchange is over.
  void answered(Exchange& exchange, Status status, Duration took);

 private:
  class Rest;
  void drop() {
    if (FollowedEndpoint* endpoint = std::exchange(endpoint_, nullptr)) endpoint->leave();
  }

  FollowedEndpoint* endpoint_ = nullptr;
};

}  // namespace weir
