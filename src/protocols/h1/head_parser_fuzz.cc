// Fuzzes heads of requests and responses: no crash, no verdict that changes with more bytes, and what was understood is
// written and read back as the same.
//
// The first byte chooses: even for a request, odd for a response; its second bit, tight limits.
#include <array>
#include <string>

#include "base/testing/fuzz.h"
#include "protocols/h1/head_parser.h"
#include "protocols/h1/head_writer.h"

namespace {

using namespace weir;
using namespace weir::h1;

template <typename Head, typename Parse>
Result<HeadLength> parse_prefix(std::string_view bytes, std::size_t size, const Limits& limits, Parse parse) {
  BlockPool pool;
  Arena arena(pool);
  Head head(arena);
  std::string copy(bytes.substr(0, size));  // its own allocation, so that a read past its end is seen
  return parse(copy, limits, head);
}

/// A verdict on a prefix is the verdict on the whole.
template <typename Head, typename Parse>
void check_cuts(std::string_view bytes, const Limits& limits, const Result<HeadLength>& whole, Parse parse) {
  const std::size_t step = bytes.size() / 64 + 1;
  for (std::size_t size = 0; size < bytes.size(); size += step) {
    const Result<HeadLength> part = parse_prefix<Head>(bytes, size, limits, parse);
    if (part && *part == 0) continue;
    demand(part.has_value() == whole.has_value());
    demand(part ? *part == *whole : part.error().code == whole.error().code);
  }
}

void fuzz_request(std::string_view input, const Limits& limits) {
  BlockPool pool;
  Arena arena(pool);
  std::string bytes(input);
  RequestHead request(arena);
  const Result<HeadLength> length = parse_request_head(bytes, limits, request);
  check_cuts<RequestHead>(input, limits, length, parse_request_head);
  if (!length || *length == 0 || !interpret(request, limits, arena)) return;

  demand(!request.fields.has(FieldName::content_length) && !request.fields.has(FieldName::transfer_encoding));
  std::string memory(2 * bytes.size() + 1024, 0);
  HeadBuffer out(memory);
  write_request_head(out, request);
  demand(!out.overflowed());
  if (request.authority.empty()) return;  // HTTP/1.0 without Host is written as an empty Host, which nobody must accept
  std::string again(out.written());
  RequestHead reread(arena);
  const Limits wide{.request_line_bytes = 1 << 20, .head_bytes = 1 << 20, .field_bytes = 1 << 20, .fields = 10'000};
  const Result<HeadLength> second = parse_request_head(again, wide, reread);
  demand(second && *second == again.size());
  demand(interpret(reread, wide, arena).has_value());
  demand(reread.authority == request.authority && reread.path == request.path && reread.query == request.query);
  demand(reread.framing.kind == request.framing.kind || request.framing.kind == Framing::Kind::none);
  demand(reread.framing.length == request.framing.length && reread.fields.size() == request.fields.size());
}

void fuzz_response(std::string_view input, const Limits& limits) {
  BlockPool pool;
  Arena arena(pool);
  std::string bytes(input);
  ResponseHead response(arena);
  const Result<HeadLength> length = parse_response_head(bytes, limits, response);
  check_cuts<ResponseHead>(input, limits, length, parse_response_head);
  if (!length || *length == 0 || !interpret(response, Method::get, arena)) return;
  std::string memory(2 * bytes.size() + 1024, 0);
  HeadBuffer out(memory);
  write_response_head(out, response, Version::http_1_1, Persistence::keep_alive, "Sun, 06 Nov 1994 08:49:37 GMT");
  demand(!out.overflowed());
  std::string again(out.written());
  ResponseHead reread(arena);
  const Limits wide{.request_line_bytes = 1 << 20, .head_bytes = 1 << 20, .field_bytes = 1 << 20, .fields = 10'000};
  const Result<HeadLength> second = parse_response_head(again, wide, reread);
  demand(second && *second == again.size() && interpret(reread, Method::get, arena));
  demand(reread.status == response.status && reread.framing == response.framing);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  if (size == 0) return 0;
  Limits limits;
  if ((data[0] & 2) != 0) limits = {.request_line_bytes = 40, .head_bytes = 120, .field_bytes = 30, .fields = 4};
  const std::string_view input(reinterpret_cast<const char*>(data) + 1, size - 1);
  if ((data[0] & 1) == 0)
    fuzz_request(input, limits);
  else
    fuzz_response(input, limits);
  return 0;
}
