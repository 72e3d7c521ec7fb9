// The steps in their order, and what is checked of their result.
#include "filters/rewrite/rewrite.h"

#include <fmt/format.h>

#include "http/host.h"
#include "http/path.h"
#include "route/match.h"
#include "server/error_reply.h"

namespace weir {
namespace {

constexpr Error no_path = gateway_error(Code::internal, "a rewrite rule made a path that has no canonical form");

Reply fail_with(Error error) {
  co_return fail(error);
}

/// The path below the prefix, by whole segments; the path itself when it is not below.
std::string_view without_prefix(std::string_view path, std::string_view prefix) {
  if (prefix.empty() || !path.starts_with(prefix)) return path;
  const std::string_view rest = path.substr(prefix.size());
  if (rest.empty()) return "/";
  return rest.front() == '/' ? rest : path;
}

/// "." or "..", also in escapes.
bool is_dot_segment(std::string_view segment) {
  unsigned dots = 0;
  while (!segment.empty()) {
    const bool escaped = segment.starts_with("%2e") || segment.starts_with("%2E");
    if (!escaped && segment.front() != '.') return false;
    segment.remove_prefix(escaped ? 3 : 1);
    ++dots;
  }
  return dots == 1 || dots == 2;
}

bool has_dot_segment(std::string_view path) {
  while (!path.empty()) {
    path.remove_prefix(1);  // the slash
    const std::size_t end = std::min(path.find('/'), path.size());
    if (is_dot_segment(path.substr(0, end))) return true;
    path.remove_prefix(end);
  }
  return false;
}

}  // namespace

RewriteVerdict Rewrite::decide(std::string_view path, Arena& arena) const {
  if (!path.starts_with('/')) return {path, "path_unchanged"};
  std::string_view made = without_prefix(path, strip_prefix_);
  if (!add_prefix_.empty()) made = arena.join(add_prefix_, made);
  if (replacement_) made = replacement_->apply(made, arena).value_or(made);
  if (made == path) return {path, "path_unchanged"};
  if (!made.starts_with('/') || has_dot_segment(made)) return {path, "not_canonical", false};
  const Result<std::string_view> canonical = canonical_path(made, arena);
  if (!canonical) return {path, "not_canonical", false};
  return {*canonical, "path_rewritten"};
}

void Rewrite::apply(RequestHead& request, const RewriteVerdict& verdict) const {
  request.path = verdict.path;
  if (authority_.empty()) return;
  // Copies: a tunnel gives the configuration up while the exchange still has its head.
  // What the client asked for stays known: X-Forwarded-Host tells it.
  if (!request.fields.has(FieldName::host)) request.fields.append(FieldName::host, request.authority);
  request.authority = request.fields.arena().copy(authority_);
  request.host = request.fields.arena().copy(host_);
}

Reply Rewrite::handle(Exchange& exchange, Next next) const {
  const RewriteVerdict verdict = decide(exchange.request.path, exchange.arena);
  exchange.record({.room = "rewrite",
                   .verdict = verdict.good ? "applied" : "failed",
                   .subject = verdict.path,
                   .reason = verdict.reason,
                   .place = place_,
                   .facts = exchange.keeps_facts() ? exchange.request.path : std::string_view()});
  if (!verdict.good) return fail_with(no_path);
  apply(exchange.request, verdict);
  return std::move(next)(exchange);
}

Effect Rewrite::rehearse(ImaginedRequest& imagined) const {
  const RewriteVerdict verdict = decide(imagined.head.path, imagined.head.fields.arena());
  if (!verdict.good) {
    return {.text = fmt::format("fails: what the rule makes of {} is no canonical path", verdict.path),
            .answers = true,
            .status = status_of(no_path)};
  }
  std::string text = verdict.path == imagined.head.path
                         ? fmt::format("leaves the path {}", verdict.path)
                         : fmt::format("rewrites the path {} to {}", imagined.head.path, verdict.path);
  apply(imagined.head, verdict);
  if (!authority_.empty()) text += fmt::format("; asks for host {}", authority_);
  return {.text = std::move(text)};
}

// ---- options ----

Rewrite::Rewrite(const RewriteOptions& options, std::optional<Replacement> replacement, Place place)
    : strip_prefix_(options.strip_prefix),
      add_prefix_(options.add_prefix),
      replacement_(std::move(replacement)),
      place_(place) {
  if (options.host.empty()) return;
  BlockPool pool(1);
  Arena arena(pool);
  const Result<Authority> authority = parse_authority(options.host, arena);
  invariant(authority.has_value(), "the schema has checked the host");
  authority_ = authority->text;
  host_ = authority->host;
}

namespace {

/// A prefix is a path as requests have it, without a slash at its end.
bool check_prefix(const Node& node, const Reading& reading, std::string_view name) {
  const Node* value = node.find(name);
  if (value == nullptr) return true;
  const Reading at = reading.member(name);
  const std::string& prefix = value->text();
  if (prefix.ends_with('/')) {
    const std::size_t end = prefix.find_last_not_of('/');
    if (end == std::string::npos)
      return at.error(*value, "\"/\" in front of every path changes nothing", "leave it out");
    return at.error(*value, fmt::format("{} ends in a slash", value->shown()),
                    fmt::format("write {}; it stands for whole segments", prefix.substr(0, end + 1)));
  }
  const auto pattern = PathPattern::parse(prefix);
  if (!pattern) return at.error(*value, fmt::format("{}: {}", value->shown(), text_of(pattern.error())));
  if (pattern->kind == PathPattern::Kind::exact) return true;
  return at.error(*value, fmt::format("{} holds a star", value->shown()),
                  "leave it out; a prefix stands for all below it");
}

bool check_host(const Node& node, const Reading& reading) {
  const Node* host = node.find("host");
  if (host == nullptr) return true;
  BlockPool pool(1);
  Arena arena(pool);
  if (parse_authority(host->text(), arena)) return true;
  return reading.member("host").error(*host, fmt::format("{} is no host name or address", host->shown()),
                                      "write a host such as app.internal or app.internal:8080");
}

bool check_rules(const Node& node, const Reading& reading, RewriteOptions&) {
  bool good = check_prefix(node, reading, "strip_prefix");
  good = check_prefix(node, reading, "add_prefix") && good;
  good = check_host(node, reading) && good;
  if (node.members().empty()) {
    good = reading.error(node, "nothing to rewrite", "write strip_prefix, add_prefix, replace or host");
  }
  return good;
}

bool check_replacement(const Node& node, const Reading& reading, ReplaceOptions& options) {
  const auto replacement = Replacement::parse(options.pattern, options.to);
  return replacement ? true : reading.error(node, replacement.error());
}

std::unique_ptr<const Filter> build(const Node& options, BuildContext& context) {
  const auto read = RewriteOptions::schema().read(options, Reading(context.diagnostics, context.path));
  if (!read) return {};
  std::optional<Replacement> replacement;
  if (options.find("replace") != nullptr) {
    auto parsed = Replacement::parse(read->replace.pattern, read->replace.to);
    invariant(parsed.has_value(), "the schema has checked the replacement");
    replacement = std::move(*parsed);
  }
  return std::make_unique<Rewrite>(*read, std::move(replacement), options.place());
}

}  // namespace

const Schema<ReplaceOptions>& ReplaceOptions::schema() {
  static const auto schema =
      Schema<ReplaceOptions>("replace", "Replaces the first match of a regular expression in the path.")
          .option("pattern", &ReplaceOptions::pattern,
                  {.doc = "RE2 syntax; it floats unless it begins with ^ and ends with $.",
                   .example = "\"^/p/([0-9]+)$\"",
                   .required = true})
          .option("to", &ReplaceOptions::to,
                  {.doc = "What takes the match's place: $1 to $9 are the groups, $$ is a dollar sign.",
                   .example = "/products/$1",
                   .required = true})
          .check(&check_replacement);
  return schema;
}

const Schema<RewriteOptions>& RewriteOptions::schema() {
  static const auto schema =
      Schema<RewriteOptions>(
          "rewrite",
          "Changes path and host of a request after it was routed, in the order of these options; the "
          "query stays. A result that is no canonical path is answered with 500.")
          .option(
              "strip_prefix", &RewriteOptions::strip_prefix,
              {.doc = "Whole segments taken away from the front of the path, when they are there: /cart/1 becomes /1 "
                      "and /cart becomes /.",
               .example = "/cart"})
          .option("add_prefix", &RewriteOptions::add_prefix,
                  {.doc = "Whole segments put in front of the path: /1 becomes /v1/1.", .example = "/v1"})
          .option("replace", &RewriteOptions::replace,
                  {.doc = "Replaces the first match of a regular expression in the path.",
                   .example = "{ pattern: \"^/p/([0-9]+)$\", to: /products/$1 }"})
          .option("host", &RewriteOptions::host,
                  {.doc = "The host, with port if it needs one, that the upstream is asked for.",
                   .example = "app.internal:8080"})
          .check(&check_rules);
  return schema;
}

const FilterKind& rewrite_filter() {
  static constexpr FilterKind kind{.name = "rewrite", .schema = &schema_of<RewriteOptions>, .build = &build};
  return kind;
}

}  // namespace weir
