// The table under floods, full sets and real threads: nobody is ever counted too mildly, and memory stays what it was.
#include "filters/limit/ledger.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <map>
#include <thread>
#include <vector>

#include "base/limits.h"
#include "base/random.h"
#include "filters/limit/in_flight.h"

namespace weir {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::uint64_t million = 1'000'000;

Time at(Duration since_start) {
  return Time{seconds{1000}} + since_start;
}

Budget per_second(std::uint64_t limit, std::uint64_t burst, Algorithm algorithm = Algorithm::token_bucket) {
  return {.algorithm = algorithm, .limit = limit, .burst = burst};
}

bool spend(Ledger& ledger, std::uint64_t hash, Time now) {
  std::uint64_t before = 0;
  return ledger.spend(hash, now, 1, before).admitted;
}

BudgetVerdict look(Ledger& ledger, std::uint64_t hash, Time now) {
  std::uint64_t before = 0;
  return ledger.look(hash, now, 1, before);
}

std::uint64_t spend_all(Ledger& ledger, std::uint64_t hash, Time now, unsigned tries) {
  std::uint64_t admitted = 0;
  for (; tries > 0; --tries) admitted += spend(ledger, hash, now) ? 1 : 0;
  return admitted;
}

TEST(Ledger, a_million_keys_take_at_most_64_mebibytes) {
  const Ledger ledger(per_second(10, 10), million, Company::shared);
  EXPECT_LE(ledger.bytes(), 64 * mebibyte);
  EXPECT_EQ(Ledger::bytes_for(per_second(10, 10), million), 64 * million);
}

TEST(Ledger, keeps_a_million_keys_apart) {
  // Each key spends its whole burst of 3 and is refused the fourth; of a million at once, one in a thousand may have
  // been counted with others.
  Ledger ledger(per_second(1, 3), million, Company::alone);
  Random hashes(1);
  for (std::uint64_t key = 0; key < million; ++key) (void)spend_all(ledger, hashes.next(), at({}), 3);
  Random again(1);
  std::uint64_t forgotten = 0;
  std::uint64_t strict = 0;
  for (std::uint64_t key = 0; key < million; ++key) {
    const BudgetVerdict verdict = look(ledger, again.next(), at({}));
    forgotten += verdict.admitted ? 1 : 0;
  }
  Ledger fresh(per_second(1, 3), million, Company::alone);
  Random third(1);
  for (std::uint64_t key = 0; key < million; ++key) strict += spend_all(fresh, third.next(), at({}), 3) < 3 ? 1 : 0;
  EXPECT_EQ(forgotten, 0U) << "nobody may begin anew";
  EXPECT_LT(strict, million / 1000) << "counted with somebody else";
}

TEST(Ledger, looking_charges_nothing_and_takes_no_slot) {
  Ledger ledger(per_second(10, 5), 1, Company::alone);
  for (std::uint64_t hash = 1; hash < 1000; ++hash) EXPECT_EQ(look(ledger, hash, at({})).remaining, 4U);
  EXPECT_EQ(spend_all(ledger, 7, at({}), 10), 5U);
}

TEST(Ledger, settles_only_the_key_it_has) {
  Budget budget = per_second(10, 5);
  budget.debt = 5;
  Ledger ledger(budget, 100, Company::shared);
  ledger.settle(1, at({}), 100);
  EXPECT_EQ(spend_all(ledger, 1, at({}), 10), 5U) << "a key nobody has seen owes nothing";
  ledger.settle(1, at({}), -5);
  EXPECT_EQ(spend_all(ledger, 1, at({}), 10), 5U);
}

TEST(Ledger, whoever_looks_notices_that_the_clock_went_back) {
  // Only look() is called: a filter charges nobody whom it refuses.
  for (const Algorithm algorithm : {Algorithm::gcra, Algorithm::fixed_window, Algorithm::sliding_window}) {
    Ledger ledger(per_second(10, 10, algorithm), 100, Company::shared);
    EXPECT_EQ(spend_all(ledger, 7, at(seconds{500}), 20), 10U);
    EXPECT_FALSE(look(ledger, 7, at({})).admitted);
    EXPECT_TRUE(look(ledger, 7, at(seconds{2})).admitted) << name_of(algorithm);
  }
}

// ---- floods ----

TEST(Ledger, random_keys_neither_free_an_offender_nor_refuse_a_newcomer) {
  // A thousand keys stand at their limit of 100 a minute. A flood of a fresh key for each request, four times as many
  // as the table has slots, within that minute: the offenders stay refused, and almost no newcomer is refused.
  const Budget budget{
      .algorithm = Algorithm::token_bucket, .limit = 100, .window = std::chrono::minutes{1}, .burst = 100};
  constexpr std::uint64_t keys = 10'000;
  Ledger ledger(budget, keys, Company::alone);
  const std::size_t bytes = ledger.bytes();
  Random offenders(1);
  for (int each = 0; each < 1000; ++each) (void)spend_all(ledger, offenders.next(), at({}), 200);
  Random flood(2);
  std::uint64_t refused = 0;
  constexpr std::uint64_t requests = 16 * keys;
  for (std::uint64_t request = 0; request < requests; ++request) refused += spend(ledger, flood.next(), at({})) ? 0 : 1;
  EXPECT_EQ(refused, 0U);
  Random again(1);
  std::uint64_t freed = 0;
  for (int each = 0; each < 1000; ++each) freed += look(ledger, again.next(), at({})).admitted ? 1 : 0;
  EXPECT_LE(freed, 0U);
  EXPECT_EQ(ledger.bytes(), bytes);
}

RC_GTEST_PROP(LedgerProperty, no_key_passes_its_bound_however_full_the_table_is, ()) {
  // One set of eight slots, up to 60 keys: nearly every request takes somebody's slot over.
  const Budget budget = per_second(*rc::gen::inRange<std::uint64_t>(1, 50), *rc::gen::inRange<std::uint64_t>(1, 9));
  Random random(*rc::gen::arbitrary<std::uint64_t>());
  const std::uint64_t keys = 9 + random.below(50);
  Ledger ledger(budget, 1, random.chance(0.5) ? Company::alone : Company::shared);
  std::map<std::uint64_t, std::vector<Time>> admitted;
  Time now = at({});
  for (int request = 0; request < 3000; ++request) {
    now += Duration{static_cast<std::int64_t>(random.below(20'000'000))};
    // A few keys are heavy.
    const std::uint64_t key = 1 + (random.chance(0.5) ? random.below(3) : random.below(keys));
    if (spend(ledger, key, now)) admitted[key].push_back(now);
  }
  for (const auto& [key, times] : admitted) {
    for (std::size_t first = 0; first < times.size(); ++first) {
      for (std::size_t last = first; last < times.size(); ++last) {
        const auto dripped =
            static_cast<std::uint64_t>((times[last] - times[first]).count()) / budget.unit_nanoseconds();
        RC_ASSERT(last - first + 1 <= budget.burst + dripped);
      }
    }
  }
}

TEST(LogTable, keeps_logs_of_keys_apart_and_counts_too_strictly_when_full) {
  const Budget budget = per_second(3, 1, Algorithm::sliding_log);
  Ledger ledger(budget, 4, Company::alone);
  EXPECT_EQ(spend_all(ledger, 1, at({}), 10), 3U);
  EXPECT_EQ(spend_all(ledger, 2, at({}), 10), 3U);
  EXPECT_EQ(spend_all(ledger, 3, at({}), 1), 1U);
  EXPECT_EQ(spend_all(ledger, 4, at({}), 2), 2U);
  EXPECT_EQ(spend_all(ledger, 5, at({}), 10), 2U) << "takes over the log that has spent 1";
  EXPECT_EQ(spend_all(ledger, 5, at(seconds{1}), 10), 3U);
  EXPECT_EQ(ledger.bytes(), (4 * 5 + 2) * sizeof(std::uint64_t));
}

TEST(LogTable, a_key_whose_log_was_taken_begins_with_what_the_set_has_lost) {
  const Budget budget = per_second(4, 1, Algorithm::sliding_log);
  Ledger ledger(budget, 4, Company::alone);
  for (const std::uint64_t early : {1, 2, 3}) EXPECT_EQ(spend_all(ledger, early, at({}), 4), 4U);
  EXPECT_EQ(spend_all(ledger, 4, at(milliseconds{500}), 2), 2U);
  EXPECT_EQ(spend_all(ledger, 5, at(milliseconds{600}), 1), 1U) << "takes over the log of 4";
  EXPECT_EQ(spend_all(ledger, 4, at(milliseconds{1100}), 9), 2U) << "the others' logs are over, what 4 spent is not";
  EXPECT_EQ(spend_all(ledger, 6, at(milliseconds{1700}), 9), 4U) << "what was lost is over, too";
}

// ---- real threads ----

/// Calls `work(thread)` on so many threads at once.
template <typename Work>
void on_threads(unsigned count, const Work& work) {
  std::atomic<unsigned> waiting{count};
  std::vector<std::thread> threads;
  for (unsigned number = 0; number < count; ++number) {
    threads.emplace_back([&, number] {
      waiting.fetch_sub(1);
      while (waiting.load() > 0) std::this_thread::yield();
      work(number);
    });
  }
  for (std::thread& thread : threads) thread.join();
}

constexpr unsigned cores = 4;

TEST(LedgerThreads, cores_together_admit_exactly_the_budget_of_a_key_that_is_there) {
  for (const Algorithm algorithm :
       {Algorithm::token_bucket, Algorithm::gcra, Algorithm::fixed_window, Algorithm::sliding_window}) {
    for (int round = 0; round < 20; ++round) {
      Ledger ledger(per_second(1000, 1000, algorithm), 1000, Company::shared);
      ASSERT_TRUE(spend(ledger, 7, at({})));
      std::atomic<std::uint64_t> admitted{1};
      on_threads(cores, [&](unsigned) { admitted.fetch_add(spend_all(ledger, 7, at({}), 1000)); });
      EXPECT_EQ(admitted.load(), 1000U) << name_of(algorithm);
    }
  }
}

TEST(LedgerThreads, a_key_that_all_cores_meet_first_at_once_gets_one_charge_of_each_too_much_at_most) {
  std::uint64_t worst = 0;
  for (int round = 0; round < 200; ++round) {
    Ledger ledger(per_second(8, 8), 1, Company::shared);
    std::atomic<std::uint64_t> admitted{0};
    on_threads(cores, [&](unsigned) { admitted.fetch_add(spend_all(ledger, 7, at({}), 8)); });
    worst = std::max(worst, admitted.load());
    ASSERT_GE(admitted.load(), 8U);
  }
  EXPECT_LE(worst, 8U + cores - 1);
}

TEST(LedgerThreads, cores_that_fight_for_the_slots_of_one_set_pass_no_bound_by_more_than_their_number) {
  // 40 keys in eight slots, all cores at once, at one instant: each key may spend 5.
  for (int round = 0; round < 60; ++round) {
    Ledger ledger(per_second(1, 5), 1, Company::shared);
    std::array<std::atomic<std::uint64_t>, 40> admitted{};
    on_threads(cores, [&](unsigned number) {
      Random random(static_cast<std::uint64_t>(round) * cores + number);
      for (int request = 0; request < 500; ++request) {
        const std::uint64_t key = random.below(admitted.size());
        if (spend(ledger, key + 1, at({}))) admitted[key].fetch_add(1);
      }
    });
    for (const auto& each : admitted) ASSERT_LE(each.load(), 5U + cores);
  }
}

// A core that looked for a new key, stood still while another made a slot for it and charged it, and then goes on.
TEST(LimitTable, whoever_stood_still_gives_way_to_the_slot_that_is_used) {
  LimitTable table(1);
  const auto itself = [](std::uint64_t state) { return state; };
  const auto heavy = [](std::uint64_t state) { return state + 1; };
  const LimitTable::Found still = table.find(7, itself);
  still.slot->state = 1;  // as heavy as anybody, for a moment: the other core takes another slot
  const LimitTable::Found used = table.find(7, itself);
  ASSERT_NE(used.slot, still.slot);
  ASSERT_TRUE(table.take(used, 7));
  used.slot->state = 5;
  EXPECT_FALSE(table.take(still, 7));
  EXPECT_EQ(table.find(7, heavy).slot, used.slot) << "what was charged counts on";
  EXPECT_EQ(still.slot->hash, 0U);
}

// ---- in flight ----

TEST(InFlight, holds_so_many_and_gives_places_back) {
  InFlight in_flight(100);
  std::uint64_t others = 0;
  const InFlight::Place first = in_flight.enter(7, 2, others);
  EXPECT_EQ(others, 0U);
  ASSERT_TRUE(in_flight.enter(7, 2, others).slot);
  EXPECT_EQ(others, 1U);
  EXPECT_FALSE(in_flight.enter(7, 2, others).slot);
  EXPECT_EQ(others, 2U);
  EXPECT_TRUE(in_flight.enter(8, 2, others).slot) << "another key";
  InFlight::leave(first);
  EXPECT_TRUE(in_flight.enter(7, 2, others).slot);
  EXPECT_EQ(in_flight.count(7), 2U);
}

TEST(InFlight, a_place_in_use_is_never_taken_over) {
  InFlight in_flight(1);
  std::uint64_t others = 0;
  std::vector<InFlight::Place> places;
  for (std::uint64_t key = 1; key <= 30; ++key) places.push_back(in_flight.enter(key, 100, others));
  for (const InFlight::Place& place : places) InFlight::leave(place);
  for (std::uint64_t key = 1; key <= 30; ++key) EXPECT_EQ(in_flight.count(key), 0U);
}

// A key without a slot of its own is a guest of another; when it finds a slot later, its guests count on.
TEST(InFlight, a_key_that_was_a_guest_has_no_second_limit) {
  InFlight in_flight(1);
  std::uint64_t others = 0;
  std::vector<InFlight::Place> owners;
  for (std::uint64_t key = 1; key <= LimitTable::slots_per_set; ++key)
    owners.push_back(in_flight.enter(key, 3, others));
  const InFlight::Place guest = in_flight.enter(99, 3, others);
  EXPECT_TRUE(guest.guest);
  for (const InFlight::Place& place : owners) InFlight::leave(place);
  EXPECT_TRUE(in_flight.enter(99, 3, others).slot);
  EXPECT_TRUE(in_flight.enter(99, 3, others).slot);
  EXPECT_FALSE(in_flight.enter(99, 3, others).slot) << "three are there, one of them as a guest";
  InFlight::leave(guest);
  EXPECT_TRUE(in_flight.enter(99, 3, others).slot);
}

// Fewer slots than keys, random comings and goings: no key ever has more than its limit, and in the end all is empty.
TEST(InFlightProperty, no_key_ever_holds_more_than_its_limit) {
  Random random(11);
  for (int round = 0; round < 50; ++round) {
    InFlight in_flight(1);  // eight slots
    const std::uint64_t limit = 2 + random.below(5);
    std::vector<std::pair<std::uint64_t, InFlight::Place>> there;
    std::map<std::uint64_t, std::uint64_t> of_key;
    std::uint64_t guests = 0;
    for (int step = 0; step < 20'000; ++step) {
      if (!there.empty() && random.chance(0.48)) {
        std::swap(there[random.below(there.size())], there.back());
        InFlight::leave(there.back().second);
        --of_key[there.back().first];
        there.pop_back();
        continue;
      }
      const std::uint64_t key = 1 + random.below(40);
      std::uint64_t others = 0;
      const InFlight::Place place = in_flight.enter(key, limit, others);
      ASSERT_GE(others, of_key[key]) << "all of a key's are seen";
      if (place.slot == nullptr) continue;
      guests += place.guest ? 1 : 0;
      there.emplace_back(key, place);
      ASSERT_LE(++of_key[key], limit);
    }
    EXPECT_GT(guests, 0U) << "traffic that tests nothing";
    for (const auto& [key, place] : there) InFlight::leave(place);
    for (std::uint64_t key = 1; key <= 40; ++key) EXPECT_EQ(in_flight.count(key), 0U);
  }
}

TEST(InFlightThreads, cores_together_never_hold_more) {
  InFlight in_flight(100);
  std::atomic<std::uint64_t> now{0};
  std::atomic<std::uint64_t> worst{0};
  std::uint64_t first = 0;
  InFlight::leave(in_flight.enter(7, 3, first));
  on_threads(cores, [&](unsigned) {
    for (int request = 0; request < 20'000; ++request) {
      std::uint64_t others = 0;
      const InFlight::Place place = in_flight.enter(7, 3, others);
      if (place.slot == nullptr) continue;
      const std::uint64_t here = now.fetch_add(1) + 1;
      for (std::uint64_t seen = worst.load(); seen < here && !worst.compare_exchange_weak(seen, here);) {
      }
      now.fetch_sub(1);
      InFlight::leave(place);
    }
  });
  EXPECT_LE(worst.load(), 3U);
  EXPECT_EQ(in_flight.count(7), 0U);
}

}  // namespace
}  // namespace weir
