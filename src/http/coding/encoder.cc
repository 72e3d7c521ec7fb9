// Which library does what.
#include "http/coding/encoder.h"

#include "base/invariant.h"
#include "base/units.h"

namespace weir {

std::string_view name_of(Effort effort) {
  switch (effort) {
    case Effort::low:
      return "low";
    case Effort::medium:
      return "medium";
    case Effort::high:
      return "high";
  }
  return "";
}

EncoderKind encoder_kind(ContentCoding coding, Effort effort) {
  switch (coding) {
    case ContentCoding::gzip:
      // ISA-L's best is 4.93: whoever asks for density wants zlib's.
      return effort == Effort::high ? EncoderKind::gzip_dense : EncoderKind::gzip_fast;
    case ContentCoding::brotli:
      return EncoderKind::brotli;
    default:
      invariant(coding == ContentCoding::zstd, "there is an encoder for this coding");
      return EncoderKind::zstd;
  }
}

std::unique_ptr<Encoder> make_encoder(EncoderKind kind) {
  switch (kind) {
    case EncoderKind::gzip_fast:
      return make_isal_encoder();
    case EncoderKind::gzip_dense:
      return make_zlib_encoder();
    case EncoderKind::brotli:
      return make_brotli_encoder();
    case EncoderKind::zstd:
      break;
  }
  return make_zstd_encoder();
}

std::size_t memory_of(EncoderKind kind) {
  switch (kind) {
    case EncoderKind::gzip_fast:
      return 232 * kibibyte;
    case EncoderKind::gzip_dense:
      return 272 * kibibyte;
    case EncoderKind::brotli:
      return 2 * mebibyte;
    case EncoderKind::zstd:
      break;
  }
  return 1280 * kibibyte;
}

}  // namespace weir
