// What several sketches say together: those of all cores, and of the windows that a reader finds.
//
// Idea: each reading counted other requests, so that bounds add up: a key had at least what each says at least, and at
// most what each says at most, where one that does not know the key says its least counter.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/heavy_window.h"

namespace weir {

struct HeavyReport {
  struct Key {
    std::string text;
    std::uint64_t at_least = 0;
    std::uint64_t at_most = 0;
  };
  std::vector<Key> keys;             ///< the heaviest first
  std::uint64_t others_at_most = 0;  ///< what a key had that is not among them
  std::uint64_t total = 0;           ///< of all keys
  Time since = never;                ///< when the counting began
};

/// Joins what is read into one report.
class HeavyReporter {
 public:
  explicit HeavyReporter(Time now) : now_(now) {}

  void add(const HeavyWindowReading& reading);
  void add(const LazyHeavyWindow& window);

  /// \param most  so many keys
  [[nodiscard]] HeavyReport report(std::size_t most) const;

 private:
  Time now_;
  Time born_ = never;
  std::vector<HeavyWindowReading> readings_;
};

/// The middle of what a key had.
inline double middle(const HeavyReport::Key& key) {
  return (static_cast<double>(key.at_least) + static_cast<double>(key.at_most)) / 2;
}

/// How much of all is the heaviest key's, from 0 to 1.
double heaviest_share(const HeavyReport& report);

}  // namespace weir
