// Any bytes as a file of endpoints, of either kind: good ones have endpoints, bad ones a complaint.
#include <string_view>

#include "app/config/endpoint_file.h"
#include "base/testing/fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  for (const char* file : {"fuzz.endpoints", "fuzz.yaml"}) {
    weir::Diagnostics diagnostics;
    weir::FileReport report({.file_name = weir::intern_file_name(file), .line = 0, .column = 0}, diagnostics);
    const auto list = weir::config::endpoint_file_kind().parse(bytes, report);
    weir::demand(diagnostics.has_errors() || (list != nullptr && !list->endpoints.empty()));
  }
  return 0;
}
