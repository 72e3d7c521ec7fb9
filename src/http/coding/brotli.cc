// Brotli by libbrotli, both ways (RFC 7932).
//
// An encoder's state cannot be begun again: it is made anew for each stream, from memory that the one before left
// behind.
#include <brotli/decode.h>
#include <brotli/encode.h>

#include <cstdlib>
#include <vector>

#include "base/invariant.h"
#include "http/coding/decoder.h"
#include "http/coding/encoder.h"

namespace weir {
namespace {

/// Lends blocks to the library and keeps those that come back, since the next stream will ask for the same sizes.
class BlockShelf {
 public:
  BlockShelf() = default;
  BlockShelf(const BlockShelf&) = delete;
  BlockShelf& operator=(const BlockShelf&) = delete;
  ~BlockShelf() { clear(); }

  static void* take(void* shelf, std::size_t bytes) { return static_cast<BlockShelf*>(shelf)->take_block(bytes); }
  static void give_back(void* shelf, void* block) { static_cast<BlockShelf*>(shelf)->keep_block(block); }

 private:
  struct alignas(std::max_align_t) Header {
    std::size_t bytes;
  };

  void* take_block(std::size_t bytes) {
    for (std::size_t at = 0; at < kept_.size(); ++at) {
      if (kept_[at]->bytes != bytes) continue;
      Header* const header = kept_[at];
      kept_[at] = kept_.back();
      kept_.pop_back();
      kept_bytes_ -= bytes;
      return header + 1;
    }
    void* const place = std::malloc(sizeof(Header) + bytes);
    invariant(place != nullptr, "brotli has its memory");
    return new (place) Header{.bytes = bytes} + 1;
  }
  void keep_block(void* block) {
    if (block == nullptr) return;
    Header* const header = static_cast<Header*>(block) - 1;
    constexpr std::size_t kept_bytes_max = std::size_t{2} << 20;
    if (kept_bytes_ + header->bytes > kept_bytes_max) clear();
    if (header->bytes > kept_bytes_max) return std::free(header);
    kept_bytes_ += header->bytes;
    kept_.push_back(header);
  }
  void clear() {
    for (Header* header : kept_) std::free(header);
    kept_.clear();
    kept_bytes_ = 0;
  }

  std::vector<Header*> kept_;
  std::size_t kept_bytes_ = 0;
};

class BrotliEncoder final : public Encoder {
 public:
  ~BrotliEncoder() override { end(); }

  void begin(Effort effort) override {
    end();
    state_ = ::BrotliEncoderCreateInstance(&BlockShelf::take, &BlockShelf::give_back, &shelf_);
    invariant(state_ != nullptr, "brotli has its memory");
    constexpr std::uint32_t window_log = 17;  // 128 KiB
    // Not 1: it codes what each call brings by itself.
    const std::uint32_t quality = effort == Effort::low ? 2 : effort == Effort::medium ? 4 : 5;
    ::BrotliEncoderSetParameter(state_, BROTLI_PARAM_QUALITY, quality);
    ::BrotliEncoderSetParameter(state_, BROTLI_PARAM_LGWIN, window_log);
  }

  bool encode(std::string_view& input, std::span<char>& output, Demand demand) override {
    std::size_t input_bytes = input.size();
    const auto* next_in = reinterpret_cast<const std::uint8_t*>(input.data());
    std::size_t output_bytes = output.size();
    auto* next_out = reinterpret_cast<std::uint8_t*>(output.data());
    const BrotliEncoderOperation operation = demand == Demand::more    ? BROTLI_OPERATION_PROCESS
                                             : demand == Demand::flush ? BROTLI_OPERATION_FLUSH
                                                                       : BROTLI_OPERATION_FINISH;
    const BROTLI_BOOL good =
        ::BrotliEncoderCompressStream(state_, operation, &input_bytes, &next_in, &output_bytes, &next_out, nullptr);
    invariant(good == BROTLI_TRUE, "brotli is used as it wants to be");
    input.remove_prefix(input.size() - input_bytes);
    output = output.subspan(output.size() - output_bytes);
    if (demand == Demand::finish) return ::BrotliEncoderIsFinished(state_) == BROTLI_TRUE;
    return input.empty() && ::BrotliEncoderHasMoreOutput(state_) == BROTLI_FALSE;
  }

 private:
  void end() {
    if (state_ != nullptr) ::BrotliEncoderDestroyInstance(state_);
    state_ = nullptr;
  }

  BlockShelf shelf_;
  BrotliEncoderState* state_ = nullptr;
};

/// Counts what a decoder holds.
struct CountedMemory {
  std::size_t bytes = 0;

  static void* take(void* memory, std::size_t bytes) {
    auto* const place = static_cast<std::max_align_t*>(std::malloc(sizeof(std::max_align_t) + bytes));
    if (place == nullptr) return nullptr;
    *reinterpret_cast<std::size_t*>(place) = bytes;
    static_cast<CountedMemory*>(memory)->bytes += bytes;
    return place + 1;
  }
  static void give_back(void* memory, void* block) {
    if (block == nullptr) return;
    auto* const place = static_cast<std::max_align_t*>(block) - 1;
    static_cast<CountedMemory*>(memory)->bytes -= *reinterpret_cast<std::size_t*>(place);
    std::free(place);
  }
};

class BrotliDecoder final : public Decoder {
 public:
  BrotliDecoder() : state_(::BrotliDecoderCreateInstance(&CountedMemory::take, &CountedMemory::give_back, &memory_)) {
    invariant(state_ != nullptr, "brotli has its memory");
  }
  BrotliDecoder(const BrotliDecoder&) = delete;
  BrotliDecoder& operator=(const BrotliDecoder&) = delete;
  ~BrotliDecoder() override { ::BrotliDecoderDestroyInstance(state_); }

  Result<void> decode(std::string_view& input, std::span<char>& output) override {
    if (whole()) {
      if (input.empty()) return {};
      return fail(client_error(Code::bad_content_coding));
    }
    std::size_t input_bytes = input.size();
    const auto* next_in = reinterpret_cast<const std::uint8_t*>(input.data());
    std::size_t output_bytes = output.size();
    auto* next_out = reinterpret_cast<std::uint8_t*>(output.data());
    const BrotliDecoderResult outcome =
        ::BrotliDecoderDecompressStream(state_, &input_bytes, &next_in, &output_bytes, &next_out, nullptr);
    input.remove_prefix(input.size() - input_bytes);
    output = output.subspan(output.size() - output_bytes);
    const bool something_follows = outcome == BROTLI_DECODER_RESULT_SUCCESS && !input.empty();
    if (outcome == BROTLI_DECODER_RESULT_ERROR || something_follows) {
      return fail(client_error(Code::bad_content_coding));
    }
    return {};
  }

  [[nodiscard]] bool whole() const override { return ::BrotliDecoderIsFinished(state_) == BROTLI_TRUE; }
  [[nodiscard]] std::size_t memory() const override { return memory_.bytes; }

 private:
  CountedMemory memory_;
  BrotliDecoderState* state_;
};

}  // namespace

std::unique_ptr<Encoder> make_brotli_encoder() {
  return std::make_unique<BrotliEncoder>();
}

std::unique_ptr<Decoder> make_brotli_decoder() {
  return std::make_unique<BrotliDecoder>();
}

}  // namespace weir
