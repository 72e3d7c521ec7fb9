// Whatever stands in a map of redirects: either complaints and no map, or a map in which every location is a path of
// this server or an absolute URL, and none holds a line break.
//
// Input: which of the three ways (first byte), a path (first line), the file.
#include <cstdint>
#include <string_view>

#include "base/block_pool.h"
#include "base/invariant.h"
#include "http/path.h"
#include "route/redirect_map.h"

using namespace weir;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0 || size > 4096) return 0;
  static constexpr std::string_view names[] = {"m", "m.csv", "m.yaml"};
  const std::string_view file = names[data[0] % 3];
  const std::string_view rest(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::size_t end = std::min(rest.find('\n'), rest.size());

  Diagnostics diagnostics;
  FileReport report({.file_name = intern_file_name(file), .line = 0, .column = 0}, diagnostics);
  const auto map = RedirectMap::parse(rest.substr(std::min(end + 1, rest.size())), report);
  invariant((map == nullptr) == diagnostics.has_errors(), "no map exactly when there are errors");
  if (map == nullptr) return 0;

  BlockPool pool(1);
  Arena arena(pool);
  const Result<std::string_view> path = canonical_path(rest.substr(0, end), arena);
  if (!path) return 0;
  RequestHead request(arena);
  request.path = *path;
  const auto found = map->find(request);
  if (!found) return 0;
  const auto location = RedirectMap::location(*found, request, true, arena);
  if (!location) return 0;
  invariant(!location->starts_with("//"), "no location has a host that nobody wrote down");
  invariant(location->starts_with('/') || location->starts_with("http://") || location->starts_with("https://"),
            "a path or a URL");
  invariant(location->find_first_of("\r\n \t") == std::string_view::npos, "one field value");
  return 0;
}
