// A server on the simulated network that is well or ill as a test says: what health checks are tried on.
//
//   ScriptedServer server(reactor, address_of("10.0.0.1:80"));
//   server.answer = "HTTP/1.1 200 OK\r\n\r\n";
//   server.manner = ScriptedServer::Manner::hang;
//   server.die(); server.come_back();
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "net/address.h"
#include "net/listener.h"
#include "net/stream.h"
#include "net/tls/handshake.h"
#include "net/tls/server_context.h"
#include "runtime/scope.h"

namespace weir {

class ScriptedServer {
 public:
  enum class Manner : std::uint8_t {
    answer,   ///< whatever it hears
    hang,     ///< accepts, and says nothing
    slam,     ///< accepts, and closes at once
    by_byte,  ///< answers one byte at a time
  };

  ScriptedServer(Reactor& reactor, const UpstreamAddress& address)
      : reactor_(reactor), address_(address), scope_(reactor) {
    come_back();
  }
  ScriptedServer(const ScriptedServer&) = delete;
  ScriptedServer& operator=(const ScriptedServer&) = delete;

  /// Connections are refused from now on, as after kill -9.
  void die() {
    listening_ = false;
    if (listener_ == nullptr) return;
    Listener::Accept& accept = listener_->accept();
    if (!accept.parked) return;
    accept.unlink();
    accept.cancel(gateway_error(Code::canceled));
  }
  void come_back() {
    listening_ = true;
    scope_.spawn(serve());
  }
  /// Before the world goes: everything that waits here ends.
  void stop() {
    die();
    scope_.cancel(gateway_error(Code::canceled));
  }
  [[nodiscard]] bool stopped() const { return scope_.running() == 0; }

  Manner manner = Manner::answer;
  std::string answer;
  bool keeps_open = false;                                         ///< behind its answer
  std::shared_ptr<const tls::ServerContext> tls;                   ///< null: it speaks in the clear
  std::function<std::string(std::string_view request)> answer_to;  ///< in place of `answer`, where there is one
  std::vector<std::string> heard;
  std::vector<Time> asked_at;

 private:
  Task<void> serve() {
    const Result<Handle> opened = Listener::open(reactor_, address_.address, {});
    invariant(opened.has_value(), "a test gives each server its own address");
    Listener listener(reactor_, *opened);
    listener_ = &listener;
    while (listening_) {
      const Result<Handle> accepted = co_await listener.accept();
      if (!accepted) break;
      asked_at.push_back(reactor_.now());
      scope_.spawn(converse(*accepted));
    }
    listener_ = nullptr;
  }

  Task<void> converse(Handle handle) {
    Stream stream(reactor_, handle, Origin::client);
    if (manner == Manner::slam) co_return;
    tls::Failure why{};
    if (tls != nullptr &&
        !co_await tls::shake_hands(stream, tls->accept(bench_, reactor_.now(), reactor_.wall_now()), no_limit, why))
      co_return;
    const auto received = co_await stream.receive(no_limit);
    if (!received) co_return;
    heard.emplace_back(received->begin(), received->end());
    if (manner == Manner::hang) {
      co_await wait_for_end(stream);
      co_return;
    }
    const std::string bytes = answer_to ? answer_to(heard.back()) : answer;
    const std::size_t step = manner == Manner::by_byte ? 1 : std::max<std::size_t>(bytes.size(), 1);
    for (std::size_t at = 0; at < bytes.size(); at += step) {
      if (!co_await stream.send(std::string_view(bytes).substr(at, step), no_limit)) co_return;
      if (manner == Manner::by_byte && !co_await Sleep(reactor_, std::chrono::milliseconds{1})) co_return;
    }
    if (keeps_open) co_await wait_for_end(stream);
  }

  static Task<void> wait_for_end(Stream& stream) {
    while (true) {
      const auto more = co_await stream.receive(no_limit);
      if (!more || more->empty()) co_return;
    }
  }

  Reactor& reactor_;
  const UpstreamAddress address_;
  Scope scope_;
  tls::Workbench bench_;
  Listener* listener_ = nullptr;
  bool listening_ = false;
};

}  // namespace weir
