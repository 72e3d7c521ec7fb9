// Any bytes as a Cookie field: of all texts only those that our keys make are taken, and each of these stands for
// itself.
#include <string>
#include <string_view>

#include "base/testing/fuzz.h"
#include "http/cookie.h"
#include "http/message.h"
#include "upstream/sticky.h"

namespace {

/// What RFC 6265 says, in the plainest way: pairs between semicolons, blanks around them away.
std::string first_value(std::string_view line, std::string_view name) {
  std::size_t begin = 0;
  while (begin <= line.size()) {
    const std::size_t end = std::min(line.find(';', begin), line.size());
    const std::string_view pair = weir::text::trim(line.substr(begin, end - begin));
    const std::string wanted = std::string(name) + "=";
    if (pair.starts_with(wanted)) return "found " + std::string(pair.substr(wanted.size()));
    begin = end + 1;
  }
  return "none";
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  static const weir::StickyKeys keys("shop",
                                     {"a key of the fuzz target, long enough", "another key of the fuzz target"});
  const std::string_view line(reinterpret_cast<const char*>(data), size);

  if (const auto opened = keys.open(line)) weir::demand(opened->key > 0 || keys.seal(opened->token) == line);

  weir::BlockPool blocks;
  weir::Arena arena(blocks);
  weir::RequestHead head(arena);
  head.fields.append(weir::FieldName::cookie, line);
  std::string found = "none";
  weir::find_cookie(head.fields, "s", [&](std::string_view value) {
    found = "found " + std::string(value);
    return true;
  });
  weir::demand(found == first_value(line, "s"));

  // What is sealed with the input's bytes comes back as it was, wherever it stands among other cookies.
  weir::StickyToken token;
  for (std::size_t at = 0; at < size; ++at) {
    token.endpoint = token.endpoint * 257 + data[at];
    token.issued = token.issued * 31 + data[at];
  }
  const auto again = keys.open(keys.seal(token));
  weir::demand(again && again->token == token && again->key == 0);
  return 0;
}
