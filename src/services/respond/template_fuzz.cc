// Whatever a value is, it stays in its place: rendered beside a value of plain letters, both documents come to the same
// state in front of what follows, and no byte of the value stands there that means something in the language.
//
// Input: language (first byte), the value (first line), the template.
#include <algorithm>
#include <cstdint>
#include <string_view>

#include "base/block_pool.h"
#include "base/invariant.h"
#include "services/respond/template.h"
#include "services/respond/template_context.h"

using namespace weir;

namespace {

std::string rendered(const Template& made, std::string_view value) {
  BlockPool pool(1);
  Arena arena(pool);
  RequestHead request(arena);
  const ClientAddress client;
  request.host = value;
  const auto whole =
      made.render({.request = request, .client = client, .scheme = value, .request_id = value, .route = value}, arena);
  return whole ? std::string(*whole) : std::string();
}

/// How a value behind the document would be escaped: what a reader's state comes down to.
template <typename Context>
int state_behind(std::string_view document) {
  Context context;
  context.feed(document);
  const auto here = context.here();
  return here ? static_cast<int>(*here) : -1;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2 || size > 4096) return 0;
  const auto language = static_cast<TemplateLanguage>(data[0] % 4);
  const std::string_view rest(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::size_t end = std::min(rest.find('\n'), rest.size());
  const std::string_view value = rest.substr(0, end);
  const auto made = Template::parse(rest.substr(std::min(end + 1, rest.size())), language);

  for (const Escape escape : {Escape::html, Escape::json_string, Escape::field, Escape::text}) {
    std::string out;
    append_escaped(out, value, escape);
    if (escape == Escape::html) invariant(out.find_first_of("<>\"'") == std::string::npos, "no markup");
    invariant(out.find_first_of(std::string_view("\r\n\0", 3)) == std::string::npos, "no line breaks");
  }
  if (!made || value.empty()) return 0;
  const std::string hostile = rendered(*made, value);
  const std::string harmless = rendered(*made, "a");
  if (hostile.empty() || harmless.empty()) return 0;
  if (language == TemplateLanguage::html) {
    invariant(state_behind<HtmlContext>(hostile) == state_behind<HtmlContext>(harmless), "the page stays what it is");
  }
  if (language == TemplateLanguage::json) {
    invariant(state_behind<JsonContext>(hostile) == state_behind<JsonContext>(harmless), "the JSON stays what it is");
  }
  return 0;
}
