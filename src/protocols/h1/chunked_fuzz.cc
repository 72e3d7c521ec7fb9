// Fuzzes the chunked coding: no crash, no step without progress, and the same body and verdict however the bytes are
// cut.
#include <string>

#include "base/testing/fuzz.h"
#include "protocols/h1/chunked.h"

namespace {

using namespace weir;
using namespace weir::h1;

struct Outcome {
  std::string body;
  std::size_t consumed = 0;
  bool end = false;
  bool failed = false;
  Code code = Code::internal;
  std::string trailers;

  bool operator==(const Outcome&) const = default;
};

Outcome read(std::string_view input, std::size_t piece_bytes) {
  BlockPool pool;
  Arena arena(pool);
  Fields trailers(arena);
  const Limits limits{.chunk_line_bytes = 32, .trailer_bytes = 128};
  ChunkedReader reader(limits, Origin::client, trailers);
  Outcome outcome;
  for (std::size_t begin = 0; begin < input.size() && !outcome.end; begin += piece_bytes) {
    std::string piece(input.substr(begin, piece_bytes));
    std::span<char> rest = piece;
    while (!rest.empty() && !outcome.end) {
      const Result<ChunkedReader::Step> step = reader.next(rest);
      if (!step) return {.failed = true, .code = step.error().code};
      demand(step->consumed > 0 || step->end);
      outcome.body += step->data;
      outcome.consumed += step->consumed;
      outcome.end = step->end;
      rest = rest.subspan(step->consumed);
    }
  }
  for (const Field& field : trailers) outcome.trailers.append(field.name).append(field.value);
  return outcome;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  demand_same_in_pieces(input, read);
  return 0;
}
