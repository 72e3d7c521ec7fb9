// The content of an answer from a file: all of it, or parts with text between them.
//
// Idea: what lies in memory is given as it is; what lies in the kernel's page cache is sent from there (sendfile), or
// copied when the session cannot do that; what lies on the disk is read by the executor, a piece at a time.
//
// Invariants
//   (1) Before each piece the file is looked at: once it is another than the one that was promised, the content
//       ends with content_changed, and the connection with it. Never is a part of another state sent to its end.
//   (2) A piece that was copied is looked at after it was copied.
#pragma once

#include <memory>
#include <span>

#include "http/body.h"
#include "http/range.h"
#include "services/files/store.h"

namespace weir::files {

/// A range of the file and the text in front of it (the head of a part; empty for a single range).
struct ContentPart {
  std::string_view before;
  ByteRange range;
};

class FileContent final : public Body {
 public:
  /// \param parts, after  live as long as the body
  FileContent(FileStore& store, FilePointer file, std::span<const ContentPart> parts, std::string_view after,
              bool sendfile);

  Task<Result<Piece>> read() override;
  std::optional<Result<Piece>> try_read() override;
  std::optional<Result<FilePiece>> try_file() override;
  [[nodiscard]] std::optional<ByteCount> remaining() const override { return left_; }

 private:
  [[nodiscard]] ByteCount left_in_part() const;
  [[nodiscard]] bool text_is_next() const;
  Piece take_text();
  Result<Piece> give(std::string_view bytes);
  bool step(ByteCount bytes);
  Error changed();

  FileStore& store_;
  FilePointer file_;
  std::span<const ContentPart> parts_;
  std::string_view after_;
  bool sendfile_;
  ByteCount left_ = 0;             // texts included
  ByteCount offset_ = 0;           // within the first of parts_
  bool introduced_ = false;        // the text before the first of parts_ has been given
  std::unique_ptr<char[]> room_;   // of limits::file_piece_bytes, for what was cached
  std::unique_ptr<char[]> block_;  // what the executor has read
};

}  // namespace weir::files
