// Reading and writing what is left.
#include "upstream/deadline.h"

#include <algorithm>
#include <charconv>
#include <string>

#include "http/grpc.h"

namespace weir {
namespace {

constexpr std::size_t grpc_digits_max = 8;

/// Rounded down, so that nobody plans with time that is not there; at least one.
std::uint64_t milliseconds_of(Duration left) {
  const auto whole = std::chrono::duration_cast<std::chrono::milliseconds>(left).count();
  return static_cast<std::uint64_t>(std::max<std::int64_t>(whole, 1));
}

std::string grpc_timeout_of(Duration left) {
  const std::string milliseconds = std::to_string(milliseconds_of(left));
  if (milliseconds.size() <= grpc_digits_max) return milliseconds + "m";
  constexpr std::int64_t seconds_max = 99'999'999;  // three years
  const std::int64_t seconds = std::chrono::duration_cast<std::chrono::seconds>(left).count();
  return std::to_string(std::min(seconds, seconds_max)) + "S";
}

}  // namespace

std::optional<Duration> parse_grpc_timeout(std::string_view text) {
  if (text.size() < 2 || text.size() > grpc_digits_max + 1) return {};
  std::uint64_t amount = 0;
  const char* const unit = text.data() + text.size() - 1;
  const auto read = std::from_chars(text.data(), unit, amount);
  if (read.ec != std::errc{} || read.ptr != unit) return {};
  switch (*unit) {
    case 'H':
      return std::chrono::hours{std::min<std::uint64_t>(amount, 24 * 365)};
    case 'M':
      return std::chrono::minutes{amount};
    case 'S':
      return std::chrono::seconds{amount};
    case 'm':
      return std::chrono::milliseconds{amount};
    case 'u':
      return std::chrono::microseconds{amount};
    case 'n':
      return std::chrono::nanoseconds{amount};
    default:
      return {};
  }
}

const RequestHead* tell_time_left(const RequestHead& head, Duration left, std::string_view field, Arena& arena) {
  const bool grpc = is_grpc(head.fields);
  if (left < Duration::zero() || (field.empty() && !grpc)) return &head;
  auto& told = *arena.make<RequestHead>(head);
  told.fields = Fields(arena);  // the request's own stay as they came: the log reads them later
  for (const Field& each : head.fields) told.fields.append(each);
  if (!field.empty()) told.fields.set(field, arena.copy(std::to_string(milliseconds_of(left))));
  if (grpc) {
    const Field* const said = head.fields.find("grpc-timeout");
    const auto asked = said == nullptr ? std::nullopt : parse_grpc_timeout(said->value);
    if (!asked || *asked > left) told.fields.set("grpc-timeout", arena.copy(grpc_timeout_of(left)));
  }
  return &told;
}

}  // namespace weir
