// resolv.conf(5) and hosts(5).
#include "net/dns/settings.h"

#include <algorithm>

#include "base/text.h"
#include "net/dns/name.h"

namespace weir::dns {
namespace {

constexpr std::uint16_t dns_port = 53;
constexpr unsigned dots_max = 15;  // glibc's bound
constexpr unsigned attempts_most = 5;
constexpr std::uint64_t timeout_seconds_max = 30;

/// Words between blanks.
std::vector<std::string_view> words_of(std::string_view line) {
  std::vector<std::string_view> words;
  std::size_t at = 0;
  while (true) {
    at = line.find_first_not_of(" \t\r", at);
    if (at == std::string_view::npos) return words;
    const std::size_t end = std::min(line.find_first_of(" \t\r", at), line.size());
    words.push_back(line.substr(at, end - at));
    at = end;
  }
}

template <typename Visit>
void for_each_line(std::string_view text, std::string_view comment_marks, Visit visit) {
  for (std::string_view line : text::split(text, '\n')) {
    line = line.substr(0, line.find_first_of(comment_marks));
    const std::vector<std::string_view> words = words_of(line);
    if (words.size() > 1) visit(words);
  }
}

void read_option(std::string_view option, Settings& settings) {
  const std::size_t colon = option.find(':');
  if (colon == std::string_view::npos) return;
  const auto number = text::parse_decimal(option.substr(colon + 1));
  if (!number) return;
  const std::string_view name = option.substr(0, colon);
  if (name == "ndots") settings.dots_min = static_cast<unsigned>(std::min<std::uint64_t>(*number, dots_max));
  if (name == "timeout" && *number > 0) settings.timeout = std::chrono::seconds{std::min(*number, timeout_seconds_max)};
  if (name == "attempts" && *number > 0)
    settings.attempts = static_cast<unsigned>(std::min<std::uint64_t>(*number, attempts_most));
}

}  // namespace

void read_resolver_file(std::string_view text, Settings& settings) {
  for_each_line(text, "#;", [&](const std::vector<std::string_view>& words) {
    const std::string_view keyword = words[0];
    if (keyword == "nameserver" && settings.servers.size() < limits::dns_servers) {
      if (const auto address = IpAddress::parse(words[1]))
        settings.servers.push_back(socket_address(*address, dns_port));
    } else if (keyword == "search" || keyword == "domain") {
      settings.search.clear();  // the last of them counts
      for (std::size_t at = 1; at < words.size() && settings.search.size() < limits::dns_search; ++at) {
        if (auto domain = canonical_name(words[at])) settings.search.push_back(std::move(*domain));
      }
    } else if (keyword == "options") {
      for (std::size_t at = 1; at < words.size(); ++at) read_option(words[at], settings);
    }
  });
  if (settings.servers.empty())
    settings.servers.push_back(socket_address(IpAddress::parse("127.0.0.1").value(), dns_port));
}

void read_hosts_file(std::string_view text, Settings& settings) {
  for_each_line(text, "#", [&](const std::vector<std::string_view>& words) {
    const auto address = IpAddress::parse(words[0]);
    if (!address) return;
    for (std::size_t at = 1; at < words.size(); ++at) {
      const auto name = canonical_name(words[at]);
      if (!name) continue;
      std::vector<IpAddress>& known = settings.hosts[*name];
      if (known.size() < limits::dns_records && std::ranges::find(known, *address) == known.end())
        known.push_back(*address);
    }
  });
}

std::vector<std::string> candidates_for(std::string_view text, const Settings& settings) {
  const auto name = canonical_name(text);
  if (!name) return {};
  std::vector<std::string> candidates;
  const bool whole_first = text.ends_with('.') || dots_in(*name) >= settings.dots_min;
  if (whole_first) candidates.push_back(*name);
  if (text.ends_with('.')) return candidates;
  for (const std::string& domain : settings.search) {
    if (auto longer = canonical_name(*name + '.' + domain)) candidates.push_back(std::move(*longer));
  }
  if (!whole_first) candidates.push_back(*name);
  return candidates;
}

const std::vector<IpAddress>* local_addresses(std::string_view name, const Settings& settings) {
  const auto canonical = canonical_name(name);
  if (!canonical) return nullptr;
  if (const auto found = settings.hosts.find(*canonical); found != settings.hosts.end()) return &found->second;
  static const std::vector<IpAddress> loopback{IpAddress::parse("127.0.0.1").value(), IpAddress::parse("::1").value()};
  return *canonical == "localhost" || canonical->ends_with(".localhost") ? &loopback : nullptr;
}

}  // namespace weir::dns
