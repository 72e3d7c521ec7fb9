// Any bytes as the begin of a connection: safe to read, and a name that was heard is heard in all that is longer.
#include "base/testing/fuzz.h"
#include "net/tls/asked_name.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  using namespace weir;
  using namespace weir::tls;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const AskedName all = asked_name(bytes);
  demand(all.whole || all.name.empty());
  const AskedName part = asked_name(bytes.substr(0, size / 2));
  demand(!part.whole || (all.whole && part.name == all.name));
  return 0;
}
