// What Redis did for limits: part of the page behind /limits, and families of metrics.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "app/admin/exposition.h"
#include "app/json_writer.h"
#include "contracts/shared_states.h"
#include "filters/limit/redis/core.h"

namespace weir {

/// One description of a Redis, its cores added up.
struct RedisTotals {
  std::string address;
  bool over_tls = false;
  std::array<std::uint64_t, limit::RedisState::sources> decided{};
  std::uint64_t late_answers = 0;
  std::uint64_t connections = 0;
  std::uint64_t failures = 0;
  std::uint64_t redirections = 0;
  std::uint64_t suppressed = 0;  ///< cores that do not wait for it at present
  std::uint64_t full_handshakes = 0;
  std::uint64_t resumed_handshakes = 0;
  std::array<std::uint64_t, tls::failure_count> handshake_failures{};  ///< by tls::Failure
};

/// By address; from any thread.
std::vector<RedisTotals> redis_totals(SharedStates& states);

/// A member `redis` of an object that is open.
void write_redis(JsonWriter& json, const std::vector<RedisTotals>& totals);
std::string redis_text(const std::vector<RedisTotals>& totals);
void add_redis(Exposition& page, const std::vector<RedisTotals>& totals);

}  // namespace weir
