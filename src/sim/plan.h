// Everything that will be asked for and done in a world, drawn before it begins.
//
// Idea: clients and origins follow the same plan, so that each knows what the other should see, and a checker knows
// what a request may have met. Faults of the network are drawn as the world runs; the plan says how likely they are.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/units.h"
#include "runtime/sim_network.h"
#include "sim/scenario.h"

namespace weir::sim {

/// Where a request is sent to.
enum class Target : std::uint8_t {
  shop,   ///< to the origins
  local,  ///< answered by the gateway: 200, or 404 where no route is
  missing,
  deadline,     ///< to the origins, with a deadline
  limited,      ///< to the origins, uploads of at most upload_limit bytes
  tunnel,       ///< to the origins, asking to switch protocols
  nonsense,     ///< no request at all, with a request smuggled behind it
  application,  ///< to the applications, over FastCGI
};

/// What the route of Target::limited lets through.
inline constexpr ByteCount upload_limit = 1'024;

enum class Framed : std::uint8_t { nothing, length, chunked, until_close };

/// What the origin does when this request arrives.
enum class OriginWay : std::uint8_t {
  plain,
  slow,           // waits before and within its answer
  bursty,         // pieces with pauses
  interim,        // 103 first
  early,          // answers before it reads the upload, and reads on
  early_close,    // answers, does not read the upload, closes
  close_after,    // says connection: close
  extra_bytes,    // sends an answer nobody asked for behind its own
  cut_head,       // a part of a head, then a reset: the first time only
  reset_at_once,  // reads the head, then resets: the first time only
  interim_reset,  // 103, then a reset: the first time only
  cut_body,       // an orderly end in the middle of the content
  reset_in_body,
  bad_head,
  bad_chunk,
  silent,       // no answer, ever
  unavailable,  // 503, the first time only
  hang_first,   // no answer to the first time
};

enum class ClientWay : std::uint8_t {
  plain,
  slow_reader,
  half_close,   // says early that it will send no more
  old_version,  // HTTP/1.0
  asks_close,
  hush_on_early_answer,  // sends no more of its upload once it is answered, and waits for the end
  stalled_reader,        // stops reading until the gateway gives up
  abort_in_upload,
  abort_in_answer,
  stalled_upload,  // stops in the middle of its upload
};

/// Where the gateway listens.
struct Doors {
  SocketAddress web;
  SocketAddress behind_sender;  ///< where connections have to begin with a PROXY header
};

/// How the client speaks on a connection.
enum class Speaks : std::uint8_t { http1, http2 };

/// Who passes a connection on to the gateway, and what he says first.
enum class Sender : std::uint8_t {
  nobody,
  v1,
  v2,
  local,      ///< speaks for itself
  malformed,  ///< says no header that is one
  unasked,    ///< says one where none is believed
};
constexpr bool is_refused(Sender sender) {
  return sender == Sender::malformed || sender == Sender::unasked;
}

struct RequestPlan {
  unsigned id = 0;
  std::string method = "GET";
  Target target = Target::shop;
  Framed upload = Framed::nothing;
  ByteCount upload_bytes = 0;
  bool upload_trailer = false;
  bool expects_continue = false;
  unsigned status = 200;
  Framed answer = Framed::length;
  ByteCount answer_bytes = 0;
  bool answer_trailer = false;
  ByteCount turning_point = 0;  ///< bytes after which whoever misbehaves does so
  unsigned variant = 0;         ///< which of several kinds of nonsense
  OriginWay origin = OriginWay::plain;
  ClientWay client = ClientWay::plain;
  Speaks speaks = Speaks::http1;   ///< as its connection
  Sender sender = Sender::nobody;  ///< likewise
  bool grpc = false;               ///< asks as a client of gRPC does

  [[nodiscard]] bool idempotent() const { return method != "POST" && method != "PATCH"; }
  /// The answer's content reaches the client.
  [[nodiscard]] bool answer_has_content() const { return method != "HEAD" && status != 204 && status != 304; }
};

struct ClientConnectionPlan {
  Duration pause{};        ///< before it is opened
  unsigned depth = 1;      ///< requests sent before the first answer is awaited
  bool held_open = false;  ///< left idle at the end until the gateway closes it
  Speaks speaks = Speaks::http1;
  Sender sender = Sender::nobody;
  unsigned named_client = 1;             ///< whom the sender names: 192.0.2.1 and so on
  unsigned variant = 0;                  ///< of what connections do differently
  std::uint32_t stream_window = 65'535;  ///< HTTP/2: what the gateway may send of an answer before it is given more
  std::vector<RequestPlan> requests;
};

struct ClientPlan {
  std::vector<ClientConnectionPlan> connections;
};

struct ConfigurationPlan {
  Duration at{};  ///< since the world began; zero: the first one
  std::vector<unsigned> origins;
};

/// What an upstream is told to do about slow and failing origins.
struct ResiliencePlan {
  std::optional<Duration> hedge_after;
  std::optional<Duration> attempt_timeout;
  unsigned share = 100;          ///< percent of the requests that retries and hedges may add, each
  unsigned per_second_min = 10;  ///< retries that are allowed besides

  /// Whoever hangs costs a request no more than a moment.
  [[nodiscard]] bool generous() const { return share == 100; }
};

/// What befalls the origins of a rehearsal (sim/rehearsal.h) for a while.
enum class Mishap : std::uint8_t {
  kill,    ///< one of three: its connections are reset, new ones refused
  stop,    ///< one of three answers nothing for a while, then everything
  slow,    ///< one of three takes ten times as long
  hang,    ///< one of three never answers what it is asked meanwhile
  half,    ///< one of three ends in the middle of each answer
  reset,   ///< one of three resets behind each head
  drip,    ///< one of three sends a byte each 100 ms
  names,   ///< the names of all are unknown, now and then
  all,     ///< all are killed, and come back together, with a burst of requests
  errors,  ///< all answer 500, behind a circuit breaker
  crowd,   ///< all are slow, behind a bulkhead, and twice as much is asked as can be answered
};
inline constexpr std::size_t mishaps = 11;
constexpr bool befalls_all(Mishap mishap) {
  return mishap == Mishap::all || mishap == Mishap::errors || mishap == Mishap::crowd;
}

struct RehearsalPlan {
  Mishap mishap = Mishap::kill;
  unsigned origin = 0;  ///< whom it befalls
};

/// Whether connections to the origins begin with a PROXY header.
enum class Introduced : std::uint8_t { no, v1, v2 };

struct WorldPlan {
  std::uint64_t seed = 0;
  const Scenario* scenario = nullptr;
  unsigned shards = 1;
  unsigned origins = 1;
  bool origins_by_name = false;
  bool silent_family = false;  ///< each name has an IPv6 address as well, and nothing that is sent there arrives
  unsigned requests_per_connection = 1'000'000;
  unsigned connections_max = 64;           ///< per endpoint and shard
  std::optional<Duration> connection_age;  ///< of clients' connections
  std::optional<Duration> idle_close;      ///< origins close connections that idle for so long
  Introduced introduced = Introduced::no;
  unsigned streams_per_connection = 100;  ///< of HTTP/2, that a client may have open
  std::optional<ResiliencePlan> resilience;
  std::optional<RehearsalPlan> rehearsal;  ///< then there are no other clients
  std::optional<Duration> drain_at;
  std::optional<Duration> end_at;  ///< without a drain
  std::vector<Duration> aborts;    ///< at each of these moments some connection is reset, whichever it is
  SimFaults client_link;
  SimFaults origin_link;
  std::vector<ConfigurationPlan> configurations;
  std::vector<ClientPlan> clients;
};

/// The world of a seed. Pure.
WorldPlan plan_world(std::uint64_t seed);
/// One request, in words, for a report.
std::string describe(const RequestPlan& request);
std::string describe(const WorldPlan& plan);

}  // namespace weir::sim
