// Whatever lies in the state folder is read without harm, and what is taken for an entry can be written again and comes
// out the same. No mutation finds the hash that vouches for a file: so that the lines are read too, it is put there.
#include <cstdlib>
#include <string>

#include "app/config/hash.h"
#include "app/history/entry.h"

namespace {

void read_and_write(std::string_view bytes) {
  const auto read = weir::history::decode(bytes);
  if (!read) return;
  const std::string written = weir::history::encode(*read);
  const auto again = weir::history::decode(written);
  if (!again || again->entry.hash != read->entry.hash || again->lists.size() != read->lists.size() ||
      again->parts.size() != read->parts.size() || weir::history::encode(*again) != written)
    std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  read_and_write(bytes);
  std::string vouched = std::string(bytes) + '\n';
  vouched += "end " + weir::config::hash_of(vouched).text() + '\n';
  read_and_write(vouched);
  return 0;
}
