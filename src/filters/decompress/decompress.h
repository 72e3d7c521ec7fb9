// Decodes request bodies, so that an upstream need not: gzip, br, zstd.
//
// Problem: clients that send much send it compressed, and many applications do not understand it; decoding for them
// means taking bytes whose size the sender does not tell: ten kilobytes can become ten megabytes.
// Idea: decode while the body is pulled, never more than one buffer ahead, and count: a bound for the decoded size, one
// for its ratio to what was sent, one for what decoders may hold on a core. Who crosses one is refused by a status that
// says so.
//
// Invariants
//   (1) No byte beyond a bound is passed on.
//   (2) What the upstream gets is whole or cut, never ended early: a coded body that ends in its middle is an error.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "contracts/plugin.h"
#include "contracts/schema.h"
#include "http/coding/decoder.h"

namespace weir {

struct DecompressOptions {
  ByteCount bytes = 10 * mebibyte;  ///< decoded
  std::uint32_t ratio = 100;        ///< decoded to coded; gzip's own limit is 1032
  Place place;
  static const Schema<DecompressOptions>& schema();
};

struct DecompressVerdict {
  enum class Action : std::uint8_t { pass, decode, refuse };
  Action action = Action::pass;
  ContentCoding coding = ContentCoding::identity;
  std::string_view reason;  ///< no_body, not_coded, decoded, unknown_coding, several_codings
};

/// What a verdict is made from.
struct DecompressFacts {
  bool has_body = false;
  bool last_is_known = false;                    ///< the last coding has a name that is understood somewhere
  ContentCoding last = ContentCoding::identity;  ///< of those that were applied
  std::uint32_t codings = 0;                     ///< how many were, identity not counted
};
DecompressFacts decompress_facts_of(const RequestHead& request);

/// "passed", "decodes" or "refused".
std::string_view name_of(DecompressVerdict::Action action);
/// Pure.
DecompressVerdict decide_decompress(const DecompressFacts& facts);

/// What one stream may become.
struct DecodingBounds {
  ByteCount bytes = unbounded;
  std::uint32_t ratio = 100;
  /// Up to here the ratio is not looked at: the beginning of an honest body may compress very well.
  static constexpr ByteCount ratio_from = 64 * kibibyte;
};

/// What the decoders of a core hold.
struct DecoderMemory final : ShardState {
  std::size_t bytes = 0;
  static DecoderMemory& of(Shard& shard);
};

class DecodedBody final : public Body {
 public:
  DecodedBody(BodyPointer source, std::unique_ptr<Decoder> decoder, DecodingBounds bounds, DecoderMemory& memory);
  DecodedBody(const DecodedBody&) = delete;
  DecodedBody& operator=(const DecodedBody&) = delete;
  ~DecodedBody() override;

  Task<Result<Piece>> read() override;
  std::optional<Result<Piece>> try_read() override;

 private:
  void take(const Result<Piece>& piece);
  std::optional<Result<Piece>> next();
  Result<std::string_view> decode_some();
  Result<void> check_bounds();
  Result<Piece> end() const;

  BodyPointer source_;
  std::unique_ptr<Decoder> decoder_;
  DecodingBounds bounds_;
  DecoderMemory& memory_;
  std::size_t held_ = 0;  // of memory_
  std::unique_ptr<char[]> room_;
  std::string_view input_;  // not decoded yet: of the last piece, or of rest_
  std::string rest_;        // what of a piece has to outlive it
  bool output_was_full_ = false;
  bool source_ended_ = false;
  const Fields* trailers_ = nullptr;
  std::optional<Error> error_;
  ByteCount coded_bytes_ = 0;
  ByteCount decoded_bytes_ = 0;
};

class Decompress final : public Filter {
 public:
  explicit Decompress(const DecompressOptions& options) : options_(options) {}

  Reply handle(Exchange& exchange, Next next) const override;
  Effect rehearse(ImaginedRequest& imagined) const override;

 private:
  DecompressOptions options_;
};

const FilterKind& decompress_filter();

}  // namespace weir
