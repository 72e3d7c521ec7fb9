// A body that comes no faster than its key may have it.
//
// Problem: what is sent too fast must wait, and waiting must hold neither memory nor a core.
// Idea: whoever wants the next piece waits here for its turn before anything is pulled: the source is not asked, so its
// own peer is slowed down by not being read. A turn is for a portion, some fiftieth of a second of the rate; a piece
// that is longer is given out in portions, and what a piece leaves of its portion is given back. Slices of files pass
// as such while the bucket holds a whole one, so that sendfile is given up only where bytes have to wait.
//
// Invariants
//   (1) No byte passes before its turn has come.
//   (2) It holds at most what is left of one piece, and nothing while pieces are no longer than a portion.
//   (3) One timer for each portion that has to wait; none otherwise.
#pragma once

#include <memory>

#include "contracts/metrics.h"
#include "filters/limit/pace.h"
#include "http/body.h"
#include "runtime/reactor.h"

namespace weir::limit {

class PacedBody final : public Body {
 public:
  /// \param waits  counts the streams that had to wait; outlives the body, as do the others
  PacedBody(BodyPointer inner, PaceTable& table, std::uint64_t hash, Reactor& reactor, Cell& waits);
  ~PacedBody() override;

  Task<Result<Piece>> read() override;
  std::optional<Result<Piece>> try_read() override;
  std::optional<Result<FilePiece>> try_file() override;
  [[nodiscard]] std::optional<ByteCount> remaining() const override;

  /// Bytes of a turn: smooth at low rates, whole pieces at high ones.
  static ByteCount portion_of(const Pace& pace);

 private:
  /// What is to be asked for next.
  [[nodiscard]] ByteCount wanted() const { return held_left() > 0 ? std::min(portion_, held_left()) : portion_; }
  [[nodiscard]] ByteCount held_left() const { return held_bytes_ - held_given_; }
  /// Gives out what fits the turn that has come, holds what does not.
  Result<Piece> give(const Result<Piece>& piece);
  Piece give_held();

  BodyPointer inner_;
  PaceTable& table_;
  const std::uint64_t hash_;
  Reactor& reactor_;
  Cell& waits_;
  const ByteCount portion_;
  ByteCount turn_ = 0;  ///< bytes of a turn that was taken and not used
  bool has_waited_ = false;
  std::unique_ptr<char[]> held_;  // the rest of a piece
  ByteCount held_bytes_ = 0;
  ByteCount held_given_ = 0;
  bool held_end_ = false;
  const Fields* held_trailers_ = nullptr;
};

}  // namespace weir::limit
