// Collecting pieces until their end, or until there are too many bytes.
#include "services/fastcgi/held_body.h"

namespace weir {

Task<Result<std::string>> read_whole(Body& body, ByteCount bytes_max) {
  std::string content;
  while (true) {
    CO_TRY(const Piece piece, co_await body.read());
    if (content.size() + piece.bytes.size() > bytes_max) co_return fail(client_error(Code::length_required));
    content.append(piece.bytes);
    if (piece.end) co_return content;
  }
}

}  // namespace weir
