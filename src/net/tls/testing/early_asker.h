// A client that resumes and sends bytes with its hello (0-RTT), over memory.
#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>

#include "net/tls/openssl.h"

namespace weir::tls {

class EarlyAsker {
 public:
  EarlyAsker() {
    SSL_CTX_set_verify(context_.get(), SSL_VERIFY_NONE, nullptr);
    begin();
  }

  /// A new connection, with the last session if there is one.
  void begin() {
    // A session that was not shut down would not be resumed again.
    if (session_ != nullptr) SSL_set_shutdown(session_.get(), SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
    session_.reset(SSL_new(context_.get()));
    BIO* const in = BIO_new(BIO_s_mem());
    BIO* const out = BIO_new(BIO_s_mem());
    BIO_set_mem_eof_return(in, -1);
    SSL_set_bio(session_.get(), in, out);
    SSL_set_connect_state(session_.get());
    SSL_set_tlsext_host_name(session_.get(), "shop.test");
    if (ticket_ != nullptr) SSL_set_session(session_.get(), ticket_.get());
  }

  /// Its hello with `bytes` behind it.
  std::string say_early(std::string_view bytes) {
    std::size_t written = 0;
    SSL_write_early_data(session_.get(), bytes.data(), bytes.size(), &written);
    return said();
  }
  /// Hears `bytes`. \returns  what the handshake says to that
  std::string shake(std::string_view bytes) {
    hear(bytes);
    SSL_do_handshake(session_.get());
    return said();
  }
  std::string say(std::string_view bytes) {
    SSL_write(session_.get(), bytes.data(), static_cast<int>(bytes.size()));
    return said();
  }
  /// Hears `bytes`. \returns  what they are in plain; keeps a ticket that is among them
  std::string read(std::string_view bytes) {
    hear(bytes);
    std::string plain(1 << 16, '\0');
    const int count = SSL_read(session_.get(), plain.data(), static_cast<int>(plain.size()));
    ticket_.reset(SSL_get1_session(session_.get()));
    ERR_clear_error();
    return plain.substr(0, static_cast<std::size_t>(std::max(count, 0)));
  }
  [[nodiscard]] bool was_taken() const { return SSL_get_early_data_status(session_.get()) == SSL_EARLY_DATA_ACCEPTED; }
  [[nodiscard]] bool resumed() const { return SSL_session_reused(session_.get()) == 1; }

 private:
  void hear(std::string_view bytes) {
    BIO_write(SSL_get_rbio(session_.get()), bytes.data(), static_cast<int>(bytes.size()));
  }
  std::string said() {
    char* bytes = nullptr;
    const long size = BIO_get_mem_data(SSL_get_wbio(session_.get()), &bytes);
    std::string all(bytes, static_cast<std::size_t>(size));
    static_cast<void>(BIO_reset(SSL_get_wbio(session_.get())));
    ERR_clear_error();
    return all;
  }

  Context context_{SSL_CTX_new(TLS_client_method())};
  std::unique_ptr<SSL_SESSION, Freed<&SSL_SESSION_free>> ticket_;
  std::unique_ptr<SSL, Freed<&SSL_free>> session_;
};

}  // namespace weir::tls
