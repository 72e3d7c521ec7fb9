// Fuzzes the record reader: no crash, no step without progress, and the same story however the bytes are cut.
#include <string>

#include "base/testing/fuzz.h"
#include "protocols/fastcgi/records.h"

namespace {

using namespace weir;
using namespace weir::fastcgi;

struct Outcome {
  std::string output;
  std::string errors;
  std::size_t messages = 0;
  bool failed = false;
  bool ended = false;
  std::uint32_t application_status = 0;

  bool operator==(const Outcome&) const = default;
};

Outcome read(std::string_view input, std::size_t piece_bytes) {
  RecordReader reader;
  Outcome outcome;
  std::string unread;
  for (std::size_t begin = 0; begin < input.size(); begin += piece_bytes) {
    unread += input.substr(begin, piece_bytes);
    while (!outcome.ended) {
      const Result<Arrival> arrival = reader.next(unread);
      if (!arrival) {
        outcome.failed = true;
        return outcome;
      }
      demand(arrival->framing_bytes + arrival->content.size() <= unread.size());
      const std::string content(arrival->content);
      unread.erase(0, arrival->framing_bytes + content.size());
      outcome.ended = arrival->kind == Arrival::Kind::end;
      if (arrival->kind == Arrival::Kind::nothing || outcome.ended) break;
      demand(!content.empty());
      (arrival->kind == Arrival::Kind::output ? outcome.output : outcome.errors) += content;
      outcome.messages += arrival->kind == Arrival::Kind::errors && arrival->record_ends ? 1U : 0U;
      reader.took(content.size());
    }
    if (outcome.ended) break;
  }
  outcome.application_status = outcome.ended ? reader.application_status() : 0;
  return outcome;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  demand_same_in_pieces(input, read);
  return 0;
}
