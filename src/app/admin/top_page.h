// Who and what is heaviest in the last seconds: the page behind /top and `weir top`, and their metrics.
//
// Idea: what the cores' sketches say (base/heavy_window.h), joined when somebody asks. Metrics say how much is the
// heaviest's, never whose: names as labels are a memory that outsiders fill.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/admin/exposition.h"
#include "base/heavy_report.h"
#include "contracts/shared_states.h"
#include "observers/heavy_traffic/heavy_traffic.h"

namespace weir {

/// What is looked at.
enum class TopBy : std::uint8_t { rule, key, route, client };
/// `rule`, `key`, `route`, `client`; nothing for other words.
std::optional<TopBy> top_by(std::string_view word);

/// The rules of one name and allowance, over routes and cores.
struct TopRule {
  std::string name;
  std::string allowance;
  HeavyReport spent;    ///< by those admitted, in what requests cost
  HeavyReport refused;  ///< or would have been
};

/// Most rows that may be asked for; sketches remember not many more.
inline constexpr std::uint64_t top_rows_max = 100;

struct Top {
  Time now{};
  std::vector<TopRule> rules;  ///< whoever refuses most first
  HeavyReport routes;
  HeavyReport clients;
};

/// From any thread. \param traffic, states  may be null. \param rows  keys of each report at most
Top top_of(const HeavyTraffic* traffic, SharedStates* states, Time now, std::size_t rows);

std::string top_json(const Top& top);
/// \param by  nothing: all of it. \param rows  lines of each table
std::string top_text(const Top& top, std::optional<TopBy> by, std::size_t rows);
void add_top(Exposition& page, const Top& top);

}  // namespace weir
