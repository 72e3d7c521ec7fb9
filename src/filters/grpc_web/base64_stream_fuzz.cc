// Any text: cut anywhere it decodes to the same, and what is decoded encodes to what it was when no flush padded it.
#include "base/crypto.h"
#include "base/testing/fuzz.h"
#include "filters/grpc_web/base64_stream.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  using weir::grpc_web::Base64Decoder;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto read = [](std::string_view input, std::size_t piece_bytes) {
    Base64Decoder decoder;
    std::string decoded;
    bool good = true;
    for (std::size_t at = 0; good && at < input.size(); at += piece_bytes)
      good = decoder.decode(input.substr(at, piece_bytes), decoded);
    return std::pair(good && decoder.whole(), decoded);
  };
  weir::demand_same_in_pieces(text, read);
  const auto [good, decoded] = read(text, size + 1);
  weir::demand(decoded.size() <= size);
  if (!good) return 0;
  const std::size_t padding = text.find('=');
  const bool one_run = padding == std::string_view::npos || padding + 3 > size;
  weir::demand(!one_run || weir::crypto::encode_base64(decoded) == text);
  return 0;
}
