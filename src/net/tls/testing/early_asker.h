// A client that resumes and sends bytes with its hello (0-RTT).
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "net/tls/testing/memory_client.h"

namespace weir::tls {

class EarlyAsker : public MemoryClient {
 public:
  /// Hears what comes behind the handshake, and keeps the ticket that is among it.
  void keep_ticket(std::string_view bytes) {
    read(bytes);
    ticket_.reset(SSL_get1_session(session()));
  }
  /// A new connection, with the ticket.
  void resume() {
    // A session that was not shut down would not be resumed again.
    SSL_set_shutdown(session(), SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
    begin();
    SSL_set_session(session(), ticket_.get());
  }

  /// Its hello with `bytes` behind it.
  std::string say_early(std::string_view bytes) {
    std::size_t written = 0;
    SSL_write_early_data(session(), bytes.data(), bytes.size(), &written);
    return said();
  }
  [[nodiscard]] bool was_taken() const { return SSL_get_early_data_status(session()) == SSL_EARLY_DATA_ACCEPTED; }
  [[nodiscard]] bool resumed() const { return SSL_session_reused(session()) == 1; }

 private:
  std::unique_ptr<SSL_SESSION, Freed<&SSL_SESSION_free>> ticket_;
};

}  // namespace weir::tls
