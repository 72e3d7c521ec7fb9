// From the lines of a file to a map, in whichever of the three ways they are written.
//
// Idea: each way only finds the fields of a line; what an entry may be is checked once, for all of them.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "base/block_pool.h"
#include "base/text.h"
#include "http/path.h"
#include "route/redirect_map.h"

namespace weir {
namespace {

constexpr std::size_t address_bytes_max = 8192;
/// About 100 us of a core for a path that none of them matches.
constexpr std::size_t patterns_fair = 200;

/// The fields of a line; status is empty when it is not given.
struct Line {
  std::string from;
  std::string to;
  std::string status;
};
using Read = std::expected<std::optional<Line>, std::string>;  ///< nothing: an empty line; or a sentence

bool is_space(char c) {
  return c == ' ' || c == '\t';
}

std::string_view take_space(std::string_view text) {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  return text;
}

/// A word, or a text in quotes of either kind; a backslash keeps the next character as it is within double quotes.
std::optional<std::string> take_word(std::string_view& text, std::string_view ends) {
  text = take_space(text);
  std::string word;
  if (!text.empty() && (text.front() == '"' || text.front() == '\'')) {
    const char quote = text.front();
    for (text.remove_prefix(1); !text.empty() && text.front() != quote; text.remove_prefix(1)) {
      if (quote == '"' && text.front() == '\\' && text.size() > 1) text.remove_prefix(1);
      word += text.front();
    }
    if (text.empty()) return {};
    text.remove_prefix(1);
    return word;
  }
  const std::size_t end = std::min(text.find_first_of(ends), text.size());
  word = text.substr(0, end);
  text.remove_prefix(end);
  return word;
}

/// `/from /to 301`, with nginx's `;` at the end if you like.
Read read_words(std::string_view text) {
  text = take_space(text);
  if (text.empty() || text.front() == '#') return std::nullopt;
  Line line;
  for (std::string* field : {&line.from, &line.to, &line.status}) {
    text = take_space(text);
    if (text.starts_with('#')) text = {};
    auto word = take_word(text, " \t");
    if (!word) return std::unexpected<std::string>("a quote is opened and not closed");
    *field = std::move(*word);
  }
  text = take_space(text);
  std::string& last = line.status.empty() ? line.to : line.status;
  if (text == ";") text = {};
  if (last.ends_with(';')) last.pop_back();
  if (!text.empty() && text.front() != '#') return std::unexpected<std::string>("more than address, target and status");
  return line;
}

/// RFC 4180: quotes are doubled within quotes.
std::optional<std::string> take_cell(std::string_view& text) {
  std::string cell;
  if (!text.starts_with('"')) {
    const std::size_t comma = std::min(text.find(','), text.size());
    cell = text::trim(text.substr(0, comma));
    text.remove_prefix(comma);
    return cell;
  }
  for (text.remove_prefix(1);; text.remove_prefix(1)) {
    if (text.empty()) return {};
    if (text.front() == '"') {
      text.remove_prefix(1);
      if (!text.starts_with('"')) break;
    }
    cell += text.front();
  }
  if (!text.empty() && text.front() != ',') return {};
  return cell;
}

Read read_csv(std::string_view text) {
  if (text.empty() || text.front() == '#') return std::nullopt;
  Line line;
  for (std::string* field : {&line.from, &line.to, &line.status}) {
    auto cell = take_cell(text);
    if (!cell) return std::unexpected<std::string>("a quote is opened and not closed");
    *field = std::move(*cell);
    if (text.starts_with(',')) text.remove_prefix(1);
  }
  if (!text.empty()) return std::unexpected<std::string>("more than address, target and status");
  return line;
}

/// `/from: /to` or `/from: { to: /to, status: 301 }`: one entry a line, which is all of YAML that a map needs.
Read read_yaml(std::string_view text) {
  text = take_space(text);
  if (text.empty() || text.front() == '#' || text == "---") return std::nullopt;
  const bool quoted = text.front() == '"' || text.front() == '\'';
  Line line;
  std::size_t colon = text.find(": ");
  if (quoted) {
    auto from = take_word(text, "");
    if (!from) return std::unexpected<std::string>("a quote is opened and not closed");
    line.from = std::move(*from);
    colon = text.starts_with(": ") ? 0 : std::string_view::npos;
  } else if (colon != std::string_view::npos) {
    line.from = text::trim(text.substr(0, colon));
  }
  if (colon == std::string_view::npos) {
    return std::unexpected<std::string>("this is not one entry on one line: `/from: /to`");
  }
  text = take_space(text.substr(colon + 2));
  const bool is_map = text.starts_with('{');
  if (!is_map) {
    auto to = take_word(text, " \t");
    if (!to) return std::unexpected<std::string>("a quote is opened and not closed");
    line.to = std::move(*to);
    text = take_space(text);
    if (!text.empty() && text.front() != '#') return std::unexpected<std::string>("something stands behind the target");
    return line;
  }
  text.remove_prefix(1);
  while (!take_space(text).starts_with('}')) {
    const auto name = take_word(text, ": \t,}");
    text = take_space(text);
    if (!name || !text.starts_with(':')) return std::unexpected<std::string>("write { to: /to, status: 301 }");
    text.remove_prefix(1);
    auto value = take_word(text, " \t,}");
    text = take_space(text);
    if (!value || text.empty() || (*name != "to" && *name != "status")) {
      return std::unexpected<std::string>("write { to: /to, status: 301 }");
    }
    (*name == "to" ? line.to : line.status) = std::move(*value);
    if (text.starts_with(',')) text.remove_prefix(1);
  }
  return line;
}

using ReadLine = Read (*)(std::string_view);

ReadLine reader_for(std::string_view file) {
  if (file.ends_with(".csv")) return &read_csv;
  if (file.ends_with(".yaml") || file.ends_with(".yml")) return &read_yaml;
  return &read_words;
}

}  // namespace

/// Puts a map together, line by line.
class RedirectMapReader {
 public:
  explicit RedirectMapReader(FileReport& report) : report_(report), read_(reader_for(report.file_name())) {}

  std::shared_ptr<const RedirectMap> read(std::string_view bytes) {
    reserve(static_cast<std::size_t>(std::ranges::count(bytes, '\n')) + 1);
    constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
    if (bytes.starts_with(byte_order_mark)) bytes.remove_prefix(byte_order_mark.size());
    while (!bytes.empty() && !report_.full()) {
      ++number_;
      const std::size_t end = std::min(bytes.find('\n'), bytes.size());
      read_line(bytes.substr(0, end));
      bytes.remove_prefix(std::min(end + 1, bytes.size()));
    }
    if (!report_.has_errors()) find_circles();
    if (map_->patterns_.size() > patterns_fair) {
      report_.warning(0,
                      fmt::format("{} expressions are tried one after the other for every path that nothing else "
                                  "matches",
                                  map_->patterns_.size()),
                      "write prefixes such as /old/* where they will do");
    }
    return report_.has_errors() ? nullptr : map_;
  }

 private:
  void read_line(std::string_view text) {
    if (text.ends_with('\r')) text.remove_suffix(1);
    if (text.size() > 2 * address_bytes_max) return report_.error(number_, "this line is longer than 16 KiB");
    auto line = read_(text);
    if (!line) return report_.error(number_, line.error());
    if (!*line) return;
    if (number_ == 1 && read_ == &read_csv && text::equal_ignoring_case((*line)->from, "from")) return;
    add(**line);
  }

  void add(const Line& line) {
    Status status = 0;
    if (!line.status.empty()) {
      const auto number = text::parse_decimal(line.status);
      if (!number || !is_redirect_status(*number)) {
        return report_.error(number_, fmt::format("\"{}\" is no status of a redirect", line.status),
                             "write 301, 302, 303, 307 or 308");
      }
      status = static_cast<Status>(*number);
    }
    const TargetComplaint complaint = complaint_about_target(line.to, fmt::format("\"{}\"", line.to));
    if (line.to.empty()) return report_.error(number_, "there is no target", "write /from and /to");
    if (!complaint.message.empty()) return report_.error(number_, complaint.message, complaint.suggestion);
    if (line.from.size() > address_bytes_max || line.to.size() > address_bytes_max) {
      return report_.error(number_, "an address longer than 8 KiB");
    }
    if (line.from.starts_with('~')) return add_pattern(line, status);
    if (line.from.ends_with("/*")) return add_prefix(line, status);
    add_exact(line, status);
  }

  void add_pattern(const Line& line, Status status) {
    const std::string_view expression = std::string_view(line.from).substr(1);
    if (expression.starts_with('*')) {
      return report_.error(number_, "nginx's ~* ignores case, and paths have case here", "write ~(?i)...");
    }
    auto regex = PathRegex::parse(expression);
    if (!regex) return report_.error(number_, fmt::format("\"{}\": {}", line.from, text_of(regex.error())));
    auto target = RedirectTarget::parse(line.to);
    const std::string complaint = target->complaint_about(**regex);
    if (!complaint.empty()) return report_.error(number_, fmt::format("\"{}\": {}", line.to, complaint));
    map_->patterns_.push_back(
        {.regex = std::move(*regex), .target = std::move(*target), .status = status, .line = number_});
  }

  void add_prefix(const Line& line, Status status) {
    std::string_view prefix = std::string_view(line.from).substr(0, line.from.size() - 2);
    if (!prefix.empty() && !is_canonical(prefix)) return;
    std::string_view to = line.to;
    const bool takes_rest = to.ends_with("/*");
    if (takes_rest) to.remove_suffix(2);
    const auto plain = without_dollars(to);
    if (!plain) return;
    if (takes_rest && to.find_first_of("?#") != std::string_view::npos) {
      return report_.error(number_, "the rest of a path cannot stand behind a query");
    }
    const auto [found, is_new] = map_->prefixes_.try_emplace(
        std::string(prefix),
        RedirectMap::Prefix{.to = *plain, .takes_rest = takes_rest, .status = status, .line = number_});
    map_->prefix_bytes_max_ = std::max(map_->prefix_bytes_max_, prefix.size());
    if (!is_new) twice(line.from, found->second.line);
    if (is_new && takes_rest && *plain == prefix) report_.error(number_, "this leads to where it came from");
  }

  void add_exact(const Line& line, Status status) {
    const std::size_t question = line.from.find('?');
    if (line.from.contains('#')) return report_.error(number_, "a browser never sends what stands behind #");
    if (!is_canonical(std::string_view(line.from).substr(0, question))) return;
    const auto to = without_dollars(line.to);
    if (!to) return;
    if (line.from == *to) return report_.error(number_, "this leads to where it came from");
    if (const auto found = map_->find_exact(line.from)) return twice(line.from, found->line);
    map_->has_queries_ = map_->has_queries_ || question != std::string::npos;
    const RedirectMap::Record record{.line = number_,
                                     .from_bytes = static_cast<std::uint16_t>(line.from.size()),
                                     .to_bytes = static_cast<std::uint16_t>(to->size()),
                                     .status = status};
    const auto at = static_cast<std::uint32_t>(map_->records_.size());
    map_->records_.append(reinterpret_cast<const char*>(&record), sizeof(record));
    map_->records_ += line.from;
    map_->records_ += *to;
    place(line.from, at);
    ++map_->exact_count_;
  }

  bool is_canonical(std::string_view path) {
    Arena arena(pool_);
    const auto canonical = canonical_path(path, arena);
    if (canonical && *canonical == path) return true;
    report_.error(number_, fmt::format("\"{}\" is not the form in which requests have their path", path),
                  canonical ? fmt::format("write {}", *canonical) : "write a path such as /old");
    return false;
  }

  /// A target that nothing matched for: dollar signs stand for themselves.
  std::optional<std::string> without_dollars(std::string_view to) {
    if (!to.contains('$')) return std::string(to);
    const auto made = PathTemplate::parse(to);
    if (made && made->groups() == 0) {
      Arena arena(pool_);
      return std::string(made->fill({}, arena));
    }
    report_.error(number_, fmt::format("\"{}\" asks for a group, and only patterns have them", to),
                  "write $$ for a dollar sign, or ~ and an expression as the address");
    return {};
  }

  void twice(std::string_view from, std::uint32_t first) {
    report_.error(number_, fmt::format("\"{}\" stands here a second time; the first is in line {}", from, first));
  }

  void reserve(std::size_t entries) {
    std::size_t slots = 16;
    while (slots < entries * 2) slots *= 2;
    map_->slots_.resize(slots);
  }

  void place(std::string_view address, std::uint32_t at) {
    const std::size_t hash = RedirectMap::Hash{}(address);
    const std::size_t mask = map_->slots_.size() - 1;
    std::size_t index = hash & mask;
    while (map_->slots_[index].at != 0) index = (index + 1) & mask;
    map_->slots_[index] = {.tag = static_cast<std::uint32_t>(hash >> 32U), .at = at + 1};
  }

  // Only plain paths are followed: what a pattern leads to depends on the request.
  void find_circles() {
    constexpr int steps_max = 16;
    for (const RedirectMap::Slot& slot : map_->slots_) {
      if (slot.at == 0 || report_.full()) continue;
      const RedirectMap::Record record = map_->record_at(slot.at - 1);
      const std::string_view from(map_->records_.data() + slot.at - 1 + sizeof(record), record.from_bytes);
      auto next = map_->find_exact({from.data() + from.size(), record.to_bytes});
      for (int step = 0; next && step < steps_max; ++step) {
        if (next->line == record.line) {
          report_.error(record.line, fmt::format("\"{}\" leads in a circle back to itself", from));
          break;
        }
        next = map_->find_exact(next->to);
      }
    }
  }

  FileReport& report_;
  ReadLine read_;
  std::shared_ptr<RedirectMap> map_ = std::make_shared<RedirectMap>();
  BlockPool pool_{1};
  std::uint32_t number_ = 0;
};

std::shared_ptr<const RedirectMap> RedirectMap::parse(std::string_view bytes, FileReport& report) {
  return RedirectMapReader(report).read(bytes);
}

}  // namespace weir
