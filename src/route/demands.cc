// Checking the demands of demands.h without making copies.
#include "route/demands.h"

#include <algorithm>

#include "base/text.h"

namespace weir {
namespace {

/// Takes one decoded byte off the front. A malformed escape stands for itself.
char take_decoded(std::string_view& rest) {
  const char c = rest.front();
  if (c == '%' && rest.size() >= 3) {
    const int high = text::hex_value(rest[1]);
    const int low = text::hex_value(rest[2]);
    if (high >= 0 && low >= 0) {
      rest.remove_prefix(3);
      return static_cast<char>(high << 4 | low);
    }
  }
  rest.remove_prefix(1);
  return c == '+' ? ' ' : c;
}

bool equals_decoded(std::string_view encoded, std::string_view plain) {
  if (encoded.size() < plain.size()) return false;  // decoding never lengthens
  for (const char c : plain) {
    if (encoded.empty() || take_decoded(encoded) != c) return false;
  }
  return encoded.empty();
}

}  // namespace

bool query_holds(const ValuePattern& pattern, std::string_view query) {
  while (!query.empty()) {
    const std::string_view parameter = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(query.size(), parameter.size() + 1));
    if (parameter.empty()) continue;
    const std::string_view name = parameter.substr(0, parameter.find('='));
    if (!equals_decoded(name, pattern.name)) continue;
    const std::string_view value = parameter.substr(std::min(parameter.size(), name.size() + 1));
    return !pattern.value || equals_decoded(value, *pattern.value);
  }
  return false;
}

bool header_holds(const HeaderDemand& demand, const Fields* fields) {
  if (fields == nullptr) return false;
  const Field* const line =
      demand.id != FieldName::other ? fields->find(demand.id) : fields->find(std::string_view(demand.pattern.name));
  return line != nullptr && (!demand.pattern.value || line->value == *demand.pattern.value);
}

FailedValue failed_value(const Predicates& predicates, const RouteFacts& facts) {
  for (const HeaderDemand& header : predicates.headers) {
    if (!header_holds(header, facts.fields)) return FailedValue::header;
  }
  for (const ValuePattern& query : predicates.queries) {
    if (!query_holds(query, facts.query)) return FailedValue::query;
  }
  const bool client_held = predicates.clients.empty() || contains(predicates.clients, facts.client);
  return client_held ? FailedValue::none : FailedValue::client;
}

bool method_holds(const Candidate& candidate, const Predicates* predicates, const RouteFacts& facts) {
  if (candidate.methods == Candidate::any_method) return true;
  if ((candidate.methods >> static_cast<unsigned>(facts.method) & 1) == 0) return false;
  return facts.method != Method::other ||
         std::ranges::find(predicates->other_methods, facts.method_text) != predicates->other_methods.end();
}

}  // namespace weir
