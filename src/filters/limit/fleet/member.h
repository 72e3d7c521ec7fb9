// One Weir of a fleet: what it tells the others, whose word it takes, and what it does when nobody is there.
//
// Problem: all nodes together hold a limit, while any of them, and any of the wires between them, may be gone.
// Idea: no input or output here: counts, messages and the time come in; ratios and messages go out. Keys are spread
// over three slots. Each slot has an order of candidates (election.h); a member votes for the first that answers,
// reports to it every interval and takes its ratios, if a majority of the whole fleet votes for the same one. So no two
// aggregators of a slot are believed at once for longer than a vote lives. In a large fleet votes and reports go by
// collectors, one for each group (tree.h); a collector answers as long as an aggregator answers it.
//
//   whole   an aggregator with a majority says the ratio
//   kept    nobody has said anything for a while: the last ratio holds for a time to live
//   share   nor after that: the member gives out its part of the limit alone, by its last share of the traffic
//
// Invariants
//   (1) Counts are handed over once: a report that could not be sent leaves them for the next.
//   (2) At most `entries_max` keys are told in one message and `keys_max` are known; of more the heaviest. Nobody
//   serves more than
//       `fan_in_max` others in a slot as its aggregator, and as many as a collector, however many members there are.
//   (3) Shares of all members add up to 1, and to 1.1 with the tenth of an even share that everybody has at least.
#pragma once

#include <array>
#include <functional>
#include <string>
#include <unordered_map>
#include <vector>

#include "filters/limit/fleet/aggregator.h"
#include "filters/limit/fleet/collector.h"
#include "filters/limit/fleet/election.h"
#include "filters/limit/fleet/message.h"
#include "filters/limit/fleet/tree.h"
#include "filters/limit/fleet/upward.h"

namespace weir::limit::fleet {

enum class Mode : std::uint8_t { whole, kept, share };
std::string_view name_of(Mode mode);

/// What was seen of a key here since it was last said.
struct Count {
  Fingerprint key = 0;
  RuleTag rule = 0;
  Allowance allowance;
  double offered = 0;
  double admitted = 0;
  double weight = 0;  ///< seen in the last second or two
};

/// What holds for a key here from now on.
struct Share {
  Fingerprint key = 0;
  RuleTag rule = 0;
  double ratio = 1;
  Mode mode = Mode::whole;
};

/// How much was said.
struct Traffic {
  std::uint64_t messages_sent = 0;
  std::uint64_t bytes_sent = 0;
  std::uint64_t messages_received = 0;
  std::uint64_t bytes_received = 0;
  std::uint64_t messages_refused = 0;  ///< not understood
};

class Member {
 public:
  /// Gives a message to the transport. \returns  whether it will go out; false: the wire is down or still busy
  using Send = std::function<bool(MemberNumber to, std::string bytes)>;

  /// \param names  of all members, sorted  \param time_to_live  of the last ratio when nobody says a new one
  Member(std::vector<std::string> names, MemberNumber self, Duration time_to_live, Send send);

  /// What happened here. A key is known from its first count on.
  void count(const Count& count, Time now);
  /// A message came; it is known who sent it.
  void hear(MemberNumber from, std::string_view bytes, Time now);
  /// The wire to a member is gone.
  void lose(MemberNumber peer);
  /// Once each interval: tells and settles.
  void tick(Time now);

  /// What holds for each key that is known here, those included that only others have counted.
  template <typename Visit>
  void for_each_share(Visit visit) const {
    for (const auto& [key, known] : known_)
      visit(Share{.key = key, .rule = known.rule, .ratio = known.ratio, .mode = known.mode});
  }
  /// Members this one needs a wire to, since it takes their word, or should. In no order, none twice.
  [[nodiscard]] std::vector<MemberNumber> wanted(Time now) const;

  [[nodiscard]] bool is_alive(MemberNumber peer, Time now) const {
    return peer == self_ || (heard_[peer] != Time{} && now - heard_[peer] <= patience);
  }
  /// Whose word is taken for a slot: an aggregator's, or a collector's; nothing while nobody answers.
  [[nodiscard]] std::optional<MemberNumber> taken(std::uint8_t slot, Time now) const;
  /// Whether this one keeps the accounts of a slot for a majority.
  [[nodiscard]] bool is_aggregator(std::uint8_t slot, Time now) const {
    const Voters& voters = slots_[slot].aggregator.voters();
    return voters.are_majority(voters.count(now));
  }
  /// Whether others of its group take this one's word as a collector's.
  [[nodiscard]] bool is_collector(std::uint8_t slot, Time now) const {
    return slots_[slot].collector.voters().count(now) > 0;
  }
  [[nodiscard]] Mode mode_of(std::uint8_t slot, Time now) const;
  [[nodiscard]] const Traffic& traffic() const { return traffic_; }
  [[nodiscard]] const std::vector<std::string>& names() const { return names_; }
  [[nodiscard]] MemberNumber self() const { return self_; }
  [[nodiscard]] const Aggregator& aggregator(std::uint8_t slot) const { return slots_[slot].aggregator; }
  [[nodiscard]] static std::uint8_t slot_of(Fingerprint key) { return static_cast<std::uint8_t>(key % slots); }

 private:
  struct Known {
    RuleTag rule = 0;
    Allowance allowance;
    double offered = 0;  // not yet reported
    double admitted = 0;
    double weight = 0;         // of what was counted here in the last second or two
    double offered_alone = 0;  // since the last tick
    double admitted_alone = 0;
    double offered_here = 0;  // over some seconds, while an aggregator answered
    double offered_by_them = 0;
    double ratio = 1;
    std::uint32_t offered_by_all = 0;
    Time met{};
    Time told{};  // by an aggregator with a majority
    Time used{};  // counted here, or told
    Mode mode = Mode::whole;
    Account alone;  // in share mode
  };

  struct Slot {
    Slot(std::size_t members, const Seats& seats)
        : has_groups(!seats.collectors.empty()),
          up(has_groups ? seats.collectors : seats.aggregators),
          beyond(seats.aggregators),
          collector(members, breath_of(members)),
          aggregator(members) {}
    bool has_groups;
    Upward up;      // this member's
    Upward beyond;  // the collector's, if it is one
    Collector collector;
    Aggregator aggregator;
    Time told{};                    // this member, by an aggregator with a majority
    Time handed_down{};             // ratios, as a collector
    std::uint16_t told_voters = 0;  // to the collector
  };

  Known* find_or_meet(Fingerprint key, double weight, Time now);
  bool give_up_lightest(double below);
  void report(std::uint8_t slot, Time now);
  [[nodiscard]] Report gather(std::uint8_t slot) const;
  void handed_over(const Report& report);
  bool deliver(MemberNumber to, const Report& report, Time now);
  void probe(std::uint8_t slot, Upward& upward, Seat seat, Time now);
  void hear_report(MemberNumber from, const Report& report, Time now);
  void hear_ratios(MemberNumber from, const Ratios& ratios, Time now);
  [[nodiscard]] static bool is_asked_to_collect(const Slot& slot, Time now);
  void collect(std::uint8_t slot, Time now);
  void pass_on(std::uint8_t slot, Time now);
  void hand_down(const Ratios& ratios, Time now);
  void tell(Voters& voters, const Ratios& ratios, Time now);
  void take(const Ratios& ratios, Time now);
  void go_on(Known& known, Duration elapsed, Time now);
  static void remember_share(Known& known, double seconds);
  void go_alone(Known& known, Duration elapsed);
  bool send(MemberNumber to, std::string bytes);

  const std::vector<std::string> names_;
  const MemberNumber self_;
  const Duration time_to_live_;
  const Send send_;
  std::vector<Slot> slots_;
  std::vector<Time> heard_;
  std::unordered_map<Fingerprint, Known> known_;
  Traffic traffic_;
  Time started_{};
  Time ticked_{};
};

}  // namespace weir::limit::fleet
