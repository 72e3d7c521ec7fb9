// Any bytes behind the preface, cut anywhere: events come in an order that can happen, credit is never given twice, and
// what is produced ends. The library and the frame scanner before it are tried together, as they are used.
#include "protocols/h2/codec.h"

#include <array>
#include <cstdlib>
#include <set>

namespace {

using namespace weir;
using namespace weir::h2;

void must(bool good) {
  if (!good) std::abort();
}

/// Answers every request at once, and checks the order of what it is told.
class Events final : public CodecEvents {
 public:
  std::optional<ErrorCode> frame_began(const FrameHeader& frame) override {
    must(frame.stream >= 0 && frame.bytes <= 0xFFFFFF);
    return frames++ > 10'000 ? std::optional(ErrorCode::enhance_your_calm) : std::nullopt;
  }
  void section_began(StreamId stream) override {
    must(open_section == 0 && stream > 0);
    open_section = stream;
  }
  bool field(StreamId stream, std::string_view name, std::string_view value) override {
    must(stream == open_section);
    unpacked += name.size() + value.size();
    return unpacked < 1'000'000;
  }
  void section_ended(StreamId stream, bool end_of_stream) override {
    must(stream == open_section);
    open_section = 0;
    if (known.insert(stream).second) to_answer.insert(stream);
    if (end_of_stream) ended.insert(stream);
  }
  void content(StreamId stream, std::string_view bytes) override {
    must(known.contains(stream) && !ended.contains(stream) && !bytes.empty());
    received += bytes.size();
    codec->give_connection_credit(bytes.size());
    codec->give_stream_credit(stream, bytes.size());
  }
  void content_ended(StreamId stream) override { must(ended.insert(stream).second); }
  void stream_closed(StreamId stream, ErrorCode, bool) override {
    to_answer.erase(stream);
    if (open_section == stream) open_section = 0;
  }
  void peer_goes_away(StreamId, ErrorCode) override {}
  void ping_answered() override {}
  Sendable sendable(StreamId stream) override { return {.bytes = left.contains(stream) ? 3U : 0U, .end = true}; }
  bool take(StreamId stream, std::size_t bytes, char* place) override {
    must(left.erase(stream) == 1 && bytes <= 3);
    std::fill_n(place, bytes, 'x');
    return true;
  }
  void last_frame_produced(StreamId) override {}

  Codec* codec = nullptr;
  std::set<StreamId> known;
  std::set<StreamId> ended;
  std::set<StreamId> to_answer;
  std::set<StreamId> left;
  StreamId open_section = 0;
  std::size_t frames = 0;
  std::size_t unpacked = 0;
  std::size_t received = 0;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::size_t cut = 1 + data[0] % 64U;
  const std::string bytes =
      "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + std::string(reinterpret_cast<const char*>(data) + 1, size - 1);
  Events events;
  Codec codec(Side::server,
              {.concurrent_streams = 8, .stream_window = 65'535, .connection_window = 65'535, .head_bytes = 4096},
              events);
  events.codec = &codec;
  static std::array<char, Codec::room_bytes_min> room;
  std::string_view rest = bytes;
  bool good = true;
  while (!rest.empty() && good) {
    good = codec.receive(rest.substr(0, cut)).has_value();
    rest.remove_prefix(std::min(cut, rest.size()));
    for (const StreamId stream : std::exchange(events.to_answer, {})) {
      static constexpr std::array head{Line{":status", "200"}, Line{"x", "y"}};
      events.left.insert(stream);
      codec.answer(stream, head, false);
    }
    std::size_t produced = 0;
    while (const std::size_t more = codec.produce(room)) {
      produced += more;
      must(produced < 10'000'000);
    }
  }
  must(events.received <= bytes.size());
  return 0;
}
