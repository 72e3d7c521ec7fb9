// Whatever stands in Authorization: credentials are clean and no longer than the field, and writing them again gives
// the same.
#include <cstdint>
#include <string_view>

#include "base/block_pool.h"
#include "base/crypto.h"
#include "base/invariant.h"
#include "http/authorization.h"

using namespace weir;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view value(reinterpret_cast<const char*>(data), size);
  BlockPool pool(1);
  Arena arena(pool);
  Fields fields(arena);
  fields.append(FieldName::authorization, value);

  const Authorization authorization = read_authorization(fields);
  invariant(authorization.scheme.size() + authorization.credentials.size() <= size, "nothing is made up");
  const BasicCredentials basic = read_basic_credentials(fields);
  if (basic.kind != BasicCredentials::Kind::given) return 0;
  invariant(!basic.user.contains(':') && !basic.user.contains('\0') && !basic.user.contains('\n'), "users are clean");
  invariant(crypto::decode_base64(authorization.credentials) == basic.user + ":" + basic.password, "nothing is lost");
  return 0;
}
