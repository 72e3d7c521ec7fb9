// Where the next bytes come from.
#include "services/files/content.h"

#include <algorithm>

#include "base/limits.h"

namespace weir::files {
namespace {

/// Below this, copying is cheaper than handing pages over.
constexpr ByteCount sendfile_bytes_min = 16 * kibibyte;

}  // namespace

FileContent::FileContent(FileStore& store, FilePointer file, std::span<const ContentPart> parts, std::string_view after,
                         bool sendfile)
    : store_(store), file_(std::move(file)), parts_(parts), after_(after), sendfile_(sendfile), left_(after.size()) {
  for (const ContentPart& part : parts_) left_ += part.before.size() + part.range.bytes();
}

ByteCount FileContent::left_in_part() const {
  return parts_.front().range.bytes() - offset_;
}

bool FileContent::text_is_next() const {
  return parts_.empty() || (!introduced_ && !parts_.front().before.empty());
}

Piece FileContent::take_text() {
  const std::string_view text = parts_.empty() ? std::exchange(after_, {}) : parts_.front().before;
  introduced_ = true;
  left_ -= text.size();
  return {.bytes = text, .end = left_ == 0};
}

/// \returns whether that was the end
bool FileContent::step(ByteCount bytes) {
  left_ -= bytes;
  offset_ += bytes;
  if (left_in_part() == 0) {
    parts_ = parts_.subspan(1);
    offset_ = 0;
    introduced_ = false;
  }
  return left_ == 0;
}

Error FileContent::changed() {
  store_.forget(*file_);
  return gateway_error(Code::content_changed);
}

/// Bytes that were read as what comes next, if the file is still what it was.
Result<Piece> FileContent::give(std::string_view bytes) {
  if (bytes.empty() || !store_.still_true(*file_)) return fail(changed());
  return Piece{.bytes = bytes, .end = step(bytes.size())};
}

std::optional<Result<Piece>> FileContent::try_read() {
  if (left_ == 0) return Piece{.bytes = {}, .end = true};
  if (text_is_next()) return take_text();
  const ByteRange& range = parts_.front().range;
  if (file_->content != nullptr) {
    const std::string_view bytes = file_->bytes().substr(range.first + offset_, left_in_part());
    return Piece{.bytes = bytes, .end = step(bytes.size())};
  }
  if (room_ == nullptr) room_ = std::make_unique_for_overwrite<char[]>(limits::file_piece_bytes);
  const std::size_t wanted = std::min<ByteCount>(left_in_part(), limits::file_piece_bytes);
  const auto count = read_at(file_->descriptor, {room_.get(), wanted}, range.first + offset_, Patience::cached);
  if (!count) return {};
  if (!*count) return fail(count->error());
  return give({room_.get(), **count});
}

Task<Result<Piece>> FileContent::read() {
  if (auto at_once = try_read()) co_return std::move(*at_once);
  const std::size_t wanted = std::min<ByteCount>(left_in_part(), limits::file_piece_bytes);
  CO_TRY(FileStore::Block block, co_await store_.read(file_, parts_.front().range.first + offset_, wanted));
  block_ = std::move(block.bytes);
  co_return give({block_.get(), block.count});
}

std::optional<Result<FilePiece>> FileContent::try_file() {
  const bool possible = sendfile_ && left_ > 0 && !text_is_next() && file_->content == nullptr && file_->settled &&
                        left_in_part() >= sendfile_bytes_min;
  if (!possible) return {};
  const ByteCount offset = parts_.front().range.first + offset_;
  const ByteCount bytes = std::min(left_in_part(), limits::file_slice_bytes);
  if (!store_.still_true(*file_)) return fail(changed());
  if (!store_.in_page_cache(*file_, offset, bytes)) return {};
  return FilePiece{.descriptor = file_->descriptor.number(), .offset = offset, .bytes = bytes, .end = step(bytes)};
}

}  // namespace weir::files
