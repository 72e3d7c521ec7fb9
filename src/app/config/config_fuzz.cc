// No bytes make the configuration reader crash, hang or say something that its own rules forbid.
//
// The input is split into files at lines `=== NAME`, as in golden/. Beside not crashing it shows: reading twice says
// the same, and a cache changes nothing.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "app/config/document.h"
#include "app/config/include.h"
#include "app/config/source.h"

namespace {

using namespace weir;
using namespace weir::config;

constexpr std::string_view mark = "\n=== ";

MemorySource source_of(std::string_view input) {
  MemorySource source;
  source.variables["NAME"] = "a: [b\n";
  std::size_t at = input.find(mark);
  source.files["weir.yaml"] = input.substr(0, at);
  // File names live for ever, so only a few are allowed here.
  for (int file = 0; at != std::string_view::npos && file < 3; ++file) {
    input.remove_prefix(at + mark.size());
    const std::size_t line_end = std::min(input.find('\n'), input.size());
    at = input.find(mark);
    source.files[std::string("file") + static_cast<char>('0' + file) + ".yaml"] =
        line_end < input.size() ? input.substr(line_end, at == std::string_view::npos ? at : at - line_end) : "";
  }
  return source;
}

std::string load(MemorySource& source, FileCache& cache) {
  static const PluginNames names{.filters = {"headers", "rewrite", "access", "body_limit"},
                                 .services = {"proxy", "respond", "redirect"},
                                 .balancers = {"round_robin"}};
  Diagnostics diagnostics;
  const Document document = load_document("weir.yaml", source, names, cache, {}, diagnostics);
  const RouteFilters filters(document);
  for (const auto& route : document.routes) {
    static_cast<void>(filters.of(*route));
    if (!diagnostics.has_errors() && route->service.name.empty()) std::abort();
  }
  return document.hash.text() + diagnostics.text() + diagnostics.json();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  MemorySource source = source_of({reinterpret_cast<const char*>(data), size});
  FileCache cache;
  const std::string first = load(source, cache);
  const std::string again = load(source, cache);
  if (first != again) std::abort();
  return 0;
}
