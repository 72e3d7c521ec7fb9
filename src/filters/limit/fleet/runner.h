// The member at work: wires to the others, a tick every 20 ms, and the rules whose keys it keeps.
//
// Idea: all of it lives on one core, as that core's state. Cores' counts and ratios pass through tables of
// single-writer cells (hot_table.h); nothing is sent to another core but questions about small limits (desk.h), which
// go to the owners of their keys (asker.h) as they come. Connections carry messages both ways, whoever
// dialed; a member dials those that are, or should be, aggregators (member.h), and owners when it has something to ask
// of them. What a slow wire does not take stays in
// the counts.
//
// Invariants
//   (1) A message is heard only from a connection whose hello and first frame have proved who sends it.
//   (2) At most `limits::fleet_pending_bytes` wait for one wire; beyond that it is told that it is busy.
#pragma once

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "contracts/fleet.h"
#include "contracts/shard.h"
#include "contracts/shared_states.h"
#include "filters/limit/fleet/asker.h"
#include "filters/limit/fleet/channel.h"
#include "filters/limit/fleet/desk.h"
#include "filters/limit/fleet/keeper.h"
#include "filters/limit/fleet/member.h"
#include "filters/limit/fleet/owned_part.h"
#include "filters/limit/fleet/rule_part.h"

namespace weir::limit::fleet {

/// What operators are shown of the exchange; written by its core.
class ExchangeStatus final : public SharedState {
 public:
  Cell members;
  Cell members_heard;  // a gauge, this one included
  Cell messages_sent;
  Cell messages_received;
  Cell bytes_sent;
  Cell bytes_received;
  Cell refused;      // connections and frames that proved nothing
  Cell hot_keys;     // a gauge
  Cell slots_whole;  // gauges: whose aggregator answers, whose last ratio holds, whose shares
  Cell slots_kept;
  Cell slots_share;
  Cell aggregates;  // a gauge: slots that this machine keeps the accounts of
  Cell suspected;   // a gauge: members that do not answer as owners
};

/// Where it stands among the shared states.
inline constexpr const char* exchange_status_key = "fleet exchange";

class Runner final : public ShardState, private Timer {
 public:
  /// \param states  where the rules are found; outlives the shard
  Runner(Shard& shard, const FleetSettings& settings, SharedStates& states);
  ~Runner() override;

  /// Begins: listens, dials, ticks, until the shard ends.
  void start();
  void stop() override;

  [[nodiscard]] const Member& member() const { return member_; }
  [[nodiscard]] const Asker& asker() const { return asker_; }
  [[nodiscard]] const ExchangeStatus& status() const { return *status_; }

 private:
  /// A connection, from its hello to its end.
  struct Wire;
  struct KeptRule {
    std::shared_ptr<RulePart> part;
    std::unique_ptr<Keeper> keeper;
  };

  Task<void> tick_on();
  void tick();
  void find_rules();
  void take_questions(std::vector<Desk::Left> left);
  std::optional<Answer> answer(const Question& question, Time now);
  void answered(std::uint64_t id, OwnedSource source, const Answer& answer);
  void hear(MemberNumber from, std::string_view bytes);
  void tick_owners(Time now);
  void fire(Time now) override;  // time to send questions, or to give them up
  /// What was decided goes out, and the next moment is watched for.
  void go_on_asking(Time now);
  void tell_of_owner(MemberNumber peer, bool suspected);
  void tell_status();
  void tell_changes();

  Task<void> listen_on();
  Task<void> accept(Handle handle);
  bool make_room();
  void dial_wanted(const std::vector<MemberNumber>& wanted);
  Task<void> dial(MemberNumber peer);
  Task<void> serve(Wire& wire);
  Task<Result<void>> greet(Wire& wire);
  Task<Result<std::string>> next_message(Wire& wire);
  bool send(MemberNumber to, const std::string& bytes);
  void flush_all();
  Task<void> flush(std::shared_ptr<Wire> wire);
  [[nodiscard]] Wire* wire_to(MemberNumber peer) const;

  Shard& shard_;
  const FleetSettings settings_;
  SharedStates& states_;
  const KeyRing ring_;
  std::shared_ptr<ExchangeStatus> status_;
  Member member_;
  const std::shared_ptr<Desk> desk_;
  Asker asker_;
  std::unordered_map<std::uint64_t, Desk::Done> asked_;  // until they are answered
  std::uint64_t next_question_ = 1;
  std::unordered_map<RuleTag, std::shared_ptr<OwnedPart>> owned_;
  std::array<Time, slots> whole_at_{};  // when a majority was last heard to have an aggregator
  Time told_of_owners_{};
  std::vector<std::shared_ptr<Wire>> wires_;
  std::vector<Time> dialed_;  // when a member was dialed last
  std::unordered_map<RuleTag, KeptRule> rules_;
  Time rules_found_{};
  std::array<Mode, slots> modes_{};
  std::uint64_t strangers_ = 0;  // of whom the log has not told yet
  Time told_of_strangers_{};
  bool stopping_ = false;
};

}  // namespace weir::limit::fleet
