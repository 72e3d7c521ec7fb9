// Any bytes as the begin of a connection: cut anywhere, into segments or into records, they mean the same.
#include <string>
#include <string_view>

#include "base/limits.h"
#include "base/testing/fuzz.h"
#include "net/tls/client_hello.h"

namespace {

/// The message of the first record alone, in records of one byte.
std::string in_small_records(std::string_view record) {
  std::string cut;
  for (const char byte : record.substr(5)) cut += std::string(record.substr(0, 3)) + std::string{'\0', '\1', byte};
  return cut;
}

bool same(const weir::tls::PeekedHello& one, const weir::tls::PeekedHello& other) {
  return one.state == other.state && one.why == other.why && one.hello == other.hello;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  using namespace weir::tls;
  using State = PeekedHello::State;
  using weir::demand;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const PeekedHello whole = peek(bytes);
  // From the first piece that decides on, all that is longer says the same.
  bool decided = false;
  for (std::size_t count = 0; count <= size; ++count) {
    const PeekedHello part = peek(bytes.substr(0, count));
    demand(part.state != State::more || !decided);
    if (part.state == State::more) continue;
    demand(same(part, whole));
    if (decided) break;
    decided = true;
  }
  demand(decided == (whole.state != State::more));
  if (whole.state != State::whole) return 0;
  demand(whole.hello.server_name.size() <= 253);
  for (const char c : whole.hello.server_name) demand(c > ' ' && c < '\x7F' && (c < 'A' || c > 'Z'));
  const std::size_t first = static_cast<std::size_t>(data[3]) << 8U | data[4];
  const bool one_record = first + 5 == size;
  if (one_record && 6 * first <= weir::limits::client_hello_bytes) {
    demand(same(peek(in_small_records(bytes)), whole));
  }
  return 0;
}
