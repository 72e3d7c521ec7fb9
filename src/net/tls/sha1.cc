// One call of the library.
#include "net/tls/sha1.h"

#include <openssl/evp.h>

#include "base/invariant.h"

namespace weir::tls {

Sha1 sha1(std::string_view bytes) {
  Sha1 digest;
  const int done = EVP_Digest(bytes.data(), bytes.size(), digest.data(), nullptr, EVP_sha1(), nullptr);
  invariant(done == 1, "there is memory for a digest");
  return digest;
}

}  // namespace weir::tls
