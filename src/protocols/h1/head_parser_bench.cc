// What reading a head costs: a load generator's small one and a browser's.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <string>

#include "protocols/h1/head_parser.h"

namespace weir::h1 {
namespace {

const std::string small_head = "GET /1k HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nUser-Agent: wrk\r\nAccept: */*\r\n\r\n";

const std::string browser_head =
    "GET /assets/app.3f2a9c.js?v=20261120 HTTP/1.1\r\n"
    "Host: shop.example.com\r\n"
    "Connection: keep-alive\r\n"
    "sec-ch-ua: \"Chromium\";v=\"140\", \"Not=A?Brand\";v=\"24\"\r\n"
    "sec-ch-ua-mobile: ?0\r\n"
    "sec-ch-ua-platform: \"Linux\"\r\n"
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 "
    "Safari/537.36\r\n"
    "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8\r\n"
    "Sec-Fetch-Site: same-origin\r\n"
    "Sec-Fetch-Mode: no-cors\r\n"
    "Sec-Fetch-Dest: script\r\n"
    "Referer: https://shop.example.com/cart/checkout\r\n"
    "Accept-Encoding: gzip, deflate, br, zstd\r\n"
    "Accept-Language: en-GB,en;q=0.9,de;q=0.8\r\n"
    "Cookie: session=0f8fad5bd9cb469fa16570867728950e; theme=dark; consent=granted; cart=17\r\n"
    "If-None-Match: \"5f3a-61d2c0a4\"\r\n"
    "\r\n";

void read_head(benchmark::State& state, const std::string& head, bool with_meaning) {
  BlockPool pool;
  const Limits limits;
  std::string bytes = head;
  for (auto _ : state) {
    std::copy(head.begin(), head.end(), bytes.begin());  // names come in as the client wrote them
    Arena arena(pool);
    RequestHead request(arena);
    benchmark::DoNotOptimize(parse_request_head(bytes, limits, request));
    if (with_meaning) benchmark::DoNotOptimize(interpret(request, limits, arena));
    benchmark::ClobberMemory();
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * head.size()));
}

BENCHMARK_CAPTURE(read_head, small, small_head, false);
BENCHMARK_CAPTURE(read_head, small_with_meaning, small_head, true);
BENCHMARK_CAPTURE(read_head, browser, browser_head, false);
BENCHMARK_CAPTURE(read_head, browser_with_meaning, browser_head, true);

}  // namespace
}  // namespace weir::h1
