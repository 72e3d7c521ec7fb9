// Rehearsed failures: origins die, hang, lie and come back, and their users should notice nothing.
//
// Problem: that an upstream heals shows only over time: what a request meets depends on those before it, which a story
// of one request (ledger.h) cannot judge.
// Idea: clients ask steadily, whatever becomes of what they asked before; for a while in the middle something befalls
// one origin, or all; and what is judged is the whole: who failed, how long it took, how much more the origins were
// asked, how soon the failing one was left alone and how soon it was used again. `./dev bench failures` does the same
// with processes and real time.
//
// The configuration is what docs/failing-upstreams.md recommends, in every other world with servers that are asked for
// their load; where a breaker or a bulkhead is rehearsed, that one.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <vector>

#include "runtime/cancellation.h"
#include "sim/server.h"

namespace weir::sim {

class Rehearsal;

class RehearsedOrigin final : public SimServer {
 public:
  RehearsedOrigin(Rehearsal& rehearsal, Reactor& reactor, Ledger& ledger, const WorldPlan& plan,
                  const SocketAddress& address, unsigned number)
      : SimServer(reactor, ledger, plan, address), rehearsal_(rehearsal), number_(number) {}

  /// From now on; nothing: it is well.
  void suffer(std::optional<Mishap> mishap);

  std::uint64_t arrived = 0;  ///< requests; health checks and questions for its load not counted
  std::vector<Time> arrivals_while_ill;
  Time last_arrival{};

 private:
  Task<Then> converse(Wire& wire) override;
  Task<Then> converse_until_killed(Wire& wire);
  enum class Asks : std::uint8_t { page, health, load };
  Task<Then> answer(Wire& wire, Asks asks);
  Task<Then> send_part(Wire& wire);
  [[nodiscard]] bool suffers(Mishap mishap) const { return mishap_ == mishap; }

  Rehearsal& rehearsal_;
  unsigned number_;
  std::optional<Mishap> mishap_;
  std::vector<CancellationRegion*> open_;
  unsigned in_flight_ = 0;
  unsigned in_flight_most_ = 0;
};

class Rehearsal {
 public:
  Rehearsal(Reactor& client_reactor, SimNetwork& network, Ledger& ledger, const WorldPlan& plan);
  Rehearsal(const Rehearsal&) = delete;

  /// Lives as long as this.
  std::unique_ptr<RehearsedOrigin> make_origin(Reactor& reactor, const SocketAddress& address, unsigned number);
  /// Asks to the end. \param names_known  makes the names of origins known, or unknown
  Task<void> run(SocketAddress gateway, std::function<void(bool)> names_known);
  /// Into the ledger.
  void judge() const;

  [[nodiscard]] std::size_t requests() const { return asked_.size(); }
  [[nodiscard]] std::size_t answered() const;

 private:
  friend class RehearsedOrigin;

  struct Asked {
    Time due{};
    Time ended{};
    unsigned status = 0;  // 0: no answer, or a cut one
    bool left = false;    // the client went away, as planned
  };

  Task<void> ask_for(Duration time, unsigned per_second);
  Task<void> ask(Asked& asked);
  void befall(std::optional<Mishap> mishap);
  Task<void> flap(std::function<void(bool)> names_known);

  void judge_users() const;
  void judge_load() const;
  void judge_left_alone(Duration from, Duration to, unsigned most) const;
  void judge_return() const;
  void judge_breaker() const;
  void judge_bulkhead() const;
  void violation(const char* checker, std::string text) const;

  Reactor& reactor_;
  SimNetwork& network_;
  Ledger& ledger_;
  const WorldPlan& plan_;
  SocketAddress gateway_;
  Scope scope_;
  Random random_;
  std::vector<RehearsedOrigin*> origins_;
  std::vector<SocketAddress> addresses_;
  std::deque<Asked> asked_;
  Time began_{};
  Time ended_{};
  unsigned in_flight_ = 0;  // at all origins
  unsigned in_flight_most_ = 0;
};

/// The options of an upstream that is rehearsed, as they stand in the configuration.
std::string rehearsed_options(const WorldPlan& plan);
std::string_view name_of(Mishap mishap);

}  // namespace weir::sim
