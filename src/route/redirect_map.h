// A file of redirects: as many as somebody cares to write, one hash look-up for each request.
//
// Problem: a site that moved brings 100,000 old addresses; as routes they would be in everybody's way, and a table that
// grows with them must not make the other requests slower.
// Idea: exact paths stand in one open hash table of eight bytes per slot, whose slots point into one block of memory
// where address and target lie side by side: two cache lines per look-up, however many there are. Prefixes (`/old/*`)
// are looked up from the longest; expressions (`~^/p/([0-9]+)$`) are tried in the order of the file, and last.
//
// Three ways to write it down, chosen by the file's name (docs/redirects.md):
//   .csv           from,to,status      with or without a first line that says so
//   .yaml, .yml    /from: /to          one entry a line; /from: { to: /to, status: 301 }
//   anything else  /from /to 301       nginx's map files among them: ~ for expressions, ; at the end
//
// Invariants
//   (1) Every address is canonical (http/path.h), as requests are; every target has passed complaint_about_target().
//   (2) No address stands twice, and no plain target leads back to where it came from.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "contracts/watched_file.h"
#include "route/redirect_target.h"

namespace weir {

class RedirectMap {
 public:
  /// How an entry was found.
  enum class How : std::uint8_t { exact, prefix, pattern };

  struct Found {
    How how = How::exact;
    Status status = 0;  ///< 0: the entry does not say
    std::uint32_t line = 0;
    std::string_view to;             ///< of exact; of prefix: what the rest is put behind, or all of it
    std::string_view rest;           ///< of prefix with a star in its target
    const RedirectTarget* target{};  ///< of pattern
    Captures captures{};             ///< of pattern
  };

  static std::shared_ptr<const RedirectMap> parse(std::string_view bytes, FileReport& report);

  /// Views into the map and the request.
  [[nodiscard]] std::optional<Found> find(const RequestHead& request) const;
  /// \errors  internal  what a pattern's groups make has no canonical form
  [[nodiscard]] static Result<std::string_view> location(const Found& found, const RequestHead& request,
                                                         bool keeps_query, Arena& arena);
  [[nodiscard]] std::size_t size() const { return exact_count_ + prefixes_.size() + patterns_.size(); }
  [[nodiscard]] std::size_t exact_count() const { return exact_count_; }
  /// Some addresses have a query, so that a request's is looked at.
  [[nodiscard]] bool has_queries() const { return has_queries_; }

 private:
  friend class RedirectMapReader;

  /// In front of the address and the target in records_.
  struct Record {
    std::uint32_t line;
    std::uint16_t from_bytes;
    std::uint16_t to_bytes;
    Status status;
  };
  struct Slot {
    std::uint32_t tag = 0;  ///< bits of the hash
    std::uint32_t at = 0;   ///< offset in records_ plus one; 0: empty
  };
  struct Prefix {
    std::string to;
    bool takes_rest = false;
    Status status = 0;
    std::uint32_t line = 0;
  };
  struct Pattern {
    std::shared_ptr<const PathRegex> regex;
    RedirectTarget target;
    Status status = 0;
    std::uint32_t line = 0;
  };
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
  };

  [[nodiscard]] std::optional<Found> find_exact(std::string_view address) const;
  [[nodiscard]] std::optional<Found> find_prefix(std::string_view path) const;
  [[nodiscard]] std::optional<Found> find_pattern(std::string_view path) const;
  [[nodiscard]] Record record_at(std::uint32_t at) const;

  std::string records_;
  std::vector<Slot> slots_;  // a power of two, at most half full
  std::size_t exact_count_ = 0;
  bool has_queries_ = false;                                                 // some addresses have one
  std::unordered_map<std::string, Prefix, Hash, std::equal_to<>> prefixes_;  // by what stands before "/*"
  std::size_t prefix_bytes_max_ =
      0;  // of the longest of them: a path of a thousand segments is not looked up a thousand times
  std::vector<Pattern> patterns_;
};

inline constexpr FileKind<RedirectMap> redirect_map_file{
    .name = "redirects", .bytes_max = limits::redirect_file_bytes, .secret = false, .parse = &RedirectMap::parse};

std::string_view name_of(RedirectMap::How how);
/// 301, 302, 303, 307, 308.
bool is_redirect_status(std::uint64_t status);

}  // namespace weir
