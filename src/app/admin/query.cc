// application/x-www-form-urlencoded, read leniently: the one who asks is an operator.
#include "app/admin/query.h"

#include "base/text.h"
#include "contracts/option_type.h"

namespace weir {

std::string query_decoded(std::string_view value) {
  std::string out;
  for (std::size_t at = 0; at < value.size(); ++at) {
    if (value[at] == '%' && at + 2 < value.size()) {
      const int high = text::hex_value(value[at + 1]);
      const int low = text::hex_value(value[at + 2]);
      if (high >= 0 && low >= 0) {
        out += static_cast<char>(high * 16 + low);
        at += 2;
        continue;
      }
    }
    out += value[at] == '+' ? ' ' : value[at];
  }
  return out;
}

std::vector<std::string> query_values(std::string_view query, std::string_view name) {
  std::vector<std::string> values;
  for (const std::string_view parameter : text::split(query, '&')) {
    const std::size_t equals = parameter.find('=');
    if (query_decoded(parameter.substr(0, equals)) != name) continue;
    values.push_back(equals == std::string_view::npos ? std::string() : query_decoded(parameter.substr(equals + 1)));
  }
  return values;
}

std::optional<std::string> query_value(std::string_view query, std::string_view name) {
  std::vector<std::string> values = query_values(query, name);
  if (values.empty()) return {};
  return std::move(values.front());
}

std::optional<Duration> duration_of(const std::string& written) {
  Diagnostics complaints;
  Duration duration{};
  if (!option::read_duration(Node::scalar({}, written), Reading(complaints, "duration"), duration)) return {};
  return duration;
}

}  // namespace weir
