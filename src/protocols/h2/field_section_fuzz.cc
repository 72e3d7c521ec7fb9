// Any lines at all: whatever is accepted can be written as HTTP/1 without any byte of it ending a line, a name or a
// target.
#include "protocols/h2/field_section.h"

#include <cstdlib>

#include "http/characters.h"

namespace {

void must(bool good) {
  if (!good) std::abort();
}

bool is_one_line(std::string_view text) {
  return text.find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos;
}

}  // namespace

// Each line is: a byte with the length of its name, the name, a byte with that of its value, the value.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace weir;
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  if (rest.empty()) return 0;
  const bool end_of_stream = (rest.front() & 1) != 0;
  const bool extended_connect = (rest.front() & 2) != 0;
  rest.remove_prefix(1);
  BlockPool blocks;
  Arena arena(blocks);
  RequestHead head(arena);
  const Limits limits;
  h2::FieldSection section(h2::SectionKind::request, Origin::client, limits, head.fields);
  const auto next = [&] {
    if (rest.empty()) return std::string_view();
    const auto length = static_cast<unsigned char>(rest.front());
    rest.remove_prefix(1);
    const std::string_view text = rest.substr(0, length);
    rest.remove_prefix(text.size());
    return text;
  };
  while (!rest.empty()) {
    const std::string_view name = next();
    if (!section.add(name, next())) return 0;
  }
  if (!section.finish_request(head, end_of_stream, extended_connect)) return 0;
  must(characters::is_token(head.method_text));
  must(is_one_line(head.path) && head.path.find_first_of(" \t#?") == std::string_view::npos);
  must(head.path.empty() || head.path.front() == '/' || head.path == "*");
  must(is_one_line(head.query) && head.query.find_first_of(" \t#") == std::string_view::npos);
  must(!head.authority.empty() && is_one_line(head.authority) &&
       head.authority.find_first_of(" \t/@,") == std::string_view::npos);
  must(!end_of_stream || head.framing.length == 0);
  for (const Field& field : head.fields) {
    must(characters::is_token(field.name) && is_one_line(field.value));
    must(field.id != FieldName::connection && field.id != FieldName::transfer_encoding &&
         field.id != FieldName::content_length && field.id != FieldName::host && field.id != FieldName::upgrade);
  }
  return 0;
}
