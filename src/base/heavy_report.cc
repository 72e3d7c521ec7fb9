// Readings are joined by the texts of their keys: what is known adds up, and so does what is not.
#include "base/heavy_report.h"

#include <algorithm>
#include <map>

namespace weir {

void HeavyReporter::add(const HeavyWindowReading& reading) {
  readings_.push_back(reading);
}

void HeavyReporter::add(const LazyHeavyWindow& window) {
  const HeavyWindow* const made = window.made();
  if (made == nullptr) return;
  born_ = std::min(born_, made->born());
  made->read(now_, [&](HeavyWindowReading reading) { readings_.push_back(std::move(reading)); });
}

HeavyReport HeavyReporter::report(std::size_t most) const {
  HeavyReport report{.since = std::max(HeavyWindow::since(now_), std::min(born_, now_))};
  std::map<std::string, HeavyReport::Key> keys;
  for (const HeavyWindowReading& reading : readings_) {
    report.total += reading.total;
    report.others_at_most += reading.heavy.least;
  }
  for (const HeavyWindowReading& reading : readings_) {
    for (const HeavyKey& key : reading.heavy.keys) {
      HeavyReport::Key& joined = keys.try_emplace(key.text, key.text, 0, report.others_at_most).first->second;
      joined.at_least += key.count - key.error;
      // What it says in place of what it would say of a key that it does not know.
      joined.at_most += key.count - reading.heavy.least;
    }
  }
  for (auto& [text, key] : keys) report.keys.push_back(std::move(key));
  std::ranges::sort(report.keys, [](const HeavyReport::Key& one, const HeavyReport::Key& other) {
    const std::uint64_t here = one.at_least + one.at_most;
    const std::uint64_t there = other.at_least + other.at_most;
    return here != there ? here > there : one.text < other.text;
  });
  if (report.keys.size() > most) {
    // The heaviest of those left out is one of the others now.
    for (std::size_t at = most; at < report.keys.size(); ++at)
      report.others_at_most = std::max(report.others_at_most, report.keys[at].at_most);
    report.keys.resize(most);
  }
  return report;
}

double heaviest_share(const HeavyReport& report) {
  if (report.keys.empty() || report.total == 0) return 0;
  return std::min(1.0, middle(report.keys.front()) / static_cast<double>(report.total));
}

}  // namespace weir
