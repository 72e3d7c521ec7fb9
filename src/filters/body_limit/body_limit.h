// Refuses requests whose body is too large.
//
// Idea: a declared length is judged at once, before a byte of the body is pulled, so that a client that waits for
// 100-continue never sends it. A body of unknown length is counted while it is pulled, by a wrapper around it; the
// piece that crosses the limit is not passed on.
#pragma once

#include <string_view>

#include "contracts/plugin.h"
#include "contracts/schema.h"

namespace weir {

struct BodyLimitOptions {
  ByteCount bytes = unbounded;
  Place place;  ///< of the rule
  static const Schema<BodyLimitOptions>& schema();
};

struct BodyLimitVerdict {
  enum class Action : std::uint8_t { pass, count, refuse };
  Action action = Action::pass;
  std::string_view reason;  ///< no_body, length_within_limit, length_unknown, length_over_limit
};

/// Pure.
BodyLimitVerdict decide_body_limit(ByteCount bytes_max, const Framing& framing);

/// A body that fails with body_too_large (origin client) instead of giving byte `bytes_max + 1`.
class CountedBody final : public Body {
 public:
  CountedBody(BodyPointer inner, ByteCount bytes_max) : inner_(std::move(inner)), bytes_left_(bytes_max) {}

  Task<Result<Piece>> read() override;
  std::optional<Result<Piece>> try_read() override;
  [[nodiscard]] std::optional<ByteCount> remaining() const override { return inner_->remaining(); }

 private:
  Result<Piece> counted(const Result<Piece>& piece);

  BodyPointer inner_;
  ByteCount bytes_left_;
};

class BodyLimit final : public Filter {
 public:
  explicit BodyLimit(const BodyLimitOptions& rule) : rule_(rule) {}

  Reply handle(Exchange& exchange, Next next) const override;
  Effect rehearse(ImaginedRequest& imagined) const override;

 private:
  BodyLimitOptions rule_;
};

const FilterKind& body_limit_filter();

}  // namespace weir
