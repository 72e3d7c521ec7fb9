// Owners of a small limit in virtual time: real askers, accounts and messages; requests by chance; wires that take a
// millisecond, or vary, or stall as a lost segment of TCP does.
//
// Idea: one key, asked for at all nodes alike. A request that waits for its owner is counted at the moment at which it
// is decided. Time goes in tenths of a millisecond.
#pragma once

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/random.h"
#include "filters/limit/fleet/asker.h"
#include "filters/limit/fleet/owned_part.h"

namespace weir::limit::fleet {

struct OwnerWorldSettings {
  unsigned nodes = 4;
  std::uint64_t seed = 1;
  Budget budget{.limit = 5, .window = std::chrono::seconds{1}, .burst = 1};
  Duration patience = std::chrono::milliseconds{10};
  Duration wire = std::chrono::microseconds{500};
  Duration varies{};  ///< up to so much more, by chance
  double loss = 0;    ///< of messages that are sent again, as TCP does
};

class OwnerWorld {
 public:
  explicit OwnerWorld(const OwnerWorldSettings& settings) : settings_(settings), random_(settings.seed) {
    std::vector<std::string> names;
    for (unsigned number = 0; number < settings.nodes; ++number)
      names.push_back("node-" + std::to_string(1000 + number));
    for (unsigned number = 0; number < settings.nodes; ++number)
      nodes_.push_back(std::make_unique<Node>(*this, names, static_cast<MemberNumber>(number)));
    order_ = Election(names).heaviest(key, owners_max);
    next_request_ = seconds();
  }

  /// \param rate  requests a second, of all nodes together
  void run_until(double end, double rate) {
    while (seconds() < end) {
      deliver();
      if (step_ % 200 == 0) {
        for (const auto& node : nodes_) node->tick(now_);
      }
      for (const auto& node : nodes_) {
        if (!node->stopped && node->asker.is_busy() && node->asker.next_due() <= now_) node->asker.tick(now_);
      }
      while (next_request_ < seconds() + 0.0001) {
        request();
        next_request_ += -std::log((static_cast<double>(random_.next() >> 11) + 1.0) * 0x1.0p-53) / rate;
      }
      ++step_;
      now_ += std::chrono::microseconds{100};
    }
  }

  /// Does nothing and gets nothing any more, its clients with it.
  void stop(MemberNumber node) { nodes_[node]->stopped = true; }
  void resume(MemberNumber node) { nodes_[node]->stopped = false; }
  /// Whether messages pass between two nodes; a majority is whoever reaches more than half.
  std::function<bool(MemberNumber, MemberNumber)> connected = [](MemberNumber, MemberNumber) { return true; };

  [[nodiscard]] double seconds() const { return static_cast<double>((now_ - start).count()) * 1e-9; }
  [[nodiscard]] const std::vector<double>& admitted() const { return admitted_; }
  [[nodiscard]] std::uint64_t offered() const { return offered_; }
  /// The key's owner, and who is next.
  [[nodiscard]] const std::vector<MemberNumber>& order() const { return order_; }
  [[nodiscard]] std::uint64_t decided(OwnedSource source) const { return decided_[static_cast<std::size_t>(source)]; }
  [[nodiscard]] Duration longest_wait() const { return longest_wait_; }
  [[nodiscard]] Asker& asker(MemberNumber node) { return nodes_[node]->asker; }

  /// The most that any time of this length lets through from a moment on.
  [[nodiscard]] std::size_t worst(double window, double from = 0) const {
    std::size_t first = 0;
    std::size_t most = 0;
    for (std::size_t last = 0; last < admitted_.size(); ++last) {
      while (admitted_[last] - admitted_[first] >= window) ++first;
      if (admitted_[first] >= from) most = std::max(most, last - first + 1);
    }
    return most;
  }
  [[nodiscard]] std::size_t count(double from, double to) const {
    return static_cast<std::size_t>(std::ranges::count_if(admitted_, [&](double at) { return at >= from && at < to; }));
  }
  /// Messages of a node, both directions.
  [[nodiscard]] std::uint64_t messages(MemberNumber node) const {
    const Traffic& traffic = nodes_[node]->asker.traffic();
    return traffic.messages_sent + traffic.messages_received;
  }

  static constexpr Fingerprint key = 0x5DEECE66D1234567U;

 private:
  static constexpr Time start{std::chrono::hours{1}};

  struct Node {
    Node(OwnerWorld& world_in, const std::vector<std::string>& names, MemberNumber number)
        : world(world_in),
          self(number),
          desk(std::make_shared<Desk>()),
          part({.rule = 1,
                .whole = world_in.settings_.budget,
                .keys = 64,
                .names = names,
                .self = number,
                .patience = world_in.settings_.patience},
               desk),
          asker(names, number, world_in.settings_.patience,
                {.send = [this](MemberNumber to, std::string bytes) { return world.send(self, to, std::move(bytes)); },
                 .spend = [this](const Question& question,
                                 Time now) { return std::optional(part.answer(question, now)); },
                 .done = [this](std::uint64_t id, OwnedSource source,
                                const Answer& answer) { world.answered(*this, id, source, answer); },
                 .changed = [](MemberNumber, bool) {}}) {}

    /// What the exchange's tick does: a majority is whoever reaches more than half.
    void tick(Time now) {
      if (stopped) return;
      std::size_t reached = 0;
      for (std::size_t at = 0; at < world.nodes_.size(); ++at) {
        const auto other = static_cast<MemberNumber>(at);
        if (!world.nodes_[at]->stopped && (other == self || world.connected(self, other))) ++reached;
      }
      const bool whole = 2 * reached > world.nodes_.size();
      asker.allow({whole, whole, whole});
      for (std::uint8_t slot = 0; slot < slots; ++slot) desk->allow(slot, whole);
      asker.tick(now);
    }

    OwnerWorld& world;
    const MemberNumber self;
    bool stopped = false;
    std::shared_ptr<Desk> desk;
    OwnedPart part;
    Asker asker;
    std::map<std::uint64_t, Time> waiting;
  };

  struct Letter {
    MemberNumber from;
    MemberNumber to;
    std::string bytes;
  };

  bool send(MemberNumber from, MemberNumber to, std::string bytes) {
    if (!connected(from, to) || nodes_[to]->stopped) return true;  // lost, and nobody knows
    Duration takes = settings_.wire;
    if (settings_.varies > Duration{})
      takes += Duration{static_cast<std::int64_t>(random_.below(static_cast<std::uint64_t>(settings_.varies.count())))};
    // A segment that is lost is sent again after 200 ms at the least (RFC 6298), and what follows it waits.
    if (settings_.loss > 0 && random_.chance(settings_.loss)) takes += std::chrono::milliseconds{200};
    Time& last = last_arrival_[{from, to}];
    last = std::max(last, now_ + takes);
    on_the_wire_.emplace(last, Letter{from, to, std::move(bytes)});
    return true;
  }

  void deliver() {
    while (!on_the_wire_.empty() && on_the_wire_.begin()->first <= now_) {
      const Letter letter = std::move(on_the_wire_.begin()->second);
      on_the_wire_.erase(on_the_wire_.begin());
      Node& to = *nodes_[letter.to];
      if (!to.stopped) to.asker.hear(letter.from, letter.bytes, now_);
    }
  }

  /// As Rule::look() and ask_owners() do it.
  void request() {
    Node& node = *nodes_[random_.below(nodes_.size())];
    if (node.stopped) return;
    ++offered_;
    std::uint64_t before = 0;
    if (node.part.is_ours(key)) {
      if (node.part.account().spend(key, now_, 1, before).admitted) admitted_.push_back(seconds());
      return;
    }
    if (node.part.refused(key, 0, 1, now_)) {
      ++decided_[static_cast<std::size_t>(OwnedSource::refused_lately)];
      return;
    }
    const std::uint64_t id = next_id_++;
    node.waiting[id] = now_;
    node.asker.ask(node.part.question(key, 1), id, now_);
  }

  void answered(Node& node, std::uint64_t id, OwnedSource source, const Answer& answer) {
    ++decided_[static_cast<std::size_t>(source)];
    const Time since = node.waiting.extract(id).mapped();
    longest_wait_ = std::max(longest_wait_, now_ - since);
    std::uint64_t before = 0;
    bool admitted = answer.said == Said::admitted;
    if (source == OwnedSource::asked) {
      if (!admitted) node.part.remember_refusal(key, 0, 1, since, {.wait = answer.wait, .reset = answer.reset});
    } else {
      admitted = node.part.share().spend(key, now_, 1, before).admitted;
    }
    if (admitted) admitted_.push_back(seconds());
  }

  const OwnerWorldSettings settings_;
  Random random_;
  Time now_ = start;
  std::uint64_t step_ = 0;
  double next_request_ = 0;
  std::vector<std::unique_ptr<Node>> nodes_;
  std::vector<MemberNumber> order_;
  std::multimap<Time, Letter> on_the_wire_;
  std::map<std::pair<MemberNumber, MemberNumber>, Time> last_arrival_;
  std::vector<double> admitted_;
  std::array<std::uint64_t, owned_sources> decided_{};
  std::uint64_t offered_ = 0;
  std::uint64_t next_id_ = 1;
  Duration longest_wait_{};
};

}  // namespace weir::limit::fleet
