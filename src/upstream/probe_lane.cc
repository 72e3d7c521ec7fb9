// One question as an exchange of its own: leased, sent, read, over.
#include "upstream/probe_lane.h"

#include "upstream/alarm.h"
#include "upstream/no_client.h"

namespace weir {
namespace {

const RequestHead& question(const ProbeRule& rule, std::string_view endpoint, Arena& arena) {
  auto& head = *arena.make<RequestHead>(arena);
  head.method = Method::get;
  head.method_text = "GET";
  const std::string_view authority = endpoint.starts_with("unix:") ? "localhost" : endpoint;
  head.authority = arena.copy(rule.host.empty() ? authority : std::string_view(rule.host));
  aim(head, arena.copy(rule.path));
  head.fields.append("user-agent", "weir-probe");
  return head;
}

/// Reads the rest of an answer, so that its connection can carry the next question; a long one costs it.
Task<void> read_rest(Answer& answer) {
  ByteCount read = 0;
  while (answer.body != nullptr && read < limits::forgotten_answer_bytes) {
    const Result<Piece> piece = co_await answer.body->read();
    if (!piece || piece->end) co_return;
    read += piece->bytes.size();
  }
}

}  // namespace

void ProbeLane::close() {
  if (region_ != nullptr) region_->cancel(gateway_error(Code::canceled));
  pool_.drain();
}

void ProbeLane::stop() {
  close();
  pool_.stop();
}

Task<ProbeLane::Heard> ProbeLane::ask(const ReportRule& rule, const UpstreamTimeouts& timeouts, SnapshotPin snapshot) {
  busy_ = true;
  CancellationRegion region(co_await current_cancellation{});
  region_ = &region;
  Heard heard = fail(gateway_error(Code::internal));
  {
    // The request that was picked for is on its way before anything is asked.
    co_await Yield(shard_.reactor);
    const Alarm alarm(shard_.reactor, region.inner(), rule.probes.timeout, upstream_error(Code::attempt_timeout));
    heard = co_await converse(rule, timeouts, std::move(snapshot)).under(region.inner());
  }
  region_ = nullptr;
  busy_ = false;
  co_return heard;
}

Task<ProbeLane::Heard> ProbeLane::converse(const ReportRule& rule, const UpstreamTimeouts& timeouts,
                                           SnapshotPin snapshot) {
  NoClient client;
  Exchange exchange(shard_, no_connection(), std::move(snapshot), client);
  Heard heard = co_await send(exchange, rule, timeouts);
  exchange.scope.cancel(gateway_error(Code::canceled));
  co_await exchange.scope.join();
  exchange.finish({.complete = heard.has_value()});
  co_return heard;
}

Task<ProbeLane::Heard> ProbeLane::send(Exchange& exchange, const ReportRule& rule, const UpstreamTimeouts& timeouts) {
  Pool::Acquire acquire(pool_, timeouts, false, {});
  CO_TRY(Lease lease, co_await acquire);
  ClientSession& session = lease.session();
  const RequestHead& head = question(rule.probes, pool_.text(), exchange.arena);
  CO_TRY(Answer answer, co_await session.send(exchange, head, nullptr, timeouts, std::move(lease)));
  std::optional<LoadReport> report;
  // What answers with an error may be quick at that: it must not draw more requests for it.
  if (answer.head.status >= 200 && answer.head.status <= 299) report = report_in(answer.head.fields, rule);
  co_await read_rest(answer);
  co_return report;
}

}  // namespace weir
