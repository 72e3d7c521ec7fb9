// XXH3 with 128 bits: 10 GB/s and more on one core, and two contents with the same hash are not met by accident.
#include "services/files/content_hash.h"

#include <fmt/format.h>

#define XXH_STATIC_LINKING_ONLY  // the state's size, so that it needs no second allocation
#include <xxhash.h>

namespace weir::files {
namespace {

std::string tag_of(XXH128_hash_t hash) {
  return fmt::format("\"{:016x}{:016x}\"", hash.high64, hash.low64);
}

}  // namespace

struct ContentHash::State {
  XXH3_state_t hash;
};

ContentHash::ContentHash() : state_(std::make_unique<State>()) {
  XXH3_128bits_reset(&state_->hash);
}
ContentHash::ContentHash(ContentHash&&) noexcept = default;
ContentHash& ContentHash::operator=(ContentHash&&) noexcept = default;
ContentHash::~ContentHash() = default;

void ContentHash::add(std::string_view bytes) {
  XXH3_128bits_update(&state_->hash, bytes.data(), bytes.size());
}

std::string ContentHash::entity_tag() const {
  return tag_of(XXH3_128bits_digest(&state_->hash));
}

std::string entity_tag_of(std::string_view bytes) {
  return tag_of(XXH3_128bits(bytes.data(), bytes.size()));
}

}  // namespace weir::files
