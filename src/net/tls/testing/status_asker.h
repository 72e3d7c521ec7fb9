// A client that asks for what the server's authority says of its certificate (OCSP), and keeps the answer.
#pragma once

#include <string>

#include "net/tls/testing/memory_client.h"

namespace weir::tls {

class StatusAsker : public MemoryClient {
 public:
  explicit StatusAsker(std::string name = "shop.test") : MemoryClient(std::move(name)) {
    SSL_set_tlsext_status_type(session(), TLSEXT_STATUSTYPE_ocsp);
  }

  [[nodiscard]] std::string shown() const {
    const unsigned char* answer = nullptr;
    const long size = SSL_get_tlsext_status_ocsp_resp(session(), &answer);
    return size <= 0 ? "" : std::string(reinterpret_cast<const char*>(answer), static_cast<std::size_t>(size));
  }
};

}  // namespace weir::tls
