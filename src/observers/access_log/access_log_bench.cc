// What a line costs: nanoseconds to format one into a warm buffer. Budget: 500 in JSON.
#include <benchmark/benchmark.h>

#include "contracts/testing/test_exchange.h"
#include "observers/access_log/line.h"

namespace weir {
namespace {

void fill(TestExchange& test) {
  test.request("GET", "/cart/items/4711?colour=red&size=42", "shop.example.com").client("192.0.2.17");
  test.field("user-agent", "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0");
  test.field("referer", "https://shop.example.com/cart/");
  test.connection.listener_name = "web";
  test.exchange.request_id = "7d8059fc038e2d1c582be76aa24f3106";
  test.exchange.route_name = "cart";
  test.exchange.upstream_name = "shop";
  test.exchange.upstream_endpoint = "10.0.0.2:3000";
  test.exchange.attempts = 1;
  for (const std::string_view room : {"route", "access", "balance", "pool"}) {
    test.exchange.record({.room = room, .verdict = "matched", .subject = {}, .reason = {}, .place = {}});
  }
  const Time start = Time{} + std::chrono::seconds{1};
  const auto after = [&](int microseconds) { return start + std::chrono::microseconds{microseconds}; };
  test.exchange.timings = {.head_started = start,
                           .head_read = after(20),
                           .upstream_leased = after(30),
                           .upstream_sent = after(40),
                           .upstream_head = after(900),
                           .response_head = after(900),
                           .last_byte = after(1000),
                           .finished = after(1000)};
}

template <typename Append>
void format_lines(benchmark::State& state, Append append) {
  TestShard shard;
  TestExchange test(shard);
  fill(test);
  const Delivery delivery{.status = 200, .complete = true, .response_body_bytes = 1024};
  std::string out;
  out.reserve(std::size_t{128} << 10U);
  LineBuffer line(out);
  for (auto _ : state) {
    if (out.size() > std::size_t{64} << 10U) out.clear();
    append(line, test.exchange, delivery, "2026-11-20T16:00:00.000Z");
    benchmark::DoNotOptimize(out.data());
  }
}
BENCHMARK_CAPTURE(format_lines, json, append_json_line)->Name("access_log/json");
BENCHMARK_CAPTURE(format_lines, combined, append_combined_line)->Name("access_log/combined");

}  // namespace
}  // namespace weir
