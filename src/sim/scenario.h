// What kinds of world there are.
//
// Idea: a scenario says how likely each trouble is; a seed picks a scenario and draws one world from it. The table is
// the list of what Weir is expected to live through.
#pragma once

#include <span>
#include <string_view>

namespace weir::sim {

/// Probabilities, unless they say otherwise. Whatever is not mentioned does not happen.
struct Scenario {
  std::string_view name;
  std::string_view sentence;

  // The network.
  double rough = 0.3;          ///< per link: pieces are cut, delayed, deferred; nothing is lost
  bool lossy_clients = false;  ///< connections to the gateway are reset or vanish
  bool lossy_origins = false;  ///< so are those to the origins; some are refused or never answered

  // Who behaves how, per request.
  double bad_origin = 0;    ///< cuts, resets, stays silent, sends nonsense
  double odd_origin = 0.3;  ///< allowed but unusual: early answers, interim answers, slow or in bursts, closes behind
  double bad_client = 0;    ///< aborts, stalls, sends nonsense
  double failing = 0;  ///< answers 503 or hangs the first time, beside origins that do not; tried again, and hedged
  double odd_client = 0.2;  ///< allowed but unusual: reads slowly, half-closes, HTTP/1.0, asks for a close

  double http2 = 0.35;  ///< per connection: it carries many requests at once

  // What is asked for, per request.
  double upload = 0.35;
  double tunnel = 0.03;
  double big = 0.05;          ///< larger than all buffers on the way together
  double local = 0.1;         ///< answered by the gateway itself
  double limited = 0.04;      ///< on a route that limits uploads
  double deadline = 0;        ///< on a route with a deadline that the origin does not meet
  double application = 0.15;  ///< of what would go to an origin: to an application, over FastCGI

  bool rehearsal = false;  ///< nothing of this: clients ask steadily, and origins fail for a while (sim/rehearsal.h)

  // What happens in the middle.
  unsigned reloads = 0;  ///< at most so many
  double drain = 0;
  double forced_end = 0;  ///< the gateway is ended without a drain
  double idle_close = 0;  ///< the origins close idle connections without a word
  double crowded = 0.2;   ///< few connections to origins, many requests
};

std::span<const Scenario> scenarios();
/// The scenario of a seed.
const Scenario& scenario_of(std::uint64_t seed);

}  // namespace weir::sim
