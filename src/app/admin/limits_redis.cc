// Cells of all cores, added up by the address of the Redis.
#include "app/admin/limits_redis.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

namespace weir {
namespace {

std::string_view source_name(std::size_t source) {
  return limit::name_of(static_cast<limit::RedisSource>(source));
}

std::string_view failure_name(std::size_t why) {
  return tls::name_of(static_cast<tls::Failure>(why));
}

}  // namespace

std::vector<RedisTotals> redis_totals(SharedStates& states) {
  std::map<std::string, RedisTotals> gathered;
  states.for_each<limit::RedisState>([&](const limit::RedisState& state) {
    RedisTotals& totals = gathered[state.address()];
    totals.address = state.address();
    totals.over_tls = totals.over_tls || state.over_tls();
    for (const limit::RedisState::Core& core : state.cores()) {
      for (std::size_t source = 0; source < totals.decided.size(); ++source)
        totals.decided[source] += core.decided[source].get();
      totals.late_answers += core.late_answers.get();
      totals.connections += core.connections.get();
      totals.failures += core.failures.get();
      totals.redirections += core.redirections.get();
      totals.suppressed += core.suppressed.get();
      totals.full_handshakes += core.tls.full_1_2.get() + core.tls.full_1_3.get();
      totals.resumed_handshakes += core.tls.resumed_1_2.get() + core.tls.resumed_1_3.get();
      for (std::size_t why = 0; why < tls::failure_count; ++why)
        totals.handshake_failures[why] += core.tls.failures[why].get();
    }
  });
  std::vector<RedisTotals> all;
  for (auto& [address, totals] : gathered) all.push_back(std::move(totals));
  return all;
}

namespace {

void write_handshakes(JsonWriter& json, const RedisTotals& redis) {
  json.member("handshakes", redis.full_handshakes).member("handshakes_resumed", redis.resumed_handshakes);
  json.key("handshake_failures").begin_object();
  for (std::size_t why = 0; why < tls::failure_count; ++why) {
    if (redis.handshake_failures[why] > 0) json.member(failure_name(why), redis.handshake_failures[why]);
  }
  json.end_object();
}

void add_handshakes(Exposition& page, const std::vector<RedisTotals>& totals) {
  if (std::ranges::none_of(totals, &RedisTotals::over_tls)) return;
  page.family("weir_limit_redis_tls_handshakes_total", "counter",
              "TLS handshakes with a Redis that ended well, by whether a session was resumed.");
  for (const RedisTotals& redis : totals) {
    if (!redis.over_tls) continue;
    page.sample({{"redis", redis.address}, {"resumed", "false"}}, redis.full_handshakes);
    page.sample({{"redis", redis.address}, {"resumed", "true"}}, redis.resumed_handshakes);
  }
  page.family("weir_limit_redis_tls_handshake_failures_total", "counter",
              "TLS handshakes with a Redis that failed, by reason.");
  for (const RedisTotals& redis : totals) {
    for (std::size_t why = 0; why < tls::failure_count; ++why) {
      if (redis.handshake_failures[why] > 0)
        page.sample({{"redis", redis.address}, {"reason", failure_name(why)}}, redis.handshake_failures[why]);
    }
  }
}

/// `, 3 TLS handshakes failed: certificate_untrusted`; empty when none did.
std::string failed_handshakes_text(const RedisTotals& redis) {
  std::uint64_t failed = 0;
  std::string reasons;
  for (std::size_t why = 0; why < tls::failure_count; ++why) {
    if (redis.handshake_failures[why] == 0) continue;
    failed += redis.handshake_failures[why];
    reasons += (reasons.empty() ? "" : ", ") + std::string(failure_name(why));
  }
  return failed == 0 ? "" : fmt::format("; {} TLS handshakes failed: {}", failed, reasons);
}

}  // namespace

void write_redis(JsonWriter& json, const std::vector<RedisTotals>& totals) {
  json.key("redis").begin_array();
  for (const RedisTotals& redis : totals) {
    json.begin_object().member("address", redis.address);
    for (std::size_t source = 0; source < redis.decided.size(); ++source)
      json.member(source_name(source), redis.decided[source]);
    json.member("late_answers", redis.late_answers).member("connections", redis.connections);
    json.member("failures", redis.failures).member("redirections", redis.redirections);
    json.member("suppressed", redis.suppressed).member("tls", redis.over_tls);
    if (redis.over_tls) write_handshakes(json, redis);
    json.end_object();
  }
  json.end_array();
}

std::string redis_text(const std::vector<RedisTotals>& totals) {
  std::string out;
  for (const RedisTotals& redis : totals) {
    out += fmt::format("redis {}{}:", redis.address, redis.over_tls ? " over TLS" : "");
    for (std::size_t source = 0; source < redis.decided.size(); ++source)
      out += fmt::format("{} {} {}", source == 0 ? "" : ",", redis.decided[source], source_name(source));
    out += fmt::format("; {}{}\n", redis.suppressed == 0 ? "asked" : "not waited for at present",
                       failed_handshakes_text(redis));
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
  add_handshakes(page, totals);
}

}  // namespace weir
