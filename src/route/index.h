// The table behind the router: all rules, laid out so that a lookup waits for memory as seldom as possible.
//
// Problem: sorted by precedence and tried one after the other, 100,000 rules cost a millisecond per request. Hashed,
// they cost what their cache misses cost: a hundred nanoseconds and more each on a busy machine, when each
// must wait for the one before.
// Idea: only rules whose host and path can hold are looked at, in the order of precedence, and where they stand is
// computed from the request alone, so that misses overlap.
//   host      the exact name, then its suffixes from the longest to the shortest (only those label counts for which
//             a wildcard exists), then no host;
//   bucket    all rules of one host with one exact path or one prefix, side by side, sorted by rank. One hash table of
//             all buckets, by the hashes of host and path together: a request asks for its exact path, then for its
//             prefixes from the deepest (only those depths that exist);
//   regex     sits in the bucket of the whole segments its literal prefix begins with. Its literal prefix is at
//             most as long as any plain prefix found deeper, so visiting deeper buckets first keeps the order.
// Two waits, then: one for all slots, one for the host's record and all candidates.
// Hashes of all prefixes come from one pass over the path, so a lookup is linear in the length of the request.
// Everything is a handful of flat arrays: 100,000 rules are built in tens of milliseconds and dropped in one.
//
// Invariants
//   (1) Within a bucket candidates are in rank order; over buckets and hosts in visiting order, rank falls
//       too, except for priority. So the first that holds wins unless a later one has a higher priority.
//   (2) Equal hashes are a hint: the host's name and every candidate's text are compared.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "http/fields.h"
#include "http/method.h"
#include "route/match.h"

namespace weir {

/// A demand on a header, with the number of its name looked up once.
struct HeaderDemand {
  FieldName id = FieldName::other;
  ValuePattern pattern;
};

/// What only some rules ask for, apart from the lines that every lookup touches.
struct Predicates {
  std::vector<HeaderDemand> headers;
  std::vector<ValuePattern> queries;
  std::vector<Cidr> clients;
  std::vector<std::string> other_methods;  ///< those without a number in Method
  std::shared_ptr<const PathRegex> regex;
};

/// A text of which the beginning stands in its owner's cache line; only longer ones cost another.
template <std::size_t Inline>
struct NearText {
  std::uint32_t begin = 0;  ///< in the index's texts, where all of it stands
  std::uint32_t bytes = 0;
  char front[Inline] = {};

  void set(std::string_view text, std::uint32_t where) {
    begin = where;
    bytes = static_cast<std::uint32_t>(text.size());
    text.copy(front, Inline);
  }
  [[nodiscard]] bool begins(std::string_view other, const std::string& texts) const {
    if (other.size() < bytes) return false;
    const std::size_t near = std::min<std::size_t>(bytes, Inline);
    return other.substr(0, near) == std::string_view(front, near) &&
           (bytes <= Inline ||
            other.substr(Inline, bytes - Inline) == std::string_view(texts).substr(begin + Inline, bytes - Inline));
  }
};

/// One MatchRule in its bucket: two neighbouring cache lines, and in most cases all that is read of it.
struct alignas(64) Candidate {
  static constexpr std::uint32_t no_predicates = UINT32_MAX;
  static constexpr std::uint16_t any_method = UINT16_MAX;

  Place place;
  std::uint32_t route = 0;
  std::uint32_t match = 0;
  std::int32_t priority = 0;
  std::uint32_t order = 0;  ///< in the configuration
  std::uint32_t host = 0;   ///< number of its HostTable
  std::uint32_t predicates = no_predicates;
  std::uint16_t methods = any_method;  ///< bit per Method
  std::uint16_t listeners = 0;         ///< number of a listener set; 0 is every listener
  PathPattern::Kind path_kind = PathPattern::Kind::any;
  bool last = false;  ///< of its bucket
  NearText<72> text;  ///< the exact path, the prefix, or the literal prefix
};
static_assert(sizeof(Candidate) == 128);

/// Where a candidate stands in the order of precedence among those of its host; less goes first.
struct Rank {
  std::uint32_t priority;  // all of them upside down, so that the greater value is less
  std::uint32_t path;
  std::uint64_t demands;  // methods given, number of headers, number of queries
  std::uint32_t order;    // in the configuration

  friend auto operator<=>(const Rank&, const Rank&) = default;
};

/// What is known of one host: one cache line.
struct alignas(64) HostTable {
  std::uint32_t candidates_begin = 0;
  std::uint32_t candidates_end = 0;
  std::int32_t priority_max = INT32_MIN;
  HostPattern::Kind kind = HostPattern::Kind::any;
  NearText<36> name;
};
static_assert(sizeof(HostTable) == 64);

/// A name under which a request's host may stand in the index.
struct HostKey {
  HostPattern::Kind kind;
  const char* name_begin;  // no string_view, so that room for many keys costs nothing until they are made
  std::size_t name_bytes;
  std::uint64_t hash;

  [[nodiscard]] std::string_view name() const { return {name_begin, name_bytes}; }
};

/// The hashes by which a path may be found: its own, and those of its beginnings of whole segments.
struct PathHashes {
  /// Rules with a deeper prefix share the bucket of their first 63 segments, so that depths fit a word.
  static constexpr unsigned depth_max = 63;

  explicit PathHashes(std::string_view path);

  std::uint64_t exact = 0;
  unsigned depth = 0;                   ///< whole segments, at most depth_max
  std::uint64_t prefix[depth_max + 1];  // left uninitialised beyond depth
};

class RouteIndex {
 public:
  explicit RouteIndex(std::span<const RouteRule> rules);

  /// Calls `visit(const Candidate&)` for the rules whose host holds and whose bucket the path falls into, the
  /// first in precedence first (but for priority), while it returns true.
  /// \param wanted  `bool(const HostTable&)`: whether a host is worth looking into
  template <typename Wanted, typename Visit>
  void visit(std::string_view host, const PathHashes& path, Wanted wanted, Visit visit) const;

  [[nodiscard]] bool path_holds(const Candidate& candidate, std::string_view path) const;
  [[nodiscard]] bool listener_holds(const Candidate& candidate, std::uint16_t listener) const;

  [[nodiscard]] std::string_view text_of(const HostTable& host) const { return view(host.name.begin, host.name.bytes); }
  [[nodiscard]] std::string_view text_of(const Candidate& candidate) const {
    return view(candidate.text.begin, candidate.text.bytes);
  }
  [[nodiscard]] const Predicates* predicates_of(const Candidate& candidate) const {
    return candidate.predicates == Candidate::no_predicates ? nullptr : &predicates_[candidate.predicates];
  }
  [[nodiscard]] Rank rank_of(const Candidate& candidate) const;
  [[nodiscard]] const std::vector<std::uint16_t>& listeners_of(const Candidate& candidate) const {
    return listener_sets_[candidate.listeners];
  }
  [[nodiscard]] std::span<const Candidate> candidates() const { return candidates_; }
  [[nodiscard]] std::span<const HostTable> hosts() const { return hosts_; }
  [[nodiscard]] const HostTable& host_of(const Candidate& candidate) const { return hosts_[candidate.host]; }
  [[nodiscard]] std::int32_t priority_max() const { return priority_max_; }

 private:
  class Builder;

  struct Slot {
    static constexpr std::uint32_t empty = UINT32_MAX;
    std::uint32_t tag = 0;
    std::uint32_t index = empty;  // of a host, or of the first candidate of a bucket
  };

  static std::uint32_t tag_of(std::uint64_t hash) { return static_cast<std::uint32_t>(hash >> 32); }
  static HostKey key_of(HostPattern::Kind kind, std::string_view name);
  static std::uint64_t bucket_of(const HostKey& host, std::uint64_t path) {
    return (host.hash ^ path) * 0xD6E8FEB86659FD93U;  // odd: no two inputs collide
  }
  [[nodiscard]] std::string_view view(std::uint32_t begin, std::uint32_t bytes) const {
    return {texts_.data() + begin, bytes};
  }
  /// The keys of a host, most specific first. \param keys  room for host_keys_max \returns  how many there are
  unsigned make_keys(std::string_view host, HostKey* keys) const;
  void fetch_slots(const HostKey& key, const PathHashes& path) const;
  void fetch_candidates(const HostKey& key, const PathHashes& path) const;
  /// Whether the table outgrows a core's first cache (32 to 48 KiB), so that fetching ahead pays.
  [[nodiscard]] bool is_large() const { return candidates_.size() > 256; }
  [[nodiscard]] const HostTable* find_host(const HostKey& key, const PathHashes& path) const;
  template <typename Visit>
  bool visit_bucket(std::uint32_t host, std::uint64_t bucket, Visit& visit) const;
  /// Calls `use(std::uint64_t bucket)` for the buckets a path may fall into, best first, while it returns true.
  template <typename Use>
  bool for_each_bucket(const HostKey& key, const PathHashes& path, Use use) const;

  static constexpr unsigned labels_max = 63;
  static constexpr unsigned host_keys_max = labels_max + 2;

  std::vector<Slot> host_slots_;  // a power of two, at most half full
  std::vector<HostTable> hosts_;
  std::vector<Slot> slots_;  // of all buckets; a power of two, at most half full
  std::vector<Candidate> candidates_;
  std::string texts_;
  std::vector<Predicates> predicates_;
  std::vector<std::vector<std::uint16_t>> listener_sets_;  // sorted; [0] is every listener
  std::uint64_t wildcard_labels_ = 0;                      // bit n: there is a wildcard over n labels
  std::uint64_t prefix_depths_ = 0;                        // bit n: there is a bucket for the first n segments
  bool has_any_host_ = false;
  std::int32_t priority_max_ = INT32_MIN;
};

// ---- the walk ----

template <typename Use>
bool RouteIndex::for_each_bucket(const HostKey& key, const PathHashes& path, Use use) const {
  if (!use(bucket_of(key, path.exact))) return false;
  for (unsigned depth = path.depth + 1; depth-- > 0;) {
    if ((prefix_depths_ >> depth & 1) != 0 && !use(bucket_of(key, path.prefix[depth]))) return false;
  }
  return true;
}

template <typename Visit>
bool RouteIndex::visit_bucket(std::uint32_t host, std::uint64_t bucket, Visit& visit) const {
  const std::size_t mask = slots_.size() - 1;
  for (std::size_t at = bucket & mask; slots_[at].index != Slot::empty; at = (at + 1) & mask) {
    if (slots_[at].tag != tag_of(bucket)) continue;
    for (const Candidate* candidate = &candidates_[slots_[at].index]; candidate->host == host; ++candidate) {
      if (!visit(*candidate)) return false;
      if (candidate->last) break;
    }
  }
  return true;
}

template <typename Wanted, typename Visit>
void RouteIndex::visit(std::string_view host, const PathHashes& path, Wanted wanted, Visit visit) const {
  HostKey keys[host_keys_max];
  const unsigned count = make_keys(host, keys);
  // Nearly every name has one or two keys; more would only push each other out. A small table is near already.
  for (unsigned at = 0; at < count && at < 3 && is_large(); ++at) fetch_slots(keys[at], path);
  for (unsigned at = 0; at < count; ++at) {
    const HostTable* const table = find_host(keys[at], path);
    if (table == nullptr || !wanted(*table)) continue;
    const auto number = static_cast<std::uint32_t>(table - hosts_.data());
    if (!for_each_bucket(keys[at], path, [&](std::uint64_t bucket) { return visit_bucket(number, bucket, visit); })) {
      return;
    }
  }
}

}  // namespace weir
