// What befalls origins, and who asks meanwhile.
#include "sim/rehearsal.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>

#include "net/connect.h"

namespace weir::sim {
namespace {

using namespace std::chrono_literals;

constexpr Duration calm = 3s;
constexpr Duration trouble = 4s;
constexpr Duration after = 5'500ms;
constexpr unsigned per_second = 60;
// Beside a bulkhead of 8 before answers of 50 ms, which are 160 a second.
constexpr unsigned crowd_per_second = 320;
constexpr Duration well_takes = 5ms;
constexpr Duration slow_takes = 50ms;
constexpr Duration error_takes = 100ms;  // so that whoever is let through half-open meets others
constexpr ByteCount answer_bytes = 1'000;
constexpr Duration patience_of_clients = 3s;
constexpr Duration hurry = 20ms;  // of those who leave
constexpr unsigned burst = 30;
constexpr std::uint64_t page = 1;

/// Stays in one place while a request is being answered.
class Presence {
 public:
  Presence(unsigned& count, unsigned& most) : count_(count) { most = std::max(most, ++count_); }
  Presence(const Presence&) = delete;
  Presence& operator=(const Presence&) = delete;
  ~Presence() { --count_; }

 private:
  unsigned& count_;
};

}  // namespace

std::string_view name_of(Mishap mishap) {
  static constexpr std::array<std::string_view, mishaps> names{"killed", "stopped",     "slow",     "hanging",
                                                               "half",   "resetting",   "dripping", "names",
                                                               "all",    "all failing", "crowded"};
  return names[static_cast<std::size_t>(mishap)];
}

std::string rehearsed_options(const WorldPlan& plan) {
  switch (plan.rehearsal->mishap) {
    case Mishap::errors:
      return "\n    circuit_breaker: { failures_percent: 50, minimum: 10, window: 1s, open: 1s, open_max: 1s, probes: "
             "3 }";
    case Mishap::crowd:
      return "\n    concurrency: { limit: 8, queue: 100, wait: 200ms }";
    default:
      return fmt::format("\n    balance: {}",
                         plan.seed % 2 == 0 ? "least_request" : "{ reported_load: { probe: /load } }") +
             R"(
    resolve_every: 1s
    retries: { statuses: [502, 503], held_answer: 64KiB, budget: { share: 20%, per_second_min: 0 } }
    hedge: { after: p95, budget: 5% }
    health: { http: /healthz, every: 1s, timeout: 500ms, retry_every: 200ms, down_after: 2, up_after: 2 }
    outliers: { consecutive_errors: 3, ejection: 2s, ejected_max: 50%, interval: 1s, requests_min: 20,
                latency_factor: 4 })";
  }
}

// ---- origins

void RehearsedOrigin::suffer(std::optional<Mishap> mishap) {
  mishap_ = mishap;
  if (mishap != Mishap::kill && mishap != Mishap::all) return;
  const std::vector<CancellationRegion*> dying = open_;
  for (CancellationRegion* region : dying) region->cancel(gateway_error(Code::canceled));
}

Task<RehearsedOrigin::Then> RehearsedOrigin::converse(Wire& wire) {
  CancellationRegion region(co_await current_cancellation{});
  open_.push_back(&region);
  const Then then = co_await converse_until_killed(wire).under(region.inner());
  std::erase(open_, &region);
  co_return suffers(Mishap::kill) || suffers(Mishap::all) ? Then::reset : then;
}

Task<RehearsedOrigin::Then> RehearsedOrigin::converse_until_killed(Wire& wire) {
  Then then = Then::next_request;
  while (then == Then::next_request) {
    Head head;
    if (co_await wire.read_head(head, 1h) != Ending::whole) co_return Then::close;
    const bool health = head.start.contains("/healthz");
    then = co_await answer(wire, health ? Asks::health : head.start.contains("/load") ? Asks::load : Asks::page);
  }
  co_return then;
}

Task<RehearsedOrigin::Then> RehearsedOrigin::answer(Wire& wire, Asks asks) {
  std::optional<Presence> presence;
  std::optional<Presence> presence_here;
  if (asks == Asks::page) {
    ++arrived;
    last_arrival = reactor_.now();
    if (mishap_) arrivals_while_ill.push_back(last_arrival);
    presence.emplace(rehearsal_.in_flight_, rehearsal_.in_flight_most_);
    presence_here.emplace(in_flight_, in_flight_most_);
  }
  while (suffers(Mishap::stop)) {
    if (!co_await Sleep(reactor_, 10ms)) co_return Then::close;
  }
  if (suffers(Mishap::hang)) {
    std::string never;
    co_await wire.read_some(never, 1);  // until the gateway gives up
    co_return Then::close;
  }
  const bool slow = suffers(Mishap::slow) || suffers(Mishap::crowd);
  const Duration takes = slow ? slow_takes : suffers(Mishap::errors) ? error_takes : well_takes;
  if (asks != Asks::page) {
    const Result<void> sent =
        co_await wire.send(fmt::format("HTTP/1.1 200 OK\r\nendpoint-load-metrics: TEXT named_metrics.in_flight={}, "
                                       "named_metrics.latency_ms={}\r\ncontent-length: 0\r\n\r\n",
                                       in_flight_, takes / 1ms));
    co_return sent ? Then::next_request : Then::close;
  }
  // Whoever is given up stops at once: what nobody waits for must not count as being answered.
  std::string nothing;
  if (co_await wire.read_some(nothing, 1, takes) != Ending::late) co_return Then::close;
  presence.reset();
  if (suffers(Mishap::half) || suffers(Mishap::reset) || suffers(Mishap::drip)) co_return co_await send_part(wire);
  const Result<void> sent =
      suffers(Mishap::errors)
          ? co_await wire.send("HTTP/1.1 500 Failed\r\ncontent-length: 0\r\n\r\n")
          : co_await wire.send(
                fmt::format("HTTP/1.1 200 OK\r\nx-origin: {}\r\ncontent-length: {}\r\n\r\n", number_, answer_bytes) +
                content(content_id(page, Part::answer), 0, answer_bytes));
  co_return sent ? Then::next_request : Then::close;
}

/// The head, and less than all of what it promises.
Task<RehearsedOrigin::Then> RehearsedOrigin::send_part(Wire& wire) {
  const std::string whole = content(content_id(page, Part::answer), 0, answer_bytes);
  const std::string part = suffers(Mishap::half) ? whole.substr(0, answer_bytes / 2) : "";
  const Result<void> sent =
      co_await wire.send(fmt::format("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", answer_bytes) + part);
  if (!sent || suffers(Mishap::half)) co_return Then::close;
  if (suffers(Mishap::reset)) {
    co_await Sleep(reactor_, 2ms);
    co_return Then::reset;
  }
  for (std::size_t at = 0; at < whole.size(); ++at) {
    if (!co_await wire.send(whole.substr(at, 1)) || !co_await Sleep(reactor_, 100ms)) co_return Then::close;
  }
  co_return Then::next_request;
}

// ---- clients

Rehearsal::Rehearsal(Reactor& client_reactor, SimNetwork& network, Ledger& ledger, const WorldPlan& plan)
    : reactor_(client_reactor),
      network_(network),
      ledger_(ledger),
      plan_(plan),
      scope_(client_reactor),
      random_(plan.seed + 300) {}

std::unique_ptr<RehearsedOrigin> Rehearsal::make_origin(Reactor& reactor, const SocketAddress& address,
                                                        unsigned number) {
  auto origin = std::make_unique<RehearsedOrigin>(*this, reactor, ledger_, plan_, address, number);
  origins_.push_back(origin.get());
  addresses_.push_back(address);
  return origin;
}

Task<void> Rehearsal::run(SocketAddress gateway, std::function<void(bool)> names_known) {
  gateway_ = gateway;
  const Mishap mishap = plan_.rehearsal->mishap;
  co_await ask_for(calm, per_second);
  began_ = reactor_.now();
  befall(mishap);
  if (mishap == Mishap::names) scope_.spawn(flap(std::move(names_known)));
  co_await ask_for(trouble, mishap == Mishap::crowd ? crowd_per_second : per_second);
  ended_ = reactor_.now();
  befall({});
  const unsigned at_once = mishap == Mishap::all ? burst : 0;
  for (unsigned count = 0; count < at_once; ++count) scope_.spawn(ask(asked_.emplace_back(Asked{.due = ended_})));
  co_await ask_for(after, per_second);
  co_await scope_.join();
}

void Rehearsal::befall(std::optional<Mishap> mishap) {
  const bool kills = plan_.rehearsal->mishap == Mishap::kill || plan_.rehearsal->mishap == Mishap::all;
  for (unsigned number = 0; number < origins_.size(); ++number) {
    if (!befalls_all(plan_.rehearsal->mishap) && number != plan_.rehearsal->origin) continue;
    if (kills) network_.faults_at(addresses_[number]).refuse_connect = mishap ? 1 : 0;
    origins_[number]->suffer(mishap);
  }
}

/// Names come and go; they are known when it is over.
Task<void> Rehearsal::flap(std::function<void(bool)> names_known) {
  for (const Time end = reactor_.now() + trouble; reactor_.now() < end;) {
    names_known(random_.chance(0.3));
    if (!co_await Sleep(reactor_, 300ms)) break;
  }
  names_known(true);
}

/// An open loop: arrivals as independent as those of many people.
Task<void> Rehearsal::ask_for(Duration time, unsigned per_second_now) {
  const Time end = reactor_.now() + time;
  while (true) {
    const double uniform = static_cast<double>(random_.next() >> 11) * 0x1.0p-53;
    const double seconds = -std::log(1 - uniform) / per_second_now;
    const auto gap = Duration{static_cast<std::int64_t>(seconds * 1e9)};
    if (reactor_.now() + gap >= end) break;
    if (!co_await Sleep(reactor_, gap)) co_return;
    scope_.spawn(ask(asked_.emplace_back(Asked{.due = reactor_.now()})));
  }
  co_await Sleep(reactor_, end - reactor_.now());
}

Task<void> Rehearsal::ask(Asked& asked) {
  // Whoever leaves must leave nothing behind; only where there is a line.
  asked.left = plan_.rehearsal->mishap == Mishap::crowd && random_.chance(0.1);
  const Duration longest = asked.left ? hurry : patience_of_clients;
  auto opened = co_await weir::connect(reactor_, {gateway_}, 1s);
  if (opened) {
    if (asked.left) (*opened)->reset_on_close();  // an orderly end might only say that nothing more is asked
    Wire wire(**opened);
    Head head;
    const Result<void> sent =
        co_await wire.send("GET /shop/1 HTTP/1.1\r\nhost: shop.test\r\nconnection: close\r\n\r\n");
    if (sent && co_await wire.read_head(head, longest) == Ending::whole) {
      ContentCheck check(content_id(page, Part::answer), answer_bytes);
      ByteCount arrived = 0;
      asked.status = head.status();
      const bool whole = asked.status != 200 || (co_await wire.read_content(head, framing_of(head, true, true), check,
                                                                            arrived) == Ending::whole &&
                                                 check.whole());
      if (!whole) asked.status = 0;
    }
  }
  asked.ended = reactor_.now();
}

std::size_t Rehearsal::answered() const {
  return static_cast<std::size_t>(
      std::ranges::count_if(asked_, [](const Asked& asked) { return asked.status == 200; }));
}

}  // namespace weir::sim
