// How many tables the rules of a process have.
//
// Problem: each table is memory of its own to the kernel, which gives a process so many pieces and no more; a
// configuration that asks for too many would end the process where memory is asked for next, anywhere.
// Idea: rules draw their tables from one count that all configurations of the process share, old ones included while
// they still serve; a rule that finds none left is a mistake of the configuration that asks.
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <optional>
#include <utility>

#include "base/limits.h"
#include "contracts/shared_states.h"

namespace weir::limit {

class TableCount final : public SharedState {
 public:
  /// Tables that were drawn, given back at the end.
  class Drawn {
   public:
    Drawn() = default;
    Drawn(Drawn&& other) noexcept : from_(std::move(other.from_)), tables_(other.tables_) {}
    Drawn& operator=(Drawn&&) = delete;
    ~Drawn() {
      if (from_) from_->count_.fetch_sub(tables_, std::memory_order_relaxed);
    }

   private:
    friend class TableCount;
    Drawn(std::shared_ptr<TableCount> from, std::size_t tables) : from_(std::move(from)), tables_(tables) {}

    std::shared_ptr<TableCount> from_;
    std::size_t tables_ = 0;
  };

  /// So many tables; nothing when that would be more than there may be.
  static std::optional<Drawn> draw(const std::shared_ptr<TableCount>& from, std::size_t tables) {
    if (from->count_.fetch_add(tables, std::memory_order_relaxed) + tables <= limits::limit_tables)
      return Drawn(from, tables);
    from->count_.fetch_sub(tables, std::memory_order_relaxed);
    return {};
  }

  [[nodiscard]] std::size_t count() const { return count_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::size_t> count_{0};
};

}  // namespace weir::limit
