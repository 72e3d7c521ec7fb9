// From question to explanation: the path of server/serve.cc, walked without a connection.
#include "app/explain.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "base/block_pool.h"
#include "base/text.h"
#include "contracts/diagnostics.h"
#include "http/characters.h"
#include "http/forwarded.h"
#include "protocols/h1/head_parser.h"
#include "server/error_reply.h"
#include "server/serve.h"

namespace weir {
namespace {

/// What a client would write for a URL: into the request line, and into Host.
struct Written {
  std::string_view target;
  std::string_view host;  ///< empty: as the fields say
};

Result<Written> write_absolute(std::string_view url, std::size_t scheme_end, Arena& arena) {
  const std::string_view scheme = url.substr(0, scheme_end);
  if (!text::equal_ignoring_case(scheme, "http") && !text::equal_ignoring_case(scheme, "https")) {
    return fail(client_error(Code::bad_target, "the scheme is neither http nor https"));
  }
  url.remove_prefix(scheme_end + 3);
  const std::size_t end = std::min(url.find_first_of("/?"), url.size());
  const std::string_view host = url.substr(0, end);
  if (host.empty()) return fail(client_error(Code::bad_host));
  const std::string_view target = url.substr(end);
  if (target.starts_with('/')) return Written{.target = target, .host = host};
  return Written{.target = arena.copy("/" + std::string(target)), .host = host};
}

/// \errors  what people type into a URL and no client into a request line
Result<Written> write_target(const ExplainQuestion& question, Arena& arena) {
  const std::string_view url = question.url;
  if (url.find('#') != std::string_view::npos) {
    return fail(client_error(Code::bad_target, "a fragment (#...) is never sent to a server"));
  }
  if (url.find_first_of("\r\n") != std::string_view::npos) return fail(client_error(Code::bad_target));
  if (method_of(question.method) == Method::connect) {
    if (url.find('/') == std::string_view::npos) return Written{.target = url, .host = url};
    return fail(client_error(Code::bad_target, "CONNECT asks for host:port"));
  }
  const std::size_t scheme = url.find("://");
  if (scheme != std::string_view::npos && url.substr(0, scheme).find_first_of("/?") == std::string_view::npos) {
    return write_absolute(url, scheme, arena);
  }
  if (!url.starts_with('/') && url != "*") {
    return fail(client_error(Code::bad_target, "write http://host/path, or /path with -H 'host: ...'"));
  }
  return Written{.target = url, .host = {}};
}

/// The head as a client would send it, and as the codec reads it. \returns  the codec's refusal
Result<void> read_head(const ExplainQuestion& question, const Limits& limits, RequestHead& head, Arena& arena) {
  if (!characters::is_token(question.method)) return fail(client_error(Code::bad_method));
  TRY(const Written written, write_target(question, arena));
  std::string sent = fmt::format("{} {} HTTP/1.1\r\n", question.method, written.target);
  if (!written.host.empty()) sent += fmt::format("host: {}\r\n", written.host);
  for (const auto& [name, value] : question.fields) {
    if ((name + value).find_first_of("\r\n") != std::string::npos) return fail(client_error(Code::bad_field_value));
    if (!written.host.empty() && text::equal_ignoring_case(name, "host")) continue;
    sent += fmt::format("{}: {}\r\n", name, value);
  }
  sent += "\r\n";
  const std::span<char> bytes = arena.make_array<char>(sent.size());
  std::ranges::copy(sent, bytes.begin());
  TRY_VOID(h1::parse_request_head(bytes, limits, head));
  const bool asterisk = head.target == "*" && head.method != Method::options;
  if (const Result<void> meant = h1::interpret(head, limits, arena); !meant) {
    const bool unexplained = asterisk && meant.error().code == Code::bad_target;
    return fail(unexplained ? client_error(Code::bad_target, "only OPTIONS asks for *") : meant.error());
  }
  return {};
}

std::string_view scheme_of(std::string_view url) {
  return text::equal_ignoring_case(url.substr(0, url.find(':')), "https") ? "https" : "http";
}

std::string path_of(std::string_view target) {
  const std::size_t scheme = target.find("://");
  if (scheme != std::string_view::npos) {
    const std::size_t begin = target.find_first_of("/?", scheme + 3);
    target = begin == std::string_view::npos ? std::string_view("/") : target.substr(begin);
  }
  const std::string_view path = target.substr(0, target.find('?'));
  return std::string(path.empty() ? std::string_view("/") : path);
}

class Explaining {
 public:
  Explaining(const Gateway& gateway, const ExplainQuestion& question, std::span<const std::string> listener_names)
      : gateway_(gateway), question_(question), listener_names_(listener_names), head_(arena_) {}

  Explanation run() {
    out_.method = question_.method;
    const bool for_tunnel = method_of(question_.method) == Method::connect;
    if (!for_tunnel) out_.path_as_written = path_of(question_.url);
    out_.peer = question_.from.text();
    client_ = {.address = question_.from, .peer = question_.from};
    if (!choose_listener()) return std::move(out_);
    const Result<void> read = read_head(question_, gateway_.limits, head_, arena_);
    out_.host = head_.authority;
    if (for_tunnel && !read && out_.host.empty()) out_.path_as_written = question_.url;
    if (!read) return refused(read.error());
    out_.path = head_.path;
    out_.query = head_.query;
    find_client_address();
    if (gateway_.forwarded.via && has_passed(head_.fields, gateway_.forwarded.pseudonym)) {
      return refused(client_error(Code::loop_detected));
    }
    const RouteExplanation explained = gateway_.router.explain(route_facts(head_, client_, listener_));
    list_losers(explained);
    if (for_tunnel && !(explained.decision.matched() && gateway_.routes[explained.decision.route]->opens_tunnels)) {
      return refused(client_error(Code::method_not_supported));
    }
    if (!explained.decision.matched()) return refused(client_error(Code::no_route));
    take_route(explained.decision);
    return std::move(out_);
  }

 private:
  bool choose_listener() {
    if (question_.listener.empty()) return take_fitting_listener();
    const auto found = std::ranges::find(listener_names_, question_.listener);
    out_.listener = question_.listener;
    if (found == listener_names_.end()) return no_listener(unknown_listener());
    listener_ = static_cast<std::uint16_t>(found - listener_names_.begin());
    return gateway_.raw_listener_of(listener_) == nullptr ||
           no_listener("listener " + question_.listener + " passes raw streams on: requests are not read there");
  }

  [[nodiscard]] std::string unknown_listener() const {
    const std::string advice = did_you_mean(question_.listener, {listener_names_.begin(), listener_names_.end()});
    return fmt::format("no listener is called {}{}{}", question_.listener, advice.empty() ? "" : "; ", advice);
  }

  bool no_listener(std::string sentence) {
    out_.refused = true;
    out_.refusal = name_of(Code::not_found);
    out_.sentence = std::move(sentence);
    return false;
  }

  /// The first that reads requests, or of these the first that speaks TLS or not as the URL says.
  bool take_fitting_listener() {
    if (listener_names_.empty()) return true;
    const bool says_scheme = question_.url.contains("://");
    const bool secured = scheme_of(question_.url) == "https";
    std::optional<std::uint16_t> first;
    for (std::size_t at = 0; at < listener_names_.size(); ++at) {
      const auto number = static_cast<std::uint16_t>(at);
      if (gateway_.raw_listener_of(number) != nullptr) continue;
      if (!first) first = number;
      if (!says_scheme || (gateway_.certificates_of(number) != nullptr) != secured) continue;
      first = number;
      break;
    }
    if (!first) return no_listener("all listeners pass raw streams on: requests are read nowhere");
    listener_ = *first;
    out_.listener = listener_names_[listener_];
    return true;
  }

  void find_client_address() {
    const bool trusted = contains(gateway_.trusted_proxies, client_.peer);
    if (trusted) client_.address = find_client(client_.peer, trusted, head_.fields, gateway_.trusted_proxies);
    out_.client = client_.address.text();
  }

  Explanation refused(const Error& error) {
    out_.refused = true;
    out_.refusal = name_of(error.code);
    out_.sentence = sentence_of(error.code);
    if (error.text != nullptr) out_.sentence += std::string(": ") + error.text;
    out_.status = status_of(error);
    return std::move(out_);
  }

  void list_losers(const RouteExplanation& explained) {
    for (const Loser& loser : explained.losers) {
      out_.losers.push_back({.route = gateway_.routes[loser.route]->name,
                             .place = loser.place.known() ? loser.place : gateway_.routes[loser.route]->place,
                             .reason = std::string(name_of(loser.reason)),
                             .wanted = loser.reason == LostBy::listener ? listener_texts(loser.wanted) : loser.wanted});
    }
  }

  /// The router knows listeners by their ids: "0, 2".
  [[nodiscard]] std::string listener_texts(std::string_view ids) const {
    std::string names;
    text::for_each_member(ids, [&](std::string_view id) {
      const auto number = text::parse_decimal(id);
      if (!names.empty()) names += ", ";
      names += number && *number < listener_names_.size() ? std::string_view(listener_names_[*number]) : id;
    });
    return names;
  }

  void take_route(const RouteDecision& decision) {
    const Route& route = *gateway_.routes[decision.route];
    out_.matched = true;
    out_.route = route.name;
    out_.place = route.place;
    out_.match_place = decision.place;
    if (!head_.upgrade.empty()) {
      out_.upgrade = std::string(head_.upgrade) +
                     (route.allows_upgrade(head_.upgrade) ? ": the route allows it" : ": the route does not allow it");
    } else if (std::ranges::any_of(question_.fields, [](const auto& field) {
                 return text::equal_ignoring_case(field.first, text_of(FieldName::upgrade));
               })) {
      out_.upgrade = "none: whoever wants one sends Connection: upgrade, too, and no content";
    }
    ImaginedRequest imagined{.head = head_, .client = client_, .scheme = scheme_of(question_.url), .route = route.name};
    bool answered = false;
    Upstreams upstreams;
    for (std::size_t at = 0; at < route.filters.size(); ++at) {
      out_.filters.push_back(rehearse(*route.filters[at], route.filter_names[at], imagined, answered, upstreams));
    }
    out_.service = rehearse(*route.service, route.service_name, imagined, answered, upstreams);
    const SelectorFacts facts = selector_facts(imagined);
    for (auto& upstream : upstreams) {
      out_.upstreams.push_back(imagined_at(std::move(upstream), facts, question_.now, arena_));
    }
  }

  using Upstreams = std::vector<std::shared_ptr<const Cluster>>;
  template <typename Plugin>
  static ExplainedStep rehearse(const Plugin& plugin, const std::string& name, ImaginedRequest& imagined,
                                bool& answered, Upstreams& upstreams) {
    if (answered) return {.name = name, .effect = {}, .runs = false};
    Effect effect = plugin.rehearse(imagined);
    answered = effect.answers;
    upstreams = std::move(effect.upstreams);
    return {.name = name,
            .effect = std::move(effect.text),
            .runs = true,
            .answers = effect.answers,
            .status = effect.status};
  }

  const Gateway& gateway_;
  const ExplainQuestion& question_;
  std::span<const std::string> listener_names_;
  BlockPool blocks_;
  Arena arena_{blocks_};
  RequestHead head_;
  ClientAddress client_;
  std::uint16_t listener_ = 0;
  Explanation out_;
};

}  // namespace

Explanation explain(const Gateway& gateway, const ExplainQuestion& question,
                    std::span<const std::string> listener_names) {
  return Explaining(gateway, question, listener_names).run();
}

void foresee(Explanation& explanation, std::span<const Lineup> lineups) {
  for (std::size_t at = 0; at < explanation.upstreams.size(); ++at) foresee(explanation.upstreams[at], lineups[at]);
}

void foresee_as_configured(Explanation& explanation) {
  for (ExplainedUpstream& each : explanation.upstreams) foresee(each, lineup_of(*each.cluster));
}

}  // namespace weir
