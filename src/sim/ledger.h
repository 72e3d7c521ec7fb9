// What happened to each request, as its client and the origins saw it, and whether that was right.
//
// Idea: clients and origins write down plain facts; a pure function judges each story afterwards. It knows what the
// plan and the network may have done to the request, and excuses nothing else: in a world where nobody misbehaves and
// nothing is lost, every request must end with exactly the answer the origin sent.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/plan.h"
#include "sim/wire.h"

namespace weir::sim {

/// How a request ended for its client.
enum class Outcome : std::uint8_t {
  waiting,
  unconnected,  ///< no connection could be had
  answered,     ///< by an origin (or the gateway's own service), whole and right
  refused,      ///< the gateway answered with an error of its own, whole
  cut,          ///< the answer had begun and was cut visibly
  unanswered,   ///< the connection ended before the answer began
  given_up,     ///< the client went away, as planned
  wrong,        ///< an answer that should never have been
  late,         ///< nobody did anything for longer than any timeout
};

std::string_view name_of(Outcome outcome);

struct Story {
  RequestPlan plan;

  // The client's side.
  Outcome outcome = Outcome::waiting;
  Time began{};
  Time ended{};
  unsigned status = 0;
  bool behind_close = false;    ///< the connection was announced to end, or broken, before its turn
  bool end_was_late = false;    ///< the end of the connection was announced, and did not come
  bool go_on = false;           ///< 100 (Continue) or a final answer has come
  bool hinted = false;          ///< 103 (Early Hints) has come
  bool trailer_seen = false;    ///< the answer's
  unsigned generation_min = 0;  ///< configuration in force everywhere when it was sent
  std::string client_end;       ///< address and port that the origins are to hear of
  ByteCount client_sent = 0;
  ByteCount client_read = 0;

  // The origins' side.
  unsigned reached = 0;
  bool answer_begun = false;  ///< an origin has sent bytes of an answer
  bool reached_after_answer = false;
  Time continue_sent{};       ///< when an origin sent 100 (Continue)
  bool upload_wrong = false;  ///< an origin saw a complete upload that was not what the client sent
  ByteCount origin_sent = 0;
  ByteCount origin_read = 0;
};

struct Violation {
  std::string checker;
  std::string text;
};

/// What may have happened to any request of this world.
struct Circumstances {
  bool lossy_clients = false;
  bool lossy_origins = false;
  std::optional<Time> drain_began;
  std::optional<Time> end_began;      ///< the gateway was ended without a drain
  std::vector<Time> idle_closes;      ///< when origins closed idle connections
  bool connections_age = false;       ///< the gateway closes old connections between two requests, unannounced
  bool tries_overlap = false;         ///< an origin may answer a try that was given up, while another is under way
  bool tries_limited = false;         ///< a try that takes too long is given up
  bool hangs_cost_little = false;     ///< whoever hangs is given up, or asked beside, at once
  bool silence_costs_little = false;  ///< of two families one is silent, and nothing else makes anybody wait
  Duration news_travels{};            ///< longest an end may take to be known on the other side
};

/// What is wrong with a story that has ended. Pure.
std::optional<Violation> judge(const Story& story, const Circumstances& circumstances);

class Ledger {
 public:
  explicit Ledger(const WorldPlan& plan);

  /// Null for a number that nobody planned.
  [[nodiscard]] Story* find(unsigned id);
  [[nodiscard]] Story& story(unsigned id) { return stories_.at(id - 1); }
  [[nodiscard]] const std::vector<Story>& stories() const { return stories_; }

  /// Remembers (and says at once) that something is not as it should be.
  void violation(std::string checker, std::string text);
  [[nodiscard]] const std::vector<Violation>& violations() const { return violations_; }

  /// Tells a reader who asked for it (verbose) what happens.
  void say(Time now, std::string_view what) const;
  /// Bytes moved: whatever lies between both ends must fit into the buffers on the way.
  void check_flow(const Story& story);
  void judge_all();

  Circumstances circumstances;
  unsigned generation_min = 1;  ///< the configuration that every shard has
  unsigned generation_max = 1;  ///< the newest that some shard may have
  bool verbose = false;         ///< print what happens as it happens
  bool announce = true;         ///< print violations as they are found: an abort may follow

 private:
  void check_extra_load();

  ByteCount held_bytes_max_;
  std::optional<ResiliencePlan> resilience_;
  std::vector<Story> stories_;
  std::vector<Violation> violations_;
};

}  // namespace weir::sim
