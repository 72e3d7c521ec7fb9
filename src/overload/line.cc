// Joining, leaving, and whose turn it is.
#include "overload/line.h"

#include <algorithm>

namespace weir {

void Line::join(Waiter& waiter, std::string_view route, Time now) {
  Class& own = classes_[index_of(waiter.priority_)];
  auto found = own.routes.find(route);
  if (found == own.routes.end()) {
    found = own.routes.try_emplace(std::string(route)).first;
    found->second.name = found->first;
    own.ring.push_back(found->second);
  }
  waiter.since_ = now;
  waiter.route_ = &found->second;
  ++found->second.count;
  found->second.waiters.push_back(waiter.in_route_);
  by_age_.push_back(waiter.by_age_);
}

void Line::leave(Waiter& waiter) {
  if (!waiter.waits()) return;
  waiter.by_age_.unlink();
  waiter.in_route_.unlink();
  RouteLine& route = *waiter.route_;
  if (--route.count > 0) return;
  Class& own = classes_[index_of(waiter.priority_)];
  own.routes.erase(own.routes.find(route.name));
}

void Line::serve(Waiter& waiter) {
  RouteLine& route = *waiter.route_;
  route.unlink();
  classes_[index_of(waiter.priority_)].ring.push_back(route);
  leave(waiter);
}

Line::Waiter* Line::next(bool newest_first) const {
  for (std::size_t at = priorities; at-- > 0;) {
    const RouteLine* route = classes_[at].ring.front();
    if (route == nullptr) continue;
    return newest_first && is_lowest(at) ? &route->waiters.back()->waiter : &route->waiters.front()->waiter;
  }
  return nullptr;
}

bool Line::is_lowest(std::size_t number) const {
  return std::all_of(classes_.begin(), classes_.begin() + static_cast<std::ptrdiff_t>(number),
                     [](const Class& lower) { return lower.ring.empty(); });
}

Line::Waiter* Line::oldest() const {
  return empty() ? nullptr : &by_age_.front()->waiter;
}

const Line::RouteLine* Line::Class::longest() const {
  const RouteLine* longest = nullptr;
  ring.for_each([&](const RouteLine& route) {
    if (longest == nullptr || route.count > longest->count) longest = &route;
  });
  return longest;
}

Line::Waiter* Line::victim_for(Priority priority, std::string_view route) const {
  for (std::size_t at = 0; at < index_of(priority); ++at) {
    if (const RouteLine* longest = classes_[at].longest()) return &longest->waiters.front()->waiter;
  }
  const Class& own = classes_[index_of(priority)];
  const RouteLine* longest = own.longest();
  const auto found = own.routes.find(route);
  const std::size_t has = found == own.routes.end() ? 0 : found->second.count;
  return longest != nullptr && longest->count > has + 1 ? &longest->waiters.front()->waiter : nullptr;
}

std::uint8_t Line::rank() const {
  for (std::size_t at = priorities; at-- > 0;) {
    if (!classes_[at].ring.empty()) return static_cast<std::uint8_t>(at + 1);
  }
  return 0;
}

}  // namespace weir
