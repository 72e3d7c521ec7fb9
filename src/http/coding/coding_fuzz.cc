// Any bytes are safe to decode, at every split alike; and what is encoded decodes to itself.
#include <algorithm>
#include <cstdlib>
#include <string>

#include "http/coding/decoder.h"
#include "http/coding/encoder.h"

namespace {

using namespace weir;

constexpr std::size_t decoded_bytes_max = 1 << 20;  // a bomb ends here, as it does with its reader in the filter

struct Outcome {
  std::string text;
  bool failed = false;
  bool whole = false;
};

Outcome decode(ContentCoding coding, std::string_view input, std::size_t step, std::size_t room) {
  const auto decoder = make_decoder(coding);
  Outcome outcome;
  std::string buffer(room, '\0');
  while (!input.empty() && !outcome.failed && outcome.text.size() < decoded_bytes_max) {
    std::string_view piece = input.substr(0, step);
    input.remove_prefix(piece.size());
    while (outcome.text.size() < decoded_bytes_max) {
      std::span<char> left(buffer);
      outcome.failed = !decoder->decode(piece, left);
      outcome.text.append(buffer, 0, buffer.size() - left.size());
      if (outcome.failed || (piece.empty() && !left.empty())) break;
    }
  }
  outcome.whole = decoder->whole();
  return outcome;
}

std::string encode(ContentCoding coding, Effort effort, std::string_view input) {
  const auto encoder = make_encoder(encoder_kind(coding, effort));
  encoder->begin(effort);
  std::string coded;
  std::string buffer(777, '\0');
  const std::size_t half = input.size() / 2;
  for (const Demand demand : {Demand::flush, Demand::finish}) {
    std::string_view part = demand == Demand::flush ? input.substr(0, half) : input.substr(half);
    for (bool done = false; !done;) {
      std::span<char> left(buffer);
      done = encoder->encode(part, left, demand);
      coded.append(buffer, 0, buffer.size() - left.size());
    }
  }
  return coded;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  constexpr std::array codings{ContentCoding::gzip, ContentCoding::brotli, ContentCoding::zstd};
  const ContentCoding coding = codings[data[0] % codings.size()];
  const auto effort = static_cast<Effort>(data[0] / 8 % 3);
  const std::string_view input(reinterpret_cast<const char*>(data) + 1, size - 1);

  const Outcome at_once = decode(coding, input, input.size(), 4096);
  const Outcome by_bytes = decode(coding, input, 1, 100);
  const bool bomb = std::max(at_once.text.size(), by_bytes.text.size()) >= decoded_bytes_max;
  if (!bomb && at_once.failed != by_bytes.failed) std::abort();
  const bool comparable = !bomb && !at_once.failed;  // behind a failure nothing is promised
  if (comparable && (at_once.text != by_bytes.text || at_once.whole != by_bytes.whole)) std::abort();

  const Outcome back = decode(coding, encode(coding, effort, input), 100, 1000);
  if (back.failed || !back.whole || back.text != input) std::abort();
  return 0;
}
