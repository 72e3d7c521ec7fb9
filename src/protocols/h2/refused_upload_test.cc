// A server of HTTP/2 refuses a request while the client is still sending, as servers do that are being restarted: the
// next one gets it, with all of its content. The frames of both servers are written by hand.
#include <gtest/gtest.h>

#include "net/listener.h"
#include "protocols/h2/protocol.h"
#include "runtime/signal.h"
#include "upstream/attempt_test_support.h"

namespace weir::h2 {
namespace {

using upstream_test::AttemptTest;
using upstream_test::Trial;
using upstream_test::Turns;

const std::string settings_frame("\0\0\0\4\0\0\0\0\0", 9);
const std::string refuses("\0\0\4\3\0\0\0\0\1\0\0\0\7", 13);       // RST_STREAM, REFUSED_STREAM
const std::string answers("\0\0\1\1\5\0\0\0\1\x88", 10);           // HEADERS, END_STREAM: `:status: 200`
const std::string content_frame("\0\0\7\0\1\0\0\0\1content", 16);  // DATA, END_STREAM

/// A client that has sent nothing but its head so far.
class SlowUpload final : public Body {
 public:
  SlowUpload(Reactor& reactor, bool& pulled) : signal_(reactor), pulled_(pulled) {}
  Task<Result<Piece>> read() override {
    pulled_ = true;
    CO_TRY_VOID(co_await signal_.wait());
    co_return Piece{.bytes = "content", .end = true};
  }
  void go_on() { signal_.raise(); }

 private:
  Signal signal_;
  bool& pulled_;
};

class RefusedUpload : public AttemptTest {
 protected:
  ~RefusedUpload() override {
    serving_.cancel(gateway_error(Code::draining));
    world.run_until([&] { return serving_.running() == 0; });
  }

  /// Says `at_once` when it has heard anything, and `at_last` when it has heard `awaited`.
  Task<void> serve(std::string address, std::string at_once, std::string awaited, std::string at_last) {
    Listener listener(shard.reactor, *Listener::open(shard.reactor, *socket_address(*parse_endpoint(address)), {}));
    const Result<Handle> handle = co_await listener.accept();
    if (!handle) co_return;
    Stream stream(shard.reactor, *handle, Origin::client);
    std::string heard;
    while (true) {
      const auto received = co_await stream.receive(no_limit);
      if (!received || received->empty()) co_return;
      heard.append(received->data(), received->size());
      if (!at_once.empty()) co_await stream.send(std::exchange(at_once, ""), no_limit);
      if (!at_last.empty() && heard.contains(awaited)) co_await stream.send(std::exchange(at_last, ""), no_limit);
    }
  }

  std::unique_ptr<Cluster> shop() {
    ClusterSettings settings;
    settings.name = "shop";
    settings.endpoints = {{.endpoint = *parse_endpoint("10.0.0.1:80")}, {.endpoint = *parse_endpoint("10.0.0.2:80")}};
    settings.balancer = std::make_unique<Turns>();
    settings.protocol = &client_protocol();
    return std::make_unique<Cluster>(std::move(settings));
  }

  Scope serving_{shard.reactor};
};

TEST_F(RefusedUpload, goes_to_the_next_server_with_what_its_client_sends_then) {
  serving_.spawn(serve("10.0.0.1:80", settings_frame + refuses, "", ""));
  serving_.spawn(serve("10.0.0.2:80", settings_frame, content_frame, answers));
  const auto cluster = shop();
  Trial trial(shard, Method::post);
  trial.exchange.request.method_text = "POST";
  trial.exchange.request.framing = {.kind = Framing::Kind::chunked};
  bool pulled = false;
  auto* const upload = trial.exchange.arena.make<SlowUpload>(shard.reactor, pulled);
  trial.exchange.request_body = BodyPointer(upload);

  trial.scope.spawn(upstream_test::send(*cluster, trial));
  world.run_until([&] { return trial.exchange.attempts == 2; });
  world.settle();
  ASSERT_TRUE(pulled);
  EXPECT_FALSE(trial.result.has_value()) << "the second server waits for the content";
  upload->go_on();
  world.run_until([&] { return trial.result.has_value(); });

  ASSERT_TRUE(trial.result && *trial.result) << trial.story();
  EXPECT_EQ((**trial.result).head.status, 200);
  world.run_until([&] { return trial.exchange.scope.running() == 0; });
}

}  // namespace
}  // namespace weir::h2
