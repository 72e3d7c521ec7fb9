// The table of scenarios, and which of them a seed stands for.
#include "sim/scenario.h"

#include <array>
#include <cstdint>

namespace weir::sim {
namespace {

constexpr std::array table{
    Scenario{.name = "calm", .sentence = "everybody behaves", .rough = 0},
    Scenario{.name = "rough water", .sentence = "pieces arrive late, cut and slowly, but they arrive", .rough = 1},
    Scenario{.name = "odd but legal",
             .sentence = "what the standard allows and nobody expects",
             .odd_origin = 0.8,
             .odd_client = 0.7,
             .upload = 0.5},
    Scenario{.name = "crowd", .sentence = "a line in front of every origin", .upload = 0.1, .big = 0, .crowded = 1},
    Scenario{.name = "stale connections",
             .sentence = "origins close idle connections whenever they like",
             .upload = 0.2,
             .big = 0,
             .idle_close = 1},
    Scenario{.name = "bad origins",
             .sentence = "origins cut, reset, stay silent, talk nonsense",
             .bad_origin = 0.3,
             .deadline = 0.1},
    Scenario{.name = "bad clients",
             .sentence = "clients abort, stall, talk nonsense",
             .bad_client = 0.3,
             .upload = 0.5,
             .big = 0.15},
    Scenario{.name = "applications",
             .sentence = "FastCGI, with all that applications and clients may do wrong",
             .bad_origin = 0.2,
             .bad_client = 0.1,
             .upload = 0.5,
             .tunnel = 0,
             .local = 0,
             .limited = 0,
             .application = 0.9,
             .reloads = 1,
             .idle_close = 0.3},
    Scenario{.name = "tunnels",
             .sentence = "upgraded connections, with reloads in the middle",
             .odd_client = 0.1,
             .tunnel = 0.6,
             .reloads = 2},
    Scenario{.name = "reload",
             .sentence = "configurations change while requests are under way",
             .upload = 0.4,
             .big = 0.15,
             .reloads = 5},
    Scenario{.name = "drain",
             .sentence = "the gateway is asked to end while requests are under way",
             .upload = 0.3,
             .big = 0.1,
             .reloads = 1,
             .drain = 1},
    Scenario{.name = "forced end",
             .sentence = "the gateway is ended under its requests",
             .upload = 0.5,
             .tunnel = 0.2,
             .big = 0.2,
             .deadline = 0.1,
             .forced_end = 1},
    Scenario{.name = "failing servers",
             .sentence = "origins say 503 or hang, and requests are tried again and hedged within their budgets",
             .failing = 0.7,
             .upload = 0.2,
             .tunnel = 0,
             .big = 0,
             .application = 0,
             .crowded = 0},
    Scenario{.name = "lossy clients",
             .sentence = "clients' connections are reset or vanish",
             .rough = 0.5,
             .lossy_clients = true,
             .bad_client = 0.1,
             .reloads = 1},
    Scenario{.name = "lossy origins",
             .sentence = "origins' connections are reset, vanish, or are refused",
             .rough = 0.5,
             .lossy_origins = true,
             .bad_origin = 0.1,
             .idle_close = 0.5},
    Scenario{.name = "storm",
             .sentence = "everything at once",
             .rough = 0.7,
             .lossy_clients = true,
             .lossy_origins = true,
             .bad_origin = 0.2,
             .bad_client = 0.2,
             .tunnel = 0.1,
             .deadline = 0.1,
             .reloads = 3,
             .drain = 0.5,
             .idle_close = 0.5,
             .crowded = 0.5},
};

}  // namespace

std::span<const Scenario> scenarios() {
  return table;
}
const Scenario& scenario_of(std::uint64_t seed) {
  return table[seed % table.size()];
}

}  // namespace weir::sim
