// What a process tells about itself: its status for whoever asks, and its changes for the log.
#include <fmt/format.h>

#include "app/acme/managed_certificate.h"
#include "app/logging/error_log.h"
#include "app/process/process.h"
#include "app/wall_clock.h"
#include "upstream/cluster_state.h"

namespace weir {
namespace {

Time steady_now() {
  return Time{std::chrono::steady_clock::now().time_since_epoch()};
}

double milliseconds(Duration duration) {
  return std::chrono::duration<double, std::milli>(duration).count();
}

std::string first_line(const std::string& text) {
  return text.substr(0, text.find('\n'));
}

}  // namespace

ReloadOutcome Process::refused(const Diagnostics& diagnostics) {
  const std::string running = gateway()->hash;
  return {.applied = false,
          .hash = running,
          .diagnostics = fmt::format("{}{}. The running configuration ({}) is unchanged.\n", diagnostics.text(),
                                     diagnostics.summary(), running.substr(0, 7)),
          .json = diagnostics.json()};
}

// Every core has looked before the operator is answered: from then on nothing new goes there. Who is out at once gives
// up what it has.
void Process::order_endpoint(EndpointOrder order, std::move_only_function<void(EndpointOutcome)> done) {
  control_.post([this, order = std::move(order), done = std::move(done)]() mutable {
    const std::shared_ptr<const Gateway> running = gateway();
    EndpointOutcome outcome = take_order(*running, order, steady_now(), wall_now());
    if (outcome.changed) {
      const Cluster* const cluster = find_cluster(*running, order.upstream);
      for (const auto& worker : workers_) worker->call([&] { cluster->state(worker->shard()).hear_operator(); });
      surroundings_->log().info(fmt::format("{} ({})", outcome.sentence, order.by));
    }
    outcome.in_flight = requests_left(*running, order.upstream, order.endpoint);
    done(std::move(outcome));
  });
}

void Process::note_reload(const ReloadOutcome& outcome) {
  {
    const std::lock_guard lock(mutex_);
    ++(outcome.applied ? status_.reloads : status_.reloads_failed);
    status_.last_reload_applied = outcome.applied;
    status_.last_reload_at = wall_now();
    status_.last_reload_error = outcome.applied ? std::string() : first_line(outcome.diagnostics);
  }
  if (outcome.applied) {
    surroundings_->log().info(fmt::format(
        "{}: configuration {}, validated in {:.1f} ms, live {:.1f} ms later, longest pause of a core {:.3f} ms",
        outcome.how == "rollback" ? "rolled back" : "reloaded", outcome.hash.substr(0, 7),
        milliseconds(outcome.validated_in), milliseconds(outcome.live_in), milliseconds(outcome.longest_pause)));
    if (!outcome.diagnostics.empty()) surroundings_->log().warning(outcome.diagnostics);
    surroundings_->report_log_problems();
  } else {
    surroundings_->log().error(outcome.diagnostics);
  }
}

void Process::note_file(bool good, const std::string& sentence) {
  if (good) return surroundings_->log().info(sentence);
  surroundings_->log().error(sentence);
}

namespace {

ProxyHeaderTotals totals_of(const ProxyHeaderCounts& counts) {
  ProxyHeaderTotals totals{.v1 = counts.taken_of(proxy_protocol::Version::v1),
                           .v2 = counts.taken_of(proxy_protocol::Version::v2)};
  for (std::size_t at = 0; at < totals.refused.size(); ++at) {
    totals.refused[at] = counts.refused_for(static_cast<proxy_protocol::Refusal>(at));
  }
  return totals;
}

}  // namespace

ProcessStatus Process::status() const {
  const std::lock_guard lock(mutex_);
  ProcessStatus status = status_;
  status.connections = census_.connections();
  status.proxy_headers = totals_of(census_.proxy_headers());
  const WallTime now = wall_now();
  compiler_.shared_states().for_each<acme::ManagedCertificate>(
      [&](const acme::ManagedCertificate& each) { status.certificates.push_back(each.status(now)); });
  if (keeper_) {
    status.state_written = keeper_->written();
    status.state_failures = keeper_->failures();
  }
  return status;
}

std::shared_ptr<const Gateway> Process::gateway() const {
  const std::lock_guard lock(mutex_);
  return gateway_;
}

std::vector<std::string> Process::listener_names() const {
  const std::lock_guard lock(mutex_);
  return listener_names_;
}

}  // namespace weir
