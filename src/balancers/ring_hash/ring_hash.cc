// Points as each program places them, and the search.
#include "balancers/ring_hash/ring_hash.h"

#include <bit>

namespace weir {
namespace {

/// Points of one ring at most: 64 MiB. Heavier weights are scaled down together.
constexpr std::uint64_t points_max = std::uint64_t{4} << 20;
constexpr std::uint32_t nginx_points_each = 160;
constexpr std::uint32_t haproxy_points_each = 16;
/// HAProxy numbers the points of server n from n * 4096.
constexpr std::uint32_t haproxy_points_of_server = 4096;

/// HAProxy's avalanche over 32 bits (Bob Jenkins's, times a prime near three quarters of the ring).
std::uint32_t haproxy_avalanche(std::uint32_t bits) {
  bits = (bits + 0x7ED55D16U) + (bits << 12);
  bits = (bits ^ 0xC761C23CU) ^ (bits >> 19);
  bits = (bits + 0x165667B1U) + (bits << 5);
  bits = (bits + 0xD3A2646CU) ^ (bits << 9);
  bits = (bits + 0xFD7046C5U) + (bits << 3);
  bits = (bits ^ 0xB55A4F09U) ^ (bits >> 16);
  return bits * 3221225473U;
}

/// `10.0.0.1:8080` as nginx hashes it: host, a zero, port. A unix socket is a host.
std::uint32_t nginx_server_crc(std::string_view name) {
  const std::size_t colon = name.starts_with("unix:") ? std::string_view::npos : name.rfind(':');
  std::uint32_t crc = crc32_more(crc32_begin, name.substr(0, colon));
  crc = crc32_more(crc, std::string_view("\0", 1));
  return colon == std::string_view::npos ? crc : crc32_more(crc, name.substr(colon + 1));
}

std::uint32_t nginx_next(std::uint32_t server, std::uint32_t former) {
  std::array<char, 4> bytes{};
  for (unsigned at = 0; at < 4; ++at) bytes[at] = static_cast<char>(former >> (8 * at));
  return ~crc32_more(server, {bytes.data(), bytes.size()});
}

std::uint32_t points_each_of(RingLike like, std::uint32_t wanted) {
  switch (like) {
    case RingLike::nginx:
      return nginx_points_each;
    case RingLike::haproxy:
      return haproxy_points_each;
    case RingLike::none:
      return wanted;
  }
  return wanted;
}

}  // namespace

Ring::Ring(std::span<const EndpointIdentity> endpoints, RingLike like, std::uint32_t points_each) : like_(like) {
  points_each = points_each_of(like, points_each);
  std::uint64_t wanted = 0;
  for (const EndpointIdentity& each : endpoints) wanted += std::uint64_t{each.weight} * points_each;
  const double scale = wanted > points_max ? static_cast<double>(points_max) / static_cast<double>(wanted) : 1;
  for (std::uint32_t entry = 0; entry < endpoints.size(); ++entry) {
    const EndpointIdentity& each = endpoints[entry];
    const std::uint32_t server = like == RingLike::nginx ? nginx_server_crc(each.name) : 0;
    std::uint32_t former = 0;
    const auto count =
        static_cast<std::uint32_t>(static_cast<double>(each.weight * std::uint64_t{points_each}) * scale);
    for (std::uint32_t point = 0; point < std::max(count, 1U); ++point) {
      if (like == RingLike::nginx) {
        former = nginx_next(server, former);
        add(std::uint64_t{former} << 32, entry);
      } else if (like == RingLike::haproxy) {
        // HAProxy numbers its servers from 1.
        add(std::uint64_t{haproxy_avalanche((entry + 1) * haproxy_points_of_server + point)} << 32, entry);
      } else {
        add(mixed(hash_of(each.name) + point * 0x9E3779B97F4A7C15U), entry);
      }
    }
  }
  // Two at one place (a chance of 1 in 300 for 10 endpoints): the first in the configuration is met first.
  std::ranges::sort(points_, [](const Point& one, const Point& other) {
    return one.at != other.at ? one.at < other.at : one.entry < other.entry;
  });
  make_guide();
}

void Ring::make_guide() {
  if (points_.empty()) return;
  guide_bits_ = static_cast<unsigned>(std::bit_width(points_.size()));
  guide_.reserve((std::size_t{1} << guide_bits_) + 1);
  std::uint32_t at = 0;
  for (std::uint64_t leading = 0; leading < (std::uint64_t{1} << guide_bits_); ++leading) {
    while (at < points_.size() && points_[at].at < leading << (64 - guide_bits_)) ++at;
    guide_.push_back(at);
  }
}

std::size_t Ring::place_of(std::uint64_t key) const {
  std::size_t next = guide_[key >> (64 - guide_bits_)];
  while (next < points_.size() && points_[next].at < key) ++next;
  if (next == points_.size()) next = 0;
  if (like_ != RingLike::haproxy) return next;
  const std::size_t former = next == 0 ? points_.size() - 1 : next - 1;
  // Distances go round the ring, so they wrap.
  return key - points_[former].at <= points_[next].at - key ? former : next;
}

std::unique_ptr<const BalancerTable> RingHash::make_table(std::span<const EndpointIdentity> endpoints) const {
  return std::make_unique<Ring>(endpoints, like_, points_);
}

std::uint64_t RingHash::hash_key(std::string_view value) const {
  switch (like_) {
    case RingLike::nginx:
      return std::uint64_t{crc32(value)} << 32;
    case RingLike::haproxy:
      return std::uint64_t{haproxy_avalanche(sdbm(value))} << 32;  // as `consistent` without a function has it
    case RingLike::none:
      return hash_of(value);
  }
  return hash_of(value);
}

std::optional<Pick> RingHash::pick(const PickFacts& facts) const {
  KeyedWalk walk(facts, "ring_hash");
  const auto* ring = static_cast<const Ring*>(facts.table);
  if (ring == nullptr || ring->points().empty()) return walk.pick();
  const std::span<const Ring::Point> points = ring->points();
  const std::size_t begin = ring->place_of(facts.key);
  std::uint32_t former = no_endpoint_number;
  for (std::size_t step = 0; step < points.size(); ++step) {
    const std::size_t at = begin + step < points.size() ? begin + step : begin + step - points.size();
    const std::uint32_t entry = points[at].entry;
    if (entry == former) continue;
    former = entry;
    if (walk.offer(facts.endpoint_of(entry))) break;
  }
  return walk.pick();
}

const Schema<RingHashOptions>& RingHashOptions::schema() {
  static const auto schema =
      keyed_schema<RingHashOptions>("ring_hash",
                                    "The same key goes to the same endpoint as with nginx or HAProxy, by a ring.")
          .choice(
              "like", &RingHashOptions::like,
              {{"nginx", RingLike::nginx}, {"haproxy", RingLike::haproxy}, {"none", RingLike::none}},
              {.doc = "Whose ring it is: nginx's `hash ... consistent`, HAProxy's `hash-type consistent`, or our own.",
               .example = "haproxy"})
          .option("points", &RingHashOptions::points,
                  {.doc = "Points for a unit of weight on a ring of our own; the others have theirs.",
                   .example = "160",
                   .minimum = 1,
                   .maximum = 10'000});
  return schema;
}

const BalancerKind& ring_hash_balancer() {
  static constexpr BalancerKind kind{
      .name = "ring_hash", .schema = &schema_of<RingHashOptions>, .build = &build_keyed<RingHash, RingHashOptions>};
  return kind;
}

}  // namespace weir
