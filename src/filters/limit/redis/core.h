// A Redis as the rules of one core share it: a client, what it counted, and whom it tells.
#pragma once

#include <array>
#include <map>
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

class RedisCore final : public ShardState, private redis::Events, private Timer {
 public:
  RedisCore(Shard& shard, const RedisOptions& options, std::shared_ptr<RedisState> state);
  ~RedisCore() override { shard_.reactor.timers().disarm(*this); }

  [[nodiscard]] redis::Client& client() { return client_; }
  [[nodiscard]] RedisState::Core& counts() { return state_->core(shard_.id); }
  /// That Redis answered a question with an error of its own, or with what is no answer to it.
  void refused(std::string_view why);
  void stop() override {
    shard_.reactor.timers().disarm(*this);
    client_.stop();
  }

 private:
  /// A server of which the log has not said yet what is so now.
  struct Server {
    std::string address;
    bool gone = false;
    bool told_gone = false;
    std::string why;
  };

  void happened(redis::Event event, std::string_view address, std::string_view why) override;
  void shook_hands(const tls::Facts& facts) override { counts().tls.count(facts); }
  void handshake_failed(tls::Failure why) override { counts().tls.failures[static_cast<std::size_t>(why)].add(); }
  void tell_of(std::string_view address, bool gone, std::string_view why);
  /// At most one line for each kind of event in a while: a server that comes and goes does not fill the log. What was
  /// held back is told when the while is over, if it is still so.
  void tell();
  void fire(Time) override { tell(); }

  Shard& shard_;
  const std::shared_ptr<RedisState> state_;
  redis::Client client_;
  std::map<std::string, Server> servers_;  // that are gone, or were when the log spoke of them last
  std::array<Time, 2> told_{};             // that one decides again, that one is gone
  Time told_refused_{};
};

}  // namespace weir::limit
