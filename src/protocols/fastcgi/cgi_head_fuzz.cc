// Fuzzes the heads of CGI programs: no crash, the end found however the bytes were cut, and nothing let through that a
// client could take for something else.
#include <string>

#include "base/testing/fuzz.h"
#include "protocols/fastcgi/cgi_head.h"

namespace {

using namespace weir;
using namespace weir::fastcgi;

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const std::string input(reinterpret_cast<const char*>(data), size);
  const std::size_t end = find_head_end(input);
  demand(end <= size);
  std::size_t found = 0;
  for (std::size_t seen = 0; seen < size && found == 0; ++seen) {
    found = find_head_end(std::string_view(input).substr(0, seen + 1), seen);
  }
  demand(found == end);
  if (end == 0) return 0;

  BlockPool pool;
  Arena arena(pool);
  ResponseHead head(arena);
  std::string text = input.substr(0, end);
  const Limits limits{.field_bytes = 64, .fields = 8};
  if (!parse_cgi_head(text, Method::get, limits, head)) return 0;
  demand(head.status >= 200 && head.status <= 599);
  demand(head.fields.size() <= limits.fields);
  for (const Field& field : head.fields) {
    demand(field.id != FieldName::transfer_encoding && field.id != FieldName::connection);
    demand(field.name.find_first_of(" \t\r\n:") == std::string_view::npos && !field.name.empty());
    demand(field.value.find_first_of("\r\n") == std::string_view::npos);
    demand(field.value.find('\0') == std::string_view::npos);
  }
  return 0;
}
