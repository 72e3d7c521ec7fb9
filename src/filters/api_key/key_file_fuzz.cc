// Whatever stands in a file of keys: either complaints and no keys, or keys with names that can be a field's value; and
// no complaint repeats what stands in the file beyond a name.
#include <cstdint>

#include "base/invariant.h"
#include "filters/api_key/key_file.h"

using namespace weir;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  Diagnostics diagnostics;
  FileReport report({.file_name = intern_file_name("keys"), .line = 0, .column = 0}, diagnostics);
  const auto keys = KeyFile::parse(bytes, report);
  invariant((keys == nullptr) == diagnostics.has_errors(), "no keys exactly when there are errors");
  if (keys != nullptr) invariant(keys->size() > 0 && keys->find({}) == nullptr, "nobody has the digest of nothing");
  static_cast<void>(parse_expiry(bytes));
  return 0;
}
