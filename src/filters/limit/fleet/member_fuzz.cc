// Whatever members with the key say, in whatever order and at whatever times, a member keeps to its bounds: so many
// keys, ratios from 0 to 1, and every message that it sends is one.
//
// The input is a list of letters: who sends it, how many milliseconds later, its length, its bytes.
#include <cstdint>
#include <string>
#include <string_view>

#include "base/testing/fuzz.h"
#include "filters/limit/fleet/member.h"

using namespace weir;
using namespace weir::limit::fleet;

namespace {

/// So many that there are groups and collectors.
constexpr unsigned members = 40;

std::vector<std::string> names() {
  std::vector<std::string> names;
  for (unsigned number = 0; number < members; ++number) names.push_back("node-" + std::to_string(10 + number));
  return names;
}

void demand_bounds(const Member& member) {
  std::size_t keys = 0;
  member.for_each_share([&](const Share& share) {
    ++keys;
    demand(share.ratio >= 0 && share.ratio <= 1);
  });
  demand(keys <= keys_max);
  for (std::uint8_t slot = 0; slot < slots; ++slot) demand(member.aggregator(slot).accounts() <= keys_max);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view bytes(reinterpret_cast<const char*>(data), size);
  Member member(names(), 0, std::chrono::seconds{1}, [](MemberNumber to, const std::string& message) {
    demand(to != 0 && to < members);
    demand(read_report(message).has_value() != read_ratios(message).has_value());
    return true;
  });
  Time now{std::chrono::hours{1}};
  constexpr std::size_t head = 4;
  while (bytes.size() >= head) {
    const auto from = static_cast<MemberNumber>(1 + static_cast<std::uint8_t>(bytes[0]) % (members - 1));
    now += std::chrono::milliseconds{static_cast<std::uint8_t>(bytes[1])};
    const std::size_t length =
        static_cast<std::uint8_t>(bytes[2]) | static_cast<std::size_t>(static_cast<std::uint8_t>(bytes[3])) << 8U;
    bytes.remove_prefix(head);
    const std::string_view message = bytes.substr(0, length);
    bytes.remove_prefix(message.size());
    member.count({.key = 1 + length, .rule = 1, .allowance = {}, .offered = 3, .admitted = 1}, now);
    member.hear(from, message, now);
    member.tick(now);
    demand_bounds(member);
  }
  return 0;
}
