// A key meets the next endpoint on a ring (Karger and others 1997), placed as a program one may be replacing places it.
//
// Problem: a fleet of caches behind nginx or HAProxy is warm; a gateway that hashes otherwise empties all of them.
// Idea: endpoints own points on a ring, as many as their weight says, and a key belongs to a point near it. Which
// points, and which is near, are the other program's:
//
//   like      hash of a key    points for a unit of weight                     the key's point
//   nginx     CRC-32           160, each the CRC-32 of host, port, former      the next one  (hash KEY consistent)
//   haproxy   sdbm, avalanche  16, avalanche of (number of server, of point)   the nearest   (hash-type consistent)
//   none      64 bits          `points`, from the hash of the name             the next one
//
// With v points for each, loads differ by 1/sqrt(v) (standard deviation over mean): 8 % with 160. maglev is evener and
// needs no search; this one is for compatibility. What is skipped (ejected, full) gives its keys to the next point.
#pragma once

#include "upstream/picking/hashed.h"

namespace weir {

enum class RingLike : std::uint8_t { nginx, haproxy, none };

struct RingHashOptions : KeyedOptions {
  RingLike like = RingLike::nginx;
  std::uint32_t points = 160;
  static const Schema<RingHashOptions>& schema();
};

class Ring final : public BalancerTable {
 public:
  struct Point {
    std::uint64_t at;  ///< hashes of 32 bits stand in the upper half
    std::uint32_t entry;
  };

  Ring(std::span<const EndpointIdentity> endpoints, RingLike like, std::uint32_t points_each);

  [[nodiscard]] std::span<const Point> points() const { return points_; }
  /// Which point a key belongs to. \pre  there are points
  [[nodiscard]] std::size_t place_of(std::uint64_t key) const;

 private:
  void add(std::uint64_t at, std::uint32_t entry) { points_.push_back({.at = at, .entry = entry}); }
  void make_guide();

  RingLike like_;
  std::vector<Point> points_;
  std::vector<std::uint32_t> guide_;  // for keys with the same leading bits: the first point not before all of them
  unsigned guide_bits_ = 0;
};

class RingHash final : public KeyedBalancer {
 public:
  explicit RingHash(const RingHashOptions& options)
      : KeyedBalancer(options), like_(options.like), points_(options.points) {}
  [[nodiscard]] std::optional<Pick> pick(const PickFacts& facts) const override;
  [[nodiscard]] std::string_view name() const override { return "ring_hash"; }
  [[nodiscard]] bool has_table() const override { return true; }
  [[nodiscard]] std::unique_ptr<const BalancerTable> make_table(
      std::span<const EndpointIdentity> endpoints) const override;

  [[nodiscard]] std::uint64_t hash_key(std::string_view value) const override;

 private:
  RingLike like_;
  std::uint32_t points_;
};

const BalancerKind& ring_hash_balancer();

}  // namespace weir
