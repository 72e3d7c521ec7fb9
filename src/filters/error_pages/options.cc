// What a configuration says about error pages, and the pages made of it.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/limits.h"
#include "base/text.h"
#include "contracts/watched_file.h"
#include "filters/error_pages/error_pages.h"

namespace weir {
namespace {

/// 404, 4xx, 5xx; 0 for what is none of them. A class is its first status.
Status status_word(std::string_view word, bool& whole_class) {
  whole_class = word == "4xx" || word == "5xx";
  if (whole_class) return static_cast<Status>((word[0] - '0') * 100);
  const auto number = text::parse_decimal(word);
  return number && *number >= 400 && *number <= 599 ? static_cast<Status>(*number) : Status{0};
}

bool check_page(const Node& node, const Reading& reading, ErrorPageOptions& page) {
  page.place = node.place();
  if (page.status.empty()) return reading.error(node, "\"status\" is missing", "write status: 404, or 5xx");
  for (const std::string& word : page.status) {
    bool whole_class = false;
    if (status_word(word, whole_class) != 0) continue;
    return reading.member("status").error(*node.find("status"), fmt::format("\"{}\" is no status of an error", word),
                                          "write 400 to 599, 4xx or 5xx");
  }
  const Node* file = node.find("file");
  const Node* text = node.find("text");
  if ((file == nullptr) == (text == nullptr)) {
    return reading.error(node, file == nullptr ? "neither file nor text is given" : "both file and text are given",
                         "write file: pages/404.html or text: \"Sorry\"");
  }
  return true;
}

bool check_pages(const Node& node, const Reading& reading, ErrorPagesOptions& options) {
  if (!options.pages.empty()) return true;
  return reading.error(node, "without pages this changes nothing",
                       "write pages: [{ status: 404, file: pages/404.html }]");
}

std::string type_by_name(std::string_view file) {
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 6> types{{
      {".html", "text/html; charset=utf-8"},
      {".htm", "text/html; charset=utf-8"},
      {".txt", "text/plain; charset=utf-8"},
      {".json", "application/json"},
      {".xml", "application/xml"},
      {".xhtml", "application/xhtml+xml"},
  }};
  for (const auto& [ending, type] : types) {
    if (file.ends_with(ending)) return std::string(type);
  }
  return {};
}

std::string type_of_text(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" \t\r\n");
  const bool markup = begin != std::string_view::npos && text[begin] == '<';
  return markup ? "text/html; charset=utf-8" : "text/plain; charset=utf-8";
}

std::string without_parameters(std::string_view content_type) {
  return text::to_lower(text::trim(content_type.substr(0, content_type.find(';'))));
}

bool load_text(const ErrorPageOptions& options, const Reading& reading, ErrorPage& page) {
  if (options.file.empty()) {
    page.text = options.text;
    page.content_type = options.type.empty() ? type_of_text(options.text) : options.type;
    return true;
  }
  const std::string path = path_beside(options.place, options.file);
  auto content = read_file(path, limits::error_page_bytes);
  if (!content)
    return reading.member("file").error(options.place, fmt::format("cannot read {}: {}", path, content.error()));
  page.text = std::move(content->bytes);
  page.content_type = options.type.empty() ? type_by_name(options.file) : options.type;
  if (!page.content_type.empty()) return true;
  return reading.member("file").error(options.place, fmt::format("the name {} does not tell its type", options.file),
                                      "write type: text/html");
}

bool make_page(const ErrorPageOptions& options, const Reading& reading, ErrorPage& page) {
  if (!load_text(options, reading, page)) return false;
  page.place = options.place;
  page.media_type = without_parameters(page.content_type);
  for (const std::string& word : options.status) {
    bool whole_class = false;
    const Status status = status_word(word, whole_class);
    if (!whole_class) page.statuses.push_back(status);
    page.whole_4xx |= whole_class && status == 400;
    page.whole_5xx |= whole_class && status == 500;
  }
  return true;
}

std::string type_complaint(const std::string& type) {
  const auto allowed = [](char c) { return c >= ' ' && c <= '~'; };
  const std::string media_type = without_parameters(type);
  const std::size_t slash = media_type.find('/');
  const bool whole = slash != std::string::npos && slash > 0 && slash + 1 < media_type.size();
  if (whole && std::ranges::all_of(type, allowed)) return {};
  return "is no media type; write text/html; charset=utf-8";
}

std::unique_ptr<const Filter> build(const Node& node, BuildContext& context) {
  const Reading reading(context.diagnostics, context.path);
  const auto options = ErrorPagesOptions::schema().read(node, reading);
  if (!options) return {};
  const Reading pages_reading = reading.member("pages");
  std::vector<ErrorPage> pages;
  bool good = true;
  for (std::size_t index = 0; const ErrorPageOptions& page : options->pages) {
    good = make_page(page, pages_reading.item(index++), pages.emplace_back()) && good;
    // So that a reload reads it again, and the history knows that it changed.
    if (!page.file.empty() && context.files != nullptr)
      context.files->note(path_beside(page.place, page.file), pages.back().text);
  }
  if (!good) return {};
  return std::make_unique<ErrorPagesFilter>(std::move(pages), options->upstream);
}

}  // namespace

const Schema<ErrorPageOptions>& ErrorPageOptions::schema() {
  static const auto schema =
      Schema<ErrorPageOptions>("page", "One page, and the statuses it stands for.")
          .option("status", &ErrorPageOptions::status,
                  {.doc = "400 to 599, or a whole class: 4xx, 5xx. A status that is named wins over its class."})
          .option("file", &ErrorPageOptions::file,
                  {.doc = "A file, read when the configuration is loaded; a relative name starts at the folder of the "
                          "configuration file."})
          .option("text", &ErrorPageOptions::text, {.doc = "The page itself, in place of a file."})
          .option("type", &ErrorPageOptions::type,
                  {.doc = "Its media type; otherwise found by the file's name, and for a text text/html when it begins "
                          "with <, else text/plain.",
                   .complaint = &type_complaint})
          .check(&check_page);
  return schema;
}

const Schema<ErrorPagesOptions>& ErrorPagesOptions::schema() {
  static const auto schema =
      Schema<ErrorPagesOptions>("error_pages", "Answers errors with pages of your own; the status stays.")
          .option("pages", &ErrorPagesOptions::pages,
                  {.doc = "The pages. Several for one status are forms to choose from by the client's Accept.",
                   .example = "[{ status: [404, 410], text: \"Not here\" }]",
                   .required = true})
          .choice("upstream", &ErrorPagesOptions::upstream,
                  {{"keep", ErrorPagesOptions::Upstream::keep}, {"replace", ErrorPagesOptions::Upstream::replace}},
                  {.doc = "What becomes of an error's page that the upstream wrote.", .example = "replace"})
          .check(&check_pages);
  return schema;
}

const FilterKind& error_pages_filter() {
  static constexpr FilterKind kind{.name = "error_pages", .schema = &schema_of<ErrorPagesOptions>, .build = &build};
  return kind;
}

}  // namespace weir
