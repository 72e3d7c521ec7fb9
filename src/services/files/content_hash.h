// The entity-tag of content: a hash of the bytes, so that copies on other machines have the same.
//
// docs/decisions/entity-tags-of-files.md says why not size and time.
#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace weir::files {

/// Bytes in their order, in any pieces.
class ContentHash {
 public:
  ContentHash();
  ContentHash(ContentHash&&) noexcept;
  ContentHash& operator=(ContentHash&&) noexcept;
  ~ContentHash();

  void add(std::string_view bytes);
  /// `"0f343b0931126a20f133d67c2b018a3b"`, quotes included: strong (RFC 9110 section 8.8.3).
  [[nodiscard]] std::string entity_tag() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

std::string entity_tag_of(std::string_view bytes);

}  // namespace weir::files
