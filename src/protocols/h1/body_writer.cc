// Composing what leaves in one send.
#include "protocols/h1/body_writer.h"

namespace weir::h1 {
namespace {

// Below this, copying is cheaper than a second iovec in the system call.
constexpr std::size_t copied_bytes_max = 8 * 1024;

}  // namespace

Stream::Send& BodyWriter::send(std::string_view head, const Piece& piece) {
  bytes_written_ += piece.bytes.size();
  HeadBuffer out(compose_.subspan(head.size()));
  const bool chunked = kind_ == Framing::Kind::chunked;
  if (kind_ == Framing::Kind::length) length_left_ -= piece.bytes.size();
  if (chunked && !piece.bytes.empty()) write_chunk_line(out, piece.bytes.size());
  const std::size_t before = head.size() + out.written().size();
  const bool copied = piece.bytes.size() <= copied_bytes_max && out.room().size() > 2 * copied_bytes_max;
  if (copied) out.append(piece.bytes);
  const std::size_t tail_at = head.size() + out.written().size();
  if (chunked && !piece.bytes.empty()) out.append("\r\n");
  if (chunked && piece.end) write_last_chunk(out, piece.trailers);
  invariant(!out.overflowed(), "framing fits into the compose buffer: trailers are bounded");
  const std::size_t total = head.size() + out.written().size();
  if (copied) return stream_.send(std::string_view(compose_.data(), total), stall_);
  return stream_.send({std::string_view(compose_.data(), before), piece.bytes,
                       std::string_view(compose_.data() + tail_at, total - tail_at)},
                      stall_);
}

Stream::Send& BodyWriter::send_file(const FilePiece& piece) {
  bytes_written_ += piece.bytes;
  if (kind_ == Framing::Kind::length) length_left_ -= piece.bytes;
  return stream_.send_file(piece.descriptor, piece.offset, piece.bytes, stall_);
}

}  // namespace weir::h1
