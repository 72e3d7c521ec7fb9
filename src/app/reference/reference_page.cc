// docs/reference.md: a table for every map, an entry for every option.
#include <fmt/format.h>

#include "app/reference/chapters.h"
#include "app/reference/generated.h"

namespace weir::reference {
namespace {

constexpr std::string_view opening = R"(# Reference: every option

<!-- Made by `./dev generate` from the declarations of the options: change those, not this page. -->

Every key of `weir.yaml` with its type, its default and a sentence. How values are written, and what the keys are good
for together, is in [configuration.md](configuration.md). For editors the same is a
[JSON Schema](../packaging/schema/weir.schema.json), which `weir schema` prints: with
`# yaml-language-server: $schema=./weir.schema.json` in the first line of a file they complete, and complain, as one
types.

Where a list is expected, one thing may stand alone. `NAME` is a name you choose; `[]` is each item of a list.
)";

/// In a table a bar would end the cell.
std::string cell(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '|') out += '\\';
    out += c;
  }
  return out;
}

std::string code(std::string_view text) {
  return text.empty() ? std::string() : fmt::format("`{}`", cell(text));
}

std::string row(const OptionInfo& option) {
  std::string meaning = cell(option.doc);
  if (!option.bounds.empty()) meaning += fmt::format(" Bounds: {}.", option.bounds);
  if (!option.example.empty()) meaning += fmt::format(" Example: {}", code(option.example));
  const std::string value = option.required ? "required" : code(option.default_value);
  return fmt::format("| `{}` | {} | {} | {} |\n", option.name, cell(option.type), value, meaning);
}

std::string_view heading(ChapterKind kind) {
  switch (kind) {
    case ChapterKind::section:
      return "Sections";
    case ChapterKind::filter:
      return "Filters";
    case ChapterKind::service:
      return "Services";
    case ChapterKind::balancer:
      return "Balancers";
  }
  return "";
}

std::string written_at(const Chapter& chapter) {
  const bool whole_plugin = chapter.kind != ChapterKind::section && chapter.path == chapter.schema->name();
  if (!whole_plugin) return {};
  switch (chapter.kind) {
    case ChapterKind::filter:
      return fmt::format("Written `filters: [{{ {}: ... }}]`. ", chapter.path);
    case ChapterKind::service:
      return fmt::format("Written `{}: ...` in a route. ", chapter.path);
    case ChapterKind::balancer:
      return fmt::format("Written `balance: {}` in an upstream. ", chapter.path);
    case ChapterKind::section:
      break;
  }
  return {};
}

std::string chapter_text(const Chapter& chapter) {
  const SchemaBase& schema = *chapter.schema;
  std::string out = fmt::format("\n### {}\n\n{}{}", chapter.path.empty() ? "The top level" : chapter.path,
                                written_at(chapter), schema.doc());
  if (!schema.shorthand_option().empty())
    out += fmt::format(" A value that is no map stands for `{}`.", schema.shorthand_option());
  out += '\n';
  const std::vector<OptionInfo> options = schema.options();
  if (options.empty()) return out + "\nIt has no options.\n";
  out += "\n| option | type | default | |\n|---|---|---|---|\n";
  for (const OptionInfo& option : options) out += row(option);
  return out;
}

}  // namespace

std::string reference_page() {
  std::string out(opening);
  std::string_view last;
  for (const Chapter& chapter : chapters()) {
    if (heading(chapter.kind) != last) out += fmt::format("\n## {}\n", heading(chapter.kind));
    last = heading(chapter.kind);
    out += chapter_text(chapter);
  }
  return out;
}

}  // namespace weir::reference
