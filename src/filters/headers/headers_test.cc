// What happens to fields on both ways, and which names and values are refused when the configuration is read.
#include "filters/headers/headers.h"

#include <gtest/gtest.h>

#include "contracts/testing/conformance.h"

namespace weir {
namespace {

std::string lines_of(const Fields& fields) {
  std::string text;
  for (const Field& field : fields) text += std::string(field.name) + ": " + std::string(field.value) + '\n';
  return text;
}

/// The request's fields as the service sees them.
std::string request_after(std::string_view options,
                          const std::vector<std::pair<std::string_view, std::string_view>>& fields) {
  const auto built = build_plugin(headers_filter(), options);
  EXPECT_TRUE(built.plugin) << built.diagnostics.text();
  TestShard shard;
  TestExchange test(shard);
  for (const auto& [name, value] : fields) test.field(name, value);
  CountingService service;
  EXPECT_TRUE(shard.run_to_end(built.plugin->handle(test.exchange, TestExchange::next(service))));
  EXPECT_EQ(service.calls, 1);
  return lines_of(test.exchange.request.fields);
}

/// The response's fields as the client sees them.
std::string response_after(std::string_view options,
                           const std::vector<std::pair<std::string_view, std::string_view>>& fields) {
  const auto built = build_plugin(headers_filter(), options);
  EXPECT_TRUE(built.plugin) << built.diagnostics.text();
  TestShard shard;
  TestExchange test(shard);
  CountingService service;
  service.fields = fields;
  const auto answer = shard.run_to_end(built.plugin->handle(test.exchange, TestExchange::next(service)));
  EXPECT_TRUE(answer);
  return lines_of(answer->head.fields);
}

TEST(Headers, conforms) {
  expect_conformance(headers_filter(),
                     "{ request: { set: { X-A: one }, add: { x-b: [two, three] }, remove: [Cookie] },\n"
                     "  response: { set: { server: weir }, remove: [x-powered-by] } }");
}

TEST(Headers, set_takes_the_place_of_all_lines) {
  EXPECT_EQ(request_after("{ request: { set: { X-A: new } } }", {{"x-a", "1"}, {"accept", "*/*"}, {"x-a", "2"}}),
            "x-a: new\naccept: */*\n");
  EXPECT_EQ(request_after("{ request: { set: { x-a: new } } }", {{"accept", "*/*"}}), "accept: */*\nx-a: new\n");
}

TEST(Headers, add_puts_lines_behind_those_that_are_there) {
  EXPECT_EQ(request_after("{ request: { add: { x-a: [2, 3], x-b: 1 } } }", {{"x-a", "1"}}),
            "x-a: 1\nx-a: 2\nx-a: 3\nx-b: 1\n");
}

TEST(Headers, remove_comes_first_so_that_set_and_add_stay) {
  EXPECT_EQ(request_after("{ request: { add: { x-a: new }, remove: x-a } }", {{"x-a", "1"}, {"x-a", "2"}}),
            "x-a: new\n");
}

TEST(Headers, response_is_changed_after_the_service) {
  EXPECT_EQ(response_after("{ response: { set: { server: weir }, add: { set-cookie: b=2 }, remove: [x-powered-by] } }",
                           {{"server", "x"}, {"x-powered-by", "y"}, {"set-cookie", "a=1"}}),
            "server: weir\nset-cookie: a=1\nset-cookie: b=2\n");
}

TEST(Headers, error_passes_through_untouched) {
  class Failing final : public Service {
   public:
    Reply handle(Exchange&) const override { co_return fail(upstream_error(Code::upstream_idle_timeout)); }
    Effect rehearse(ImaginedRequest&) const override { return {}; }
  };
  const auto built = build_plugin(headers_filter(), "{ response: { set: { x-a: b } } }");
  TestShard shard;
  TestExchange test(shard);
  const Failing service;
  const auto answer = shard.run_to_end(built.plugin->handle(test.exchange, TestExchange::next(service)));
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, Code::upstream_idle_timeout);
}

// A tunnel outlives the configuration, and its access log line still reads the request.
TEST(Headers, request_that_may_become_a_tunnel_gets_copies) {
  auto built = build_plugin(headers_filter(),
                            "{ request: { set: { user-agent: a-name-longer-than-any-small-string-buffer } } }");
  TestShard shard;
  TestExchange test(shard);
  test.exchange.upgrade_allowed = true;
  CountingService service;
  EXPECT_TRUE(shard.run_to_end(built.plugin->handle(test.exchange, TestExchange::next(service))));
  built.plugin.reset();
  EXPECT_EQ(test.exchange.request.fields.get(FieldName::user_agent), "a-name-longer-than-any-small-string-buffer");
}

TEST(Headers, steady_use_takes_nothing_but_room_for_fields) {
  const auto built = build_plugin(headers_filter(), "{ request: { set: { accept: x } } }");
  TestShard shard;
  TestExchange test(shard);
  test.field("accept", "y");
  const std::byte* const before = static_cast<std::byte*>(test.exchange.arena.allocate(1, 1));
  CountingService service;
  Reply reply = built.plugin->handle(test.exchange, TestExchange::next(service));
  const std::byte* const after = static_cast<std::byte*>(test.exchange.arena.allocate(1, 1));
  EXPECT_EQ(after - before, 1) << "replacing a value allocates nothing";
}

TEST(Headers, refuses_what_belongs_to_codecs_and_says_what_to_use) {
  struct Case {
    std::string_view options;
    std::string_view said;
  };
  for (const auto& [options, said] : std::vector<Case>{
           {"{ request: { set: { Content-Length: 3 } } }",
            "headers.request.set.Content-Length: Content-Length is the framing"},
           {"{ response: { set: { transfer-encoding: chunked } } }", "is the framing of the message"},
           {"{ request: { add: { connection: close } } }", "speaks about one connection"},
           {"{ response: { remove: [keep-alive] } }",
            "headers.response.remove[0]: keep-alive speaks about one connection"},
           {"{ request: { set: { upgrade: h2c } } }", "list the protocol in the route's `upgrade`"},
           {"{ request: { set: { te: trailers } } }", "speaks about one connection"},
           {"{ response: { add: { trailer: x } } }", "speaks about one connection"},
           {"{ request: { set: { host: example.com } } }", "use `rewrite: { host: ... }`"},
           {"{ request: { remove: host } }", "use `rewrite: { host: ... }`"},
           {"{ request: { set: { expect: 100-continue } } }", "never made up"},
           {"{ request: { set: { \"bad name\": x } } }", "is no field name"},
           {"{ request: { remove: [\"\"] } }", "is no field name"},
           {"{ request: { set: { x-a: \"a\\r\\nx-b: c\" } } }", "control characters"},
           {"{ request: { add: { x-a: [good, \"a\\0b\"] } } }",
            "headers.request.add.x-a[1]: a field value cannot hold"},
           {"{ response: { set: { x-a: \" padded \" } } }", "white space at either end"},
           {"{ response: { set: { x-a: 1, X-A: 2 } } }", "x-a stands here already"},
       }) {
    EXPECT_TRUE(complaints_about(headers_filter(), options).contains(said))
        << options << "\n"
        << complaints_about(headers_filter(), options);
    EXPECT_FALSE(build_plugin(headers_filter(), options).plugin) << options;
  }
}

TEST(Headers, host_of_a_response_is_an_ordinary_field) {
  EXPECT_TRUE(build_plugin(headers_filter(), "{ response: { remove: [host] } }").plugin);
}

TEST(Headers, warns_about_fields_that_forwarding_writes_anew) {
  const auto built = build_plugin(headers_filter(), "{ request: { set: { x-forwarded-proto: https } } }");
  EXPECT_TRUE(built.plugin);
  EXPECT_EQ(built.diagnostics.warnings(), 1U);
}

TEST(Headers, rehearsal_reads_like_a_sentence) {
  const auto built =
      build_plugin(headers_filter(), "{ request: { set: { x-a: 1, x-b: 2 } }, response: { remove: [server] } }");
  TestShard shard;
  TestExchange test(shard);
  ImaginedRequest imagined = test.imagined();
  EXPECT_EQ(built.plugin->rehearse(imagined).text, "sets x-a and x-b on the request; removes server on the response");
}

}  // namespace
}  // namespace weir
