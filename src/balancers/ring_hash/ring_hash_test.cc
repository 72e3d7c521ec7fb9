// The ring's evenness by the closed form, and keys that the real programs have placed.
#include "balancers/ring_hash/ring_hash.h"

#include <gtest/gtest.h>

#include "upstream/picking/keyed_test_support.h"

namespace weir {
namespace {

using keyed_test::Fleet;

RingHash like(RingLike which) {
  RingHashOptions options;
  options.like = which;
  return RingHash(options);
}

/// Standard deviation over mean of the exact shares of the ring.
double unevenness(const Ring& ring, std::size_t endpoints) {
  std::vector<double> shares(endpoints);
  const auto points = ring.points();
  for (std::size_t at = 0; at < points.size(); ++at) {
    const std::uint64_t former = points[at == 0 ? points.size() - 1 : at - 1].at;
    shares[points[at].entry] += static_cast<double>(points[at].at - former) * 0x1p-64;
  }
  double square = 0;
  for (const double each : shares) {
    square += std::pow(each * static_cast<double>(endpoints) - 1, 2);
  }
  return std::sqrt(square / static_cast<double>(endpoints));
}

TEST(RingHash, shares_differ_by_one_over_the_root_of_the_points) {
  for (const std::uint32_t points : {1U, 10U, 100U}) {
    double sum = 0;
    constexpr std::uint64_t seeds = 20;
    for (std::uint64_t seed = 0; seed < seeds; ++seed) {
      sum += unevenness(Ring(Fleet(1000, seed).identities, RingLike::none, points), 1000);
    }
    EXPECT_NEAR(sum / seeds * std::sqrt(points), 1, 0.03) << points;
  }
}

TEST(RingHash, rings_of_others_are_about_as_even) {
  EXPECT_LT(unevenness(Ring(Fleet(100).identities, RingLike::nginx, 160), 100), 0.12);
  EXPECT_LT(unevenness(Ring(Fleet(100).identities, RingLike::haproxy, 160), 100), 0.4);
}

TEST(RingHash, key_belongs_to_the_next_point_or_with_haproxy_to_the_nearest) {
  const Fleet fleet(7);
  for (const RingLike which : {RingLike::none, RingLike::nginx, RingLike::haproxy}) {
    const Ring ring(fleet.identities, which, 20);
    const auto points = ring.points();
    for (std::uint64_t number = 0; number < 2000; ++number) {
      const std::uint64_t key = keyed_test::key_number(number);
      const auto at = std::ranges::lower_bound(points, key, {}, &Ring::Point::at);
      std::size_t expected = at == points.end() ? 0 : static_cast<std::size_t>(at - points.begin());
      if (which == RingLike::haproxy) {
        const std::size_t former = (expected + points.size() - 1) % points.size();
        if (key - points[former].at <= points[expected].at - key) expected = former;
      }
      ASSERT_EQ(ring.place_of(key), expected);
    }
  }
}

/// What serves the keys user-0 to user-99: digits are places in the list of endpoints.
std::string served(RingLike which) {
  Fleet fleet(5);
  const std::uint32_t weights[] = {1, 1, 2, 1, 3};
  for (std::size_t at = 0; at < 5; ++at) {
    fleet.names[at] = "127.0.0." + std::to_string(11 + at) + ":18080";
    fleet.identities[at] = {.name = fleet.names[at], .weight = weights[at]};
  }
  const RingHash balancer = like(which);
  const auto ring = balancer.make_table(fleet.identities);
  Roster roster;
  roster.make(fleet.endpoints, {});
  std::string text;
  for (int user = 0; user < 100; ++user) {
    PickFacts facts{.endpoints = fleet.endpoints,
                    .key = balancer.hash_key("user-" + std::to_string(user)),
                    .keyed = true,
                    .table = ring.get()};
    text += static_cast<char>('0' + pick(balancer, roster, facts)->endpoint);
  }
  return text;
}

// Recorded from nginx 1.22.1 with `hash $arg_k consistent` and servers 127.0.0.11:18080 ... of weights 1, 1, 2, 1, 3.
TEST(RingHash, keys_go_where_nginx_sends_them) {
  EXPECT_EQ(served(RingLike::nginx),
            "2144243442044442241124132442343324400244324400412024021444443142441234340200420242422213211102202344");
}

// Recorded from HAProxy 2.6.12 with `balance hdr(x-k)`, `hash-type consistent` and the same servers.
TEST(RingHash, keys_go_where_haproxy_sends_them) {
  EXPECT_EQ(served(RingLike::haproxy),
            "2422422202444124441323442402431423422230434244144214424202304340130423331433434423144423233402424044");
}

TEST(RingHash, absurd_weights_make_no_absurd_ring) {
  Fleet fleet(50);
  for (EndpointIdentity& each : fleet.identities) each.weight = 1000;
  EXPECT_LE(Ring(fleet.identities, RingLike::nginx, 160).points().size(), std::size_t{4} << 20);
}

TEST(RingHash, keys_of_an_ejected_endpoint_are_spread_and_the_others_stay) {
  keyed_test::expect_ejection_moves_only_its_keys(like(RingLike::none), 50);
  keyed_test::expect_ejection_moves_only_its_keys(like(RingLike::nginx), 50);
}

TEST(RingHash, bounded_loads_are_never_exceeded_and_move_little) {
  keyed_test::expect_bounded(like(RingLike::none), 0.25);
}

}  // namespace
}  // namespace weir
