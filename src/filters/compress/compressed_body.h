// A body that is compressed while it is pulled.
//
// Idea: what is there already is compressed together; when the source has nothing at the moment, what was compressed so
// far is flushed, so that the other side can read all of it. So an event stream passes event by event, a page that
// arrives in one go is one block, and nothing needs a timer. A body that is there as a whole is compressed before the
// head leaves, and keeps a length.
//
// Invariants
//   (1) A piece of the source is taken whole before the source is pulled again or this body's reader gets control: it
//       need not live longer.
//   (2) Nothing is held back over a suspension: before read() waits, everything it was given has been given out.
#pragma once

#include <optional>

#include "filters/compress/decision.h"
#include "filters/compress/encoders.h"
#include "http/body.h"

namespace weir {

class CompressedBody final : public Body {
 public:
  CompressedBody(BodyPointer source, Encoders& encoders, EncoderKind kind, Effort effort);
  CompressedBody(const CompressedBody&) = delete;
  CompressedBody& operator=(const CompressedBody&) = delete;
  ~CompressedBody() override;

  /// Compresses what is there already. Called once, before anything is read; does not suspend.
  /// \param minimum  bytes below which a whole body is left alone
  /// \returns  of one that is `whole`, size() is its length; where it is too_small or there is no_gain, take plain()
  BodyBeginning begin(ByteCount minimum);
  [[nodiscard]] std::size_t size() const { return output_.size(); }
  /// The content as it came; valid until the caller suspends.
  [[nodiscard]] std::string_view plain() const { return plain_; }

  Task<Result<Piece>> read() override;
  std::optional<Result<Piece>> try_read() override;

 private:
  /// Takes a piece; whether there is something to give out now: an error, the end, or enough bytes.
  bool take(const Result<Piece>& piece);
  void encode(std::string_view bytes, Demand demand);
  std::optional<Result<Piece>> give();
  void release_encoder();
  void forget_given();

  BodyPointer source_;
  Encoders& encoders_;
  EncoderKind kind_;
  Effort effort_;
  std::unique_ptr<Encoder> encoder_;
  CodedBytes output_;
  std::string_view plain_;
  const Fields* trailers_ = nullptr;
  std::optional<Error> error_;
  std::size_t taken_ = 0;  // bytes of the source since something was given out
  bool unflushed_ = false;
  bool given_ = false;  // output_ was given out by the last read
  bool ended_ = false;
};

}  // namespace weir
