// Piece by piece, until it is whole.
#include "server/hello_name.h"

#include "base/limits.h"
#include "net/tls/asked_name.h"

namespace weir {

Task<std::string> hear_name(Stream& stream, Duration patience, std::string& arrived) {
  const Time deadline = deadline_after(stream.reactor().now(), patience);
  while (true) {
    tls::AskedName asked = tls::asked_name(arrived);
    if (asked.whole) co_return std::move(asked.name);
    if (arrived.size() > limits::tls_handshake_bytes) co_return std::string();  // the handshake says why
    const auto received = co_await stream.receive_new_work(time_left(stream.reactor().now(), deadline));
    if (!received || received->empty()) co_return std::string();
    arrived.append(received->begin(), received->end());
  }
}

}  // namespace weir
