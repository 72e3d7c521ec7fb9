// A doubly linked list whose links live in its members.
//
// Problem: parked operations, waiters and children of a scope are put in and taken out of lists on every request;
// an allocation per link would cost more than the work.
// Idea: the member derives from ListLink and can leave its list in constant time without knowing which list it is in.
//
// Invariants
//   (1) A link is in at most one list; next_ == this exactly when it is in none.
//   (2) A link that is destroyed while linked leaves its list.
#pragma once

#include "base/invariant.h"

namespace weir {

class ListLink {
 public:
  ListLink() = default;
  ListLink(const ListLink&) = delete;
  ListLink& operator=(const ListLink&) = delete;
  ~ListLink() { unlink(); }

  [[nodiscard]] bool linked() const { return next_ != this; }

  void unlink() {
    previous_->next_ = next_;
    next_->previous_ = previous_;
    next_ = previous_ = this;
  }

 private:
  template <typename T>
  friend class IntrusiveList;

  ListLink* next_ = this;
  ListLink* previous_ = this;
};

/// A list of T, where T derives from ListLink. It never owns its members.
template <typename T>
class IntrusiveList {
 public:
  [[nodiscard]] bool empty() const { return !head_.linked(); }

  void push_back(T& member) { insert_before(head_, member); }
  void push_front(T& member) { insert_before(*head_.next_, member); }

  /// The first member, or null.
  [[nodiscard]] T* front() const { return empty() ? nullptr : static_cast<T*>(head_.next_); }
  [[nodiscard]] T* back() const { return empty() ? nullptr : static_cast<T*>(head_.previous_); }

  /// Takes the first member out; null when the list is empty.
  T* pop_front() {
    T* first = front();
    if (first != nullptr) static_cast<ListLink*>(first)->unlink();
    return first;
  }

  /// Takes over all members of `other`, behind those already here.
  void splice_back(IntrusiveList& other) {
    while (T* member = other.pop_front()) push_back(*member);
  }

  /// Calls `visit(T&)` for each member; the visited one may leave the list.
  template <typename Visit>
  void for_each(Visit visit) const {
    for (ListLink* link = head_.next_; link != &head_;) {
      ListLink* following = link->next_;
      visit(*static_cast<T*>(link));
      link = following;
    }
  }

 private:
  void insert_before(ListLink& place, T& member) {
    ListLink& link = member;
    invariant(!link.linked(), "a list member is in one list only");
    link.next_ = &place;
    link.previous_ = place.previous_;
    place.previous_->next_ = &link;
    place.previous_ = &link;
  }

  mutable ListLink head_;
};

}  // namespace weir
