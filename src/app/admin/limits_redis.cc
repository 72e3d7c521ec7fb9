// Cells of all cores, added up by the address of the Redis.
#include "app/admin/limits_redis.h"

#include <fmt/format.h>

#include <map>

namespace weir {
namespace {

std::string_view source_name(std::size_t source) {
  return limit::name_of(static_cast<limit::RedisSource>(source));
}

}  // namespace

std::vector<RedisTotals> redis_totals(SharedStates& states) {
  std::map<std::string, RedisTotals> gathered;
  states.for_each<limit::RedisState>([&](const limit::RedisState& state) {
    RedisTotals& totals = gathered[state.address()];
    totals.address = state.address();
    for (const limit::RedisState::Core& core : state.cores()) {
      for (std::size_t source = 0; source < totals.decided.size(); ++source)
        totals.decided[source] += core.decided[source].get();
      totals.late_answers += core.late_answers.get();
      totals.connections += core.connections.get();
      totals.failures += core.failures.get();
      totals.redirections += core.redirections.get();
      totals.suppressed += core.suppressed.get();
    }
  });
  std::vector<RedisTotals> all;
  for (auto& [address, totals] : gathered) all.push_back(std::move(totals));
  return all;
}

void write_redis(JsonWriter& json, const std::vector<RedisTotals>& totals) {
  json.key("redis").begin_array();
  for (const RedisTotals& redis : totals) {
    json.begin_object().member("address", redis.address);
    for (std::size_t source = 0; source < redis.decided.size(); ++source)
      json.member(source_name(source), redis.decided[source]);
    json.member("late_answers", redis.late_answers).member("connections", redis.connections);
    json.member("failures", redis.failures).member("redirections", redis.redirections);
    json.member("suppressed", redis.suppressed).end_object();
  }
  json.end_array();
}

std::string redis_text(const std::vector<RedisTotals>& totals) {
  std::string out;
  for (const RedisTotals& redis : totals) {
    out += fmt::format("redis {}:", redis.address);
    for (std::size_t source = 0; source < redis.decided.size(); ++source)
      out += fmt::format("{} {} {}", source == 0 ? "" : ",", redis.decided[source], source_name(source));
    out += fmt::format("; {}\n", redis.suppressed == 0 ? "asked" : "not waited for at present");
  }
  return out;
}

void add_redis(Exposition& page, const std::vector<RedisTotals>& totals) {
  if (totals.empty()) return;
  page.family(
      "weir_limit_redis_total", "counter",
      "Decisions of rules with scope: redis, by where they came from: Redis' answer, a lease, a refusal it said "
      "before, or, for want of an answer, late, down and failed.");
  for (const RedisTotals& redis : totals) {
    for (std::size_t source = 0; source < redis.decided.size(); ++source)
      page.sample({{"redis", redis.address}, {"source", source_name(source)}}, redis.decided[source]);
  }
  const auto family = [&](std::string_view name, std::string_view type, std::string_view help,
                          std::uint64_t RedisTotals::* member) {
    page.family(name, type, help);
    for (const RedisTotals& redis : totals) page.sample({{"redis", redis.address}}, redis.*member);
  };
  family("weir_limit_redis_late_answers_total", "counter", "Answers that came when nobody waited for them any more.",
         &RedisTotals::late_answers);
  family("weir_limit_redis_connections_total", "counter", "Connections that were made.", &RedisTotals::connections);
  family("weir_limit_redis_failures_total", "counter", "Connections that were lost or could not be made.",
         &RedisTotals::failures);
  family("weir_limit_redis_redirections_total", "counter", "Answers MOVED and ASK of a cluster.",
         &RedisTotals::redirections);
  family("weir_limit_redis_suppressed", "gauge", "Servers that cores do not wait for at present.",
         &RedisTotals::suppressed);
}

}  // namespace weir
