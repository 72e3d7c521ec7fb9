// One hash per eight bytes.
#include "sim/content.h"

namespace weir::sim {
namespace {

std::uint64_t word(std::uint64_t id, ByteCount at) {
  std::uint64_t mixed = (id << 32) + at + 0x9E3779B97F4A7C15U;  // SplitMix64
  mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9U;
  mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EBU;
  return mixed ^ (mixed >> 31);
}

}  // namespace

std::string content(std::uint64_t id, ByteCount from, ByteCount bytes) {
  std::string made;
  made.reserve(bytes + 8);
  for (ByteCount at = from / 8; made.size() < bytes + from % 8; ++at) {
    const std::uint64_t eight = word(id, at);
    made.append(reinterpret_cast<const char*>(&eight), sizeof(eight));
  }
  return made.substr(from % 8, bytes);
}

bool ContentCheck::take(std::string_view bytes) {
  right_ = right_ && taken_ + bytes.size() <= length_ && content(id_, taken_, bytes.size()) == bytes;
  taken_ += bytes.size();
  return right_;
}

}  // namespace weir::sim
