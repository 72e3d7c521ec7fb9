// Lending, and what is kept of what comes back.
#include "filters/compress/encoders.h"

#include <algorithm>
#include <cstring>

namespace weir {

void CodedBytes::grow() {
  const std::size_t larger = std::max(ordinary_bytes, 2 * capacity_);
  auto bytes = std::make_unique_for_overwrite<char[]>(larger);
  if (size_ > 0) std::memcpy(bytes.get(), bytes_.get(), size_);
  bytes_ = std::move(bytes);
  capacity_ = larger;
}

Encoders& Encoders::of(Shard& shard) {
  static const StateKey key("compress");
  return shard.state<Encoders>(key, [] { return std::make_unique<Encoders>(); });
}

std::unique_ptr<Encoder> Encoders::lend(EncoderKind kind) {
  lent_bytes_ += cost_of(kind);
  auto& idle = idle_[static_cast<std::size_t>(kind)];
  if (idle.empty()) return make_encoder(kind);
  std::unique_ptr<Encoder> encoder = std::move(idle.back());
  idle.pop_back();
  idle_bytes_ -= memory_of(kind);
  return encoder;
}

void Encoders::take_back(EncoderKind kind, std::unique_ptr<Encoder> encoder) {
  lent_bytes_ -= cost_of(kind);
  if (idle_bytes_ + memory_of(kind) > limits::encoders_idle_bytes) return;
  idle_bytes_ += memory_of(kind);
  idle_[static_cast<std::size_t>(kind)].push_back(std::move(encoder));
}

CodedBytes Encoders::lend_bytes() {
  if (idle_outputs_.empty()) return {};
  CodedBytes bytes = std::move(idle_outputs_.back());
  idle_outputs_.pop_back();
  return bytes;
}

void Encoders::take_back_bytes(CodedBytes bytes) {
  constexpr std::size_t kept_max = 64;
  if (bytes.capacity() != CodedBytes::ordinary_bytes || idle_outputs_.size() >= kept_max) return;
  bytes.clear();
  idle_outputs_.push_back(std::move(bytes));
}

}  // namespace weir
