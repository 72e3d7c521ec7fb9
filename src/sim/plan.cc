// Drawing a world from its seed: who takes part, who asks what of whom, and what goes wrong.
#include "sim/plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/random.h"
#include "sim/rehearsal.h"

namespace weir::sim {
namespace {

using namespace std::chrono_literals;

template <typename T, std::size_t size>
T one_of(Random& random, const std::array<T, size>& choices) {
  return choices[random.below(size)];
}

Duration up_to(Random& random, Duration most) {
  return Duration{static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(most.count()) + 1))};
}

constexpr std::array odd_origins{OriginWay::slow,  OriginWay::bursty,      OriginWay::interim,
                                 OriginWay::early, OriginWay::early_close, OriginWay::close_after};
constexpr std::array bad_origins{OriginWay::cut_head,   OriginWay::reset_at_once, OriginWay::interim_reset,
                                 OriginWay::cut_body,   OriginWay::reset_in_body, OriginWay::bad_head,
                                 OriginWay::bad_chunk,  OriginWay::silent,        OriginWay::extra_bytes,
                                 OriginWay::extra_bytes};
constexpr std::array odd_clients{ClientWay::slow_reader, ClientWay::half_close, ClientWay::old_version,
                                 ClientWay::asks_close, ClientWay::hush_on_early_answer};
constexpr std::array bad_clients{ClientWay::stalled_reader, ClientWay::abort_in_upload, ClientWay::abort_in_answer,
                                 ClientWay::stalled_upload};

class Draw {
 public:
  explicit Draw(std::uint64_t seed) : random_(seed * 2 + 1), ways_to_speak_(seed * 2) {
    plan_.seed = seed;
    plan_.scenario = &scenario_of(seed);
  }

  WorldPlan world() {
    const Scenario& scenario = *plan_.scenario;
    if (scenario.rehearsal) return rehearsal();
    plan_.shards = 1 + static_cast<unsigned>(random_.below(3));
    plan_.origins = 1 + static_cast<unsigned>(random_.below(3));
    plan_.origins_by_name = random_.chance(0.3);
    // Where origins hang, it is judged who could have been asked instead: there each name is one endpoint.
    plan_.silent_family = plan_.origins_by_name && plan_.seed % 2 == 0 && scenario.failing == 0;
    crowded_ = random_.chance(scenario.crowded);
    if (crowded_) plan_.connections_max = 1 + static_cast<unsigned>(random_.below(2));
    if (random_.chance(scenario.idle_close)) plan_.idle_close = 2ms + up_to(random_, 30ms);
    if (random_.chance(0.2)) plan_.requests_per_connection = 1 + static_cast<unsigned>(random_.below(4));
    if (random_.chance(0.1)) plan_.connection_age = 1ms + up_to(random_, 40ms);
    plan_.client_link = link(scenario.lossy_clients);
    plan_.origin_link = link(scenario.lossy_origins);
    if (scenario.lossy_origins) {
      plan_.origin_link.refuse_connect = 0.05;
      plan_.origin_link.hang_connect = 0.02;
    }
    if (scenario.failing > 0) draw_resilience();
    draw_configurations();
    if (ways_to_speak_.chance(0.15)) plan_.introduced = ways_to_speak_.chance(0.5) ? Introduced::v1 : Introduced::v2;
    if (ways_to_speak_.chance(0.2)) plan_.streams_per_connection = 1 + static_cast<unsigned>(ways_to_speak_.below(4));
    draw_clients();
    if (random_.chance(scenario.drain)) draw_drain();
    if (random_.chance(scenario.forced_end)) plan_.end_at = 1ms + up_to(random_, 60ms);
    return std::move(plan_);
  }

 private:
  WorldPlan rehearsal() {
    plan_.shards = 1 + static_cast<unsigned>(random_.below(3));
    plan_.origins = 3;
    plan_.client_link = link(false);
    plan_.origin_link = link(false);
    plan_.configurations.push_back({.origins = {0, 1, 2}});
    // One after the other, so that few seeds show all.
    const std::uint64_t turn = plan_.seed / scenarios().size();
    plan_.rehearsal = {.mishap = static_cast<Mishap>(turn % mishaps),
                       .origin = static_cast<unsigned>(random_.below(3))};
    plan_.origins_by_name = plan_.rehearsal->mishap == Mishap::names;
    return std::move(plan_);
  }

  SimFaults link(bool lossy) {
    SimFaults faults;
    faults.latency = std::chrono::microseconds{random_.below(400)};
    faults.pipe_bytes = (8 * kibibyte) << random_.below(3);
    faults.defer_completion = random_.chance(0.5) ? 0.3 : 0;
    if (random_.chance(plan_.scenario->rough)) {
      faults.partial_read = 0.2;
      faults.partial_write = 0.1;
      faults.delay = 0.2;
      faults.split = 0.2;
      faults.delay_max = 3ms;
    }
    if (lossy) {
      faults.reset = 0.15;
      faults.vanish = 0.05;
      faults.fate_within = 200ms;
      faults.fate_bytes = 8 * kibibyte;
    }
    return faults;
  }

  void draw_resilience() {
    ResiliencePlan& plan = plan_.resilience.emplace();
    plan_.origins = 2 + static_cast<unsigned>(random_.below(2));
    const bool hedges = random_.chance(0.5);
    if (hedges) plan.hedge_after = 20ms;
    if (!hedges || random_.chance(0.3)) plan.attempt_timeout = 300ms;
    if (random_.chance(0.5)) return;
    plan.share = 10;
    plan.per_second_min = 0;
  }

  bool even(const SimFaults& faults) const {
    return faults.split == 0 && faults.partial_write == 0 && faults.delay == 0;
  }

  void draw_configurations() {
    ConfigurationPlan all;
    for (unsigned origin = 0; origin < plan_.origins; ++origin) all.origins.push_back(origin);
    plan_.configurations.push_back(all);
    const auto reloads = random_.below(plan_.scenario->reloads + std::uint64_t{1});
    Duration at{};
    for (std::uint64_t reload = 0; reload < reloads; ++reload) {
      at += 1ms + up_to(random_, 60ms);
      ConfigurationPlan next{.at = at, .origins = {}};
      for (unsigned origin = 0; origin < plan_.origins; ++origin) {
        if (random_.chance(0.6)) next.origins.push_back(origin);
      }
      if (next.origins.empty()) next.origins.push_back(static_cast<unsigned>(random_.below(plan_.origins)));
      plan_.configurations.push_back(next);
    }
  }

  void draw_clients() {
    const auto clients = crowded_ ? 5 + random_.below(6) : 2 + random_.below(4);
    for (std::uint64_t number = 0; number < clients; ++number) {
      ClientPlan client;
      const auto connections = 1 + random_.below(3);
      for (std::uint64_t at = 0; at < connections; ++at)
        client.connections.push_back(connection(crowded_ ? 1ms : 30ms));
      plan_.clients.push_back(std::move(client));
    }
  }

  // Some arrive in the very moment in which the gateway is asked to end.
  void draw_drain() {
    const auto rush = random_.below(4);
    const Duration moment = std::chrono::milliseconds{1 + random_.below(80)};  // timers fire at whole milliseconds
    plan_.drain_at = moment + plan_.client_link.latency;
    for (std::uint64_t late = 0; late < rush; ++late) {
      ClientConnectionPlan arriving = connection(Duration{});
      arriving.pause = moment;
      plan_.clients.push_back({{arriving}});
    }
  }

  ClientConnectionPlan connection(Duration pause_most) {
    ClientConnectionPlan made{.pause = up_to(random_, pause_most), .requests = {}};
    // Where tries are timed, nobody waits behind somebody else's.
    if (!plan_.resilience && random_.chance(0.3)) made.depth = 2 + static_cast<unsigned>(random_.below(4));
    made.held_open = random_.chance(0.3);
    const auto requests = 1 + random_.below(5);
    for (std::uint64_t at = 0; at < requests; ++at) made.requests.push_back(request());
    draw_sender(made);
    if (ways_to_speak_.chance(plan_.scenario->http2)) speak_http2(made);
    for (RequestPlan& each : made.requests) {
      each.speaks = made.speaks;
      each.sender = made.sender;
    }
    return made;
  }

  void draw_sender(ClientConnectionPlan& made) {
    made.variant = static_cast<unsigned>(ways_to_speak_.below(64));
    made.named_client = 1 + static_cast<unsigned>(ways_to_speak_.below(200));
    if (!ways_to_speak_.chance(0.15)) return;
    made.sender = one_of(ways_to_speak_, std::array{Sender::v1, Sender::v1, Sender::v2, Sender::v2, Sender::v2,
                                                    Sender::local, Sender::malformed, Sender::unasked});
  }

  // Many at once; and now and then so much is uploaded that a connection's credit would be used up if it were not given
  // back.
  void speak_http2(ClientConnectionPlan& made) {
    Random& random = ways_to_speak_;
    made.speaks = Speaks::http2;
    made.depth = 1 + static_cast<unsigned>(random.below(8));
    made.stream_window = one_of<std::uint32_t>(random, std::array{65'535U, 65'535U, 65'535U, 16'384U, 2'000U, 0U});
    std::swap(random_, ways_to_speak_);
    const auto more = random_.below(6);
    for (std::uint64_t count = 0; count < more; ++count) made.requests.push_back(request());
    if (random_.chance(plan_.scenario->big / 2)) {
      for (unsigned count = 0; count < 6; ++count) made.requests.push_back(large_upload());
    }
    std::swap(random_, ways_to_speak_);
    for (RequestPlan& each : made.requests) fit_http2(each);
  }

  RequestPlan large_upload() {
    RequestPlan made = request();
    made.target = Target::shop;
    made.method = "POST";
    made.upload = Framed::length;
    made.upload_bytes = 120'000 + random_.below(100'000);
    made.upload_trailer = false;
    made.origin = OriginWay::plain;
    made.client = ClientWay::plain;
    return made;
  }

  // Ends of connections are no ways of requests here.
  static void fit_http2(RequestPlan& request) {
    const bool of_http1 = request.client == ClientWay::half_close || request.client == ClientWay::old_version ||
                          request.client == ClientWay::asks_close;
    if (of_http1) request.client = ClientWay::plain;
    const bool may_be_refused = request.target == Target::missing || request.target == Target::deadline;
    request.grpc = may_be_refused && request.variant % 2 == 0;
  }

  RequestPlan request() {
    const Scenario& scenario = *plan_.scenario;
    RequestPlan made;
    made.id = ++last_id_;
    made.target = target();
    made.variant = static_cast<unsigned>(random_.below(16));
    draw_answer(made);
    const bool uploads =
        made.target != Target::tunnel && made.target != Target::nonsense && random_.chance(scenario.upload);
    if (uploads) draw_upload(made);
    if (!uploads && made.target != Target::tunnel && made.target != Target::nonsense) {
      made.method =
          one_of<const char*>(random_, std::array{"GET", "GET", "GET", "HEAD", "POST", "POST", "DELETE", "OPTIONS"});
    }
    if (made.target == Target::tunnel) {
      made.upload_bytes = random_.below(20'000);
      made.answer_bytes = random_.below(3'000);
      made.answer_trailer = false;
    }
    draw_ways(made);
    const bool both = made.answer_bytes + made.upload_bytes > 0;
    made.turning_point = both ? random_.below(std::max(made.answer_bytes, made.upload_bytes)) : 0;
    return made;
  }

  Target target() {
    const Scenario& scenario = *plan_.scenario;
    if (random_.chance(scenario.bad_client / 3)) return Target::nonsense;
    if (random_.chance(scenario.tunnel)) return Target::tunnel;
    if (random_.chance(scenario.local)) return random_.chance(0.7) ? Target::local : Target::missing;
    if (random_.chance(scenario.limited)) return Target::limited;
    if (random_.chance(scenario.deadline)) return Target::deadline;
    return random_.chance(scenario.application) ? Target::application : Target::shop;
  }

  void draw_answer(RequestPlan& request) {
    request.status = one_of<unsigned>(random_, std::array{200U, 200U, 200U, 200U, 200U, 204U, 304U, 404U, 500U});
    request.answer = one_of(
        random_, std::array{Framed::length, Framed::length, Framed::chunked, Framed::chunked, Framed::until_close});
    request.answer_bytes = random_.chance(0.2) ? 0 : random_.below(6'000);
    if (random_.chance(plan_.scenario->big)) request.answer_bytes = 150'000 + random_.below(150'000);
    request.answer_trailer = request.answer == Framed::chunked && random_.chance(0.3);
  }

  void draw_upload(RequestPlan& request) {
    request.method = one_of<const char*>(random_, std::array{"POST", "POST", "PUT", "PATCH"});
    request.upload = one_of(random_, std::array{Framed::length, Framed::chunked});
    request.upload_bytes = random_.chance(0.1) ? 0 : random_.below(5'000);
    if (random_.chance(plan_.scenario->big)) request.upload_bytes = 100'000 + random_.below(150'000);
    request.upload_trailer = request.upload == Framed::chunked && random_.chance(0.3);
    request.expects_continue = request.upload_bytes > 0 && random_.chance(0.2);
  }

  void draw_ways(RequestPlan& request) {
    const Scenario& scenario = *plan_.scenario;
    const bool reaches_origin = request.target == Target::shop || request.target == Target::application;
    if (request.target == Target::deadline) request.origin = OriginWay::slow;
    if (reaches_origin && random_.chance(scenario.odd_origin)) request.origin = one_of(random_, odd_origins);
    if (reaches_origin && random_.chance(scenario.bad_origin)) request.origin = one_of(random_, bad_origins);
    if (request.target == Target::shop && scenario.failing > 0 && random_.chance(scenario.failing))
      request.origin = random_.chance(0.5) ? OriginWay::unavailable : OriginWay::hang_first;
    if (request.target == Target::application) fit_application(request);
    fit_origin(request);
    if (request.target == Target::nonsense) return;
    if (request.target != Target::tunnel && random_.chance(scenario.odd_client))
      request.client = one_of(random_, odd_clients);
    if (random_.chance(scenario.bad_client)) request.client = one_of(random_, bad_clients);
    fit_client(request);
  }

  // FastCGI knows no interim answers, no trailers, and one end of an answer, whether its length was said or not.
  static void fit_application(RequestPlan& request) {
    if (request.origin == OriginWay::interim) request.origin = OriginWay::plain;
    if (request.origin == OriginWay::interim_reset) request.origin = OriginWay::cut_head;
    if (request.answer == Framed::until_close) request.answer = Framed::chunked;
    request.answer_trailer = false;
  }

  // Some ways need an answer of a certain shape.
  void fit_origin(RequestPlan& request) {
    switch (request.origin) {
      case OriginWay::cut_body:
      case OriginWay::reset_in_body:
        if (request.answer == Framed::until_close) request.answer = Framed::chunked;
        request.answer_bytes = std::max<ByteCount>(request.answer_bytes, 2);
        break;
      case OriginWay::bad_chunk:
        request.answer = Framed::chunked;
        break;
      case OriginWay::extra_bytes:
        // The bytes must come in one piece with the answer: what arrives later cannot be told from the next answer.
        if (!even(plan_.origin_link)) request.origin = OriginWay::plain;
        if (request.answer == Framed::until_close) request.answer = Framed::length;
        request.answer_bytes = std::min<ByteCount>(request.answer_bytes, 2'000);
        break;
      case OriginWay::early:
      case OriginWay::early_close:
        if (request.upload_bytes == 0) request.origin = OriginWay::plain;
        // Closing on unread bytes resets: an answer that ends with the connection would be cut for good reason.
        if (request.origin == OriginWay::early_close && request.answer == Framed::until_close)
          request.answer = Framed::length;
        break;
      default:
        break;
    }
  }

  static void fit_client(RequestPlan& request) {
    const bool uploads = request.upload_bytes > 0;
    const bool needs_upload =
        request.client == ClientWay::abort_in_upload || request.client == ClientWay::stalled_upload;
    if (needs_upload && !uploads) request.client = ClientWay::abort_in_answer;
    if (request.client == ClientWay::hush_on_early_answer && !uploads) request.client = ClientWay::slow_reader;
    if (request.client == ClientWay::stalled_reader)
      request.answer_bytes = std::max<ByteCount>(request.answer_bytes, 150'000);
    if (request.client == ClientWay::old_version) {
      request.expects_continue = false;
      if (request.upload == Framed::chunked) request.upload = Framed::length;
      request.upload_trailer = false;
    }
  }

  Random random_;
  Random ways_to_speak_;  // of its own: what else there is in a world does not change with it
  WorldPlan plan_;
  unsigned last_id_ = 0;
  bool crowded_ = false;
};

constexpr std::array target_names{"shop",    "local",  "missing",  "deadline",
                                  "limited", "tunnel", "nonsense", "application"};
constexpr std::array framed_names{"no content", "length", "chunked", "until close"};
constexpr std::array origin_names{"plain",         "slow",        "bursty",        "interim",  "early",
                                  "early_close",   "close_after", "extra_bytes",   "cut_head", "reset_at_once",
                                  "interim_reset", "cut_body",    "reset_in_body", "bad_head", "bad_chunk",
                                  "silent",        "unavailable", "hang_first"};
constexpr std::array client_names{"plain",           "slow_reader",          "half_close",     "old_version",
                                  "asks_close",      "hush_on_early_answer", "stalled_reader", "abort_in_upload",
                                  "abort_in_answer", "stalled_upload"};

constexpr std::array sender_names{
    "", ", named by v1", ", named by v2", ", a sender's own", ", malformed sender", ", a sender nobody asked"};

template <typename Names, typename Value>
const char* name_of(const Names& names, Value value) {
  return names[static_cast<std::size_t>(value)];
}

std::string describe(const char* whose, const SimFaults& faults) {
  const bool rough = faults.split > 0;
  return fmt::format("  {}: {} us one way, {} KiB of buffer{}{}{}\n", whose, faults.latency.count() / 1000,
                     faults.pipe_bytes / kibibyte, rough ? ", rough" : "",
                     faults.defer_completion > 0 ? ", deferred" : "", faults.reset > 0 ? ", lossy" : "");
}

}  // namespace

WorldPlan plan_world(std::uint64_t seed) {
  return Draw(seed).world();
}

std::string describe(const RequestPlan& request) {
  return fmt::format(
      "request {} {} {} upload {} {}{}{}, answer {} {} {}{}, origin {}, client {}, turning point {}{}{}{}", request.id,
      request.method, name_of(target_names, request.target), request.upload_bytes,
      name_of(framed_names, request.upload), request.upload_trailer ? " with trailer" : "",
      request.expects_continue ? " expecting 100" : "", request.status, request.answer_bytes,
      name_of(framed_names, request.answer), request.answer_trailer ? " with trailer" : "",
      name_of(origin_names, request.origin), name_of(client_names, request.client), request.turning_point,
      request.speaks == Speaks::http2 ? ", over HTTP/2" : "", request.grpc ? ", gRPC" : "",
      name_of(sender_names, request.sender));
}

std::string describe(const WorldPlan& plan) {
  std::string text = fmt::format("seed {}: {} ({})\n  {} shards, {} origins{}, {} connections each, {} clients\n",
                                 plan.seed, plan.scenario->name, plan.scenario->sentence, plan.shards, plan.origins,
                                 plan.silent_family     ? " by name, a family silent"
                                 : plan.origins_by_name ? " by name"
                                                        : "",
                                 plan.connections_max, plan.clients.size());
  text += describe("to the gateway", plan.client_link) + describe("to the origins", plan.origin_link);
  if (plan.idle_close)
    text += fmt::format("  origins close idle connections after {} ms\n", plan.idle_close->count() / 1'000'000);
  if (plan.connection_age)
    text += fmt::format("  clients' connections live {} us\n", plan.connection_age->count() / 1000);
  if (plan.introduced != Introduced::no)
    text += fmt::format("  origins are told whose connections they are (v{})\n", static_cast<int>(plan.introduced));
  if (plan.streams_per_connection < 100)
    text += fmt::format("  connections of HTTP/2 have {} streams\n", plan.streams_per_connection);
  if (plan.requests_per_connection < 100)
    text += fmt::format("  clients' connections carry {} requests\n", plan.requests_per_connection);
  for (const ConfigurationPlan& reload : plan.configurations) {
    if (reload.at != Duration{})
      text += fmt::format("  reload after {} ms, {} origins\n", reload.at.count() / 1'000'000, reload.origins.size());
  }
  if (plan.resilience) {
    const ResiliencePlan& tries = *plan.resilience;
    text += fmt::format("  {}{}, {} % more than requests at most\n", tries.hedge_after ? "hedged" : "",
                        tries.attempt_timeout ? " with a limit for each try" : "", tries.share);
  }
  if (plan.rehearsal)
    text += fmt::format("  rehearsal: {} (origin {})\n", name_of(plan.rehearsal->mishap), plan.rehearsal->origin);
  if (plan.drain_at) text += fmt::format("  drain after {} ms\n", plan.drain_at->count() / 1'000'000);
  if (plan.end_at) text += fmt::format("  end after {} ms\n", plan.end_at->count() / 1'000'000);
  return text;
}

}  // namespace weir::sim
