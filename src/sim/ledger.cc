// The judgement: what may excuse a request that did not get its answer, and whether anything does.
#include "sim/ledger.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdio>

#include "base/limits.h"

namespace weir::sim {
namespace {

constexpr std::array outcome_names{"still waiting", "unconnected", "answered", "refused", "cut",
                                   "unanswered",    "given up",    "wrong",    "late"};

double milliseconds(Time time) {
  return static_cast<double>((time.time_since_epoch() - std::chrono::hours{1}).count()) / 1e6;
}

bool misbehaves(OriginWay way) {
  return way >= OriginWay::cut_head;
}
bool misbehaves(ClientWay way) {
  return way >= ClientWay::stalled_reader;
}

/// A request that meets nothing but its origin's way.
bool is_plain_get(const RequestPlan& plan) {
  return plan.target == Target::shop && plan.method == "GET" && plan.upload == Framed::nothing &&
         plan.client == ClientWay::plain;
}

/// Above a limit of 300 ms for each try, and what a rough network adds.
constexpr Duration hang_costs_max = std::chrono::seconds{2};
/// A silent way is given up for the other after 250 ms; the connect itself would take a second.
constexpr Duration silence_costs_max = std::chrono::milliseconds{900};

/// An origin closed an idle connection just when this request may have been sent on it, and it could not be sent again.
bool met_stale_connection(const Story& story, const Circumstances& circumstances) {
  if (story.plan.idempotent() && story.plan.upload == Framed::nothing) return false;
  return std::ranges::any_of(circumstances.idle_closes, [&](Time closed) {
    return closed >= story.began - circumstances.news_travels && closed <= story.ended;
  });
}

/// Whether anything but a mistake of the gateway can have kept the answer from being had from the origin.
bool origin_may_fail(const Story& story, const Circumstances& circumstances) {
  const RequestPlan& plan = story.plan;
  if (plan.target == Target::local || plan.target == Target::missing || plan.target == Target::nonsense) return false;
  return circumstances.lossy_origins || misbehaves(plan.origin) || plan.target == Target::deadline ||
         met_stale_connection(story, circumstances);
}

bool client_may_fail(const Story& story, const Circumstances& circumstances) {
  const bool gateway_gone = circumstances.end_began && story.ended >= *circumstances.end_began;
  return gateway_gone || circumstances.lossy_clients || misbehaves(story.plan.client);
}

bool drain_had_begun(const Story& story, const Circumstances& circumstances) {
  return circumstances.drain_began && story.ended >= *circumstances.drain_began;
}

/// The refusals that are right when everything else is.
bool refusal_expected(const Story& story) {
  const unsigned status = story.status;
  switch (story.plan.target) {
    case Target::missing:
      return status == 404;
    case Target::limited:
      return status == 413 && story.plan.upload_bytes > upload_limit;
    case Target::nonsense:
      return status >= 400 && status < 600;
    default:
      return false;
  }
}

std::optional<Violation> judge_refusal(const Story& story, const Circumstances& circumstances) {
  if (refusal_expected(story)) return {};
  if (circumstances.end_began && story.ended >= *circumstances.end_began && story.status == 503) return {};
  if (story.plan.client == ClientWay::stalled_upload && (story.status == 408 || story.status >= 500)) return {};
  if (circumstances.lossy_clients && (story.status == 408 || story.status == 400)) return {};
  // Who waits for 100 (Continue) that no origin says uses up the time of the try.
  const bool nobody_said_go_on = story.plan.expects_continue && story.continue_sent == Time{};
  if (circumstances.tries_limited && nobody_said_go_on && story.status == 504) return {};
  const bool gateway_error = story.status == 502 || story.status == 503 || story.status == 504;
  if (gateway_error && origin_may_fail(story, circumstances)) {
    const bool only_silent = story.plan.origin == OriginWay::silent && !circumstances.lossy_origins &&
                             !client_may_fail(story, circumstances);
    if (only_silent && story.status != 504) return Violation{"answers", "a silent origin is a 504"};
    return {};
  }
  return Violation{"answers", "refused without a reason"};
}

std::optional<Violation> judge_outcome(const Story& story, const Circumstances& circumstances) {
  const bool excused = client_may_fail(story, circumstances);
  switch (story.outcome) {
    case Outcome::waiting:
      return Violation{"answers", "nobody ever answered"};
    case Outcome::wrong:
      return Violation{"content", "an answer that should never have been"};
    case Outcome::late:
      if (circumstances.lossy_clients) return {};
      return Violation{"time", "nothing happened for longer than any timeout"};
    case Outcome::given_up:
      return {};
    case Outcome::answered:
      if (story.plan.target == Target::nonsense || story.plan.target == Target::missing)
        return Violation{"content", "nonsense was answered"};
      if (story.plan.target == Target::limited && story.plan.upload_bytes > upload_limit) {
        return Violation{"content", "an upload passed its limit"};
      }
      return {};
    case Outcome::refused:
      return judge_refusal(story, circumstances);
    case Outcome::unconnected:
      if (excused || drain_had_begun(story, circumstances)) return {};
      return Violation{"answers", "the gateway refused a connection"};
    case Outcome::cut:
      if (excused || origin_may_fail(story, circumstances)) return {};
      return Violation{"answers", "the answer was cut without a reason"};
    case Outcome::unanswered:
      if ((story.behind_close || circumstances.connections_age) && story.reached == 0) return {};
      if (excused) return {};
      if (drain_had_begun(story, circumstances) && story.reached == 0) return {};
      return Violation{drain_had_begun(story, circumstances) ? "drain" : "answers",
                       "the connection ended without an answer"};
  }
  return {};
}

/// Whoever may not name clients, and whoever has to and does not, gets nothing from an origin.
std::optional<Violation> judge_refused_sender(const Story& story, const Circumstances& circumstances) {
  if (story.reached > 0) return Violation{"sender", "reached an origin"};
  if (story.outcome == Outcome::answered) return Violation{"sender", "was answered"};
  if (story.outcome == Outcome::refused && story.status < 400) return Violation{"sender", "was not refused"};
  const bool endless = story.outcome == Outcome::waiting || story.outcome == Outcome::late;
  if (endless && !client_may_fail(story, circumstances)) return Violation{"time", "a sender was waited for"};
  return {};
}

}  // namespace

std::string_view name_of(Outcome outcome) {
  return outcome_names[static_cast<std::size_t>(outcome)];
}

std::optional<Violation> judge(const Story& story, const Circumstances& circumstances) {
  if (is_refused(story.plan.sender)) return judge_refused_sender(story, circumstances);
  if (story.reached > 1 && !story.plan.idempotent())
    return Violation{"once", fmt::format("reached origins {} times", story.reached)};
  const bool may_overlap = circumstances.tries_overlap && story.plan.idempotent();
  if (story.reached_after_answer && !circumstances.lossy_origins && !may_overlap)
    return Violation{"once", "sent again after an answer had begun"};
  if (story.upload_wrong) return Violation{"content", "an origin got another upload than was sent"};
  const bool may_reach = story.plan.target != Target::local && story.plan.target != Target::missing &&
                         story.plan.target != Target::nonsense;
  if (story.reached > 0 && !may_reach) {
    return Violation{"smuggling", "reached an origin"};
  }
  if (story.plan.target == Target::deadline && !client_may_fail(story, circumstances) && story.began != Time{} &&
      story.ended - story.began > std::chrono::seconds{60}) {
    return Violation{"time", "the deadline passed unseen"};
  }
  if (circumstances.hangs_cost_little && story.reached > 0 && is_plain_get(story.plan) &&
      // A try that is still at work may bring something better than an error.
      story.plan.origin == OriginWay::hang_first && story.plan.status < 500 &&
      (story.outcome != Outcome::answered || story.ended - story.began > hang_costs_max)) {
    return Violation{"time", "an origin that hung was waited for"};
  }
  // Nobody else's answer stands before it.
  const bool alone = is_plain_get(story.plan) && story.plan.speaks == Speaks::http2 &&
                     story.plan.origin == OriginWay::plain && story.plan.answer_bytes < 10'000;
  if (circumstances.silence_costs_little && alone && story.outcome == Outcome::answered &&
      story.ended - story.began > silence_costs_max) {
    return Violation{"time", "a silent address family was waited for"};
  }
  if (story.outcome == Outcome::answered && story.reached == 1 && story.plan.client != ClientWay::old_version) {
    if (story.plan.origin == OriginWay::interim && !story.hinted)
      return Violation{"interim", "the early hints were lost"};
    const bool trails =
        story.plan.answer_trailer && story.plan.answer_has_content() && story.plan.answer == Framed::chunked;
    if (trails && !story.trailer_seen) return Violation{"content", "the trailer was lost"};
  }
  if (story.end_was_late && !client_may_fail(story, circumstances))
    return Violation{"time", "the announced end of the connection did not come"};
  return judge_outcome(story, circumstances);
}

Ledger::Ledger(const WorldPlan& plan)
    : held_bytes_max_(2 * (plan.client_link.pipe_bytes + plan.origin_link.pipe_bytes) + 8 * kibibyte),
      resilience_(plan.resilience) {
  for (const ClientPlan& client : plan.clients) {
    for (const ClientConnectionPlan& connection : client.connections) {
      for (const RequestPlan& request : connection.requests) {
        if (stories_.size() < request.id) stories_.resize(request.id);
        stories_[request.id - 1].plan = request;
      }
    }
  }
  circumstances.lossy_clients = plan.client_link.reset > 0 || !plan.aborts.empty();
  circumstances.lossy_origins = plan.origin_link.reset > 0 || !plan.aborts.empty();
  circumstances.tries_overlap = plan.resilience.has_value();
  circumstances.tries_limited = plan.resilience && plan.resilience->attempt_timeout;
  // Of three origins one may be ejected and one hang, and a third is left.
  circumstances.hangs_cost_little =
      plan.resilience && plan.resilience->generous() && plan.aborts.empty() && plan.origins > 2;
  circumstances.silence_costs_little = plan.silent_family && plan.connections_max >= 64 && plan.origin_link.reset == 0;
  circumstances.connections_age = plan.connection_age.has_value();
  circumstances.news_travels = 4 * (plan.origin_link.latency + plan.client_link.latency) + std::chrono::milliseconds{2};
  for (const SimFaults* link : {&plan.origin_link, &plan.client_link}) {
    if (link->delay > 0) circumstances.news_travels += 20 * link->delay_max;
  }
}

Story* Ledger::find(unsigned id) {
  return id >= 1 && id <= stories_.size() ? &stories_[id - 1] : nullptr;
}

void Ledger::violation(std::string checker, std::string text) {
  if (announce) std::fprintf(stderr, "  %s: %s\n", checker.c_str(), text.c_str());
  violations_.push_back({std::move(checker), std::move(text)});
}

void Ledger::say(Time now, std::string_view what) const {
  if (verbose)
    std::fprintf(stderr, "  %10.3f ms  %.*s\n", milliseconds(now), static_cast<int>(what.size()), what.data());
}

void Ledger::check_flow(const Story& story) {
  const auto held = [](ByteCount sent, ByteCount read) { return sent > read ? sent - read : 0; };
  if (story.reached > 1 || story.plan.target == Target::tunnel) return;
  const bool multiplexed = story.plan.speaks == Speaks::http2;
  const ByteCount up = held(story.client_sent, story.origin_read);
  const ByteCount up_max = held_bytes_max_ + (multiplexed ? 3 * limits::h2_stream_window_bytes / 2 : 0);
  // An upload that nobody wants any more is read and forgotten, not held.
  const bool wanted =
      story.reached == 1 && !story.answer_begun && story.plan.target == Target::shop && !misbehaves(story.plan.origin);
  if (up > up_max && wanted && !circumstances.lossy_origins && !circumstances.end_began) {
    violation("memory", fmt::format("{} bytes of an upload lie between client and origin, {} may; {}", up, up_max,
                                    describe(story.plan)));
  }
  const ByteCount down = held(story.origin_sent, story.client_read);
  // A piece that waits for its turn beside those of other streams.
  const ByteCount down_max = held_bytes_max_ + (multiplexed ? 24 * kibibyte : 0);
  if (down > down_max && story.plan.answer_has_content()) {
    violation("memory", fmt::format("{} bytes of an answer lie between origin and client, {} may; {}", down, down_max,
                                    describe(story.plan)));
  }
}

/// Retries and hedges together add no more to the requests than their budgets allow.
void Ledger::check_extra_load() {
  if (!resilience_) return;
  unsigned requests = 0;
  unsigned extra = 0;
  Time first = never;
  Time last{};
  for (const Story& story : stories_) {
    const Target target = story.plan.target;
    if (target != Target::shop && target != Target::tunnel && target != Target::deadline && target != Target::limited)
      continue;
    ++requests;
    if (story.reached == 0) continue;
    extra += story.reached - 1;
    first = std::min(first, story.began);
    last = std::max(last, story.ended);
  }
  // A window of ten seconds looks back: over a longer time a request may be counted in two.
  const unsigned windows = requests == 0 ? 1 : 1 + static_cast<unsigned>((last - first) / std::chrono::seconds{9});
  const unsigned kinds = resilience_->hedge_after ? 2 : 1;
  const unsigned share = kinds * std::min(windows, 2U) * requests * resilience_->share / 100;
  const unsigned always = windows * 10 * resilience_->per_second_min;
  if (extra > share + always) {
    violation("budget", fmt::format("{} requests reached origins {} times more often, {} are allowed", requests, extra,
                                    share + always));
  }
}

void Ledger::judge_all() {
  check_extra_load();
  for (const Story& story : stories_) {
    const std::optional<Violation> verdict = judge(story, circumstances);
    if (!verdict) continue;
    violation(verdict->checker, fmt::format("{}: {} (status {}, reached {}, from {:.3f} ms to {:.3f} ms{}); {}",
                                            verdict->text, name_of(story.outcome), story.status, story.reached,
                                            milliseconds(story.began), milliseconds(story.ended),
                                            story.behind_close ? ", behind a close" : "", describe(story.plan)));
  }
}

}  // namespace weir::sim
