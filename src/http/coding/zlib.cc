// gzip by zlib: the dense encoder, and the decoder.
#include <zlib.h>

#include "base/invariant.h"
#include "http/coding/decoder.h"
#include "http/coding/encoder.h"

namespace weir {
namespace {

constexpr int gzip_window_bits = 15 + 16;  // the largest window, in gzip's wrapping

unsigned clamped(std::size_t bytes) {
  constexpr std::size_t most = std::size_t{1} << 30;
  return static_cast<unsigned>(bytes < most ? bytes : most);
}

Bytef* writable(const char* bytes) {
  return reinterpret_cast<Bytef*>(const_cast<char*>(bytes));  // zlib does not write to its input
}

class ZlibEncoder final : public Encoder {
 public:
  ZlibEncoder() {
    constexpr int level = 6;
    constexpr int memory_level = 8;
    const int outcome = ::deflateInit2(&stream_, level, Z_DEFLATED, gzip_window_bits, memory_level, Z_DEFAULT_STRATEGY);
    invariant(outcome == Z_OK, "zlib has its memory");
  }
  ZlibEncoder(const ZlibEncoder&) = delete;
  ZlibEncoder& operator=(const ZlibEncoder&) = delete;
  ~ZlibEncoder() override { ::deflateEnd(&stream_); }

  void begin(Effort) override { ::deflateReset(&stream_); }

  bool encode(std::string_view& input, std::span<char>& output, Demand demand) override {
    const unsigned input_bytes = clamped(input.size());
    const unsigned output_bytes = clamped(output.size());
    const bool whole = input_bytes == input.size();
    stream_.next_in = writable(input.data());
    stream_.avail_in = input_bytes;
    stream_.next_out = reinterpret_cast<Bytef*>(output.data());
    stream_.avail_out = output_bytes;
    const int flush = !whole || demand == Demand::more ? Z_NO_FLUSH : demand == Demand::flush ? Z_SYNC_FLUSH : Z_FINISH;
    const int outcome = ::deflate(&stream_, flush);
    invariant(outcome == Z_OK || outcome == Z_STREAM_END || outcome == Z_BUF_ERROR, "zlib is used as it wants to be");
    input.remove_prefix(input_bytes - stream_.avail_in);
    output = output.subspan(output_bytes - stream_.avail_out);
    if (demand == Demand::finish) return outcome == Z_STREAM_END;
    return input.empty() && !output.empty();
  }

 private:
  z_stream stream_{};
};

/// Several members behind each other are one stream (RFC 1952 section 2.2); what is no member behind them is an error.
class GzipDecoder final : public Decoder {
 public:
  GzipDecoder() {
    const int outcome = ::inflateInit2(&stream_, gzip_window_bits);
    invariant(outcome == Z_OK, "zlib has its memory");
  }
  GzipDecoder(const GzipDecoder&) = delete;
  GzipDecoder& operator=(const GzipDecoder&) = delete;
  ~GzipDecoder() override { ::inflateEnd(&stream_); }

  Result<void> decode(std::string_view& input, std::span<char>& output) override {
    while (!output.empty()) {
      if (between_members_) {
        if (input.empty()) return {};
        ::inflateReset(&stream_);
        between_members_ = false;
      }
      const unsigned input_bytes = clamped(input.size());
      const unsigned output_bytes = clamped(output.size());
      stream_.next_in = writable(input.data());
      stream_.avail_in = input_bytes;
      stream_.next_out = reinterpret_cast<Bytef*>(output.data());
      stream_.avail_out = output_bytes;
      const int outcome = ::inflate(&stream_, Z_NO_FLUSH);
      input.remove_prefix(input_bytes - stream_.avail_in);
      output = output.subspan(output_bytes - stream_.avail_out);
      if (outcome == Z_STREAM_END) {
        between_members_ = true;
        ended_once_ = true;
        continue;
      }
      if (outcome == Z_BUF_ERROR) return {};  // wants more input
      if (outcome != Z_OK) return fail(client_error(Code::bad_content_coding));
      if (input.empty()) return {};
    }
    return {};
  }

  [[nodiscard]] bool whole() const override { return ended_once_ && between_members_; }
  [[nodiscard]] std::size_t memory() const override { return std::size_t{48} * 1024; }  // zconf.h: 32 KiB and 7 KiB

 private:
  z_stream stream_{};
  bool between_members_ = false;
  bool ended_once_ = false;
};

}  // namespace

std::unique_ptr<Encoder> make_zlib_encoder() {
  return std::make_unique<ZlibEncoder>();
}

std::unique_ptr<Decoder> make_gzip_decoder() {
  return std::make_unique<GzipDecoder>();
}

}  // namespace weir
