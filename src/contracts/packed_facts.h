// Facts with texts, as bytes of a decision record: values and texts one behind the other.
//
// Idea: written into a room on the stack, so that nothing is measured beforehand and what does not fit costs nothing;
// then copied once, into the exchange's arena. Whoever reads asks in the order in which it was written. Facts without
// texts need none of this: see bytes_of() in contracts/decision.h.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "base/arena.h"
#include "contracts/decision.h"

namespace weir {

/// Facts beyond it are not kept: a story of 4 KiB would have no room for anything else.
inline constexpr std::size_t packed_facts_bytes_max = 1024;

class FactsWriter {
 public:
  template <RecordableFacts Value>
  void value(const Value& value) {
    append(bytes_of(value));
  }
  void text(std::string_view text) {
    fits_ &= text.size() <= UINT16_MAX;
    value(static_cast<std::uint16_t>(text.size()));
    append(text);
  }

  /// What was written, in the arena; empty when it did not fit.
  [[nodiscard]] std::string_view kept_in(Arena& arena) const {
    return fits_ ? arena.copy({room_.data(), used_}) : std::string_view();
  }

 private:
  void append(std::string_view bytes) {
    fits_ &= bytes.size() <= room_.size() - used_;
    if (!fits_ || bytes.empty()) return;
    std::memcpy(room_.data() + used_, bytes.data(), bytes.size());
    used_ += bytes.size();
  }

  std::array<char, packed_facts_bytes_max> room_;  // not initialised: only what is written is read
  std::size_t used_ = 0;
  bool fits_ = true;
};

/// Every read says whether it was there; what is read after that stands as it was.
class FactsReader {
 public:
  explicit FactsReader(std::string_view bytes) : rest_(bytes) {}

  template <RecordableFacts Value>
  [[nodiscard]] bool value(Value& out) {
    const auto read = facts_from<Value>(rest_.substr(0, sizeof(Value)));
    if (!read) return false;
    out = *read;
    rest_.remove_prefix(sizeof(Value));
    return true;
  }
  /// \param out  a view into the bytes
  [[nodiscard]] bool text(std::string_view& out) {
    std::uint16_t length = 0;
    if (!value(length) || rest_.size() < length) return false;
    out = rest_.substr(0, length);
    rest_.remove_prefix(length);
    return true;
  }
  [[nodiscard]] bool at_end() const { return rest_.empty(); }

 private:
  std::string_view rest_;
};

}  // namespace weir
