// Words of a line, then doubles.
#include "filters/api_key/key_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <unordered_set>

#include "base/text.h"
#include "http/characters.h"

namespace weir {
namespace {

constexpr std::string_view digest_prefix = "sha256:";
constexpr std::string_view expiry_prefix = "expires=";

std::uint64_t first_bytes(const crypto::Digest& digest) {
  std::uint64_t bits = 0;
  std::memcpy(&bits, digest.data(), sizeof(bits));
  return bits;
}

std::vector<std::string_view> words_of(std::string_view line) {
  std::vector<std::string_view> words;
  while (true) {
    line = text::trim(line);
    if (line.empty() || line.front() == '#') return words;
    const std::size_t end = std::min(line.find_first_of(" \t"), line.size());
    words.push_back(line.substr(0, end));
    line.remove_prefix(end);
  }
}

/// The line is told by its number only: somebody may have written the key itself into it.
void read_line(std::string_view line, std::uint32_t number, std::vector<KeyFile::Entry>& entries, FileReport& report) {
  if (line.ends_with('\r')) line.remove_suffix(1);
  const std::vector<std::string_view> words = words_of(line);
  if (words.empty()) return;
  const std::string advice = "write a line as `weir api-key new` prints it: NAME sha256:DIGEST expires=2027-01-31";
  if (words.size() < 2 || words.size() > 3) return report.error(number, "this is not name, digest and expiry", advice);
  if (!characters::is_token(words[0])) return report.error(number, "the first word is not a name", advice);
  const auto digest =
      words[1].starts_with(digest_prefix) ? crypto::parse_digest(words[1].substr(digest_prefix.size())) : std::nullopt;
  if (!digest) {
    return report.error(number, fmt::format("key \"{}\" has no digest: sha256: and 64 hexadecimal digits", words[0]),
                        advice);
  }
  KeyFile::Entry entry{.name = std::string(words[0]), .digest = *digest, .expires = {}, .line = number};
  if (words.size() == 3) {
    if (words[2].starts_with(expiry_prefix)) entry.expires = parse_expiry(words[2].substr(expiry_prefix.size()));
    if (!entry.expires) {
      return report.error(number, fmt::format("key \"{}\" has no expiry that is understood", words[0]),
                          "write expires=2027-01-31 or expires=2027-01-31T12:00:00Z");
    }
  }
  entries.push_back(std::move(entry));
}

std::optional<unsigned> number_at(std::string_view text, std::size_t at, std::size_t digits) {
  const auto number = text::parse_decimal(text.substr(at, digits));
  return number ? std::optional(static_cast<unsigned>(*number)) : std::nullopt;
}

}  // namespace

std::optional<WallTime> parse_expiry(std::string_view text) {
  constexpr std::size_t date_bytes = 10;  // 2027-01-31
  constexpr std::size_t time_bytes = 20;  // 2027-01-31T12:00:00Z
  if (text.size() != date_bytes && text.size() != time_bytes) return {};
  const auto year = number_at(text, 0, 4);
  const auto month = number_at(text, 5, 2);
  const auto day = number_at(text, 8, 2);
  if (!year || !month || !day || text[4] != '-' || text[7] != '-') return {};
  const std::chrono::year_month_day date{std::chrono::year(static_cast<int>(*year)), std::chrono::month(*month),
                                         std::chrono::day(*day)};
  // Nanoseconds in 64 bits end in the year 2262.
  if (!date.ok() || *year < 1900 || *year > 2200) return {};
  const std::chrono::sys_days midnight = date;
  if (text.size() == date_bytes) return WallTime(midnight + std::chrono::days(1));
  const auto hour = number_at(text, 11, 2);
  const auto minute = number_at(text, 14, 2);
  const auto second = number_at(text, 17, 2);
  const bool shaped = text[10] == 'T' && text[13] == ':' && text[16] == ':' && text[19] == 'Z';
  if (!shaped || !hour || !minute || !second || *hour > 23 || *minute > 59 || *second > 59) return {};
  return WallTime(midnight + std::chrono::hours(*hour) + std::chrono::minutes(*minute) + std::chrono::seconds(*second));
}

std::shared_ptr<const KeyFile> KeyFile::parse(std::string_view bytes, FileReport& report) {
  auto keys = std::make_shared<KeyFile>();
  for (std::uint32_t number = 1; !bytes.empty() && !report.full(); ++number) {
    const std::size_t end = std::min(bytes.find('\n'), bytes.size());
    read_line(bytes.substr(0, end), number, keys->entries_, report);
    bytes.remove_prefix(std::min(end + 1, bytes.size()));
  }
  keys->check(report);
  return report.has_errors() ? nullptr : keys;
}

void KeyFile::check(FileReport& report) {
  std::unordered_set<std::string_view> names;
  for (std::uint32_t index = 0; index < entries_.size(); ++index) {
    const Entry& entry = entries_[index];
    if (!names.insert(entry.name).second) {
      report.error(entry.line, fmt::format("a key called \"{}\" stands here a second time", entry.name));
    }
    if (!by_digest_.emplace(first_bytes(entry.digest), index).second) {
      report.error(entry.line, fmt::format("key \"{}\" is the same as another one above", entry.name));
    }
  }
  if (entries_.empty() && !report.has_errors()) {
    report.error(0, "no key stands in this file, so nobody could get in", "add one: weir api-key new NAME");
  }
}

const KeyFile::Entry* KeyFile::find(const crypto::Digest& digest) const {
  const auto found = by_digest_.find(first_bytes(digest));
  if (found == by_digest_.end()) return nullptr;
  const Entry& entry = entries_[found->second];
  return crypto::equal(entry.digest, digest) ? &entry : nullptr;
}

}  // namespace weir
