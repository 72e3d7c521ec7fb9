// A handshake over memory that ends at its first question.
#include "net/tls/asked_name.h"

#include "base/invariant.h"
#include "base/text.h"
#include "net/tls/hello_extensions.h"

namespace weir::tls {
namespace {

using Connection = std::unique_ptr<SSL, Freed<&SSL_free>>;

int hear(SSL* ssl, int*, void*) {
  std::string& name = *static_cast<std::string*>(SSL_get_app_data(ssl));
  if (!asks_for_proof(ssl)) name = text::to_lower(host_in_hello(ssl));
  if (name.ends_with('.')) name.pop_back();
  return SSL_CLIENT_HELLO_RETRY;  // that is all: nothing is answered
}

/// It shakes no hands, so that it needs no certificate. Shared by all cores: it does not change.
SSL_CTX* listening_context() {
  static const Context context = [] {
    Context made(SSL_CTX_new(TLS_server_method()));
    invariant(made != nullptr, "the library can make a context");
    SSL_CTX_set_client_hello_cb(made.get(), &hear, nullptr);
    return made;
  }();
  return context.get();
}

}  // namespace

AskedName asked_name(std::string_view bytes) {
  std::string name;
  const Connection connection(SSL_new(listening_context()));
  invariant(connection != nullptr, "the library can make a connection");
  SSL_set_app_data(connection.get(), &name);
  Bio received = bio_over(bytes);
  BIO_set_mem_eof_return(received.get(), -1);  // more may come
  SSL_set_bio(connection.get(), received.release(), BIO_new(BIO_s_null()));
  SSL_set_accept_state(connection.get());
  const int outcome = SSL_do_handshake(connection.get());
  const int why = SSL_get_error(connection.get(), outcome);
  ERR_clear_error();
  return {.whole = why != SSL_ERROR_WANT_READ, .name = std::move(name)};
}

}  // namespace weir::tls
