// Which requests are guarded, and what may be agreed on.
#include "filters/websocket/websocket.h"

#include <gtest/gtest.h>

#include "contracts/testing/conformance.h"

namespace weir {
namespace {

/// Two ends of nothing.
class Silence final : public Duplex {
 public:
  Task<Result<std::string_view>> receive(Duration) override { co_return std::string_view(); }
  Task<Result<void>> send(std::string_view, Duration) override { co_return Result<void>{}; }
  void finish_sending() override {}
};

/// Switches, and answers with these extensions.
class Switching final : public Service {
 public:
  Reply handle(Exchange& exchange) const override {
    const Field* const field = exchange.request.fields.find("sec-websocket-extensions");
    offered = field != nullptr ? std::string(field->value) : "nothing";
    Answer answer(exchange.arena);
    answer.head.status = 101;
    answer.head.upgrade = "websocket";
    if (!extensions.empty()) answer.head.fields.append("sec-websocket-extensions", extensions);
    answer.tunnel = std::make_unique<Silence>();
    plain = answer.tunnel.get();
    co_return answer;
  }
  Effect rehearse(ImaginedRequest&) const override { return {}; }

  std::string_view extensions;
  mutable std::string offered;
  mutable const Duplex* plain = nullptr;
};

struct Asked {
  Result<Status> status;
  std::string offered;  ///< to the upstream
  bool guarded = false;
};

Asked ask(std::string_view options, std::string_view upgrade, std::string_view offer, std::string_view agreed) {
  const auto built = build_plugin(websocket_filter(), options);
  EXPECT_TRUE(built.plugin) << built.diagnostics.text();
  TestShard shard;
  TestExchange test(shard);
  test.exchange.request.upgrade = upgrade;
  if (!offer.empty()) test.field("sec-websocket-extensions", offer);
  Switching service;
  service.extensions = agreed;
  const auto answer = shard.run_to_end(built.plugin->handle(test.exchange, TestExchange::next(service)));
  return {.status = answer ? Result<Status>(answer->head.status) : fail(answer.error()),
          .offered = service.offered,
          .guarded = answer && answer->tunnel.get() != service.plain};
}

TEST(WebSocketFilter, conforms) {
  expect_conformance(websocket_filter(), "{}");
  expect_conformance(websocket_filter(), "{ message_size: 1MiB, messages: 50/s, burst: 100, compression: refuse }");
}

TEST(WebSocketFilter, only_websockets_are_guarded) {
  EXPECT_TRUE(ask("{}", "websocket", "", "").guarded);
  EXPECT_FALSE(ask("{}", "something-else", "", "").guarded);
}

TEST(WebSocketFilter, only_compression_goes_on_of_what_is_offered) {
  const std::string_view offer =
      "x-webkit-deflate-frame, permessage-deflate; client_max_window_bits, permessage-deflate";
  EXPECT_EQ(ask("{}", "websocket", offer, "").offered,
            "permessage-deflate; client_max_window_bits, permessage-deflate");
  EXPECT_EQ(ask("{}", "websocket", "bbf-usp-protocol", "").offered, "nothing");
  EXPECT_EQ(ask("{ compression: refuse }", "websocket", offer, "").offered, "nothing");
}

TEST(WebSocketFilter, server_that_agrees_to_what_nobody_offered_is_not_believed) {
  EXPECT_TRUE(ask("{}", "websocket", "permessage-deflate", "permessage-deflate; server_no_context_takeover").status);
  for (const std::string_view agreed : {"x-other", "permessage-deflate, permessage-deflate"}) {
    const Asked asked = ask("{}", "websocket", "permessage-deflate", agreed);
    ASSERT_FALSE(asked.status) << agreed;
    EXPECT_EQ(asked.status.error().code, Code::bad_upgrade);
  }
  EXPECT_FALSE(ask("{ compression: refuse }", "websocket", "permessage-deflate", "permessage-deflate").status);
}

TEST(WebSocketFilter, complains_about_limits_that_cannot_be_kept) {
  EXPECT_TRUE(complaints_about(websocket_filter(), "{ burst: 5 }").contains("a burst without a rate"));
  EXPECT_TRUE(complaints_about(websocket_filter(), "{ messages: 0/s }").contains("rate"));
}

}  // namespace
}  // namespace weir
