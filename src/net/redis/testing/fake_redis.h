// A Redis that a test writes: it speaks RESP over the simulated network, and answers what it is told to.
//
//   FakeRedis redis(network, world, "10.0.0.1:6379");
//   redis.answer = [](const FakeRedis::Words& words) { return words[0] == "PING" ? "+PONG\r\n" : "-ERR no\r\n"; };
//   redis.delay = 100ms;  redis.hangs = true;  redis.kill();  redis.start();
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "net/inbox.h"
#include "net/listener.h"
#include "net/redis/resp.h"
#include "net/tls/handshake.h"
#include "net/tls/server_context.h"
#include "runtime/scope.h"
#include "runtime/sim_io.h"
#include "runtime/sim_world.h"

namespace weir::redis {

class FakeRedis {
 public:
  using Words = std::vector<std::string>;

  FakeRedis(SimNetwork& network, SimWorld& world, std::string_view address)
      : io_(network), reactor_(io_, 7), world_(world), address_(*socket_address(*parse_endpoint(address))) {
    world_.add(reactor_);
    start();
  }
  FakeRedis(const FakeRedis&) = delete;
  FakeRedis& operator=(const FakeRedis&) = delete;
  ~FakeRedis() {
    kill();
    world_.remove(reactor_);
  }

  /// Listens, with no connection yet.
  void start() {
    scope_ = std::make_unique<Scope>(reactor_);
    listener_ = std::make_unique<Listener>(reactor_, *Listener::open(reactor_, address_, {}));
    scope_->spawn(accept_all());
    world_.settle();
  }
  /// All connections end, and nobody listens.
  void kill() {
    if (scope_ == nullptr) return;
    scope_->cancel(gateway_error(Code::canceled));
    world_.run_until([&] { return scope_->running() == 0; });
    scope_.reset();
    listener_.reset();
    world_.settle();
  }

  std::function<std::string(const Words&)> answer = [](const Words&) { return std::string("+OK\r\n"); };
  Duration delay{};    ///< before what was read together is answered
  bool strict = true;  ///< what is no command fails the test; else it ends the connection
  bool hangs = false;  ///< as by SIGSTOP: takes connections and bytes, answers nothing
  std::vector<Words> asked;
  unsigned connections = 0;
  std::shared_ptr<const tls::ServerContext> tls;  ///< of connections from now on; null: in the clear

  /// How many commands began with this word.
  [[nodiscard]] std::size_t count(std::string_view word) const {
    return static_cast<std::size_t>(
        std::ranges::count_if(asked, [&](const Words& words) { return words.front() == word; }));
  }

 private:
  Task<void> accept_all() {
    while (true) {
      const Result<Handle> accepted = co_await listener_->accept();
      if (!accepted) co_return;
      ++connections;
      scope_->spawn(serve(std::make_unique<Stream>(reactor_, *accepted, Origin::client)));
    }
  }

  Task<void> serve(std::unique_ptr<Stream> stream) {
    while (hangs) {
      if (!co_await Sleep(reactor_, std::chrono::milliseconds{1})) co_return;
    }
    if (tls != nullptr) {
      tls::Failure why{};
      if (!co_await tls::shake_hands(*stream, tls->accept(bench_, reactor_.now(), reactor_.wall_now()), no_limit, why))
        co_return;
    }
    Inbox inbox(*stream);
    Reader reader(1024 * 1024);
    while (true) {
      const Result<std::size_t> came = co_await inbox.fill_behind(1024 * 1024, no_limit);
      if (!came || *came == 0) co_return;
      std::string out;
      while (!inbox.empty()) {
        const Result<std::size_t> whole = reader.read({inbox.unread().data(), inbox.unread().size()});
        EXPECT_TRUE(whole || !strict) << "a command is RESP";
        if (!whole) co_return;
        if (*whole == 0) break;
        inbox.consume(*whole);
        Words words;
        reader.take().value().for_each([&](const Value& word) { words.emplace_back(word.text()); });
        asked.push_back(words);
        out += answer(words);
      }
      if (delay > Duration{} && !co_await Sleep(reactor_, delay)) co_return;
      while (hangs) {
        if (!co_await Sleep(reactor_, std::chrono::milliseconds{1})) co_return;
      }
      if (!out.empty() && !co_await stream->send(out, no_limit)) co_return;
    }
  }

  SimIo io_;
  Reactor reactor_;
  SimWorld& world_;
  SocketAddress address_;
  tls::Workbench bench_;
  std::unique_ptr<Scope> scope_;
  std::unique_ptr<Listener> listener_;
};

}  // namespace weir::redis
