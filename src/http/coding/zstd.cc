// zstd by libzstd, both ways.
//
// A context keeps its tables from one stream to the next and does not clear them. Windows are small on purpose: memory
// per stream is what limits how many streams there can be, and beyond 128 KiB a web page finds little to match.
#include <zstd.h>

#include <algorithm>

#include "base/invariant.h"
#include "http/coding/decoder.h"
#include "http/coding/encoder.h"

namespace weir {
namespace {

struct FreeContext {
  void operator()(ZSTD_CCtx* context) const { ::ZSTD_freeCCtx(context); }
  void operator()(ZSTD_DCtx* context) const { ::ZSTD_freeDCtx(context); }
};

void expect(std::size_t outcome) {
  invariant(::ZSTD_isError(outcome) == 0, "zstd is used as it wants to be");
}

class ZstdEncoder final : public Encoder {
 public:
  ZstdEncoder() : context_(::ZSTD_createCCtx()) { invariant(context_ != nullptr, "zstd has its memory"); }

  void begin(Effort effort) override {
    expect(::ZSTD_CCtx_reset(context_.get(), ZSTD_reset_session_only));
    if (begun_ && effort == effort_) return;
    begun_ = true;
    effort_ = effort;
    const int level = effort == Effort::low ? 1 : effort == Effort::medium ? 3 : 6;
    constexpr int window_log = 17;  // 128 KiB
    constexpr int table_log = 16;   // level 3 wants 17, and gains a percent by it
    set(ZSTD_c_compressionLevel, level);
    set(ZSTD_c_windowLog, window_log);
    set(ZSTD_c_hashLog, effort == Effort::low ? table_log - 2 : table_log);
    set(ZSTD_c_chainLog, table_log);
  }

  bool encode(std::string_view& input, std::span<char>& output, Demand demand) override {
    ZSTD_inBuffer in{.src = input.data(), .size = input.size(), .pos = 0};
    ZSTD_outBuffer out{.dst = output.data(), .size = output.size(), .pos = 0};
    const ZSTD_EndDirective directive = demand == Demand::more    ? ZSTD_e_continue
                                        : demand == Demand::flush ? ZSTD_e_flush
                                                                  : ZSTD_e_end;
    const std::size_t left = ::ZSTD_compressStream2(context_.get(), &out, &in, directive);
    expect(left);
    input.remove_prefix(in.pos);
    output = output.subspan(out.pos);
    return input.empty() && (demand == Demand::more || left == 0);
  }

 private:
  void set(ZSTD_cParameter parameter, int value) { expect(::ZSTD_CCtx_setParameter(context_.get(), parameter, value)); }

  std::unique_ptr<ZSTD_CCtx, FreeContext> context_;
  Effort effort_ = Effort::medium;
  bool begun_ = false;
};

/// Frames behind each other are one stream (RFC 8878 section 3).
class ZstdDecoder final : public Decoder {
 public:
  ZstdDecoder() : context_(::ZSTD_createDCtx()) {
    invariant(context_ != nullptr, "zstd has its memory");
    constexpr int window_log_max = 23;  // 8 MiB: RFC 9659 section 3
    expect(::ZSTD_DCtx_setParameter(context_.get(), ZSTD_d_windowLogMax, window_log_max));
  }

  Result<void> decode(std::string_view& input, std::span<char>& output) override {
    while (!output.empty()) {
      if (!begins_as_a_frame(input)) return fail(client_error(Code::bad_content_coding));
      ZSTD_inBuffer in{.src = input.data(), .size = input.size(), .pos = 0};
      ZSTD_outBuffer out{.dst = output.data(), .size = output.size(), .pos = 0};
      const std::size_t outcome = ::ZSTD_decompressStream(context_.get(), &out, &in);
      if (::ZSTD_isError(outcome) != 0) return fail(client_error(Code::bad_content_coding));
      const bool moved = in.pos > 0 || out.pos > 0;
      if (moved) at_frame_end_ = outcome == 0;
      if (at_frame_end_) magic_seen_ = 0;
      input.remove_prefix(in.pos);
      output = output.subspan(out.pos);
      // Beyond a frame's end nothing comes without more input; inside one, room that is left says the same.
      if (input.empty() && (at_frame_end_ || !output.empty())) return {};
      if (!moved) return {};
    }
    return {};
  }

  [[nodiscard]] bool whole() const override { return at_frame_end_; }
  [[nodiscard]] std::size_t memory() const override { return ::ZSTD_sizeof_DCtx(context_.get()); }

 private:
  /// The library also reads the formats that zstd had before 1.0; RFC 8878 knows frames and skippable frames.
  bool begins_as_a_frame(std::string_view input) {
    constexpr std::string_view frame = "\x28\xB5\x2F\xFD";
    constexpr std::string_view skippable = "\x50\x2A\x4D\x18";  // the low four bits of the first byte are free
    for (; magic_seen_ < frame.size() && !input.empty(); input.remove_prefix(1), ++magic_seen_) {
      const char byte = magic_seen_ == 0 && (input[0] & 0xF0) == 0x50 ? skippable[0] : input[0];
      if (magic_seen_ == 0) skips_ = byte == skippable[0];
      if (byte != (skips_ ? skippable : frame)[magic_seen_]) return false;
    }
    return true;
  }

  std::unique_ptr<ZSTD_DCtx, FreeContext> context_;
  bool at_frame_end_ = false;
  bool skips_ = false;
  std::size_t magic_seen_ = 0;  // bytes of the frame's magic number that came already
};

}  // namespace

std::unique_ptr<Encoder> make_zstd_encoder() {
  return std::make_unique<ZstdEncoder>();
}

std::unique_ptr<Decoder> make_zstd_decoder() {
  return std::make_unique<ZstdDecoder>();
}

}  // namespace weir
