// Those who wait for a place on one core: by class, and within a class the routes in turns.
//
// Problem: one route whose clients come by the thousand must not keep others from being served, and those who matter
// most must go first; whoever leaves, must be able to leave from anywhere.
// Idea: each class has a ring of routes that have somebody waiting, each route has its own line. Who is next is found
// in constant time: the highest class, the route at the front of the ring, its oldest or its newest. A second list
// keeps all by age.
//
// Invariants
//   (1) A waiter is in both lists or in none.
//   (2) A route is in the ring of a class exactly while somebody of that class waits on it.
//   (3) Of n routes with somebody waiting in the highest class, each is served in n turns.
//   (4) A full line makes room for a higher class, and for a route that has less of it than another of its class.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/intrusive_list.h"
#include "base/units.h"
#include "contracts/priority.h"

namespace weir {

class Line {
 private:
  struct RouteLine;

 public:
  class Waiter {
   public:
    explicit Waiter(Priority priority) : priority_(priority) {}
    Waiter(const Waiter&) = delete;
    Waiter& operator=(const Waiter&) = delete;

    [[nodiscard]] bool waits() const { return by_age_.linked(); }
    [[nodiscard]] Priority priority() const { return priority_; }
    [[nodiscard]] Time since() const { return since_; }

   protected:
    ~Waiter() = default;

   private:
    friend class Line;
    struct Link final : ListLink {
      explicit Link(Waiter& who) : waiter(who) {}
      Waiter& waiter;
    };

    Priority priority_;
    Time since_{};
    RouteLine* route_ = nullptr;
    Link by_age_{*this};
    Link in_route_{*this};
  };

  /// \param route  by its name; is copied
  void join(Waiter& waiter, std::string_view route, Time now);
  /// Out of turn; whoever does not wait is left alone.
  void leave(Waiter& waiter);

  /// Who goes next; null: nobody waits. The newest goes first only where it is decided who is let go: in the lowest
  /// class that waits. Whoever is above it is served in time, and in order.
  [[nodiscard]] Waiter* next(bool newest_first) const;
  /// It has had its turn, and so has its route.
  void serve(Waiter& waiter);
  [[nodiscard]] Waiter* oldest() const;
  /// Who has to make room for a newcomer when the line is full; null: nobody, the newcomer has no better claim.
  [[nodiscard]] Waiter* victim_for(Priority priority, std::string_view route) const;
  [[nodiscard]] bool empty() const { return by_age_.empty(); }
  /// Of the highest class that waits, from 1; 0: nobody does.
  [[nodiscard]] std::uint8_t rank() const;

 private:
  struct RouteLine final : ListLink {
    std::string_view name;  // the map's key
    std::size_t count = 0;
    IntrusiveList<Waiter::Link> waiters;  // oldest first
  };
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view key) const { return std::hash<std::string_view>{}(key); }
  };
  struct Class {
    [[nodiscard]] const RouteLine* longest() const;

    IntrusiveList<RouteLine> ring;
    std::unordered_map<std::string, RouteLine, Hash, std::equal_to<>> routes;
  };

  [[nodiscard]] bool is_lowest(std::size_t number) const;

  std::array<Class, priorities> classes_;
  IntrusiveList<Waiter::Link> by_age_;  // oldest first
};

}  // namespace weir
