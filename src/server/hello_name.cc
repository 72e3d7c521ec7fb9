// Piece by piece, until it is whole.
#include "server/hello_name.h"

#include "net/tls/challenge.h"
#include "net/tls/client_hello.h"

namespace weir {

Task<std::string> hear_name(Stream& stream, Duration patience, std::string& arrived) {
  const Time deadline = deadline_after(stream.reactor().now(), patience);
  while (true) {
    tls::PeekedHello peeked = tls::peek(arrived);
    if (peeked.state == tls::PeekedHello::State::refused) co_return std::string();  // the handshake says why
    if (peeked.state == tls::PeekedHello::State::whole) {
      const bool looks_for_proof =
          peeked.hello.protocols == std::vector<std::string>{std::string(tls::challenge_protocol)};
      co_return looks_for_proof ? std::string() : std::move(peeked.hello.server_name);
    }
    const auto received = co_await stream.receive_new_work(time_left(stream.reactor().now(), deadline));
    if (!received || received->empty()) co_return std::string();
    arrived.append(received->begin(), received->end());
  }
}

}  // namespace weir
