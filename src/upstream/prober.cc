// The loop of checks, and what is told of it.
#include "upstream/prober.h"

#include <fmt/format.h>

#include "base/fault.h"
#include "net/connect.h"
#include "upstream/introduction.h"
#include "upstream/secured_protocol.h"

namespace weir {
namespace {

/// Of the pace: within it the first checks of many endpoints are spread. A gateway that starts wants to know soon.
constexpr int first_check_within = 20;

UpstreamAddress with_port(const UpstreamAddress& address, std::uint16_t port) {
  if (port == 0 || address.address.family() == AF_UNIX) return address;
  return {socket_address(IpAddress::of(address.address), port)};
}

}  // namespace

Prober::Prober(Shard& shard, std::shared_ptr<ClusterHealth> cluster, std::shared_ptr<EndpointHealth> endpoint,
               const UpstreamAddress& address, CheckRules rules)
    : shard_(shard),
      cluster_(std::move(cluster)),
      endpoint_(std::move(endpoint)),
      address_(with_port(address, rules.port)),
      rules_(std::move(rules)),
      history_{.state = endpoint_->checked.get()} {}

void Prober::start() {
  shard_.scope.spawn(run(shared_from_this()));
}

void Prober::stop() {
  stopped_ = true;
  if (region_ != nullptr) region_->cancel(gateway_error(Code::canceled));
}

Task<void> Prober::run(std::shared_ptr<Prober> self) {
  CancellationRegion region(co_await current_cancellation{});
  self->region_ = &region;
  co_await self->go_on().under(region.inner());
  self->region_ = nullptr;
}

Task<void> Prober::go_on() {
  const auto spread = static_cast<std::uint64_t>((rules_.every / first_check_within).count()) + 1;
  Duration wait{static_cast<std::int64_t>(shard_.reactor.random().below(spread))};
  while (co_await Sleep(shard_.reactor, wait)) {
    const Result<ProbeResult> result = co_await ask();
    if (stopped_) co_return;
    if (result) take(*result);
    if (result && !result->passed && fault(Fault::checks_end_with_failure)) co_return;
    wait = next_check_after(history_, rules_, shard_.reactor.random().next());
  }
}

Task<Result<std::unique_ptr<Stream>>> Prober::reach(Time deadline) {
  const auto left = [&] { return std::max(deadline - shard_.reactor.now(), Duration::zero()); };
  CO_TRY(std::unique_ptr<Stream> stream, co_await connect(shard_.reactor, address_, left()));
  if (rules_.introduction) {
    const std::string introduction =
        introduction_of_gateway(stream->local_address(), stream->remote_address(), *rules_.introduction);
    CO_TRY_VOID(co_await stream->send(introduction, left()));
  }
  if (rules_.tls != nullptr) CO_TRY_VOID(co_await secure(shard_, *stream, *rules_.tls, nullptr, left()));
  co_return stream;
}

/// \errors  what the gateway lacks; canceled
Task<Result<ProbeResult>> Prober::ask() {
  const Time deadline = deadline_after(shard_.reactor.now(), rules_.timeout);
  const Result<std::unique_ptr<Stream>> stream = co_await reach(deadline);
  if (!stream && stream.error().origin == Origin::gateway) co_return fail(stream.error());
  if (!stream) co_return ProbeResult{.reason = name_of(stream.error().code)};
  co_return co_await rules_.check->probe(**stream, {.authority = endpoint_->address(), .deadline = deadline});
}

void Prober::take(const ProbeResult& result) {
  const bool passed = result.passed || fault(Fault::failed_check_passes);
  (result.passed ? endpoint_->checks_passed : endpoint_->checks_failed).add();
  endpoint_->check_number.set(result.number);
  endpoint_->check_reason.set(result.reason.data());
  const CheckVerdict verdict = decide(history_, passed, rules_.up_after, rules_.down_after);
  const bool was_down = history_.state == CheckState::down;
  history_ = verdict.next;
  if (!verdict.changed) return;
  if (was_down) endpoint_->up_since.set(shard_.reactor.now());
  endpoint_->checked_since.set(shard_.reactor.now());
  endpoint_->checked.set(history_.state);
  cluster_->changed();
  tell(result, verdict);
  if (was_down) cluster_->tell_watcher_of_return(endpoint_);  // who came back need not sit out an ejection
}

void Prober::tell(const ProbeResult& result, const CheckVerdict& verdict) const {
  if (shard_.notices == nullptr || verdict.reason == "first_check_passed") return;
  const std::string number = result.number == 0 ? "" : fmt::format(" {}", result.number);
  const bool up = history_.state == CheckState::up;
  shard_.notices->warning(fmt::format("upstream {}: {} is {}: {} check{} {} in a row ({}), the last by {}{}",
                                      cluster_->name(), endpoint_->address(), up ? "up again" : "down",
                                      up ? rules_.up_after : rules_.down_after,
                                      (up ? rules_.up_after : rules_.down_after) == 1 ? "" : "s",
                                      up ? "passed" : "failed", rules_.check->description(), result.reason, number));
}

}  // namespace weir
