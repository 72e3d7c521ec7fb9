// Putting the location together, and what may stand in `to`.
#include "services/redirect/redirect.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/block_pool.h"
#include "base/invariant.h"
#include "http/characters.h"
#include "http/host.h"
#include "http/path.h"
#include "server/error_reply.h"

namespace weir {
namespace {

constexpr Error no_host = client_error(Code::missing_host);
constexpr Error no_location =
    gateway_error(Code::internal, "what the path's groups make of a redirect's target has no canonical form");
constexpr std::string_view https_word = "https";

/// What a path may hold and a query takes for a separator or a space.
std::string_view as_query_text(std::string_view captured, Arena& arena) {
  constexpr std::string_view separators = "&+;=";
  std::string text;
  for (const char c : captured) {
    if (separators.contains(c)) {
      text += fmt::format("%{:02X}", c);
    } else {
      text += c;
    }
  }
  return arena.copy(text);
}

Captures as_query_text(Captures captures, Arena& arena) {
  for (std::string_view& captured : captures) {
    if (captured.find_first_of("&+;=") != std::string_view::npos) captured = as_query_text(captured, arena);
  }
  return captures;
}

}  // namespace

std::expected<RedirectTarget, std::string> RedirectTarget::parse(std::string_view to) {
  const std::size_t scheme = to.find("://");
  const bool absolute = scheme != std::string_view::npos && !to.starts_with('/');
  const std::size_t path = absolute ? std::min(to.find_first_of("/?#", scheme + 3), to.size()) : 0;
  const std::size_t fragment = std::min(to.find('#', path), to.size());
  const std::size_t question = std::min(to.find('?', path), fragment);

  RedirectTarget target;
  target.origin = to.substr(0, path);
  target.has_query = question != fragment;
  const std::string_view query = target.has_query ? to.substr(question + 1, fragment - question - 1) : "";
  for (const auto& [part, text] : {std::pair(&target.path, to.substr(path, question - path)),
                                   std::pair(&target.query, query), std::pair(&target.fragment, to.substr(fragment))}) {
    auto made = PathTemplate::parse(text);
    if (!made) return std::unexpected(std::move(made.error()));
    *part = std::move(*made);
    target.groups = std::max(target.groups, part->groups());
  }
  return target;
}

Redirect::Redirect(const RedirectOptions& options, RedirectTarget target,
                   std::vector<std::shared_ptr<const PathRegex>> regexes)
    : status_(options.status),
      keeps_query_(options.query == RedirectOptions::Query::keep),
      to_https_(options.to == https_word),
      target_(std::move(target)),
      regexes_(std::move(regexes)) {}

Result<std::string_view> Redirect::location(const RequestHead& request, Arena& arena) const {
  const bool adds_query = keeps_query_ && request.has_query;
  const std::string_view added = adds_query ? request.query : std::string_view();
  if (to_https_) {
    if (request.host.empty()) return fail(no_host);
    return https_location(request, adds_query ? "?" : "", added, arena);
  }
  Captures captures{};
  if (target_.groups > 0) {
    const auto captured = capture(request.path);
    if (!captured) return fail(no_location);
    captures = *captured;
  }
  std::string_view path = target_.path.fill(captures, arena);
  if (target_.path.groups() > 0) {
    const auto canonical = canonical_path(path, arena);
    if (!canonical) return fail(no_location);
    path = *canonical;
  }
  const std::string_view query = target_.query.fill(as_query_text(captures, arena), arena);
  const std::string_view question = target_.has_query ? "?" : "";
  const std::string_view joint = !adds_query ? "" : target_.has_query ? "&" : "?";
  return arena.join(target_.origin, path, question, query, joint, added, target_.fragment.fill(captures, arena));
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
  CO_TRY(const std::string_view where, location(exchange.request, exchange.arena));
  Answer answer(exchange.arena);
  answer.head.status = status_;
  answer.head.fields.append(FieldName::location, where);
  answer.head.framing = {.kind = Framing::Kind::length, .length = 0};
  co_return answer;
}

Effect Redirect::rehearse(ImaginedRequest& imagined) const {
  const auto where = location(imagined.head, imagined.head.fields.arena());
  if (!where) {
    const bool hostless = where.error().code == no_host.code;
    return {.text = hostless ? "refuses: a request without a host" : "fails: what the groups make is no canonical path",
            .answers = true,
            .status = status_of(where.error())};
  }
  return {.text = fmt::format("redirects to {} with {}", *where, status_), .answers = true, .status = status_};
}

// ---- options ----

namespace {

bool is_location_character(char c) {
  return characters::is_visible(c) && c != '\\' && c != '"' && c != '<' && c != '>';
}

/// What stands behind "http://" or "https://" up to the path; nothing for other texts.
std::optional<std::string_view> authority_in(std::string_view to) {
  for (const std::string_view scheme : {"https://", "http://"}) {
    if (!to.starts_with(scheme)) continue;
    to.remove_prefix(scheme.size());
    return to.substr(0, std::min(to.find_first_of("/?#"), to.size()));
  }
  return {};
}

bool check_target(const Node& node, const Reading& reading, std::string_view to) {
  if (to == https_word) return true;
  const auto bad = std::ranges::find_if_not(to, &is_location_character);
  if (bad != to.end()) {
    return reading.error(node, fmt::format("{} holds a character that no URL has", node.shown()), "percent-encode it");
  }
  if (const auto target = RedirectTarget::parse(to); !target) {
    return reading.error(node, fmt::format("{}: {}", node.shown(), target.error()));
  }
  if (to.starts_with("//")) {
    return reading.error(node, fmt::format("{} begins with two slashes, which browsers take for a host", node.shown()),
                         fmt::format("write https:{} or one slash", to));
  }
  if (to.starts_with('/')) return true;
  const auto authority = authority_in(to);
  if (!authority) {
    return reading.error(node, fmt::format("{} is neither a path nor an absolute URL", node.shown()),
                         "write /new, https://example.com/new, or https");
  }
  if (authority->contains('$')) {
    return reading.error(node, fmt::format("{} would let a request choose the host", node.shown()),
                         "put groups behind the host and a slash");
  }
  BlockPool pool(1);
  Arena arena(pool);
  if (parse_authority(*authority, arena)) return true;
  return reading.error(node, fmt::format("\"{}\" is no host name or address", *authority));
}

bool check_redirect(const Node& node, const Reading& reading, RedirectOptions& options) {
  const Node* to = node.find("to");
  return to == nullptr ? check_target(node, reading, options.to) : check_target(*to, reading.member("to"), options.to);
}

/// Whichever match a request came by, every group that the target asks for must be there.
bool check_groups(const Node& node, const Reading& reading, const RedirectTarget& target, const BuildContext& context) {
  if (target.groups == 0) return true;
  const std::string_view advice = "a target with $1 needs a path_regex with that group in every match of its route";
  if (context.path_regexes.empty()) return reading.error(node, "the route has no path_regex", std::string(advice));
  for (const auto& regex : context.path_regexes) {
    if (regex == nullptr) return reading.error(node, "a match of the route has no path_regex", std::string(advice));
    for (const PathTemplate* part : {&target.path, &target.query, &target.fragment}) {
      const std::string complaint = part->complaint_about(*regex);
      if (!complaint.empty()) return reading.error(node, fmt::format("{}: {}", node.shown(), complaint));
    }
  }
  return true;
}

std::unique_ptr<const Service> build(const Node& options, BuildContext& context) {
  const Reading reading(context.diagnostics, context.path);
  const auto read = RedirectOptions::schema().read(options, reading);
  if (!read) return {};
  if (read->to == https_word) return std::make_unique<Redirect>(*read);
  auto target = RedirectTarget::parse(read->to);
  invariant(target.has_value(), "the schema has checked the target");
  const Node* to = options.find("to");
  const bool good = to == nullptr ? check_groups(options, reading, *target, context)
                                  : check_groups(*to, reading.member("to"), *target, context);
  if (!good) return {};
  return std::make_unique<Redirect>(*read, std::move(*target), context.path_regexes);
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
               .example = "/new",
               .required = true})
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
