// A hello is taken once within its window, whatever else comes.
#include "net/tls/hello_record.h"

#include <gtest/gtest.h>

#include <array>
#include <cstring>

namespace weir::tls {
namespace {

using namespace std::chrono_literals;

std::array<std::uint8_t, 32> hello(std::uint64_t number) {
  std::array<std::uint8_t, 32> random{};
  std::memcpy(random.data(), &number, sizeof(number));
  return random;
}

TEST(TlsHelloRecord, takes_each_hello_once) {
  HelloRecord record;
  const Time now{1h};
  EXPECT_TRUE(record.admit(hello(1), now));
  EXPECT_FALSE(record.admit(hello(1), now));
  EXPECT_TRUE(record.admit(hello(2), now));
}

/// For how long a hello that was recorded is of use: the library takes early data while the age that the client states
/// is right by 10 s, and compares whole seconds.
constexpr Duration taken_for = 12s;

TEST(TlsHelloRecord, remembers_for_as_long_as_the_library_would_take_it_again) {
  for (Duration first = 0s; first < 40s; first += 1s) {
    HelloRecord record;
    const Time begin{1h};
    EXPECT_TRUE(record.admit(hello(7), begin));
    EXPECT_TRUE(record.admit(hello(1), begin + first));
    for (Duration later = 0s; later <= taken_for; later += 1s) {
      EXPECT_TRUE(record.admit(hello(100 + static_cast<std::uint64_t>(later / 1s)), begin + first + later));
      EXPECT_FALSE(record.admit(hello(1), begin + first + later)) << first / 1s << ' ' << later / 1s;
    }
  }
}

TEST(TlsHelloRecord, takes_nothing_more_when_it_is_full_until_it_has_forgotten) {
  HelloRecord record;
  const Time now{1h};
  for (std::uint64_t each = 0; each < HelloRecord::hellos_max; ++each) ASSERT_TRUE(record.admit(hello(each), now));
  EXPECT_FALSE(record.admit(hello(HelloRecord::hellos_max), now));
  EXPECT_TRUE(record.admit(hello(HelloRecord::hellos_max), now + HelloRecord::window));
  EXPECT_FALSE(record.admit(hello(0), now + HelloRecord::window)) << "those are still remembered";
}

TEST(TlsHelloRecord, takes_nothing_at_first_where_others_have_the_keys) {
  HelloRecord record;
  const Time now{1h};
  EXPECT_FALSE(record.admit_of_shared_keys(hello(1), now));
  EXPECT_FALSE(record.admit_of_shared_keys(hello(2), now + HelloRecord::window - 1s));
  EXPECT_TRUE(record.admit_of_shared_keys(hello(3), now + HelloRecord::window));
}

}  // namespace
}  // namespace weir::tls
