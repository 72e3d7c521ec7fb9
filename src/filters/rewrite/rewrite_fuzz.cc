// Whatever rule and path come together, the result is a canonical path below nothing the rule did not say, or an error.
//
// Input: pattern, replacement and path, a line each.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/invariant.h"
#include "filters/rewrite/rewrite.h"
#include "http/path.h"

using namespace weir;

namespace {

std::string_view take_line(std::string_view& rest) {
  const std::size_t end = rest.find('\n');
  const std::string_view line = rest.substr(0, end);
  rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
  return line;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  // Longer expressions only make RE2 work; what is looked for is in the path.
  if (size > 4096) return 0;
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  const std::string pattern(take_line(rest));
  const std::string_view to = take_line(rest);
  auto replacement = Replacement::parse(pattern, to);
  if (!replacement) return 0;

  BlockPool pool(1);
  Arena arena(pool);
  const Result<std::string_view> path = canonical_path(rest, arena);
  if (!path) return 0;
  const Rewrite rewrite({}, std::move(*replacement), {});
  const RewriteVerdict verdict = rewrite.decide(*path, arena);
  if (!verdict.good) {
    invariant(verdict.path == *path, "a failed rewrite leaves the path alone");
    return 0;
  }
  const Result<std::string_view> again = canonical_path(verdict.path, arena);
  invariant(again.has_value() && *again == verdict.path, "a rewritten path is canonical");
  return 0;
}
