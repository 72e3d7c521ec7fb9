// What the service `files` decided from, as bytes of its record, and the same decisions made again from them.
//
// Idea: resolve() asks what is known of names, one after the other, and always in the same order; so the answers it got
// are enough, without the names. Behind them stand the fields of the request that decide_answer() reads, and of the
// file that was found and its variants what tells one state of them from another. No content, and no other field.
#pragma once

#include <array>
#include <optional>
#include <span>
#include <string_view>

#include "base/arena.h"
#include "services/files/answer.h"
#include "services/files/resolve.h"

namespace weir::files {

/// What was known of the names that one resolve() asked for, in its order.
class KnownNames {
 public:
  enum class State : std::uint8_t { missing, not_permitted, directory, file };

  void note(const FileEntry& entry);
  void clear() { count_ = 0; }
  /// Nothing when there were more than are kept: an ordinary configuration looks for two or three.
  [[nodiscard]] std::optional<std::span<const State>> all() const;

 private:
  std::array<State, 16> states_{};
  std::size_t count_ = 0;
};

/// What an answer was decided from.
struct AnswerFacts {
  const RequestHead& request;
  const KnownNames& names;
  const FilePointer* entry = nullptr;  ///< the file that was found; null when none was
  WallTime now{};
};

/// \returns  bytes in the arena; empty when they would be too many
std::string_view pack(const AnswerFacts& facts, Arena& arena);

/// What a record says.
struct RecordedVerdict {
  std::string_view verdict;  ///< static: "served", "not_modified", "refused", "redirected", "listed", "not_served"
  std::string_view reason;
};
inline constexpr RecordedVerdict method_refused{"refused", "method"};
/// Of a file that was found: what its conditions and ranges said, else how it was found.
RecordedVerdict verdict_of(const AnswerDecision& decision, std::string_view found_by);
/// \pre  found is no file, and nothing is unknown
RecordedVerdict verdict_of(const Resolution& found);

/// Whether this service has anything to say to a method.
constexpr bool reads(Method method) {
  return method == Method::get || method == Method::head;
}

/// The decisions of the request whose facts these are, made again.
/// \returns  nothing when the bytes are not what pack() made
std::optional<RecordedVerdict> decide_again(std::string_view facts, const Places& places, Arena& arena);

}  // namespace weir::files
