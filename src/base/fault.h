// Mistakes we could have made, planted at run time.
//
// Problem: a simulation that finds nothing proves nothing, unless it is known to find what is there.
// Idea: each fault names one plausible bug. The line that would have it asks `fault(...)`; the simulator switches one
// on and must then report a failure. A question is a relaxed load and a branch; what users run does not even ask.
//
//   if (!fault(Fault::lost_wakeup)) reactor_.schedule(*waiter);
//
// Invariants
//   (1) At most one fault is on, and only a test or the simulator switches it.
//   (2) A fault changes behaviour in the way a human error would: it drops, repeats, reorders or forgets one step. It
//       never breaks memory by itself.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace weir {

// name, and the bug it plants.
#define WEIR_FAULTS(X)                                                                                       \
  /* runtime */                                                                                              \
  X(lost_wakeup, "a waiter whose turn has come is taken from the line and never resumed")                    \
  X(timer_not_canceled, "a deadline stays armed after the work it guards has ended")                         \
  X(timer_never_armed, "a wait with a deadline begins without its timer")                                    \
  X(cancellation_not_inherited, "a scope does not hear that its parent was canceled")                        \
  X(scratch_kept, "bytes in the scratch are used after the coroutine that received them has suspended")      \
  /* HTTP/1 sessions */                                                                                      \
  X(pipelined_bytes_dropped, "bytes behind a message are thrown away instead of beginning the next request") \
  X(request_body_not_drained, "the rest of an unread request body is parsed as the next request")            \
  X(keep_alive_after_error, "a connection is kept after an answer that must close it")                       \
  X(interim_as_final, "a 100 Continue from upstream counts as the final response")                           \
  X(body_on_head_response, "a response to HEAD is sent with a body")                                         \
  X(truncation_hidden, "a body that was cut short is ended as if it were complete")                          \
  /* HTTP/2 sessions */                                                                                      \
  X(stream_credit_lost, "content of a stream is read and the peer is not told that it may send more")        \
  X(connection_credit_lost, "content that arrived is not counted back to the connection")                    \
  X(h2_stream_leaked, "a request that is taken back counts as under way for ever")                           \
  X(h2_reset_unheard, "a request that is taken back is answered all the same")                               \
  /* FastCGI sessions */                                                                                     \
  X(end_request_not_awaited, "closing without END_REQUEST ends an answer as if it were whole")               \
  X(record_padding_kept, "the padding of a record is passed on with its content")                            \
  X(records_not_begun_anew, "the reader of records still stands behind the end of the request before")       \
  X(input_ended_early, "the end of STDIN follows the first piece of an upload")                              \
  /* upstream pool */                                                                                        \
  X(reuse_after_anomaly, "a connection goes back to the pool after a response that did not end cleanly")     \
  X(reuse_unread_bytes, "a connection goes back to the pool with bytes nobody asked for")                    \
  X(double_release, "a lease is counted back twice")                                                         \
  X(lease_leaked, "a lease is forgotten when its request is canceled")                                       \
  X(idle_close_unseen, "an idle pooled connection that the upstream closed is handed out")                   \
  X(waiter_starved, "a freed connection goes to a newcomer although somebody waits in line")                 \
  X(unsafe_retry, "a POST that may have reached the upstream is sent again")                                 \
  X(retry_after_response_began, "a request is tried again after response bytes went to the client")          \
  X(retry_budget_ignored, "requests are tried again however many have been in the last seconds")             \
  X(attempt_never_ends, "a try that takes longer than it may is waited for")                                 \
  X(hedge_unsafe, "a POST that takes long is sent to a second endpoint as well")                             \
  X(hedge_loser_kept, "the slower of two tries goes on when the other has answered")                         \
  /* streaming */                                                                                            \
  X(piece_repeated, "a piece that the kernel took in part is sent again from its beginning")                 \
  X(piece_skipped, "what the kernel did not take of a piece is not sent")                                    \
  X(backpressure_ignored, "a body is read on although the other side has stopped taking it")                 \
  X(upload_outlives_exchange, "the upload goes on after the response has ended")                             \
  /* drain, reload, finishers */                                                                             \
  X(drain_cuts_request, "a drain closes a connection with a request in flight")                              \
  X(drain_forgets_idle, "a drain waits for idle keep-alive connections instead of closing them")             \
  X(accept_after_drain, "a listener accepts after the drain has begun and nobody serves what it accepted")   \
  X(body_cut_on_reload, "a reload ends the bodies of requests that began before it")                         \
  X(reload_forgotten, "a core goes on with the configuration it had")                                        \
  X(snapshot_freed_early, "a request in flight loses its configuration at a reload")                         \
  X(finisher_skipped, "an aborted request runs no finishers")                                                \
  X(finisher_repeated, "a request runs its finishers at its response and again at its connection's end")     \
  X(tunnel_half_close_lost, "a tunnel closes both directions when one of them ends")                         \
  /* hedges, and answers that are held */                                                                    \
  X(hedge_budget_ignored, "requests are hedged however many have been in the last seconds")                  \
  X(held_answer_passed_early, "an answer that should be held is passed on when its head is here")            \
  X(held_answer_called_stale, "a held answer that breaks off counts as a stale connection")                  \
  /* health */                                                                                               \
  X(failed_check_passes, "a health check that failed counts as passed")                                      \
  X(checks_end_with_failure, "an endpoint is checked no more after its first bad answer")                    \
  X(failures_not_counted, "failures in a row of an endpoint are not counted")                                \
  X(ejection_never_ends, "an endpoint that was ejected is not used again")                                   \
  X(panic_forgotten, "when no endpoint is healthy, nobody is asked")                                         \
  X(names_forgotten, "a look-up that fails takes the addresses away that were known")                        \
  /* overload */                                                                                             \
  X(place_kept, "a request that its client gave up keeps its place in the bulkhead")                         \
  X(places_not_counted, "a place is given although none is free")                                            \
  X(line_waits_for_ever, "whoever waits for a place is never let go")                                        \
  X(breaker_never_opens, "a circuit stays closed whatever fails")                                            \
  X(breaker_never_closes, "probes that succeed do not close a circuit")                                      \
  X(breaker_admits_all, "a half-open circuit lets everybody through")                                        \
  /* HTTP/2 sessions */                                                                                      \
  X(stream_credit_twice, "content of a stream that is read is counted back twice")                           \
  X(stream_credit_astray, "content of a stream that is read is counted back to the one asked before")        \
  X(h2_end_only_announced, "a connection that is to end says so, and goes on when the client has heard")     \
  X(h2_last_stream_passed, "a request is served although the GOAWAY says that it is not")                    \
  X(h2_goaway_unheard, "requests go on being sent on a connection that its upstream is about to end")        \
  /* PROXY headers */                                                                                        \
  X(proxy_header_not_awaited, "a connection that has to begin with a PROXY header is served without")        \
  X(proxy_client_forgotten, "whom a PROXY header names is not taken over")                                   \
  X(proxy_tail_lost, "bytes that come in one piece with a PROXY header are lost with it")                    \
  X(introduction_forgotten, "a connection to an upstream does not begin with the header that it should")     \
  X(introduction_shared, "a connection that was introduced as one client's carries another's request")       \
  /* upstreams */                                                                                            \
  X(family_race_forgotten, "when the way of one address family is silent, the other is not asked")           \
  X(quickest_report_ignored, "of the servers that reported their load the slowest is picked")                \
  X(standing_unheard, "what checks found is not told to whoever picks, when failures are looked at first")   \
  /* gRPC, and owners of small limits */                                                                     \
  X(grpc_told_in_http, "an error is told to a client of gRPC as a page of HTTP")                             \
  X(owner_lost_unseen, "an owner of small limits that answers nobody goes on being asked")                   \
  X(owner_without_majority, "an owner of small limits decides although it belongs to no majority")

enum class Fault : std::uint16_t {
  none,
#define WEIR_FAULT_ENUM(name, sentence) name,
  WEIR_FAULTS(WEIR_FAULT_ENUM)
#undef WEIR_FAULT_ENUM
};

inline constexpr std::size_t fault_count = 0
#define WEIR_FAULT_COUNT(name, sentence) +1
    WEIR_FAULTS(WEIR_FAULT_COUNT)
#undef WEIR_FAULT_COUNT
    ;

/// The fault that is on; use fault() and PlantedFault.
inline constinit std::atomic<Fault> planted_fault{Fault::none};

/// Whether this mistake is to be made. Off unless the simulator or a test says otherwise; a build without either
/// (WEIR_NO_FAULTS) makes none and does not ask.
[[nodiscard]] inline bool fault([[maybe_unused]] Fault point) {
#ifdef WEIR_NO_FAULTS
  return false;
#else
  return planted_fault.load(std::memory_order_relaxed) == point;
#endif
}

/// Switches one fault on for as long as it lives.
class PlantedFault {
 public:
  explicit PlantedFault(Fault point) { planted_fault.store(point, std::memory_order_relaxed); }
  PlantedFault(const PlantedFault&) = delete;
  PlantedFault& operator=(const PlantedFault&) = delete;
  ~PlantedFault() { planted_fault.store(Fault::none, std::memory_order_relaxed); }
};

/// `lost_wakeup`; `none` for Fault::none.
std::string_view name_of(Fault point);
/// The bug it plants, without a full stop.
std::string_view sentence_of(Fault point);
/// By name, for the simulator's command line.
std::optional<Fault> fault_named(std::string_view name);

}  // namespace weir
