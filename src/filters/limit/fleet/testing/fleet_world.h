// A fleet in virtual time: real members, tables and messages; requests by chance; wires that take a millisecond.
//
// Idea: one key, the hardest case. Time goes in milliseconds, requests fall in between. Nodes tick at moments of their
// own; their weights are Zipf's, so that the first of 256 has a sixth of the traffic and the last a thousandth. Beside
// it, where that is asked for, a flood: other keys at all nodes alike, whose requests nobody counts but the nodes.
#pragma once

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/random.h"
#include "filters/limit/fleet/keeper.h"
#include "filters/limit/fleet/rule_part.h"

namespace weir::limit::fleet {

struct WorldSettings {
  unsigned nodes = 4;
  std::uint64_t seed = 1;
  double limit = 1000;  ///< a second
  double burst = 100;
  Duration time_to_live = std::chrono::seconds{2};
  Duration wire = std::chrono::milliseconds{1};
  Duration varies{};  ///< each message takes up to so much longer, by chance; its wire keeps the order
  double loss = 0;    ///< of messages that are lost and sent again, as TCP does; what follows on the wire waits
  double flood = 0;   ///< requests a second of other keys, of all nodes together
  std::uint64_t flood_keys = 0;  ///< how many there are, at each node others; 0: each comes once
};

class World {
 public:
  /// Requests a second at a moment, of all nodes together.
  using Rate = std::function<double(double seconds)>;

  explicit World(const WorldSettings& settings) : settings_(settings), random_(settings.seed) {
    std::vector<std::string> names;
    for (unsigned number = 0; number < settings.nodes; ++number) names.push_back(name_of(number));
    double weights = 0;
    for (unsigned number = 0; number < settings.nodes; ++number) {
      nodes_.push_back(std::make_unique<Node>(*this, names, static_cast<MemberNumber>(number)));
      weights += 1.0 / (number + 1);
      up_to_.push_back(weights);
    }
    for (double& weight : up_to_) weight /= weights;
    next_request_ = seconds();
  }

  /// Until so many seconds after the beginning.
  void run_until(double end, const Rate& rate) {
    while (seconds() < end) {
      deliver();
      for (const auto& node : nodes_) {
        if (!node->stopped && step_ % 20 == node->phase) node->tick(now_ + node->ahead);
      }
      flood();
      const double until = seconds() + 0.001;
      while (next_request_ < until) {
        request(next_request_);
        next_request_ += gap(std::max(rate(next_request_), 1e-3));
      }
      ++step_;
      now_ += std::chrono::milliseconds{1};
    }
  }

  /// A node that does nothing any more, and gets nothing: its clients go elsewhere when `with_clients`.
  void stop(MemberNumber node) { nodes_[node]->stopped = true; }
  void resume(MemberNumber node) { nodes_[node]->stopped = false; }
  /// A node's clock is suddenly another one.
  void jump(MemberNumber node, Duration by) { nodes_[node]->ahead += by; }
  /// Whether messages pass between two nodes.
  std::function<bool(MemberNumber, MemberNumber)> connected = [](MemberNumber, MemberNumber) { return true; };

  [[nodiscard]] const std::vector<double>& admitted() const { return admitted_; }
  [[nodiscard]] std::uint64_t offered() const { return offered_; }
  [[nodiscard]] double seconds() const { return static_cast<double>((now_ - start).count()) * 1e-9; }
  [[nodiscard]] Time now() const { return now_; }
  [[nodiscard]] Member& member(MemberNumber number) { return nodes_[number]->member; }
  [[nodiscard]] Time now(MemberNumber number) const { return now_ + nodes_[number]->ahead; }
  [[nodiscard]] std::size_t nodes() const { return nodes_.size(); }
  /// Who keeps the account of the key for a majority; nothing while nobody does.
  [[nodiscard]] std::optional<MemberNumber> aggregator() const {
    for (std::size_t at = 0; at < nodes_.size(); ++at) {
      const auto number = static_cast<MemberNumber>(at);
      if (!nodes_[at]->stopped && nodes_[at]->member.is_aggregator(Member::slot_of(key), now(number))) return number;
    }
    return {};
  }

  /// The most that any time of this length lets through from a moment on, in limits.
  [[nodiscard]] double worst(double window, double from = 0) const {
    std::size_t first = 0;
    std::size_t most = 0;
    for (std::size_t last = 0; last < admitted_.size(); ++last) {
      while (admitted_[last] - admitted_[first] >= window) ++first;
      if (admitted_[first] >= from) most = std::max(most, last - first + 1);
    }
    return static_cast<double>(most) / (settings_.limit * window);
  }
  /// What was let through between two moments, in limits.
  [[nodiscard]] double mean(double from, double to) const {
    const auto count = std::ranges::count_if(admitted_, [&](double at) { return at >= from && at < to; });
    return static_cast<double>(count) / (settings_.limit * (to - from));
  }

  static constexpr Fingerprint key = 0x5DEECE66D1234567U;

 private:
  static constexpr Time start{std::chrono::hours{1}};

  struct Node {
    Node(World& world_in, const std::vector<std::string>& names, MemberNumber number)
        : world(world_in),
          phase(static_cast<long>(world_in.random_.below(20))),
          part(1, {world_in.settings_.limit, world_in.settings_.burst}, 1, world_in.random_.next()),
          keeper(part.table(), 1, part.allowance(), names.size()),
          member(names, number, world_in.settings_.time_to_live, [this, number](MemberNumber to, std::string bytes) {
            if (!world.connected(number, to) || world.nodes_[to]->stopped) return true;  // lost, and nobody knows
            world.post({number, to, std::move(bytes)});
            return true;
          }) {}

    void tick(Time now) {
      for (const RulePart::SeenKey& seen : part.seen(now)) keeper.consider(seen.key, seen.seen);
      keeper.gather(member, now);
      member.tick(now);
      member.for_each_share([&](const Share& share) { keeper.publish(share); });
      keeper.sweep();
    }

    bool request(Fingerprint of, Time now) {
      const Looked looked = part.look(of, 0, 1);
      if (looked.verdict.admitted) {
        part.admit(looked, of, 0, 1, now);
      } else {
        part.refuse(looked, of, 0, 1, now);
      }
      return looked.verdict.admitted;
    }

    World& world;
    const long phase;
    bool stopped = false;
    Duration ahead{};  // of everybody's clock
    RulePart part;
    Keeper keeper;
    Member member;
  };

  struct Letter {
    MemberNumber from;
    MemberNumber to;
    std::string bytes;
  };

  static std::string name_of(unsigned number) {
    const std::string digits = std::to_string(number);
    return "node-" + std::string(4 - std::min<std::size_t>(4, digits.size()), '0') + digits;
  }

  void post(Letter letter) {
    Duration takes = settings_.wire;
    if (settings_.varies > Duration{})
      takes += Duration{static_cast<std::int64_t>(random_.below(static_cast<std::uint64_t>(settings_.varies.count())))};
    // A lost segment is sent again after 200 ms at the least, where nothing behind it tells of it earlier.
    if (settings_.loss > 0 && random_.chance(settings_.loss)) takes += std::chrono::milliseconds{200};
    Time& last = last_arrival_[{letter.from, letter.to}];
    last = std::max(last, now_ + takes);
    on_the_wire_.emplace(last, std::move(letter));
  }

  void deliver() {
    while (!on_the_wire_.empty() && on_the_wire_.begin()->first <= now_) {
      const auto first = on_the_wire_.begin();
      Node& to = *nodes_[first->second.to];
      if (!to.stopped) to.member.hear(first->second.from, first->second.bytes, now_ + to.ahead);
      on_the_wire_.erase(first);
    }
  }

  void request(double at) {
    const double draw = static_cast<double>(random_.next() >> 11) * 0x1.0p-53;
    const auto number = static_cast<std::size_t>(std::ranges::lower_bound(up_to_, draw) - up_to_.begin());
    Node& node = *nodes_[std::min(number, nodes_.size() - 1)];
    if (node.stopped) return;
    ++offered_;
    if (node.request(key, now_ + node.ahead)) admitted_.push_back(at);
  }

  /// A millisecond of it.
  void flood() {
    for (flood_due_ += settings_.flood * 0.001; flood_due_ >= 1; --flood_due_) {
      const std::size_t number = random_.below(nodes_.size());
      Node& node = *nodes_[number];
      const std::uint64_t which = settings_.flood_keys == 0 ? random_.next() : random_.below(settings_.flood_keys);
      if (!node.stopped) (void)node.request(Random(which * nodes_.size() + number).next() | 1U, now_ + node.ahead);
    }
  }

  double gap(double rate) {
    const double uniform = (static_cast<double>(random_.next() >> 11) + 1.0) * 0x1.0p-53;
    return -std::log(uniform) / rate;
  }

  const WorldSettings settings_;
  Random random_;
  Time now_ = start;
  long step_ = 0;
  double next_request_ = 0;
  double flood_due_ = 0;  // requests
  std::vector<std::unique_ptr<Node>> nodes_;
  std::vector<double> up_to_;
  std::multimap<Time, Letter> on_the_wire_;
  std::map<std::pair<MemberNumber, MemberNumber>, Time> last_arrival_;
  std::vector<double> admitted_;
  std::uint64_t offered_ = 0;
};

}  // namespace weir::limit::fleet
