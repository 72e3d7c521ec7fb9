// Out and back, before the time is over.
#include "net/dns/question.h"

#include <array>
#include <memory>

#include "base/limits.h"
#include "net/connect.h"

namespace weir::dns {
namespace {

Error no_answer(const char* why) {
  return upstream_error(Code::resolve_failed, why).with(Retry::unsent);
}

/// What is left of the time; a receive that may take no time at all still looks at what is there.
Duration left_until(const Reactor& reactor, Time deadline) {
  return std::max(deadline - reactor.now(), Duration{1});
}

Task<Result<Response>> ask_by_datagram(Reactor& reactor, const SocketAddress& server, const Question& question,
                                       std::uint16_t number, const std::string& bytes, Time deadline) {
  CO_TRY(const std::unique_ptr<Stream> socket, co_await open_datagrams(reactor, {server}));
  CO_TRY_VOID(co_await socket->send(bytes, left_until(reactor, deadline)));
  for (unsigned strays = 0; strays < limits::dns_stray_datagrams; ++strays) {
    CO_TRY(const std::span<char> datagram, co_await socket->receive(left_until(reactor, deadline)));
    CO_TRY(std::optional<Response> response, parse({datagram.data(), datagram.size()}, number, question));
    if (response) co_return std::move(*response);
  }
  co_return fail(no_answer("datagrams came from the name server's address that are not its answer"));
}

Task<Result<void>> receive_exactly(Stream& stream, std::span<char> room, Time deadline) {
  while (!room.empty()) {
    CO_TRY(const std::span<char> piece, co_await stream.receive_into(room, left_until(stream.reactor(), deadline)));
    if (piece.empty()) co_return fail(no_answer("the name server closed the connection"));
    room = room.subspan(piece.size());
  }
  co_return Result<void>{};
}

// RFC 1035 section 4.2.2: two bytes of length, then the message.
Task<Result<Response>> ask_by_stream(Reactor& reactor, const SocketAddress& server, const Question& question,
                                     std::uint16_t number, const std::string& bytes, Time deadline) {
  CO_TRY(const std::unique_ptr<Stream> stream, co_await connect(reactor, {server}, left_until(reactor, deadline)));
  const std::array<char, 2> length{static_cast<char>(bytes.size() >> 8), static_cast<char>(bytes.size() & 0xFF)};
  CO_TRY_VOID(co_await stream->send({{length.data(), length.size()}, bytes}, left_until(reactor, deadline)));
  std::array<char, 2> said{};
  CO_TRY_VOID(co_await receive_exactly(*stream, said, deadline));
  std::string message(static_cast<std::uint8_t>(said[0]) << 8 | static_cast<std::uint8_t>(said[1]), '\0');
  CO_TRY_VOID(co_await receive_exactly(*stream, message, deadline));
  CO_TRY(std::optional<Response> response, parse(message, number, question));
  if (!response || response->truncated) co_return fail(no_answer("the name server answered something else"));
  co_return std::move(*response);
}

}  // namespace

Task<Result<Response>> ask(Reactor& reactor, SocketAddress server, Question question, std::uint16_t number,
                           bool with_edns, Duration timeout) {
  const Time deadline = deadline_after(reactor.now(), timeout);
  const std::string bytes = encode(number, question, with_edns);
  CO_TRY(Response response, co_await ask_by_datagram(reactor, server, question, number, bytes, deadline));
  if (!response.truncated) co_return response;
  co_return co_await ask_by_stream(reactor, server, question, number, bytes, deadline);
}

}  // namespace weir::dns
