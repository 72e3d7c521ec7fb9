// Putting the location together, and what may stand in `to`.
#include "services/redirect/redirect.h"

#include <fmt/format.h>

#include "base/invariant.h"
#include "route/recorded_target.h"
#include "server/error_reply.h"

namespace weir {
namespace {

constexpr Error no_host = client_error(Code::missing_host);
constexpr Error not_in_map = client_error(Code::not_found);
constexpr Error no_location =
    gateway_error(Code::internal, "what the path's groups make of a redirect's target has no canonical form");
constexpr std::string_view https_word = "https";

}  // namespace

Redirect::Redirect(const RedirectOptions& options, RedirectTarget target,
                   std::vector<std::shared_ptr<const PathRegex>> regexes, Map map)
    : status_(options.status),
      keeps_query_(options.query == RedirectOptions::Query::keep),
      to_https_(options.to == https_word),
      has_target_(!options.to.empty()),
      target_(std::move(target)),
      regexes_(std::move(regexes)),
      map_(std::move(map)) {}

Result<Redirect::Verdict> Redirect::decide(const RequestHead& request, const RedirectMap* map, Arena& arena) const {
  if (map != nullptr) {
    if (const auto found = map->find(request)) {
      TRY(const std::string_view where, RedirectMap::location(*found, request, keeps_query_, arena));
      return Verdict{.where = where,
                     .status = found->status == 0 ? status_ : found->status,
                     .reason = name_of(found->how),
                     .line = found->line};
    }
    if (!has_target_) return fail(not_in_map);
  }
  TRY(const std::string_view where, location(request, arena));
  return Verdict{.where = where, .status = status_, .reason = "to"};
}

Result<std::string_view> Redirect::location(const RequestHead& request, Arena& arena) const {
  if (to_https_) {
    if (request.host.empty()) return fail(no_host);
    const bool adds_query = keeps_query_ && request.has_query;
    return https_location(request, adds_query ? "?" : "", adds_query ? request.query : std::string_view(), arena);
  }
  Captures captures{};
  if (target_.groups > 0) {
    const auto captured = capture(request.path);
    if (!captured) return fail(no_location);
    captures = *captured;
  }
  return target_.location(captures, request, keeps_query_, arena);
}

// The port was that of the unencrypted listener. A literal IPv6 address stands in brackets.
std::string_view Redirect::https_location(const RequestHead& request, std::string_view question, std::string_view query,
                                          Arena& arena) const {
  const bool bracketed = request.host.contains(':');
  const std::string_view path = request.path.starts_with('/') ? request.path : std::string_view("/");
  return arena.join("https://", bracketed ? "[" : "", request.host, bracketed ? "]" : "", path, question, query);
}

std::optional<Captures> Redirect::capture(std::string_view path) const {
  for (const auto& regex : regexes_) {
    if (auto captures = regex->capture(path, target_.groups)) return captures;
  }
  return {};
}

Reply Redirect::handle(Exchange& exchange) const {
  const RedirectMap* map = map_ == nullptr ? nullptr : &map_->on(exchange.shard);
  const Result<Verdict> verdict = decide(exchange.request, map, exchange.arena);
  if (map != nullptr) {
    exchange.record({.room = "redirect",
                     .verdict = verdict ? "redirected" : "not_found",
                     .subject = {},
                     .reason = verdict ? verdict->reason : name_of(verdict.error().code),
                     .place = verdict ? map_->line(verdict->line) : Place{},
                     .facts = exchange.keeps_facts() ? pack_target(exchange.request, map, exchange.arena) : ""});
  }
  if (!verdict) co_return fail(verdict.error());
  Answer answer(exchange.arena);
  answer.head.status = verdict->status;
  answer.head.fields.append(FieldName::location, verdict->where);
  answer.head.framing = {.kind = Framing::Kind::length, .length = 0};
  co_return answer;
}

Effect Redirect::rehearse(ImaginedRequest& imagined) const {
  const std::shared_ptr<const RedirectMap> map = map_ == nullptr ? nullptr : map_->latest();
  const auto verdict = decide(imagined.head, map.get(), imagined.head.fields.arena());
  if (!verdict) {
    std::string_view why = "fails: what the groups make is no canonical path";
    if (verdict.error().code == no_host.code) why = "refuses: a request without a host";
    if (verdict.error().code == not_in_map.code) why = "finds no entry in its map";
    return {.text = std::string(why), .answers = true, .status = status_of(verdict.error())};
  }
  std::string text = fmt::format("redirects to {} with {}", verdict->where, verdict->status);
  if (verdict->line != 0) text += fmt::format(" ({}:{})", map_->path(), verdict->line);
  return {.text = std::move(text), .answers = true, .status = verdict->status};
}

// ---- options ----

namespace {

bool check_redirect(const Node& node, const Reading& reading, RedirectOptions& options) {
  const Node* to = node.find("to");
  if (options.to.empty()) {
    if (!options.map.empty()) return true;
    return reading.error(node, "neither a target nor a map is given", "write to: /new or map: redirects.csv");
  }
  if (options.to == https_word) return true;
  const Node& written = to == nullptr ? node : *to;
  TargetComplaint complaint = complaint_about_target(options.to, written.shown());
  if (complaint.message.empty()) return true;
  const Reading at = to == nullptr ? reading : reading.member("to");
  return at.error(written, std::move(complaint.message), std::move(complaint.suggestion));
}

/// Whichever match a request came by, every group that the target asks for must be there.
bool check_groups(const Node& node, const Reading& reading, const RedirectTarget& target, const BuildContext& context) {
  if (target.groups == 0) return true;
  const std::string_view advice = "a target with $1 needs a path_regex with that group in every match of its route";
  if (context.path_regexes.empty()) return reading.error(node, "the route has no path_regex", std::string(advice));
  for (const auto& regex : context.path_regexes) {
    if (regex == nullptr) return reading.error(node, "a match of the route has no path_regex", std::string(advice));
    const std::string complaint = target.complaint_about(*regex);
    if (!complaint.empty()) return reading.error(node, fmt::format("{}: {}", node.shown(), complaint));
  }
  return true;
}

std::unique_ptr<const Service> build(const Node& options, BuildContext& context) {
  const Reading reading(context.diagnostics, context.path);
  const auto read = RedirectOptions::schema().read(options, reading);
  if (!read) return {};
  Redirect::Map map;
  if (!read->map.empty()) {
    map = watch_file(redirect_map_file, read->map, options.find("map")->place(), context.path + ".map", context);
    if (map == nullptr) return {};
  }
  const bool plain = read->to.empty() || read->to == https_word;
  if (plain) return std::make_unique<Redirect>(*read, RedirectTarget{}, context.path_regexes, std::move(map));
  auto target = RedirectTarget::parse(read->to);
  invariant(target.has_value(), "the schema has checked the target");
  const Node* to = options.find("to");
  const bool good = to == nullptr ? check_groups(options, reading, *target, context)
                                  : check_groups(*to, reading.member("to"), *target, context);
  if (!good) return {};
  return std::make_unique<Redirect>(*read, std::move(*target), context.path_regexes, std::move(map));
}

}  // namespace

const Schema<RedirectOptions>& RedirectOptions::schema() {
  static const auto schema =
      Schema<RedirectOptions>("redirect",
                              "Sends the client somewhere else. Short: `redirect: /new`, `redirect: https`.")
          .option(
              "to", &RedirectOptions::to,
              {.doc = "A path on the same server, an absolute http or https URL, or the word https for the same host "
                      "and path, encrypted (port 443). Behind the host, $1 to $9 are the groups of the route's "
                      "path_regex and $$ is a dollar sign.",
               .example = "/new"})
          .option("map", &RedirectOptions::map,
                  {.doc = "A file of addresses and targets, as many as you like: text, CSV or YAML, read again when it "
                          "changes. What it does not have goes to `to`, or is not found.",
                   .example = "redirects.csv"})
          .choice(
              "status", &RedirectOptions::status,
              {{"301", Status{301}},
               {"302", Status{302}},
               {"303", Status{303}},
               {"307", Status{307}},
               {"308", Status{308}}},
              {.doc = "301 and 308 are permanent, 302 and 307 are not; 307 and 308 keep the method, 303 makes it GET.",
               .example = "302"})
          .choice("query", &RedirectOptions::query,
                  {{"keep", RedirectOptions::Query::keep}, {"drop", RedirectOptions::Query::drop}},
                  {.doc = "Whether the request's query is put behind the target; a query the target has comes first.",
                   .example = "drop"})
          .shorthand("to")
          .check(&check_redirect);
  return schema;
}

const ServiceKind& redirect_service() {
  static constexpr ServiceKind kind{.name = "redirect", .schema = &schema_of<RedirectOptions>, .build = &build};
  return kind;
}

}  // namespace weir
