// Records around pieces, two at a time: a full scratch is a little more than one record holds.
#include "protocols/fastcgi/input_writer.h"

#include <string>

#include "base/fault.h"

namespace weir::fastcgi {
namespace {

std::string_view take_record(std::string_view& bytes) {
  const std::string_view taken = bytes.substr(0, content_bytes_max);
  bytes.remove_prefix(taken.size());
  return taken;
}

}  // namespace

Task<Result<void>> InputWriter::send(std::string_view front, Piece piece) {
  std::string_view bytes = piece.bytes;
  left_ -= bytes.size();
  invariant(!piece.end || left_ == 0, "the end is sent behind all that was promised");
  std::string kept;
  if (bytes.size() > 2 * content_bytes_max) {  // it takes several sends, and the piece lives only until the first waits
    kept = std::string(bytes);
    bytes = kept;
  }
  const bool last = piece.end || fault(Fault::input_ended_early);
  const RecordHeader end = record_header(RecordType::input, 0);
  while (!bytes.empty()) {
    const std::string_view first = take_record(bytes);
    const std::string_view second = take_record(bytes);
    const RecordHeader first_header = record_header(RecordType::input, first.size());
    const RecordHeader second_header = record_header(RecordType::input, second.size());
    if (second.empty()) {
      const std::string_view tail = last ? view_of(end) : std::string_view();
      CO_TRY_VOID(co_await stream_.send({front, view_of(first_header), first, tail}, stall_));
      co_return Result<void>{};
    }
    CO_TRY_VOID(co_await stream_.send({front, view_of(first_header), first, view_of(second_header), second}, stall_));
    front = {};
  }
  if (last) co_return co_await stream_.send({front, view_of(end)}, stall_);
  co_return Result<void>{};
}

}  // namespace weir::fastcgi
