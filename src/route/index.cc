// Building the index of index.h: intern hosts, sort by host, bucket and rank, lay out.
//
// Idea: each rule becomes one small item that can be compared without looking at its strings again; after one sort all
// arrays are filled from front to back.
#include "route/index.h"

// The hash is inlined: its inputs are a few bytes long, so that a call would cost as much as the hash.
#define XXH_INLINE_ALL
#include <xxhash.h>

#include <algorithm>
#include <bit>

#include "base/invariant.h"

namespace weir {
namespace {

constexpr std::uint64_t root_hash = 0x57656972'2F2F2F2FU;  // any number does
constexpr std::uint64_t exact_mark = 0x9E3779B97F4A7C15U;  // 2^64 divided by the golden ratio
constexpr std::uint16_t every_listener = 0;

/// Spreads the last segment's hash over all bits: the low ones choose the slot, the high ones are its tag.
std::uint64_t mix(std::uint64_t hash) {
  hash ^= hash >> 32;
  hash *= 0xD6E8FEB86659FD93U;
  return hash ^ (hash >> 32);
}

std::uint64_t hash_exact(std::uint64_t all_segments) {
  return mix(all_segments ^ exact_mark);
}

std::uint32_t upside_down(std::int32_t priority) {
  return UINT32_MAX - (static_cast<std::uint32_t>(priority) ^ 0x80000000U);
}

/// Item 3 of the precedence in router.h.
std::uint32_t path_rank(PathPattern::Kind kind, std::size_t text_bytes) {
  const auto length = static_cast<std::uint32_t>(text_bytes);
  switch (kind) {
    case PathPattern::Kind::exact:
      return UINT32_MAX;
    case PathPattern::Kind::prefix:
      return 2 * length + 2;
    case PathPattern::Kind::regex:
      return 2 * length + 1;
    case PathPattern::Kind::any:
      break;
  }
  return 0;
}

Rank make_rank(std::int32_t priority, std::uint32_t path, bool methods, std::size_t headers, std::size_t queries,
               std::uint32_t order) {
  constexpr std::size_t count_max = (1U << 24) - 1;
  const std::uint64_t demands = std::uint64_t{methods} << 48 | std::uint64_t{std::min(headers, count_max)} << 24 |
                                std::uint64_t{std::min(queries, count_max)};
  return {upside_down(priority), UINT32_MAX - path, UINT64_MAX - demands, order};
}

/// What a request's path must begin with for the rule to hold.
std::string_view certain_text(const PathPattern& path) {
  return path.kind == PathPattern::Kind::regex ? std::string_view(path.regex->literal_prefix())
                                               : std::string_view(path.path);
}

/// The part of a literal prefix that is whole segments: "/api/us" gives "/api", since /api/users may follow.
std::string_view whole_segments(std::string_view literal) {
  const std::size_t slash = literal.rfind('/');
  return slash == std::string_view::npos ? std::string_view() : literal.substr(0, slash);
}

/// At most half full, so that a probe stays within a cache line.
std::size_t table_size(std::size_t entries) {
  return std::bit_ceil(std::max<std::size_t>(2, 2 * entries));
}

}  // namespace

PathHashes::PathHashes(std::string_view path) {
  std::uint64_t hash = root_hash;
  prefix[0] = mix(hash);
  std::size_t begin = 1;
  while (begin <= path.size()) {
    std::size_t end = path.find('/', begin);
    if (end == std::string_view::npos) end = path.size();
    hash = XXH3_64bits_withSeed(path.data() + begin, end - begin, hash);
    // The nothing behind a trailing slash is a segment of the exact path only.
    if (end > begin && depth < depth_max) prefix[++depth] = mix(hash);
    begin = end + 1;
  }
  exact = hash_exact(hash);
}

HostKey RouteIndex::key_of(HostPattern::Kind kind, std::string_view name) {
  return {kind, name.data(), name.size(),
          XXH3_64bits_withSeed(name.data(), name.size(), static_cast<std::uint64_t>(kind))};
}

unsigned RouteIndex::make_keys(std::string_view host, HostKey* keys) const {
  unsigned count = 0;
  if (!host.empty()) keys[count++] = key_of(HostPattern::Kind::exact, host);
  if (wildcard_labels_ != 0 && !host.empty()) {
    std::uint32_t begins[labels_max + 1];  // where the last n labels begin, for n from 1
    unsigned labels = 0;
    for (std::size_t dot = host.rfind('.'); dot != std::string_view::npos && dot > 0 && labels < labels_max;
         dot = host.rfind('.', dot - 1)) {
      begins[++labels] = static_cast<std::uint32_t>(dot + 1);
    }
    for (; labels > 0; --labels) {
      if ((wildcard_labels_ >> labels & 1) == 0) continue;
      keys[count++] = key_of(HostPattern::Kind::wildcard, host.substr(begins[labels]));
    }
  }
  if (has_any_host_) keys[count++] = key_of(HostPattern::Kind::any, {});
  return count;
}

void RouteIndex::fetch_slots(const HostKey& key, const PathHashes& path) const {
  __builtin_prefetch(&host_slots_[key.hash & (host_slots_.size() - 1)]);
  for_each_bucket(key, path, [this](std::uint64_t bucket) {
    __builtin_prefetch(&slots_[bucket & (slots_.size() - 1)]);
    return true;
  });
}

void RouteIndex::fetch_candidates(const HostKey& key, const PathHashes& path) const {
  for_each_bucket(key, path, [this](std::uint64_t bucket) {
    const Slot& slot = slots_[bucket & (slots_.size() - 1)];
    if (slot.tag != tag_of(bucket) || slot.index == Slot::empty) return true;
    const char* const candidate = reinterpret_cast<const char*>(&candidates_[slot.index]);
    __builtin_prefetch(candidate);
    __builtin_prefetch(candidate + 64);
    return true;
  });
}

const HostTable* RouteIndex::find_host(const HostKey& key, const PathHashes& path) const {
  const std::size_t mask = host_slots_.size() - 1;
  for (std::size_t at = key.hash & mask; host_slots_[at].index != Slot::empty; at = (at + 1) & mask) {
    if (host_slots_[at].tag != tag_of(key.hash)) continue;
    const HostTable& table = hosts_[host_slots_[at].index];
    if (is_large()) {
      __builtin_prefetch(&table);
      fetch_candidates(key, path);
    }
    if (table.kind == key.kind && table.name.bytes == key.name().size() && table.name.begins(key.name(), texts_)) {
      return &table;
    }
  }
  return nullptr;
}

bool RouteIndex::path_holds(const Candidate& candidate, std::string_view path) const {
  if (!candidate.text.begins(path, texts_)) return false;
  const std::size_t bytes = candidate.text.bytes;
  switch (candidate.path_kind) {
    case PathPattern::Kind::any:
      return true;
    case PathPattern::Kind::exact:
      return path.size() == bytes;
    case PathPattern::Kind::prefix:
      return path.size() == bytes || path[bytes] == '/';
    case PathPattern::Kind::regex:
      return path.starts_with('/') && predicates_of(candidate)->regex->matches(path);
  }
  return false;
}

bool RouteIndex::listener_holds(const Candidate& candidate, std::uint16_t listener) const {
  return candidate.listeners == every_listener ||
         std::ranges::binary_search(listener_sets_[candidate.listeners], listener);
}

Rank RouteIndex::rank_of(const Candidate& candidate) const {
  const Predicates* const more = predicates_of(candidate);
  return make_rank(candidate.priority, path_rank(candidate.path_kind, candidate.text.bytes),
                   candidate.methods != Candidate::any_method, more == nullptr ? 0 : more->headers.size(),
                   more == nullptr ? 0 : more->queries.size(), candidate.order);
}

// ---- building ----

class RouteIndex::Builder {
 public:
  Builder(RouteIndex& index, std::span<const RouteRule> rules) : index_(index) {
    std::size_t count = 0;
    for (const RouteRule& rule : rules) count += std::max<std::size_t>(1, rule.matches.size());
    items_.reserve(count);
    index_.listener_sets_.emplace_back();
    rehash_hosts(64);
    for (const RouteRule& rule : rules) add_rule(rule);
    std::sort(items_.begin(), items_.end());
    lay_out();
  }

 private:
  struct Item {
    std::uint32_t host;
    std::uint64_t bucket;
    Rank rank;
    const RouteRule* rule;
    const MatchRule* match;
    std::uint16_t listeners;

    friend bool operator<(const Item& left, const Item& right) {
      if (left.host != right.host) return left.host < right.host;
      if (left.bucket != right.bucket) return left.bucket < right.bucket;
      return left.rank < right.rank;
    }
  };

  void add_rule(const RouteRule& rule) {
    const std::uint16_t listeners = intern_listeners(rule.listeners);
    if (rule.matches.empty()) add_match(rule, everything_, listeners);
    for (const MatchRule& match : rule.matches) add_match(rule, match, listeners);
  }

  void add_match(const RouteRule& rule, const MatchRule& match, std::uint16_t listeners) {
    const std::uint32_t host = intern_host(match.host);
    const auto order = static_cast<std::uint32_t>(items_.size());
    const std::uint32_t path = path_rank(match.path.kind, certain_text(match.path).size());
    items_.push_back({.host = host,
                      .bucket = find_bucket(host_keys_[host], match.path),
                      .rank = make_rank(rule.priority, path, !match.methods.empty(), match.headers.size(),
                                        match.queries.size(), order),
                      .rule = &rule,
                      .match = &match,
                      .listeners = listeners});
    HostTable& table = index_.hosts_[host];
    table.priority_max = std::max(table.priority_max, rule.priority);
    index_.priority_max_ = std::max(index_.priority_max_, rule.priority);
  }

  std::uint64_t find_bucket(const HostKey& host, const PathPattern& path) {
    if (path.kind == PathPattern::Kind::exact) return bucket_of(host, PathHashes(path.path).exact);
    const bool regex = path.kind == PathPattern::Kind::regex;
    const PathHashes hashes(regex ? whole_segments(path.regex->literal_prefix()) : std::string_view(path.path));
    index_.prefix_depths_ |= std::uint64_t{1} << hashes.depth;
    return bucket_of(host, hashes.prefix[hashes.depth]);
  }

  // Rules of one host usually stand together, so the last answer is often the next.
  std::uint32_t intern_host(const HostPattern& host) {
    if (!host_keys_.empty() && is_host(host_before_, host)) return host_before_;
    const HostKey key = key_of(host.kind, host.name);
    const std::size_t mask = index_.host_slots_.size() - 1;
    for (std::size_t at = key.hash & mask; index_.host_slots_[at].index != Slot::empty; at = (at + 1) & mask) {
      const std::uint32_t found = index_.host_slots_[at].index;
      if (host_keys_[found].hash == key.hash && is_host(found, host)) return host_before_ = found;
    }
    return host_before_ = add_host(key);
  }

  [[nodiscard]] bool is_host(std::uint32_t number, const HostPattern& host) const {
    return host_keys_[number].kind == host.kind && host_keys_[number].name() == host.name;
  }

  std::uint32_t add_host(const HostKey& key) {
    const auto added = static_cast<std::uint32_t>(host_keys_.size());
    host_keys_.push_back(key);
    index_.hosts_.push_back({.kind = key.kind});
    if (key.kind == HostPattern::Kind::any) index_.has_any_host_ = true;
    if (key.kind == HostPattern::Kind::wildcard) note_labels(key.name());
    if (2 * host_keys_.size() > index_.host_slots_.size()) {
      rehash_hosts(2 * index_.host_slots_.size());
    } else {
      insert(index_.host_slots_, key.hash, added);
    }
    return added;
  }

  void note_labels(std::string_view name) {
    const auto labels = static_cast<unsigned>(std::ranges::count(name, '.') + 1);
    invariant(labels <= labels_max, "HostPattern::parse refuses names of more labels");
    index_.wildcard_labels_ |= std::uint64_t{1} << labels;
  }

  void rehash_hosts(std::size_t size) {
    index_.host_slots_.assign(size, {});
    for (std::uint32_t host = 0; host < host_keys_.size(); ++host) {
      insert(index_.host_slots_, host_keys_[host].hash, host);
    }
  }

  static void insert(std::vector<Slot>& slots, std::uint64_t hash, std::uint32_t index) {
    std::size_t at = hash & (slots.size() - 1);
    while (slots[at].index != Slot::empty) at = (at + 1) & (slots.size() - 1);
    slots[at] = {tag_of(hash), index};
  }

  std::uint16_t intern_listeners(const std::vector<std::uint16_t>& listeners) {
    if (listeners.empty()) return every_listener;
    std::vector<std::uint16_t> sorted = listeners;
    std::ranges::sort(sorted);
    sorted.erase(std::ranges::unique(sorted).begin(), sorted.end());
    // A configuration has a handful of different sets.
    std::vector<std::vector<std::uint16_t>>& sets = index_.listener_sets_;
    auto found = std::ranges::find(sets, sorted);
    if (found == sets.end()) found = sets.insert(sets.end(), std::move(sorted));
    const auto number = static_cast<std::size_t>(found - sets.begin());
    invariant(number <= UINT16_MAX, "there are fewer sets of listeners than routes could ever name");
    return static_cast<std::uint16_t>(number);
  }

  void lay_out() {
    std::size_t buckets = 0;
    for (std::size_t at = 0; at < items_.size(); ++at) buckets += begins_bucket(at);
    index_.slots_.resize(table_size(buckets));
    index_.candidates_.reserve(items_.size());
    for (std::size_t at = 0; at < items_.size(); ++at) {
      const auto number = static_cast<std::uint32_t>(at);
      if (begins_host(at)) begin_host(items_[at].host, number);
      if (begins_bucket(at)) insert(index_.slots_, items_[at].bucket, number);
      add_candidate(items_[at], at + 1 == items_.size() || begins_bucket(at + 1));
      index_.hosts_[items_[at].host].candidates_end = number + 1;
    }
  }

  [[nodiscard]] bool begins_host(std::size_t at) const { return at == 0 || items_[at].host != items_[at - 1].host; }
  [[nodiscard]] bool begins_bucket(std::size_t at) const {
    return begins_host(at) || items_[at].bucket != items_[at - 1].bucket;
  }

  void begin_host(std::uint32_t host, std::uint32_t first_candidate) {
    HostTable& table = index_.hosts_[host];
    table.name.set(host_keys_[host].name(), add_text(host_keys_[host].name()));
    table.candidates_begin = first_candidate;
  }

  void add_candidate(const Item& item, bool last) {
    const MatchRule& match = *item.match;
    const RouteRule& rule = *item.rule;
    const bool implied = item.match == &everything_;
    const std::string_view text = certain_text(match.path);
    Candidate candidate{.place = match.place.known() ? match.place : rule.place,
                        .route = rule.route,
                        .match = implied ? 0 : static_cast<std::uint32_t>(item.match - rule.matches.data()),
                        .priority = rule.priority,
                        .order = item.rank.order,
                        .host = item.host,
                        .listeners = item.listeners,
                        .path_kind = match.path.kind,
                        .last = last};
    candidate.text.set(text, add_text(text));
    std::vector<std::string> other_methods;
    if (!match.methods.empty()) candidate.methods = method_bits(match.methods, other_methods);
    const bool simple = match.headers.empty() && match.queries.empty() && match.clients.empty() &&
                        other_methods.empty() && match.path.regex == nullptr;
    if (!simple) {
      candidate.predicates = static_cast<std::uint32_t>(index_.predicates_.size());
      Predicates& more = index_.predicates_.emplace_back();
      for (const ValuePattern& header : match.headers) more.headers.push_back({name_id(header.name), header});
      more.queries = match.queries;
      more.clients = match.clients;
      more.other_methods = std::move(other_methods);
      more.regex = match.path.regex;
    }
    index_.candidates_.push_back(candidate);
  }

  static std::uint16_t method_bits(const std::vector<std::string>& methods, std::vector<std::string>& others) {
    std::uint16_t bits = 0;
    for (const std::string& text : methods) {
      const Method method = method_of(text);
      bits = static_cast<std::uint16_t>(bits | 1U << static_cast<unsigned>(method));
      if (method == Method::other) others.push_back(text);
    }
    return bits;
  }

  /// Rules of one path, side by side after the sort, share its text.
  std::uint32_t add_text(std::string_view text) {
    std::string& texts = index_.texts_;
    const std::string_view before = std::string_view(texts).substr(text_before_);
    if (before != text) {
      text_before_ = texts.size();
      texts += text;
    }
    invariant(texts.size() < UINT32_MAX, "all names and paths together stay below 4 GiB");
    return static_cast<std::uint32_t>(text_before_);
  }

  static const MatchRule everything_;

  RouteIndex& index_;
  std::vector<Item> items_;
  std::vector<HostKey> host_keys_;  // by number; names are those of the rules
  std::uint32_t host_before_ = 0;
  std::size_t text_before_ = 0;
};

const MatchRule RouteIndex::Builder::everything_;

RouteIndex::RouteIndex(std::span<const RouteRule> rules) {
  Builder(*this, rules);
}

}  // namespace weir
