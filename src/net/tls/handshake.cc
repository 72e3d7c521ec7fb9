// A loop: say what is owed, hear what comes.
#include "net/tls/handshake.h"

#include <algorithm>
#include <utility>

namespace weir::tls {
namespace {

/// Who speaks HTTP to us is told so in HTTP: an alert would be noise to it.
constexpr std::string_view plain_http_answer =
    "HTTP/1.1 400 Bad Request\r\ncontent-type: text/plain\r\nconnection: close\r\ncontent-length: 46\r\n\r\n"
    "This port speaks TLS: use https:// in the URL\n";

bool is_client(const Stream& stream) {
  return stream.peer() != Origin::client;
}

}  // namespace

Task<Result<void>> shake_hands(Stream& stream, std::unique_ptr<Engine> engine, Duration patience, Failure& why,
                               std::span<const char> arrived) {
  const Time deadline = deadline_after(stream.reactor().now(), patience);
  const auto left = [&] { return time_left(stream.reactor().now(), deadline); };
  bool first = arrived.empty();
  while (true) {
    Result<bool> over = first && !is_client(stream) ? Result<bool>(false) : engine->shake(arrived);
    if (!over) {
      why = engine->failure();
      const std::string alert = engine->owed();
      // Nobody waits for it to be taken: the connection ends here.
      if (why == Failure::plain_http && !is_client(stream)) {
        co_await stream.send(plain_http_answer, Duration::zero());
      } else if (!alert.empty()) {
        co_await stream.send(alert, Duration::zero());
      }
      co_return fail(over.error());
    }
    if (const std::string owed = engine->owed(); !owed.empty()) {
      const Result<void> sent = co_await stream.send(owed, left());
      if (!sent) {
        const bool late = sent.error().code == Code::timed_out;
        why = late ? Failure::timed_out : Failure::closed;
        co_return fail(late ? Error{.code = Code::tls_timeout, .origin = stream.peer()} : sent.error());
      }
    }
    if (*over) break;
    // A hello begins new work, as a request does; what follows carries it on.
    const Result<std::span<char>> received =
        std::exchange(first, false) ? co_await stream.receive_new_work(left()) : co_await stream.receive(left());
    if (!received) {
      const bool late = received.error().code == Code::timed_out;
      why = late ? Failure::timed_out : Failure::closed;
      co_return fail(late ? Error{.code = Code::tls_timeout, .origin = stream.peer()} : received.error());
    }
    if (received->empty()) {
      why = Failure::closed;
      co_return fail(Error{.code = Code::peer_closed, .origin = stream.peer(), .text = sentence_of(why)});
    }
    arrived = *received;
  }
  stream.secure(std::move(engine));
  co_return Result<void>{};
}

}  // namespace weir::tls
