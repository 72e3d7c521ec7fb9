// Writing and reading entries; a reader believes nothing that the last line does not vouch for.
#include "app/history/entry.h"

#include <fmt/format.h>

#include "app/config/hash.h"
#include "base/text.h"

namespace weir::history {
namespace {

constexpr std::string_view magic = "weir-history 2";
constexpr std::string_view suffix = ".entry";

/// A value is one line.
std::string escaped(std::string_view value) {
  std::string out;
  for (const char c : value) {
    if (c == '\n')
      out += "\\n";
    else if (c == '\\')
      out += "\\\\";
    else
      out += c;
  }
  return out;
}

std::string unescaped(std::string_view value) {
  std::string out;
  for (std::size_t at = 0; at < value.size(); ++at) {
    if (value[at] != '\\' || at + 1 == value.size()) {
      out += value[at];
      continue;
    }
    out += value[++at] == 'n' ? '\n' : value[at];
  }
  return out;
}

void add_line(std::string& out, std::string_view name, std::string_view value) {
  if (!value.empty()) out += fmt::format("{} {}\n", name, escaped(value));
}

/// Takes the next line off the front.
std::optional<std::string_view> next_line(std::string_view& bytes) {
  const std::size_t end = bytes.find('\n');
  if (end == std::string_view::npos) return {};
  const std::string_view line = bytes.substr(0, end);
  bytes.remove_prefix(end + 1);
  return line;
}

std::pair<std::string_view, std::string_view> at_first_blank(std::string_view line) {
  const std::size_t blank = line.find(' ');
  if (blank == std::string_view::npos) return {line, {}};
  return {line.substr(0, blank), line.substr(blank + 1)};
}

void take(EntryFile& file, std::string_view name, std::string_view value) {
  Entry& entry = file.entry;
  if (name == "number") entry.number = text::parse_decimal(value).value_or(0);
  if (name == "hash") entry.hash = value;
  if (name == "when") {
    const std::uint64_t nanoseconds = text::parse_decimal(value).value_or(0);
    if (std::in_range<std::int64_t>(nanoseconds))
      entry.when = WallTime{std::chrono::nanoseconds{static_cast<std::int64_t>(nanoseconds)}};
  }
  if (name == "by") entry.by = unescaped(value);
  if (name == "how") entry.how = unescaped(value);
  if (name == "source") entry.source = unescaped(value);
  if (name == "tree") entry.tree = unescaped(value);
  if (name == "instead_of") entry.instead_of = unescaped(value);
  if (name == "change") file.details.changes.push_back(unescaped(value));
  const auto [hash, rest] = at_first_blank(value);
  if (name == "secret") file.details.secrets.emplace_back(unescaped(rest), hash);
  if (name == "beside") file.details.beside.emplace_back(unescaped(rest), hash);
  if (name != "file") return;
  const auto [place, written] = at_first_blank(rest);
  file.details.files.push_back(
      {.name = unescaped(written), .hash = std::string(hash), .entry = text::parse_decimal(place).value_or(0)});
}

void add_object(std::string& out, std::string_view kind, const Object& object) {
  out += fmt::format("{} {} {}\n", kind, object.hash, object.bytes.size());
  out += object.bytes;
}

/// The bytes before the last line, when that line vouches for them.
std::optional<std::string_view> vouched(std::string_view bytes) {
  if (!bytes.ends_with('\n')) return {};
  const std::size_t begin = bytes.rfind('\n', bytes.size() - 2);
  if (begin == std::string_view::npos) return {};
  const std::string_view last = bytes.substr(begin + 1, bytes.size() - begin - 2);
  const std::string_view before = bytes.substr(0, begin + 1);
  if (last != "end " + config::hash_of(before).text()) return {};
  return before;
}

}  // namespace

std::string encode(const EntryFile& file) {
  const Entry& entry = file.entry;
  std::string out = fmt::format("{}\nnumber {}\nhash {}\nwhen {}\n", magic, entry.number, entry.hash,
                                entry.when.time_since_epoch().count());
  add_line(out, "by", entry.by);
  add_line(out, "how", entry.how);
  add_line(out, "source", entry.source);
  add_line(out, "tree", entry.tree);
  add_line(out, "instead_of", entry.instead_of);
  const Details& details = file.details;
  for (const std::string& change : details.changes) add_line(out, "change", change);
  for (const auto& [written, hash] : details.secrets) out += fmt::format("secret {} {}\n", hash, escaped(written));
  for (const auto& [name, hash] : details.beside) out += fmt::format("beside {} {}\n", hash, escaped(name));
  for (const FileAt& each : details.files)
    out += fmt::format("file {} {} {}\n", each.hash, each.entry, escaped(each.name));
  for (const Object& list : file.lists) add_object(out, "list", list);
  for (const Object& part : file.parts) add_object(out, "part", part);
  if (!out.ends_with('\n')) out += '\n';  // a part without line end: the last line must begin one
  return out + fmt::format("end {}\n", config::hash_of(out).text());
}

std::optional<EntryFile> decode(std::string_view bytes) {
  const auto whole = vouched(bytes);
  if (!whole) return {};
  std::string_view rest = *whole;
  if (next_line(rest) != magic) return {};
  EntryFile file;
  file.entry.bytes = bytes.size();
  while (!rest.empty()) {
    const auto line = next_line(rest);
    if (!line) return {};
    const auto [name, value] = at_first_blank(*line);
    if (name != "list" && name != "part") {
      take(file, name, value);
      continue;
    }
    const auto [hash, length] = at_first_blank(value);
    const auto size = text::parse_decimal(length);
    if (!size || *size > rest.size()) return {};
    (name == "list" ? file.lists : file.parts).push_back({.hash = std::string(hash), .bytes = rest.substr(0, *size)});
    rest.remove_prefix(*size);
  }
  if (file.entry.hash.empty() || file.entry.number == 0) return {};
  return file;
}

std::string file_name_of(std::uint64_t number) {
  return fmt::format("{:08}{}", number, suffix);
}

std::optional<std::uint64_t> number_of(std::string_view file_name) {
  if (!file_name.ends_with(suffix)) return {};
  file_name.remove_suffix(suffix.size());
  return text::parse_decimal(file_name);
}

}  // namespace weir::history
