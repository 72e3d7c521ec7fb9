// The names behind fault.h.
#include "base/fault.h"

#include <array>

namespace weir {
namespace {

struct Entry {
  std::string_view name;
  std::string_view sentence;
};

constexpr std::array entries{Entry{"none", "no fault"},
#define WEIR_FAULT_ENTRY(name, sentence) Entry{#name, sentence},
                             WEIR_FAULTS(WEIR_FAULT_ENTRY)
#undef WEIR_FAULT_ENTRY
};
static_assert(entries.size() == fault_count + 1);

}  // namespace

std::string_view name_of(Fault point) {
  return entries[static_cast<std::size_t>(point)].name;
}
std::string_view sentence_of(Fault point) {
  return entries[static_cast<std::size_t>(point)].sentence;
}

std::optional<Fault> fault_named(std::string_view name) {
  for (std::size_t at = 0; at < entries.size(); ++at) {
    if (entries[at].name == name) return static_cast<Fault>(at);
  }
  return {};
}

}  // namespace weir
