// A Redis as the rules of one core share it: a client, what it counted, and whom it tells.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "contracts/metrics.h"
#include "contracts/shard.h"
#include "contracts/shared_states.h"
#include "filters/limit/redis/decision.h"
#include "filters/limit/redis/options.h"
#include "net/redis/client.h"

namespace weir::limit {

/// What all cores count about one description of a Redis; operators read it.
class RedisState final : public SharedState {
 public:
  static constexpr std::size_t sources = static_cast<std::size_t>(RedisSource::failed) + 1;

  struct alignas(64) Core {
    std::array<Cell, sources> decided;  ///< calls about a request, by where their verdict came from
    Cell late_answers;                  ///< thrown away
    Cell connections;                   ///< made
    Cell failures;                      ///< lost, or not to be made
    Cell redirections;
    Cell suppressed;  ///< a gauge: servers that are not asked at present
    TlsMetrics tls;   ///< handshakes
  };

  RedisState(const RedisOptions& options, unsigned cores)
      : address_(options.shown()), over_tls_(options.tls.has_value()), cores_(cores) {}

  [[nodiscard]] const std::string& address() const { return address_; }
  [[nodiscard]] bool over_tls() const { return over_tls_; }
  [[nodiscard]] Core& core(unsigned number) { return cores_[number < cores_.size() ? number : 0]; }
  [[nodiscard]] const std::vector<Core>& cores() const { return cores_; }

 private:
  const std::string address_;
  const bool over_tls_;
  std::vector<Core> cores_;
};

class RedisCore final : public ShardState, private redis::Events {
 public:
  RedisCore(Shard& shard, const RedisOptions& options, std::shared_ptr<RedisState> state);

  [[nodiscard]] redis::Client& client() { return client_; }
  [[nodiscard]] RedisState::Core& counts() { return state_->core(shard_.id); }
  void stop() override { client_.stop(); }

 private:
  void happened(redis::Event event, std::string_view address, std::string_view why) override;
  void shook_hands(const tls::Facts& facts) override { counts().tls.count(facts); }
  void handshake_failed(tls::Failure why) override { counts().tls.failures[static_cast<std::size_t>(why)].add(); }
  /// At most one line for each kind of event in a while: a server that comes and goes does not fill the log.
  void tell(redis::Event event, std::string_view address, std::string_view why);

  Shard& shard_;
  const std::shared_ptr<RedisState> state_;
  redis::Client client_;
  Time told_suppressed_{};
  Time told_resumed_{};
};

}  // namespace weir::limit
