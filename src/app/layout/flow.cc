// Two walks over a line, both aware of quotes.
#include "app/layout/flow.h"

namespace weir::layout {
namespace {

bool is_blank(char c) {
  return c == ' ' || c == '\t';
}

/// Whether a quote that stands here opens a quoted text: only at the beginning of a value.
bool may_quote(std::string_view line, std::size_t at, int brackets) {
  std::size_t before = at;
  while (before > 0 && is_blank(line[before - 1])) --before;
  if (before == 0) return true;
  const char last = line[before - 1];
  if (last == ':' || last == '-' || last == '?') return before < at;
  return brackets > 0 && (last == '[' || last == '{' || last == ',');
}

/// Whether a bracket that stands here is one: not within a plain text like `a[0]`.
bool may_open(std::string_view line, std::size_t at, int brackets) {
  return may_quote(line, at, brackets);
}

/// Steps over the character at `at` within quotes. \returns whether the quote ends with it
bool step_quoted(std::string_view line, std::size_t& at, char quote) {
  if (quote == '"' && line[at] == '\\') {
    ++at;
    return false;
  }
  if (line[at] != quote) return false;
  if (quote == '\'' && at + 1 < line.size() && line[at + 1] == '\'') {
    ++at;
    return false;
  }
  return true;
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

}  // namespace

Halves halves_of(std::string_view line, Open& open) {
  for (std::size_t at = 0; at < line.size(); ++at) {
    const char c = line[at];
    if (open.quote != '\0') {
      if (step_quoted(line, at, open.quote)) open.quote = '\0';
    } else if (c == '#' && (at == 0 || is_blank(line[at - 1]))) {
      return {.code = trimmed(line.substr(0, at)), .comment = trimmed(line.substr(at))};
    } else if ((c == '"' || c == '\'') && may_quote(line, at, open.brackets)) {
      open.quote = c;
    } else if ((c == '[' || c == '{') && may_open(line, at, open.brackets)) {
      ++open.brackets;
    } else if ((c == ']' || c == '}') && open.brackets > 0) {
      --open.brackets;
    }
  }
  return {.code = trimmed(line), .comment = {}};
}

std::string with_blanks_right(std::string_view code, Open open) {
  std::string out;
  for (std::size_t at = 0; at < code.size(); ++at) {
    const char c = code[at];
    if (open.quote != '\0') {
      const std::size_t begin = at;
      if (step_quoted(code, at, open.quote)) open.quote = '\0';
      out += code.substr(begin, at - begin + 1);
      continue;
    }
    if (is_blank(c)) {
      // Blanks within a plain text stay as they are; those around marks are set by the marks.
      const std::size_t end = code.find_first_not_of(" \t", at);
      const char next = end == std::string_view::npos ? '\0' : code[end];
      const char last = out.empty() ? '\0' : out.back();
      const bool closes = open.brackets > 0 && (next == ']' || next == '}' || next == ',');
      const bool after_open =
          last == '[' || (open.brackets > 0 && last == ' ' && out.size() > 1 && out[out.size() - 2] == '{');
      if (!closes && !after_open && last != ' ' && last != '\0') out += ' ';
      at = (end == std::string_view::npos ? code.size() : end) - 1;
      continue;
    }
    if ((c == '"' || c == '\'') && may_quote(code, at, open.brackets)) {
      open.quote = c;
      out += c;
    } else if ((c == '[' || c == '{') && may_open(code, at, open.brackets)) {
      ++open.brackets;
      out += c;
      const std::size_t next = code.find_first_not_of(" \t", at + 1);
      if (c == '{' && next != std::string_view::npos && code[next] != '}') out += ' ';
    } else if (c == '}' && open.brackets > 0) {
      --open.brackets;
      while (out.ends_with(' ')) out.pop_back();
      if (!out.ends_with('{') && !out.empty()) out += ' ';
      out += c;
    } else if (c == ']' && open.brackets > 0) {
      --open.brackets;
      while (out.ends_with(' ')) out.pop_back();
      out += c;
    } else if (c == ',' && open.brackets > 0) {
      out += c;
      if (at + 1 < code.size() && !is_blank(code[at + 1])) out += ' ';
    } else {
      out += c;
    }
  }
  while (out.ends_with(' ')) out.pop_back();
  return out;
}

}  // namespace weir::layout
