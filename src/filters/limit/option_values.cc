// How keys, quotas and bandwidths are written.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/limits.h"
#include "base/text.h"
#include "filters/limit/options.h"

namespace weir {

bool OptionType<limit::KeyParts>::read(const Node& node, const Reading& at, limit::KeyParts& out) {
  if (node.is_scalar() && !node.quoted() && node.text() == "all") {
    out = {};
    return true;
  }
  if (node.is_scalar() && !node.quoted() && node.text() == "connection") {
    out = {.selectors = {}, .connection = true};
    return true;
  }
  std::vector<Selector> selectors;
  if (!OptionType<std::vector<Selector>>::read(node, at, selectors)) return false;
  if (selectors.empty()) return at.error(node, "a key of nothing", "write all to count all requests together");
  if (selectors.size() > limits::limit_key_parts) {
    return at.error(node, fmt::format("a key has at most {} parts", limits::limit_key_parts));
  }
  out = {.selectors = std::move(selectors)};
  return true;
}

std::string OptionType<limit::KeyParts>::shown(const limit::KeyParts& value) {
  if (value.connection) return "connection";
  if (value.selectors.empty()) return "all";
  if (value.selectors.size() == 1) return value.selectors.front().text();
  return OptionType<std::vector<Selector>>::shown(value.selectors);
}

bool OptionType<limit::Quota>::read(const Node& node, const Reading& at, limit::Quota& out) {
  constexpr std::string_view wanted = "write 10000/month; or minute, hour, day, week";
  if (!option::want_scalar(node, at, "a quota such as 10000/month")) return false;
  const std::size_t slash = std::min(node.text().find('/'), node.text().size());
  const auto count = text::parse_decimal(std::string_view(node.text()).substr(0, slash));
  const std::string_view unit = std::string_view(node.text()).substr(std::min(slash + 1, node.text().size()));
  constexpr std::array units{limit::PeriodUnit::minute, limit::PeriodUnit::hour, limit::PeriodUnit::day,
                             limit::PeriodUnit::week, limit::PeriodUnit::month};
  const auto found = std::ranges::find(units, unit, [](limit::PeriodUnit each) { return limit::name_of(each); });
  if (!count || found == units.end()) return at.error(node, node.shown() + " is not a quota", std::string(wanted));
  out = {.count = *count, .unit = *found};
  return true;
}

std::string OptionType<limit::Quota>::shown(const limit::Quota& value) {
  return fmt::format("{}/{}", value.count, limit::name_of(value.unit));
}

bool OptionType<limit::ByteRate>::read(const Node& node, const Reading& at, limit::ByteRate& out) {
  constexpr std::string_view per_second = "/s";
  if (!option::want_scalar(node, at, "bytes per second such as 1MiB/s")) return false;
  if (!node.text().ends_with(per_second))
    return at.error(node, node.shown() + " is not in bytes per second", "write 1MiB/s");
  const std::string size = node.text().substr(0, node.text().size() - per_second.size());
  ByteCount bytes = 0;
  if (!option::read_bytes(Node::scalar(node.place(), size), at, bytes)) return false;
  if (bytes == unbounded) return at.error(node, "this limits nothing", "write 1MiB/s");
  out.per_second = bytes;
  return true;
}

std::string OptionType<limit::ByteRate>::shown(const limit::ByteRate& value) {
  return option::shown_bytes(value.per_second) + "/s";
}

}  // namespace weir
