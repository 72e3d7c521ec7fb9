// Which library reads what.
#include "http/coding/decoder.h"

namespace weir {

std::unique_ptr<Decoder> make_decoder(ContentCoding coding) {
  switch (coding) {
    case ContentCoding::gzip:
      return make_gzip_decoder();
    case ContentCoding::brotli:
      return make_brotli_decoder();
    case ContentCoding::zstd:
      return make_zstd_decoder();
    case ContentCoding::identity:
    case ContentCoding::deflate:
      return {};
  }
  return {};
}

}  // namespace weir
