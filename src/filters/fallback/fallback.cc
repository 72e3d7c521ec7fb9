// Wait for the rest, judge what it came to, and perhaps ask the other service.
#include "filters/fallback/fallback.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "server/error_reply.h"
#include "upstream/forget_answer.h"
#include "upstream/replay_body.h"

namespace weir {
namespace {

/// Nobody waits for an answer any more, or it could not be sent.
bool too_late(Code code) {
  return code == Code::canceled || code == Code::request_timeout || code == Code::draining;
}

/// A body that two services are given one after the other. The rest may have put bodies of its own around it, which end
/// with it: so it is not theirs alone.
class KeptBody final : public Body {
 public:
  explicit KeptBody(std::shared_ptr<ReplayBody> kept) : kept_(std::move(kept)) {}

  Task<Result<Piece>> read() override { return kept_->read(); }
  std::optional<Result<Piece>> try_read() override { return kept_->try_read(); }
  [[nodiscard]] std::optional<ByteCount> remaining() const override { return kept_->remaining(); }

 private:
  std::shared_ptr<ReplayBody> kept_;
};

void give(Exchange& exchange, const std::shared_ptr<ReplayBody>& body) {
  exchange.request_body = BodyPointer(exchange.arena.make<KeptBody>(body));
}

/// Keeps what the rest pulls of the request's body, for a service that sends it again; null where none is needed.
std::shared_ptr<ReplayBody> keep_body(Exchange& exchange, const Service& service) {
  if (!service.forwards() || exchange.request_body == nullptr) return nullptr;
  const ByteCount keep_max = is_idempotent(exchange.request.method) ? limits::replay_bytes : 0;
  auto kept = std::make_shared<ReplayBody>(exchange.shard.reactor, std::move(exchange.request_body), keep_max);
  give(exchange, kept);
  return kept;
}

/// Nobody pulls it any more, and it can be begun again.
bool can_be_sent_again(const Exchange& exchange, const std::shared_ptr<ReplayBody>& body) {
  return body == nullptr || (exchange.scope.running() == 0 && body->replayable());
}

}  // namespace

FallbackVerdict decide_fallback(const FallbackFacts& facts) {
  const bool answered = facts.status != 0;
  if (!answered && too_late(facts.error.code)) return {false, "too_late"};
  if (!answered && (facts.error_status < 502 || facts.error_status > 504)) return {false, "not_a_failure"};
  if (facts.forwards) {
    const bool unsent = !answered && (facts.error.retry == Retry::unsent || facts.attempts_made == 0);
    if (!unsent && !facts.idempotent) return {false, "not_idempotent"};
    if (!facts.body_replayable) return {false, "body_not_kept"};
  }
  return {true, answered ? "status" : "failed"};
}

/// What the rest came to needs no second look.
bool Fallback::stands(const Result<Answer>& answer) const {
  return answer && std::ranges::find(rule_.statuses, answer->head.status) == rule_.statuses.end();
}

Reply Fallback::handle(Exchange& exchange, Next next) const {
  const std::shared_ptr<ReplayBody> body = keep_body(exchange, *service_);
  {
    Result<Answer> answer = co_await std::move(next)(exchange);
    if (stands(answer)) co_return answer;
    const FallbackFacts facts{.error = answer ? Error{} : answer.error(),
                              .error_status = answer ? Status{0} : status_of(answer.error()),
                              .status = answer ? answer->head.status : Status{0},
                              .forwards = service_->forwards(),
                              .idempotent = is_idempotent(exchange.request.method),
                              .body_replayable = can_be_sent_again(exchange, body),
                              .attempts_made = exchange.attempts};
    const FallbackVerdict verdict = decide_fallback(facts);
    exchange.record({.room = "fallback",
                     .verdict = verdict.serve ? "served" : "not_served",
                     .subject = rule_.services.front().name,
                     .reason = verdict.reason,
                     .place = rule_.place},
                    facts);
    if (!verdict.serve) co_return answer;
    if (answer) forget_answer(*answer);
  }
  if (body != nullptr) {
    body->rewind();
    give(exchange, body);
  }
  exchange.error_details = nullptr;  // what the error would have said is not said
  exchange.shard.metrics.fallbacks.add();
  co_return co_await service_->handle(exchange);
}

Effect Fallback::rehearse(ImaginedRequest& imagined) const {
  std::string text = "when what stands behind fails";
  for (const Status status : rule_.statuses) text += fmt::format(" or answers {}", status);
  return {.text =
              fmt::format("{}, {} answers: {}", text, rule_.services.front().name, service_->rehearse(imagined).text)};
}

// ---- options ----

namespace {

std::string statuses_complaint(const std::vector<Status>& statuses) {
  const auto wrong = std::ranges::find_if(statuses, [](Status status) { return status < 400 || status > 599; });
  return wrong == statuses.end() ? "" : fmt::format("holds {}, which is no failure; write 400 to 599", *wrong);
}

bool check_service(const Node& node, const Reading& reading, FallbackOptions& options) {
  options.place = node.place();
  if (options.services.size() == 1) return true;
  if (options.services.empty()) {
    return reading.error(node, "no service is given that answers instead", "write respond: { status: 503 }, for one");
  }
  return reading.error(
      options.services[1].place,
      fmt::format("two services, \"{}\" and \"{}\"", options.services[0].name, options.services[1].name),
      "write one of them");
}

std::unique_ptr<const Filter> build(const Node& options, BuildContext& context) {
  auto rule = FallbackOptions::schema().read(options, Reading(context.diagnostics, context.path));
  if (!rule) return {};
  auto service = context.service(rule->services.front());
  if (service == nullptr) return {};
  return std::make_unique<Fallback>(std::move(*rule), std::move(service));
}

}  // namespace

const Schema<FallbackOptions>& FallbackOptions::schema() {
  static const auto schema =
      Schema<FallbackOptions>("fallback",
                              "Lets the service that stands here, under its own name as in a route, answer when what "
                              "stands behind this filter fails.")
          .option("statuses", &FallbackOptions::statuses,
                  {.doc = "Answers that count as failures as well; those that Weir itself would give with 502, 503 or "
                          "504 always do.",
                   .example = "[503]",
                   .complaint = statuses_complaint})
          .rest([](const Node::Member& member, const Reading&, FallbackOptions& options) {
            options.services.push_back(member);
            return true;
          })
          .check(&check_service);
  return schema;
}

const FilterKind& fallback_filter() {
  static constexpr FilterKind kind{.name = "fallback", .schema = &schema_of<FallbackOptions>, .build = &build};
  return kind;
}

}  // namespace weir
