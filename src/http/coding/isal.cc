// gzip by ISA-L (libisal): the fast one.
//
// Level 1 of four, for every effort that comes here: the code tables are made per block. Level 0 (fixed tables) repeats
// the header of a block for ever when it ends exactly where the room does (version 2.30). The buffer of a level holds
// the tokens of one block; MEDIUM (32 Ki tokens) compresses as well as LARGE on web content and costs half the
// memory.
#include <isa-l/igzip_lib.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "base/invariant.h"
#include "http/coding/encoder.h"

namespace weir {
namespace {

class IsalEncoder final : public Encoder {
 public:
  void begin(Effort) override {
    ::isal_deflate_init(&stream_);
    gathered_ = fed_ = 0;
    draining_ = false;
    stream_.gzip_flag = IGZIP_GZIP;
    stream_.level = 1;
    stream_.level_buf = level_buffer_.data();
    stream_.level_buf_size = static_cast<std::uint32_t>(level_buffer_.size());
  }

  bool encode(std::string_view& input, std::span<char>& output, Demand demand) override {
    while (true) {
      if (!draining_) {
        if (gathered_ == 0 && input.size() >= gather_.size()) return feed(input, output, demand);
        gather(input);
        if (gathered_ < gather_.size() && demand == Demand::more) return true;
        draining_ = true;
      }
      std::string_view rest(gather_.data() + fed_, gathered_ - fed_);
      const bool last = input.empty();
      const bool done = feed(rest, output, last ? demand : Demand::more);
      fed_ = gathered_ - rest.size();
      if (!done) return false;
      draining_ = false;
      gathered_ = fed_ = 0;
      if (last) return true;
    }
  }

 private:
  void gather(std::string_view& input) {
    const std::size_t count = std::min(input.size(), gather_.size() - gathered_);
    if (count > 0) std::memcpy(gather_.data() + gathered_, input.data(), count);
    gathered_ += count;
    input.remove_prefix(count);
  }

  bool feed(std::string_view& input, std::span<char>& output, Demand demand) {
    const std::uint32_t input_bytes = clamped(input.size());
    const std::uint32_t output_bytes = clamped(output.size());
    const bool whole = input_bytes == input.size();
    stream_.next_in = reinterpret_cast<std::uint8_t*>(const_cast<char*>(input.data()));  // never written to
    stream_.avail_in = input_bytes;
    stream_.next_out = reinterpret_cast<std::uint8_t*>(output.data());
    stream_.avail_out = output_bytes;
    stream_.flush = demand == Demand::flush && whole ? SYNC_FLUSH : NO_FLUSH;
    stream_.end_of_stream = demand == Demand::finish && whole ? 1 : 0;
    const int outcome = ::isal_deflate(&stream_);
    invariant(outcome == COMP_OK, "ISA-L is used as it wants to be");
    input.remove_prefix(input_bytes - stream_.avail_in);
    output = output.subspan(output_bytes - stream_.avail_out);
    if (demand == Demand::finish) return stream_.internal_state.state == ZSTATE_END;
    if (!input.empty()) return false;
    // A flush that filled the room to its last byte is over; asked for again, it would write its marker again, for
    // ever.
    const bool flushed = demand == Demand::flush && stream_.internal_state.state == ZSTATE_NEW_HDR;
    return flushed || !output.empty();
  }

  /// Its counters have 32 bits.
  static std::uint32_t clamped(std::size_t bytes) {
    constexpr std::size_t most = std::size_t{1} << 30;
    return static_cast<std::uint32_t>(bytes < most ? bytes : most);
  }

  isal_zstream stream_;
  std::array<std::uint8_t, ISAL_DEF_LVL1_MEDIUM> level_buffer_;
  std::array<char, std::size_t{8} * 1024> gather_;
  std::size_t gathered_ = 0;
  std::size_t fed_ = 0;    // of what was gathered
  bool draining_ = false;  // what was gathered is on its way out; nothing is added to it meanwhile
};

}  // namespace

std::unique_ptr<Encoder> make_isal_encoder() {
  return std::make_unique_for_overwrite<IsalEncoder>();
}

}  // namespace weir
