// Putting the location together, and what may stand in `to`.
#include "services/redirect/redirect.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/block_pool.h"
#include "base/text.h"
#include "http/characters.h"
#include "http/host.h"
#include "server/error_reply.h"

namespace weir {
namespace {

constexpr Error no_host = client_error(Code::missing_host);
constexpr std::string_view https_word = "https";

}  // namespace

Redirect::Redirect(RedirectOptions options) : options_(std::move(options)), to_https_(options_.to == https_word) {
  const std::string_view to = options_.to;
  const std::size_t fragment = std::min(to.find('#'), to.size());
  before_fragment_ = to.substr(0, fragment);
  fragment_ = to.substr(fragment);
  has_query_ = before_fragment_.contains('?');
}

std::string_view Redirect::location(const RequestHead& request, Arena& arena) const {
  const bool keeps_query = options_.query == RedirectOptions::Query::keep && request.has_query;
  const std::string_view question = !keeps_query ? "" : has_query_ ? "&" : "?";
  const std::string_view query = keeps_query ? request.query : std::string_view();
  if (!to_https_) {
    if (!keeps_query) return options_.to;
    return arena.join(before_fragment_, question, query, fragment_);
  }
  if (request.host.empty()) return {};
  // The port was that of the unencrypted listener. A literal IPv6 address stands in brackets.
  const bool bracketed = request.host.contains(':');
  const std::string_view path = request.path.starts_with('/') ? request.path : std::string_view("/");
  return arena.join("https://", bracketed ? "[" : "", request.host, bracketed ? "]" : "", path, question, query);
}

Reply Redirect::handle(Exchange& exchange) const {
  const std::string_view where = location(exchange.request, exchange.arena);
  if (where.empty()) co_return fail(no_host);
  Answer answer(exchange.arena);
  answer.head.status = options_.status;
  answer.head.fields.append(FieldName::location, where);
  answer.head.framing = {.kind = Framing::Kind::length, .length = 0};
  co_return answer;
}

Effect Redirect::rehearse(ImaginedRequest& imagined) const {
  const std::string_view where = location(imagined.head, imagined.head.fields.arena());
  if (where.empty())
    return {.text = "refuses: a request without a host", .answers = true, .status = status_of(no_host)};
  return {.text = fmt::format("redirects to {} with {}", where, options_.status),
          .answers = true,
          .status = options_.status};
}

// ---- options ----

namespace {

bool is_location_character(char c) {
  return characters::is_visible(c) && c != '\\' && c != '"' && c != '<' && c != '>';
}

bool has_group(std::string_view to) {
  for (std::size_t at = 0; at + 1 < to.size(); ++at) {
    if (to[at] == '$' && text::is_digit(to[at + 1])) return true;
  }
  return false;
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
  if (has_group(to)) {
    return reading.error(node, fmt::format("{}: groups of a route's path_regex cannot be used here", node.shown()),
                         "write a fixed target");
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
  BlockPool pool(1);
  Arena arena(pool);
  if (parse_authority(*authority, arena)) return true;
  return reading.error(node, fmt::format("\"{}\" is no host name or address", *authority));
}

bool check_redirect(const Node& node, const Reading& reading, RedirectOptions& options) {
  const Node* to = node.find("to");
  return to == nullptr ? check_target(node, reading, options.to) : check_target(*to, reading.member("to"), options.to);
}

std::unique_ptr<const Service> build(const Node& options, BuildContext& context) {
  auto read = RedirectOptions::schema().read(options, Reading(context.diagnostics, context.path));
  if (!read) return {};
  return std::make_unique<Redirect>(std::move(*read));
}

}  // namespace

const Schema<RedirectOptions>& RedirectOptions::schema() {
  static const auto schema =
      Schema<RedirectOptions>("redirect",
                              "Sends the client somewhere else. Short: `redirect: /new`, `redirect: https`.")
          .option(
              "to", &RedirectOptions::to,
              {.doc = "A path on the same server, an absolute http or https URL, or the word https for the same host "
                      "and path, encrypted (port 443).",
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
  static constexpr ServiceKind kind{.name = "redirect", .doc = "Sends the client to another URL.", .build = &build};
  return kind;
}

}  // namespace weir
