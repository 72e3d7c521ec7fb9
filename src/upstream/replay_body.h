// A request body that can be sent a second time, while it is small.
//
// Idea: every piece that is pulled is also kept, until more than keep_max bytes have passed; rewind() then plays what
// was kept before it pulls on. A body of which nothing was pulled can always be rewound.
//
// A try that is over may still wait for the source: a client takes its time, and the upstream refused meanwhile. What
// comes then is kept for the try that came after it, and the old one is told that its turn is over.
//
// Invariants
//   (1) kept_ holds exactly the first pulled_ bytes of the body, or nothing once more than keep_max have passed; what
//       an old try pulled is kept until the next pull, whatever it weighs.
//   (2) The source is pulled only when all of kept_ has been played.
//   (3) One pulls the source at a time, and of those who read only the latest is given anything.
#pragma once

#include <optional>
#include <string>

#include "http/body.h"
#include "runtime/signal.h"

namespace weir {

class ReplayBody final : public Body {
 public:
  /// \param keep_max  bytes kept for a second try; 0 keeps none
  ReplayBody(Reactor& reactor, BodyPointer source, ByteCount keep_max)
      : source_(std::move(source)), keep_max_(keep_max), old_pull_over_(reactor) {}

  Task<Result<Piece>> read() override;
  std::optional<Result<Piece>> try_read() override;
  [[nodiscard]] std::optional<ByteCount> remaining() const override;

  /// Whether rewind() may be called: what was pulled so far is all kept.
  [[nodiscard]] bool replayable() const { return pulled_ == kept_.size() && !failed_; }
  /// The next read begins at the beginning; who still reads is told `canceled`. \pre replayable()
  void rewind();
  /// All of the body, if it is kept and has no trailers; valid until forget().
  [[nodiscard]] std::optional<std::string_view> whole() const {
    if (!ended_ || !replayable() || trailers_ != nullptr) return {};
    return kept_;
  }
  /// The answer is there: nothing will be sent again, so nothing needs to be kept.
  void forget();

 private:
  /// What read() can answer without pulling.
  std::optional<Piece> replay();
  Result<Piece> keep(Result<Piece> pulled);
  void keep_for_next_turn(const Result<Piece>& pulled);
  void count(const Piece& pulled);
  void drop_kept();

  BodyPointer source_;
  ByteCount keep_max_;
  std::string kept_;
  ByteCount pulled_ = 0;
  std::size_t replayed_ = 0;  // of kept_: what lies behind it has not been played since rewind()
  const Fields* trailers_ = nullptr;
  bool ended_ = false;
  bool failed_ = false;
  std::uint32_t turn_ = 0;  // counts rewind()
  bool pulling_ = false;    // somebody waits for the source
  std::optional<Error> old_pull_failed_;
  Signal old_pull_over_;
};

}  // namespace weir
