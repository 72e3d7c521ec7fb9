// Whatever lies in the state folder is read without harm, and what is taken for an entry can be written again.
#include <cstdlib>

#include "app/history/entry.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto read = weir::history::decode(bytes);
  if (!read) return 0;
  const std::string written = weir::history::encode(*read);
  const auto again = weir::history::decode(written);
  if (!again || again->entry.hash != read->entry.hash || again->objects.size() != read->objects.size()) std::abort();
  return 0;
}
