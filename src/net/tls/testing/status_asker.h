// A client that asks for what the server's authority says of its certificate (OCSP), and keeps the answer.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "net/tls/openssl.h"

namespace weir::tls {

class StatusAsker {
 public:
  explicit StatusAsker(const std::string& name = "shop.test") {
    SSL_CTX_set_verify(context_.get(), SSL_VERIFY_NONE, nullptr);
    session_.reset(SSL_new(context_.get()));
    BIO* const in = BIO_new(BIO_s_mem());
    BIO* const out = BIO_new(BIO_s_mem());
    BIO_set_mem_eof_return(in, -1);
    SSL_set_bio(session_.get(), in, out);
    SSL_set_connect_state(session_.get());
    SSL_set_tlsext_host_name(session_.get(), name.c_str());
    SSL_set_tlsext_status_type(session_.get(), TLSEXT_STATUSTYPE_ocsp);
  }

  /// Hears `bytes`. \returns  what it says to that
  std::string say(std::string_view bytes) {
    BIO_write(SSL_get_rbio(session_.get()), bytes.data(), static_cast<int>(bytes.size()));
    SSL_do_handshake(session_.get());
    char* said = nullptr;
    const long size = BIO_get_mem_data(SSL_get_wbio(session_.get()), &said);
    std::string all(said, static_cast<std::size_t>(size));
    static_cast<void>(BIO_reset(SSL_get_wbio(session_.get())));
    ERR_clear_error();
    return all;
  }

  [[nodiscard]] std::string shown() const {
    const unsigned char* answer = nullptr;
    const long size = SSL_get_tlsext_status_ocsp_resp(session_.get(), &answer);
    return size <= 0 ? "" : std::string(reinterpret_cast<const char*>(answer), static_cast<std::size_t>(size));
  }

 private:
  Context context_{SSL_CTX_new(TLS_client_method())};
  std::unique_ptr<SSL, Freed<&SSL_free>> session_;
};

}  // namespace weir::tls
