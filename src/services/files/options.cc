// What may stand under `files:`.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "contracts/field_option.h"
#include "http/characters.h"
#include "services/files/files.h"

namespace weir {
namespace {

constexpr std::array<std::string_view, 3> coding_names{"br", "zstd", "gzip"};

std::string complaint_about_root(const std::string& root) {
  if (!root.starts_with('/')) return "is not absolute; write it from the / on";
  return root.contains('\0') ? "holds a NUL" : "";
}

std::string complaint_about_value(const std::string& value) {
  const char* const end = value.data() + value.size();
  return characters::find_control(value.data(), end) == end ? "" : "holds a control character";
}

std::string complaint_about_charset(const std::string& charset) {
  return charset.empty() || characters::is_token(charset) ? "" : "is no charset such as utf-8";
}

bool check_items(const Node& node, const Reading& reading, std::string_view option,
                 const std::vector<std::string>& items, std::string (*complaint)(std::string_view)) {
  const Node* const list = node.find(option);
  bool good = true;
  for (std::size_t at = 0; at < items.size(); ++at) {
    const std::string said = complaint(items[at]);
    if (said.empty()) continue;
    const Node& place = list != nullptr && at < list->items().size() ? list->items()[at] : node;
    good = reading.member(option).item(at).error(place, fmt::format("\"{}\" {}", items[at], said));
  }
  return good;
}

std::string complaint_about_index(std::string_view name) {
  if (name.empty() || name.starts_with('/') || name.ends_with('/')) return "is no name of a file in the directory";
  return files::Candidate::complaint_about("/" + std::string(name));
}

std::string complaint_about_coding(std::string_view name) {
  return std::ranges::find(coding_names, name) != coding_names.end() ? "" : "is none of br, zstd and gzip";
}

bool check_files(const Node& node, const Reading& reading, FilesOptions& options) {
  bool good = check_items(node, reading, "try", options.try_names, &files::Candidate::complaint_about);
  good = check_items(node, reading, "index", options.index, &complaint_about_index) && good;
  good = check_items(node, reading, "precompressed", options.precompressed, &complaint_about_coding) && good;
  if (options.try_names.empty()) {
    good = reading.member("try").error(node, "an empty list would find nothing", "leave it out, or write [$path]");
  }
  for (const auto& [extension, type] : options.types) {
    if (!extension.starts_with('.') && complaint_about_value(type).empty() && !type.empty()) continue;
    good = reading.member("types").error(*node.find("types"), fmt::format("\"{}: {}\" is no type", extension, type),
                                         "write the extension without its dot: { wasm: application/wasm }");
  }
  while (options.root.size() > 1 && options.root.ends_with('/')) options.root.pop_back();
  return good;
}

std::unique_ptr<const Service> build(const Node& options, BuildContext& context) {
  auto read = FilesOptions::schema().read(options, Reading(context.diagnostics, context.path));
  if (!read) return {};
  return std::make_unique<Files>(std::move(*read), options.place());
}

}  // namespace

const Schema<FilesOptions>& FilesOptions::schema() {
  static const auto schema =
      Schema<FilesOptions>("files", "Serves files from a directory. Short: `files: /srv/www`.")
          .option("root", &FilesOptions::root,
                  {.doc = "The directory, as an absolute path; the request's path is looked for below it, and nothing "
                          "outside it is ever served, whatever links say.",
                   .example = "/srv/www",
                   .required = true,
                   .complaint = &complaint_about_root})
          .option("index", &FilesOptions::index,
                  {.doc = "The files that stand for a directory; the first that exists is served.",
                   .example = "[index.html, index.htm]"})
          .option("try", &FilesOptions::try_names,
                  {.doc = "Where to look, in this order: $path is what the request asks for, $path/ the same as a "
                          "directory only, $path.html with an ending, /index.html a file below the root.",
                   .example = "[$path, /index.html]"})
          .option(
              "precompressed", &FilesOptions::precompressed,
              {.doc = "Codings whose ready-made files (app.js.br, app.js.zst, app.js.gz) are served to clients that "
                      "accept them, when they are not older than the file itself; the first is preferred.",
               .example = "[br, zstd, gzip]"})
          .option("listing", &FilesOptions::listing,
                  {.doc = "Whether a directory without an index file is listed, as HTML or, by Accept, as JSON.",
                   .example = "true"})
          .option("dotfiles", &FilesOptions::dotfiles,
                  {.doc = "Whether names that begin with a dot are served; /.well-known always is.", .example = "true"})
          .option("cache_control", &FilesOptions::cache_control,
                  {.doc = "The cache-control field of what is served.",
                   .example = "\"public, max-age=3600\"",
                   .complaint = &complaint_about_value})
          .option("charset", &FilesOptions::charset,
                  {.doc = "What text/* is said to be written in; empty says nothing.",
                   .example = "iso-8859-1",
                   .complaint = &complaint_about_charset})
          .option(
              "types", &FilesOptions::types,
              {.doc = "Media types by extension, before the built-in table.", .example = "{ foo: application/x-foo }"})
          .option("default_type", &FilesOptions::default_type,
                  {.doc = "The media type of files whose extension nobody knows.",
                   .example = "text/plain",
                   .complaint = &complaint_about_value})
          .option("sendfile", &FilesOptions::sendfile,
                  {.doc = "Whether content that lies in the page cache is sent from there. Without it, a file that is "
                          "overwritten in place can never reach a client with both contents mixed.",
                   .example = "false"})
          .shorthand("root")
          .check(&check_files);
  return schema;
}

const ServiceKind& files_service() {
  static constexpr ServiceKind kind{.name = "files", .schema = &schema_of<FilesOptions>, .build = &build};
  return kind;
}

}  // namespace weir
