// A client of the library's own, over memory: for what Weir's client does not do.
#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>

#include "net/tls/openssl.h"

namespace weir::tls {

class MemoryClient {
 public:
  explicit MemoryClient(std::string name = "shop.test") : name_(std::move(name)) {
    SSL_CTX_set_verify(context_.get(), SSL_VERIFY_NONE, nullptr);
    begin();
  }

  /// A new connection, without a ticket.
  void begin() {
    session_.reset(SSL_new(context_.get()));
    BIO* const in = BIO_new(BIO_s_mem());
    BIO* const out = BIO_new(BIO_s_mem());
    BIO_set_mem_eof_return(in, -1);
    SSL_set_bio(session_.get(), in, out);
    SSL_set_connect_state(session_.get());
    SSL_set_tlsext_host_name(session_.get(), name_.c_str());
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
  /// `bytes`, and behind them in one piece that nothing more comes.
  std::string say_and_end(std::string_view bytes) {
    SSL_write(session_.get(), bytes.data(), static_cast<int>(bytes.size()));
    SSL_shutdown(session_.get());
    return said();
  }
  /// Hears `bytes`. \returns  what they are in plain
  std::string read(std::string_view bytes) {
    hear(bytes);
    std::string plain(1 << 16, '\0');
    const int count = SSL_read(session_.get(), plain.data(), static_cast<int>(plain.size()));
    ERR_clear_error();
    return plain.substr(0, static_cast<std::size_t>(std::max(count, 0)));
  }
  [[nodiscard]] bool shaken() const { return SSL_is_init_finished(session_.get()) == 1; }
  /// Whether the server has said that nothing more comes, as far as it was read.
  [[nodiscard]] bool heard_goodbye() const { return (SSL_get_shutdown(session_.get()) & SSL_RECEIVED_SHUTDOWN) != 0; }

 protected:
  [[nodiscard]] SSL* session() const { return session_.get(); }
  /// What it has to say now.
  std::string said() {
    char* bytes = nullptr;
    const long size = BIO_get_mem_data(SSL_get_wbio(session_.get()), &bytes);
    std::string all(bytes, static_cast<std::size_t>(size));
    static_cast<void>(BIO_reset(SSL_get_wbio(session_.get())));
    ERR_clear_error();
    return all;
  }

 private:
  void hear(std::string_view bytes) {
    BIO_write(SSL_get_rbio(session_.get()), bytes.data(), static_cast<int>(bytes.size()));
  }

  std::string name_;
  Context context_{SSL_CTX_new(TLS_client_method())};
  std::unique_ptr<SSL, Freed<&SSL_free>> session_;
};

}  // namespace weir::tls
