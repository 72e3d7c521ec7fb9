// The walk over the lines, and the proof at its end.
#include "app/layout/format.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "app/config/hash.h"
#include "app/config/yaml_reader.h"
#include "app/layout/flow.h"
#include "base/text.h"

namespace weir::layout {
namespace {

struct Line {
  std::string code;  ///< indentation included; empty for a comment alone
  std::string comment;
  std::size_t indent = 0;  ///< where the comment stood; of a comment alone, where it will
  bool verbatim = false;   ///< part of a text of several lines
  bool empty() const { return code.empty() && comment.empty(); }
};

/// An open map or list: in which column it stands, and in which it will.
struct Level {
  std::size_t was = 0;
  std::size_t is = 0;
  bool list = false;
};

class Layout {
 public:
  std::string run(std::string_view text) {
    if (text.ends_with('\n')) text.remove_suffix(1);
    for (const std::string_view each : text::split(text, '\n')) {
      std::string_view line = each;
      if (line.ends_with('\r')) line.remove_suffix(1);
      take(line);
    }
    if (block_) end_block();
    end_comments(levels_.empty() ? 0 : column_of(first_comment_column()));
    return written();
  }

 private:
  void take(std::string_view line) {
    const std::size_t column = line.find_first_not_of(' ');
    if (block_ && in_block(line, column)) return;
    if (column == std::string_view::npos) return take_empty();
    if (open_.any()) return go_on(line, column);
    if (line[column] == '#') {
      waiting_.push_back({.code = {}, .comment = std::string(text::trim(line)), .indent = column, .verbatim = false});
      return;
    }
    begin(line, column);
  }

  void take_empty() {
    if (open_.quote != '\0') {
      lines_.push_back({.code = {}, .comment = {}, .indent = 0, .verbatim = true});
      return;
    }
    if (!waiting_.empty())
      waiting_.push_back({});
    else if (!lines_.empty())
      lines_.push_back({});
  }

  /// A line that begins something: `key: ...`, `- ...`, or goes on with a plain text of several lines.
  void begin(std::string_view line, std::size_t column) {
    const bool dash = line[column] == '-' && (column + 1 == line.size() || line[column + 1] == ' ');
    if (plain_text_ && !levels_.empty() && column > levels_.back().was) {
      end_comments(levels_.back().is + 2);
      Open open;
      const Halves halves = halves_of(line.substr(column), open);
      add(std::string(levels_.back().is + 2, ' ') + std::string(halves.code), halves.comment, line);
      return;
    }
    leave_deeper(column, dash);
    enter(column, dash);
    end_comments(levels_.back().is);
    std::string code(levels_.back().is, ' ');
    std::string_view rest = line.substr(column);
    while (rest.starts_with("- ")) {
      const std::size_t next = rest.find_first_not_of(' ', 1);
      if (next == std::string_view::npos || rest[next] == '#') break;
      code += "- ";
      rest.remove_prefix(next);
      column += next;
      const bool inner = rest.starts_with("- ") || rest == "-";
      levels_.push_back({.was = column, .is = levels_.back().is + 2, .list = inner});
    }
    shift_ = static_cast<std::ptrdiff_t>(levels_.back().is) - static_cast<std::ptrdiff_t>(column);
    Open open;
    const Halves halves = halves_of(rest, open);
    add(code + with_blanks_right(halves.code, {}), halves.comment, line);
    open_ = open;
    look_for_block(halves.code);
    plain_text_ = !open_.any() && !block_ && ends_with_plain_text(halves.code);
  }

  void leave_deeper(std::size_t column, bool dash) {
    while (!levels_.empty() && levels_.back().was > column) levels_.pop_back();
    // `- ` and keys may stand in the same column: the list is inside.
    if (!levels_.empty() && levels_.back().was == column && levels_.back().list && !dash) levels_.pop_back();
  }

  void enter(std::size_t column, bool dash) {
    if (levels_.empty()) {
      levels_.push_back({.was = column, .is = 0, .list = dash});
      return;
    }
    const Level& top = levels_.back();
    if (top.was == column && top.list == dash) return;
    levels_.push_back({.was = column, .is = top.is + 2, .list = dash});
  }

  /// A bracket or quote is open: the line keeps its place relative to where it began.
  void go_on(std::string_view line, std::size_t column) {
    const bool quoted = open_.quote != '\0';
    const auto moved =
        std::max<std::ptrdiff_t>(static_cast<std::ptrdiff_t>(column) + shift_,
                                 static_cast<std::ptrdiff_t>(levels_.back().is) + (closes(line[column]) ? 0 : 1));
    const Open before = open_;
    const Halves halves = halves_of(line.substr(column), open_);
    if (quoted) {
      lines_.push_back({.code = std::string(static_cast<std::size_t>(moved), ' ') + std::string(line.substr(column)),
                        .comment = {},
                        .indent = 0,
                        .verbatim = true});
      return;
    }
    add(std::string(static_cast<std::size_t>(moved), ' ') + with_blanks_right(halves.code, before), halves.comment,
        line);
  }

  static bool closes(char c) { return c == ']' || c == '}'; }

  /// `key: |` and `- >-`: what follows deeper is text.
  void look_for_block(std::string_view code) {
    const std::size_t blank = code.find_last_of(' ');
    const std::string_view last = blank == std::string_view::npos ? code : code.substr(blank + 1);
    const bool header = !last.empty() && (last.front() == '|' || last.front() == '>') &&
                        last.find_first_not_of("|>+-") == std::string_view::npos;
    if (!header || open_.any()) return;
    block_ = true;
    block_keeps_ = last.contains('+');
    // Behind `- |` the text may begin in the column in which a key would.
    const bool alone = blank == std::string_view::npos && levels_.size() > 1;
    block_parent_ = alone ? levels_[levels_.size() - 2] : levels_.back();
    block_was_ = std::string_view::npos;
  }

  /// \returns whether the line is text of the block
  bool in_block(std::string_view line, std::size_t column) {
    if (column == std::string_view::npos) {
      lines_.push_back({.code = {}, .comment = {}, .indent = 0, .verbatim = true});
      return true;
    }
    if (column <= block_parent_.was) {
      end_block();
      return false;
    }
    if (block_was_ == std::string_view::npos) block_was_ = column;
    const std::size_t deeper = column > block_was_ ? column - block_was_ : 0;
    lines_.push_back({.code = std::string(block_parent_.is + 2 + deeper, ' ') + std::string(line.substr(column)),
                      .comment = {},
                      .indent = 0,
                      .verbatim = true});
    return true;
  }

  /// Empty lines behind the text are layout again, unless `|+` makes them text.
  void end_block() {
    block_ = false;
    if (block_keeps_) return;
    for (auto at = lines_.rbegin(); at != lines_.rend() && at->verbatim && at->code.empty(); ++at) at->verbatim = false;
  }

  /// Whether the next, deeper line would go on with a text and not open a map: `key: text`, `- text`.
  static bool ends_with_plain_text(std::string_view code) {
    if (code.empty() || code.ends_with(':') || code == "-") return false;
    const char last = code.back();
    return last != ']' && last != '}' && last != '"' && last != '\'';
  }

  /// Where a comment that stood in `column` goes, between what is open.
  std::size_t column_of(std::size_t column) const {
    std::size_t is = 0;
    for (const Level& level : levels_) {
      if (level.was <= column) is = level.is;
    }
    return is;
  }
  std::size_t first_comment_column() const {
    for (const Line& line : waiting_) {
      if (!line.comment.empty()) return line.indent;
    }
    return 0;
  }

  /// Comments in front of a line stand in its column.
  void end_comments(std::size_t indent) {
    for (Line& line : waiting_) {
      line.indent = indent;
      lines_.push_back(std::move(line));
    }
    waiting_.clear();
  }

  /// \param line  the whole line, which the comment is a part of
  void add(std::string code, std::string_view comment, std::string_view line) {
    const auto column = comment.empty() ? 0 : static_cast<std::size_t>(comment.data() - line.data());
    lines_.push_back({.code = std::move(code), .comment = std::string(comment), .indent = column, .verbatim = false});
  }

  /// Drops all but one of several empty lines.
  std::string written() {
    std::string out;
    bool was_empty = true;  // none at the beginning
    for (const Line& line : lines_) {
      if (line.empty() && !line.verbatim) {
        was_empty = true;
        continue;
      }
      if (was_empty && !out.empty()) out += '\n';
      was_empty = false;
      if (line.code.empty() && !line.comment.empty())
        out += std::string(line.indent, ' ') + line.comment;
      else if (line.comment.empty())
        out += line.code;
      else
        out += line.code + std::string(comment_column(line) - line.code.size(), ' ') + line.comment;
      out += '\n';
    }
    return out;
  }

  /// A comment behind code stays in its column, as long as the code leaves it a blank: people align them.
  static std::size_t comment_column(const Line& line) {
    return line.indent > line.code.size() ? line.indent : line.code.size() + 2;
  }

  std::vector<Line> lines_;
  std::vector<Line> waiting_;  // comments and empty lines whose next line is not known yet
  std::vector<Level> levels_;
  Open open_;
  std::ptrdiff_t shift_ = 0;  // how far the line that opened brackets was moved
  bool plain_text_ = false;
  bool block_ = false;
  bool block_keeps_ = false;
  Level block_parent_;
  std::size_t block_was_ = 0;
};

struct Meaning {
  config::ContentHash hash;
  std::string problem;
};

Meaning meaning_of(std::string_view text) {
  Diagnostics diagnostics;
  const auto tree = config::read_yaml(text, intern_file_name("weir.yaml"), diagnostics);
  if (!tree || diagnostics.has_errors()) return {.hash = {}, .problem = diagnostics.text()};
  return {.hash = config::hash_of(*tree, {}), .problem = {}};
}

/// Every comment there is, in order. Texts of several lines are skipped: a # in them is none.
std::vector<std::string> comments_of(std::string_view text) {
  std::vector<std::string> comments;
  Open open;
  for (const std::string_view line : text::split(text, '\n')) {
    const Halves halves = halves_of(line.ends_with('\r') ? line.substr(0, line.size() - 1) : line, open);
    if (!halves.comment.empty()) comments.emplace_back(halves.comment);
  }
  return comments;
}

}  // namespace

std::expected<std::string, std::string> format(std::string_view text) {
  const Meaning before = meaning_of(text);
  if (!before.problem.empty()) return std::unexpected(before.problem);
  std::string formatted = Layout().run(text);
  const Meaning after = meaning_of(formatted);
  const bool same = after.problem.empty() && after.hash == before.hash && comments_of(text) == comments_of(formatted) &&
                    Layout().run(formatted) == formatted;
  if (!same) return std::unexpected("written in a way that weir fmt does not dare to touch; it is left as it is\n");
  return formatted;
}

}  // namespace weir::layout
