// How `fastcgi:` is written.
#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "contracts/schema.h"
#include "services/fastcgi/fastcgi.h"
#include "upstream/cluster.h"

namespace weir {
namespace {

bool is_absolute_path(std::string_view path) {
  return path.starts_with('/') && !path.contains("/../") && !path.ends_with("/..") && !path.contains("//");
}

std::string root_complaint(const std::string& root) {
  if (is_absolute_path(root) && (root.size() == 1 || !root.ends_with('/'))) return {};
  return "is not a path from the root without a slash at its end; write /srv/blog";
}

std::string front_controller_complaint(const std::string& script) {
  return is_absolute_path(script) && script.size() > 1 ? "" : "is not a script's path below the root; write /index.php";
}

std::string index_complaint(const std::string& index) {
  return index.contains('/') ? "is a path and not a file's name; write index.php" : "";
}

/// It is looked for in paths, where these characters stand for themselves.
std::string split_complaint(const std::string& split) {
  const auto plain = [](char c) { return text::is_alpha(c) || text::is_digit(c) || c == '.' || c == '_' || c == '-'; };
  if (split.size() > 1 && split.starts_with('.') && std::ranges::all_of(split, plain)) return {};
  return "is not the end of a file's name; write .php";
}

bool is_variable_name(std::string_view name) {
  const auto plain = [](char c) { return (c >= 'A' && c <= 'Z') || text::is_digit(c) || c == '_'; };
  return !name.empty() && !text::is_digit(name.front()) && std::ranges::all_of(name, plain);
}

bool read_params(const Node& node, const Reading& reading, FastcgiOptions& options) {
  if (!option::want_map(node, reading, "variables and their values")) return false;
  bool good = true;
  for (const Node::Member& member : node.members()) {
    const Reading at = reading.member(member.name);
    ConfiguredVariable variable{.name = member.name, .value = {}};
    if (!is_variable_name(member.name)) {
      good = at.error(member.value, fmt::format("\"{}\" is no name of a variable", member.name),
                      "write capital letters, digits and _");
    } else if (member.name == "CONTENT_LENGTH" || member.name == "REQUEST_METHOD") {
      good = at.error(member.value, fmt::format("{} is what the request says, and nothing else", member.name));
    } else {
      good = option::read_text(member.value, at, variable.value) && good;
    }
    options.params.push_back(std::move(variable));
  }
  return good;
}

bool check_front_controller(const Node& node, const Reading& reading, FastcgiOptions& options) {
  if (!options.root.empty() || options.front_controller.empty()) return true;
  return reading.error(node, "a front controller is a script below a root", "write root: /srv/blog");
}

std::unique_ptr<const Service> build(const Node& node, BuildContext& context) {
  const Reading reading(context.diagnostics, context.path);
  auto options = FastcgiOptions::schema().read(node, reading);
  if (!options) return {};
  std::shared_ptr<const Cluster> cluster = context.fastcgi_cluster(options->to);
  if (cluster == nullptr) return {};
  return std::make_unique<Fastcgi>(std::move(cluster), std::move(*options));
}

}  // namespace

const Schema<FastcgiOptions>& FastcgiOptions::schema() {
  static const auto schema =
      Schema<FastcgiOptions>("fastcgi",
                             "Has the request answered by a FastCGI application: php-fpm and others. Short: "
                             "`fastcgi: app`, for one that has no scripts.")
          .option("to", &FastcgiOptions::to,
                  {.doc = "An upstream with `protocol: fastcgi`, or unix:/path, or fastcgi://host:port.",
                   .example = "php",
                   .required = true})
          .option("root", &FastcgiOptions::root,
                  {.doc = "The folder of the scripts, as the application sees it. Without it the application has no "
                          "scripts and gets the whole path as PATH_INFO.",
                   .example = "/srv/blog",
                   .complaint = root_complaint})
          .option(
              "index", &FastcgiOptions::index,
              {.doc = "The script of a folder; empty for none.", .example = "index.php", .complaint = index_complaint})
          .option("split", &FastcgiOptions::split,
                  {.doc = "How a segment of the path ends that names a script; what follows is PATH_INFO.",
                   .example = ".php",
                   .complaint = split_complaint})
          .option("front_controller", &FastcgiOptions::front_controller,
                  {.doc = "The script for every path that names none.",
                   .example = "/index.php",
                   .complaint = front_controller_complaint})
          .option(
              "check_scripts", &FastcgiOptions::check_scripts,
              {.doc = "Whether only scripts are run that Weir finds below the root. false where it cannot look: the "
                      "application is on another machine."})
          .bytes("hold", &FastcgiOptions::hold,
                 {.doc = "How much content without Content-Length is held until its length is known. Beyond: 411.",
                  .example = "64KiB",
                  .maximum = limits::held_content_bytes_max})
          .custom("params", "map of text", read_params,
                  {.doc = "Variables for the application, in place of those it would be told.",
                   .example = "{ APP_ENV: production }"})
          .shorthand("to")
          .check(&check_front_controller);
  return schema;
}

const ServiceKind& fastcgi_service() {
  static constexpr ServiceKind kind{.name = "fastcgi", .schema = &schema_of<FastcgiOptions>, .build = &build};
  return kind;
}

}  // namespace weir
