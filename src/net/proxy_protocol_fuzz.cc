// Any bytes as the begin of a connection: cut anywhere they mean the same, and what is believed can be said again.
#include <string>
#include <string_view>

#include "base/limits.h"
#include "base/testing/fuzz.h"
#include "net/proxy_protocol.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  using namespace weir::proxy_protocol;
  using weir::demand;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const Parsed whole = parse(bytes);
  demand(whole.bytes <= size && whole.bytes <= 16 + weir::limits::proxy_header_bytes);
  // From the first piece that decides on, all that is longer says the same.
  bool decided = false;
  for (std::size_t count = 0; count <= size; ++count) {
    const Parsed part = parse(bytes.substr(0, count));
    if (part.state == Parsed::State::more) {
      demand(!decided);
      continue;
    }
    decided = true;
    demand(part.state == whole.state && part.bytes == whole.bytes && part.header == whole.header);
    demand(part.state != Parsed::State::refused || part.why == whole.why);
    if (count > whole.bytes + 8) break;
  }
  demand(decided == (whole.state != Parsed::State::more));
  if (whole.state != Parsed::State::whole) return 0;
  static_cast<void>(says_tls(whole.header));
  Header said = whole.header;
  if (said.speaks != Speaks::for_client) said.vectors.clear();  // they are of no client, and are not said again
  // A checksum is true of the bytes it stood in only: the addresses may be written otherwise.
  std::string_view left = whole.header.vectors;
  Type type{};
  std::string_view value;
  while (!left.empty()) {
    demand(next_vector(left, type, value));
    if (type == Type::crc32c) said.vectors.clear();
  }
  const std::string composed = compose(said);
  const Parsed again = parse(composed);
  if (composed.size() > 16 + weir::limits::proxy_header_bytes) return 0;
  demand(again.state == Parsed::State::whole && again.bytes == composed.size() && again.header == said);
  return 0;
}
