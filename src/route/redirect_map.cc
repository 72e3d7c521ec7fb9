// Looking up, and what is found as a location.
#include "route/redirect_map.h"

#include <cstring>

namespace weir {

std::string_view name_of(RedirectMap::How how) {
  switch (how) {
    case RedirectMap::How::exact:
      return "exact";
    case RedirectMap::How::prefix:
      return "prefix";
    case RedirectMap::How::pattern:
      return "pattern";
  }
  return "";
}

bool is_redirect_status(std::uint64_t status) {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

RedirectMap::Record RedirectMap::record_at(std::uint32_t at) const {
  Record record;
  std::memcpy(&record, records_.data() + at, sizeof(record));
  return record;
}

std::optional<RedirectMap::Found> RedirectMap::find_exact(std::string_view address) const {
  if (slots_.empty()) return {};
  const std::size_t hash = Hash{}(address);
  const auto tag = static_cast<std::uint32_t>(hash >> 32U);
  const std::size_t mask = slots_.size() - 1;
  for (std::size_t index = hash & mask; slots_[index].at != 0; index = (index + 1) & mask) {
    if (slots_[index].tag != tag) continue;
    const std::uint32_t at = slots_[index].at - 1;
    const Record record = record_at(at);
    const char* const from = records_.data() + at + sizeof(Record);
    if (address != std::string_view(from, record.from_bytes)) continue;
    return Found{.how = How::exact,
                 .status = record.status,
                 .line = record.line,
                 .to = std::string_view(from + record.from_bytes, record.to_bytes)};
  }
  return {};
}

std::optional<RedirectMap::Found> RedirectMap::find_prefix(std::string_view path) const {
  std::size_t end = path.size() <= prefix_bytes_max_ ? path.size() : path.rfind('/', prefix_bytes_max_);
  while (end != std::string_view::npos) {
    if (const auto found = prefixes_.find(path.substr(0, end)); found != prefixes_.end()) {
      const Prefix& prefix = found->second;
      return Found{.how = How::prefix,
                   .status = prefix.status,
                   .line = prefix.line,
                   .to = prefix.to,
                   .rest = prefix.takes_rest ? path.substr(end) : std::string_view()};
    }
    end = end == 0 ? std::string_view::npos : path.rfind('/', end - 1);
  }
  return {};
}

std::optional<RedirectMap::Found> RedirectMap::find_pattern(std::string_view path) const {
  for (const Pattern& pattern : patterns_) {
    const auto captures = pattern.regex->capture(path, pattern.target.groups);
    if (!captures) continue;
    return Found{.how = How::pattern,
                 .status = pattern.status,
                 .line = pattern.line,
                 .target = &pattern.target,
                 .captures = *captures};
  }
  return {};
}

std::optional<RedirectMap::Found> RedirectMap::find(const RequestHead& request) const {
  if (has_queries_ && request.has_query) {
    std::string address(request.path);
    address += '?';
    address += request.query;
    if (auto found = find_exact(address)) return found;
  }
  if (auto found = find_exact(request.path)) return found;
  if (!prefixes_.empty()) {
    if (auto found = find_prefix(request.path)) return found;
  }
  return find_pattern(request.path);
}

Result<std::string_view> RedirectMap::location(const Found& found, const RequestHead& request, bool keeps_query,
                                               Arena& arena) {
  switch (found.how) {
    case How::exact:
      return plain_location(found.to, request, keeps_query, arena);
    case How::prefix: {
      const std::string_view to = found.rest.empty() ? found.to : arena.join(found.to, found.rest);
      return plain_location(to.empty() ? std::string_view("/") : to, request, keeps_query, arena);
    }
    case How::pattern:
      return found.target->location(found.captures, request, keeps_query, arena);
  }
  return fail(gateway_error(Code::internal));
}

}  // namespace weir
