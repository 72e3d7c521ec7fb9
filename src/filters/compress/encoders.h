// The encoders of one core: lent to a stream, taken back, used again.
//
// Problem: an encoder holds a quarter of a megabyte to two; a server that makes one for each answer spends more on
// memory than on compression, and one that keeps all it ever made has no bound.
// Idea: a stream borrows an encoder and gives it back at its end; what came back last is lent first, since it is still
// in the cache. What is lent counts against a bound, beyond which answers go out as they are; what is idle against
// another, beyond which it is freed.
#pragma once

#include <array>
#include <memory>
#include <span>
#include <vector>

#include "base/limits.h"
#include "contracts/shard.h"
#include "http/coding/encoder.h"
#include "runtime/thread_load.h"

namespace weir {

/// Coded bytes on their way out. Grows when one piece makes more than there is room for.
class CodedBytes {
 public:
  static constexpr std::size_t ordinary_bytes = 32 * 1024;

  CodedBytes() = default;

  [[nodiscard]] std::string_view written() const { return {bytes_.get(), size_}; }
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] std::size_t capacity() const { return capacity_; }
  [[nodiscard]] std::span<char> room() { return {bytes_.get() + size_, capacity_ - size_}; }
  /// \param left  of room(), what was not written to
  void wrote_up_to(std::span<char> left) { size_ = capacity_ - left.size(); }
  void clear() { size_ = 0; }
  void grow();

 private:
  std::unique_ptr<char[]> bytes_;
  std::size_t capacity_ = 0;
  std::size_t size_ = 0;
};

class Encoders final : public ShardState {
 public:
  static Encoders& of(Shard& shard);

  /// Whether one more may be lent.
  [[nodiscard]] bool has_room_for(EncoderKind kind) const {
    return lent_bytes_ + cost_of(kind) <= limits::encoders_lent_bytes;
  }
  std::unique_ptr<Encoder> lend(EncoderKind kind);
  void take_back(EncoderKind kind, std::unique_ptr<Encoder> encoder);

  CodedBytes lend_bytes();
  void take_back_bytes(CodedBytes bytes);

  [[nodiscard]] ThreadLoad& load() { return load_; }
  [[nodiscard]] std::size_t lent_bytes() const { return lent_bytes_; }
  [[nodiscard]] std::size_t idle_bytes() const { return idle_bytes_; }

 private:
  static std::size_t cost_of(EncoderKind kind) { return memory_of(kind) + CodedBytes::ordinary_bytes; }

  std::array<std::vector<std::unique_ptr<Encoder>>, encoder_kinds> idle_;
  std::vector<CodedBytes> idle_outputs_;
  std::size_t lent_bytes_ = 0;
  std::size_t idle_bytes_ = 0;
  ThreadLoad load_;
};

}  // namespace weir
