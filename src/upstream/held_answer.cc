// Reading an answer whole.
#include "upstream/held_answer.h"

#include <string>

#include "base/fault.h"

namespace weir {
namespace {

class HeldAnswer final : public Body {
 public:
  Task<Result<Piece>> read() override { co_return piece(); }
  std::optional<Result<Piece>> try_read() override { return piece(); }
  [[nodiscard]] std::optional<ByteCount> remaining() const override { return given_ ? 0 : bytes_.size(); }

  /// \returns  whether that was the last one
  bool keep(const Piece& piece) {
    bytes_.append(piece.bytes);
    if (piece.trailers != nullptr) trailers_.emplace(*piece.trailers);  // its lines are the arena's
    return piece.end;
  }
  void expect(ByteCount bytes) { bytes_.reserve(bytes); }

 private:
  Result<Piece> piece() {
    given_ = true;
    return Piece{.bytes = bytes_, .end = true, .trailers = trailers_ ? &*trailers_ : nullptr};
  }

  std::string bytes_;
  std::optional<Fields> trailers_;
  bool given_ = false;
};

}  // namespace

bool is_held(const Answer& answer, ByteCount bytes_max, bool upload_running) {
  if (fault(Fault::held_answer_passed_early)) return false;
  if (bytes_max == 0 || upload_running || answer.body == nullptr || answer.tunnel != nullptr) return false;
  const std::optional<ByteCount> bytes = answer.body->remaining();
  return bytes && *bytes <= bytes_max;
}

Task<Result<void>> hold(Exchange& exchange, Answer& answer) {
  auto* const held = exchange.arena.make<HeldAnswer>();
  BodyPointer kept(held);
  held->expect(answer.body->remaining().value_or(0));
  for (bool ended = false; !ended;) {
    const Result<Piece> piece = co_await answer.body->read();
    if (!piece) {
      const bool theirs = piece.error().origin == Origin::upstream;
      co_return fail(theirs ? piece.error().with(Retry::idempotent) : piece.error());
    }
    ended = held->keep(*piece);
  }
  answer.body = std::move(kept);
  co_return Result<void>{};
}

}  // namespace weir
