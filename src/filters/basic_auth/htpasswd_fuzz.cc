// Whatever stands in a file of users: either complaints with line numbers and no users, or users who are found again.
#include <cstdint>

#include "base/invariant.h"
#include "filters/basic_auth/htpasswd.h"

using namespace weir;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Diagnostics diagnostics;
  FileReport report({.file_name = intern_file_name("users"), .line = 0, .column = 0}, diagnostics);
  const auto users = Htpasswd::parse({reinterpret_cast<const char*>(data), size}, report);
  invariant((users == nullptr) == diagnostics.has_errors(), "no users exactly when there are errors");
  if (users == nullptr) return 0;
  invariant(users->size() > 0, "an empty file is an error");
  invariant(users->find("") == nullptr, "nobody has no name");
  static_cast<void>(users->decoy("somebody").text());
  return 0;
}
