// Line by line, then sorted.
#include "filters/basic_auth/htpasswd.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>

#include "base/text.h"
#include "http/characters.h"

namespace weir {
namespace {

/// What WWW-Authenticate's answer can hold, and a header field can carry on (RFC 7617 section 2: no colon).
bool is_user_name(std::string_view user) {
  return !user.empty() && user.size() <= 255 && std::ranges::all_of(user, [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte >= 0x20 && byte != 0x7F && c != ':';
  }) && text::trim(user) == user;
}

void read_line(std::string_view line, std::uint32_t number, std::vector<Htpasswd::Entry>& entries, FileReport& report) {
  if (line.ends_with('\r')) line.remove_suffix(1);
  if (line.empty() || line.front() == '#') return;
  const std::size_t colon = line.find(':');
  const std::string_view user = line.substr(0, colon);
  if (colon == std::string_view::npos || !is_user_name(user)) {
    return report.error(number, "this is not user:hash", "write a line as `weir hash-password --user NAME` prints it");
  }
  // htpasswd(1) leaves further fields alone: user:hash:comment.
  const std::string_view rest = line.substr(colon + 1);
  auto hash = PasswordHash::parse(rest.substr(0, rest.find(':')));
  if (!hash) return report.error(number, fmt::format("user \"{}\" has {}", user, hash.error()));
  if (const std::string weakness = hash->weakness(); !weakness.empty()) {
    report.warning(number, fmt::format("user \"{}\": {}", user, weakness));
  }
  entries.push_back({.user = std::string(user), .hash = std::move(*hash), .line = number});
}

void check_doubles(const std::vector<Htpasswd::Entry>& sorted, FileReport& report) {
  for (std::size_t at = 1; at < sorted.size(); ++at) {
    if (sorted[at].user != sorted[at - 1].user) continue;
    const auto [first, second] = std::minmax(sorted[at].line, sorted[at - 1].line);
    report.error(second,
                 fmt::format("user \"{}\" stands here a second time; the first is in line {}", sorted[at].user, first));
  }
}

}  // namespace

std::shared_ptr<const Htpasswd> Htpasswd::parse(std::string_view bytes, FileReport& report) {
  auto users = std::make_shared<Htpasswd>();
  for (std::uint32_t number = 1; !bytes.empty() && !report.full(); ++number) {
    const std::size_t end = std::min(bytes.find('\n'), bytes.size());
    read_line(bytes.substr(0, end), number, users->entries_, report);
    bytes.remove_prefix(std::min(end + 1, bytes.size()));
  }
  std::ranges::sort(users->entries_, {}, &Entry::user);
  check_doubles(users->entries_, report);
  if (users->entries_.empty() && !report.has_errors()) {
    report.error(0, "no user stands in this file, so nobody could get in",
                 "add one: weir hash-password --user NAME >> FILE");
  }
  return report.has_errors() ? nullptr : users;
}

const Htpasswd::Entry* Htpasswd::find(std::string_view user) const {
  const auto found = std::ranges::lower_bound(entries_, user, {}, &Entry::user);
  return found != entries_.end() && found->user == user ? &*found : nullptr;
}

const PasswordHash& Htpasswd::decoy(std::string_view user) const {
  return entries_[std::hash<std::string_view>{}(user) % entries_.size()].hash;
}

}  // namespace weir
