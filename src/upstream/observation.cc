// Whose fault it was, and where it is counted.
#include "upstream/observation.h"

#include "base/fault.h"
#include "upstream/health_view.h"

namespace weir {

bool speaks_against_endpoint(const Error& error, bool reused, bool all_sent) {
  // The time of the whole request ran out while the endpoint had all it needs: it hangs.
  if (error.code == Code::request_timeout) return all_sent;
  if (error.origin != Origin::upstream || error.code == Code::resolve_failed) return false;
  if (error.code == Code::no_extended_connect) return false;  // it is well, and asked for what it never does
  const bool ended = error.code == Code::peer_closed || error.code == Code::peer_reset;
  return !(reused && ended);
}

bool speaks_against_endpoint(Status status, CountedStatuses counted) {
  switch (counted) {
    case CountedStatuses::none:
      return false;
    case CountedStatuses::gateway:
      return status >= 502 && status <= 504;
    case CountedStatuses::server_errors:
      return status >= 500;
  }
  return false;
}

// One endpoint on one core.

void FollowedEndpoint::enter() {
  ++observers_;
  core_.in_flight.add();
}

void FollowedEndpoint::leave() {
  --observers_;
  core_.in_flight.subtract();
}

const OutlierRules& FollowedEndpoint::rules() const {
  return view_.rules().outliers;
}

Time FollowedEndpoint::now() const {
  return view_.now();
}

void FollowedEndpoint::count(bool failure, Duration took) {
  core_.requests.add();
  if (failure) core_.failures.add();
  core_.latency_nanoseconds.add(static_cast<std::uint64_t>(std::max<std::int64_t>(took.count(), 0)));
}

void FollowedEndpoint::succeeded(AnswerPart part, Time now) {
  EndpointHealth::Run& run = core_.runs[static_cast<std::size_t>(part)];
  run.last_success.set(now);
  if (run.length.get() > 0) run.length.subtract(run.length.get());
}

void FollowedEndpoint::failed(AnswerPart part, Time now) {
  EndpointHealth::Run& run = core_.runs[static_cast<std::size_t>(part)];
  // What failed before a success that another core saw is no part of this run.
  if (run.length.get() > 0 && run.began.get() < health_->last_success(part)) run.length.subtract(run.length.get());
  if (run.length.get() == 0) run.began.set(now);
  if (!fault(Fault::failures_not_counted)) run.length.add();
  const OutlierRules& rules = view_.rules().outliers;
  if (!rules.watch || rules.consecutive_errors == 0) return;
  if (health_->failures_in_a_row(part) >= rules.consecutive_errors) view_.report(*this, now);
}

void FollowedEndpoint::connect_failed(const Error& error, Duration took) {
  if (!speaks_against_endpoint(error, false, false)) return;
  count(true, took);
  failed(AnswerPart::head, now());
}

// One attempt.

void Observation::failed(const Error& error, const Exchange& exchange, bool reused, Duration took) {
  if (endpoint_ == nullptr) return;
  const bool all_sent =
      exchange.request.framing.kind == Framing::Kind::none && exchange.timings.upstream_sent != Time{};
  if (speaks_against_endpoint(error, reused, all_sent)) {
    endpoint_->count(true, took);
    endpoint_->failed(AnswerPart::head, endpoint_->now());
  }
  drop();
}

/// Stays in the exchange's arena until all is over.
class Observation::Rest final : public Finisher {
 public:
  explicit Rest(Observation watched) : watched_(std::move(watched)) {}

  void finish(const Exchange&, const Delivery& delivery) override {
    if (watched_.endpoint_ == nullptr) return;
    if (delivery.complete) {
      watched_.endpoint_->succeeded(AnswerPart::body, watched_.endpoint_->now());
    } else if (delivery.error != nullptr && speaks_against_endpoint(*delivery.error, false, false)) {
      watched_.endpoint_->failed(AnswerPart::body, watched_.endpoint_->now());
    }
    watched_.drop();
  }

 private:
  Observation watched_;
};

void Observation::answered(Exchange& exchange, Status status, Duration took) {
  if (endpoint_ == nullptr) return;
  const Time now = endpoint_->now();
  // Compared with their peers, endpoints answer for all errors of their own.
  endpoint_->count(status >= 500, took);
  if (speaks_against_endpoint(status, endpoint_->rules().statuses)) {
    endpoint_->failed(AnswerPart::head, now);
  } else {
    endpoint_->succeeded(AnswerPart::head, now);
  }
  exchange.at_end(*exchange.arena.make<Rest>(std::move(*this)));
}

}  // namespace weir
