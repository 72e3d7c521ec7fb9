// Ask, decide, pass on or answer.
#include "filters/forward_auth/forward_auth.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/block_pool.h"
#include "base/text.h"
#include "contracts/field_option.h"
#include "http/characters.h"
#include "http/host.h"
#include "http/path.h"

namespace weir {
namespace {

constexpr Error undecided = upstream_error(Code::bad_authority_answer);

/// What tells the authority about the request: ours alone. Beside Traefik's names those that nginx's users write down.
constexpr std::array<std::string_view, 5> told_names{"x-forwarded-method", "x-forwarded-uri", "x-original-method",
                                                     "x-original-uri", "x-original-url"};
constexpr std::string_view method_name = told_names[0];
constexpr std::string_view uri_name = told_names[1];
constexpr std::string_view original_method_name = told_names[2];
constexpr std::string_view original_uri_name = told_names[3];
constexpr std::string_view original_url_name = told_names[4];

bool is_listed(const std::vector<std::string>& names, std::string_view name) {
  return std::ranges::find(names, name) != names.end();
}

/// Fields that speak about content which the authority does not get, or about the connection it is not on.
bool is_about_content(const Field& field) {
  return field.id == FieldName::content_type || field.id == FieldName::content_encoding ||
         field.id == FieldName::content_length || field.id == FieldName::expect || field.name.starts_with("content-") ||
         field.name == "range" || field.name.starts_with("if-");
}

/// What forwarding needs to see to decide what it believes; it strips them where it does not.
bool is_forwarding(const Field& field) {
  switch (field.id) {
    case FieldName::forwarded:
    case FieldName::host:
    case FieldName::via:
    case FieldName::cdn_loop:
    case FieldName::x_forwarded_for:
    case FieldName::x_forwarded_host:
    case FieldName::x_forwarded_port:
    case FieldName::x_forwarded_proto:
      return true;
    default:
      return false;
  }
}

std::string_view uri_of(const RequestHead& request, Arena& arena) {
  return arena.join(request.path, request.has_query ? "?" : "", request.query);
}

void copy_named(const std::vector<std::string>& names, const Fields& from, Fields& to) {
  for (const Field& field : from) {
    if (!is_listed(names, field.name)) continue;
    to.append({to.arena().copy(field.name), to.arena().copy(field.value), field.id});
  }
}

/// The authority's answer as ours. Its fields and content are copied: they end with the subrequest.
Answer answer_of(const Fetched& fetched, Arena& arena) {
  Answer answer(arena);
  answer.head.status = fetched.head->status;
  for (const Field& field : fetched.head->fields) {
    // The message around the content is ours.
    if (field.id == FieldName::date || field.id == FieldName::server || field.id == FieldName::via) continue;
    if (field.id == FieldName::content_length) continue;
    answer.head.fields.append({arena.copy(field.name), arena.copy(field.value), field.id});
  }
  const std::string_view body = arena.copy(fetched.body);
  answer.head.framing = {.kind = Framing::Kind::length, .length = body.size()};
  if (!body.empty()) answer.body = BodyPointer(arena.make<FixedBody>(body));
  return answer;
}

/// Whether it is the authority's failure, and not a client that left or a drain.
bool is_failure_of_authority(const Error& error) {
  if (error.origin == Origin::upstream) return true;
  switch (error.code) {
    case Code::no_endpoint:
    case Code::circuit_open:
    case Code::endpoint_disabled:
    case Code::queue_full:
    case Code::queue_timeout:
      return true;
    default:
      return false;
  }
}

}  // namespace

std::string_view name_of(AuthorityAction action) {
  switch (action) {
    case AuthorityAction::let_on:
      return "allowed";
    case AuthorityAction::answer:
      return "refused";
    case AuthorityAction::fail:
      return "failed";
  }
  return "failed";
}

AuthorityVerdict decide_forward_auth(const AuthorityFacts& facts) {
  const bool allow = facts.on_error == ForwardAuthOptions::OnError::allow;
  if (!facts.answered) {
    if (allow && is_failure_of_authority(facts.error)) {
      return {AuthorityAction::let_on, "authority_unreachable_allowed"};
    }
    return {AuthorityAction::fail, name_of(facts.error.code)};
  }
  if (facts.status >= 200 && facts.status < 300) return {AuthorityAction::let_on, "authority_allowed"};
  switch (facts.status) {
    case 401:
      return {AuthorityAction::answer, "authority_wants_credentials"};
    case 403:
      return {AuthorityAction::answer, "authority_refused"};
    case 301:
    case 302:
    case 303:
    case 307:
    case 308:
      return {AuthorityAction::answer, "authority_redirected"};
    default:
      return allow ? AuthorityVerdict{AuthorityAction::let_on, "authority_undecided_allowed"}
                   : AuthorityVerdict{AuthorityAction::fail, "authority_undecided"};
  }
}

ForwardAuth::ForwardAuth(ForwardAuthOptions options, std::shared_ptr<const Cluster> cluster, std::string authority)
    : options_(std::move(options)), cluster_(std::move(cluster)), authority_(std::move(authority)) {
  const std::size_t question = options_.path.find('?');
  has_query_ = question != std::string::npos;
  path_ = std::string_view(options_.path).substr(0, question);
  if (has_query_) query_ = std::string_view(options_.path).substr(question + 1);
}

Reply ForwardAuth::handle(Exchange& exchange, Next next) const {
  // Given back before the rest of the chain runs, which may take long.
  std::optional<Subrequest> subrequest(std::in_place, exchange);
  const Result<Fetched> fetched =
      co_await subrequest->fetch(*cluster_, question(*subrequest, exchange), {.timeout = options_.timeout});
  const AuthorityFacts facts{.answered = fetched.has_value(),
                             .status = fetched ? fetched->head->status : Status{0},
                             .error = fetched ? Error{} : fetched.error(),
                             .on_error = options_.on_error};
  const AuthorityVerdict verdict = decide_forward_auth(facts);
  exchange.record({.room = "forward_auth",
                   .verdict = name_of(verdict.action),
                   .subject = exchange.arena.copy(subrequest->endpoint()),
                   .reason = verdict.reason,
                   .place = options_.place},
                  facts);
  if (verdict.action == AuthorityAction::answer) co_return answer_of(*fetched, exchange.arena);
  if (verdict.action == AuthorityAction::fail) co_return fail(fetched ? undecided : fetched.error());

  strip_claims(exchange.request);
  Fields for_client(exchange.arena);
  if (fetched) {
    copy_named(options_.response_headers, fetched->head->fields, exchange.request.fields);
    copy_named(options_.client_headers, fetched->head->fields, for_client);
  }
  subrequest.reset();
  CO_TRY(Answer answer, co_await std::move(next)(exchange));
  for (const Field& field : for_client) answer.head.fields.append(field);
  co_return answer;
}

const RequestHead& ForwardAuth::question(Subrequest& subrequest, const Exchange& exchange) const {
  const auto keep = [&](const Field& field) {
    if (is_forwarding(field)) return true;
    if (is_about_content(field) || std::ranges::find(told_names, field.name) != told_names.end()) return false;
    return options_.request_headers.empty() || is_listed(options_.request_headers, field.name);
  };
  RequestHead& head = subrequest.head_like(exchange.request, keep);
  Arena& arena = subrequest.arena();
  const std::string_view uri = uri_of(exchange.request, arena);
  head.fields.append(method_name, exchange.request.method_text);
  head.fields.append(uri_name, uri);
  head.fields.append(original_method_name, exchange.request.method_text);
  head.fields.append(original_uri_name, uri);
  head.fields.append(original_url_name,
                     arena.join(exchange.connection.scheme(), "://", exchange.request.authority, uri));
  head.method = Method::get;
  head.method_text = "GET";
  head.authority = head.host = authority_;
  head.path = path_;
  head.query = query_;
  head.has_query = has_query_;
  return head;
}

void ForwardAuth::strip_claims(RequestHead& request) const {
  request.fields.remove_if([&](const Field& field) { return is_listed(options_.response_headers, field.name); });
}

Effect ForwardAuth::rehearse(ImaginedRequest& imagined) const {
  strip_claims(imagined.head);
  return {.text = fmt::format("asks {}{} and lets it on by a 2xx; 401, 403 and redirects are the answer", authority_,
                              options_.path)};
}

// ---- options ----

namespace {

bool check_names(const Node& options, std::string_view option, std::vector<std::string>& names, MessageKind message,
                 const Reading& reading) {
  const Node* node = options.find(option);
  if (node == nullptr) return true;
  bool good = true;
  const Reading at = reading.member(option);
  for (std::size_t index = 0; index < names.size(); ++index) {
    names[index] = text::to_lower(names[index]);
    const Place place = node->is_list() ? node->items()[index].place() : node->place();
    good = check_field_name(names[index], message, place, at.item(index)) && good;
  }
  return good;
}

bool check_path(const Node& node, const Reading& reading, const std::string& written) {
  const std::string_view path = std::string_view(written).substr(0, written.find('?'));
  BlockPool pool(1);
  Arena arena(pool);
  const auto canonical = canonical_path(path, arena);
  const bool visible = std::ranges::all_of(written, &characters::is_visible) && !written.contains('#');
  if (visible && canonical && *canonical == path) return true;
  return reading.error(node, fmt::format("{} is not a path in its one form", written), "write /verify");
}

/// `http://auth:9000/verify` is an upstream and a path.
bool split_target(const Node& node, const Reading& reading, ForwardAuthOptions& options) {
  const Node* to = node.find("to");
  const Node& written = to == nullptr ? node : *to;
  constexpr std::string_view scheme = "http://";
  const std::string& text = options.to.text();
  const std::size_t slash = text.starts_with(scheme) ? text.find('/', scheme.size()) : std::string::npos;
  if (slash != std::string::npos) {
    if (!options.path.empty()) {
      return reading.error(written, "the URL has a path, and `path` stands beside it", "write it once");
    }
    options.path = text.substr(slash);
    options.to = Node::scalar(written.place(), text.substr(0, slash));
  }
  if (options.path.empty()) options.path = "/";
  const Node* path = node.find("path");
  return check_path(path == nullptr ? written : *path, reading.member(path == nullptr ? "to" : "path"), options.path);
}

bool check_options(const Node& node, const Reading& reading, ForwardAuthOptions& options) {
  options.place = node.place();
  if (!options.to.is_scalar())
    return reading.error(node, "whom to ask is missing", "write to: http://auth:9000/verify");
  bool good = split_target(node, reading, options);
  good = check_names(node, "request_headers", options.request_headers, MessageKind::response, reading) && good;
  good = check_names(node, "response_headers", options.response_headers, MessageKind::request, reading) && good;
  good = check_names(node, "client_headers", options.client_headers, MessageKind::response, reading) && good;
  if (const Node* on_error = node.find("on_error");
      on_error != nullptr && options.on_error == ForwardAuthOptions::OnError::allow) {
    reading.member("on_error").warning(on_error->place(), "whoever can keep the authority from answering gets in");
  }
  return good;
}

/// The Host field: what stands in the URL, else the upstream's name.
std::string authority_of(const Node& to) {
  constexpr std::string_view scheme = "http://";
  const std::string& text = to.text();
  if (text.starts_with(scheme)) return text::to_lower(text.substr(scheme.size()));
  return text.starts_with("unix:") ? "localhost" : text;
}

std::unique_ptr<const Filter> build(const Node& options, BuildContext& context) {
  auto read = ForwardAuthOptions::schema().read(options, Reading(context.diagnostics, context.path));
  if (!read) return {};
  auto cluster = context.cluster(read->to);
  if (cluster == nullptr) return {};
  std::string authority = authority_of(read->to);
  return std::make_unique<ForwardAuth>(std::move(*read), std::move(cluster), std::move(authority));
}

}  // namespace

const Schema<ForwardAuthOptions>& ForwardAuthOptions::schema() {
  static const auto schema =
      Schema<ForwardAuthOptions>(
          "forward_auth",
          "Asks an authority whether a request may pass. Short: `forward_auth: http://auth:9000/verify`.")
          .option("to", &ForwardAuthOptions::to,
                  {.doc = "Whom to ask: a URL with its path, or an upstream's name. It is asked with GET and without "
                          "content; X-Forwarded-Method, -Proto, -Host, -Uri and -For tell what for. 2xx lets the "
                          "request on; 401, 403 and redirects are given to the client as they are.",
                   .example = "http://auth:9000/verify",
                   .required = true})
          .option("path", &ForwardAuthOptions::path,
                  {.doc = "The path to ask for, where `to` names an upstream.", .example = "/verify"})
          .option("request_headers", &ForwardAuthOptions::request_headers,
                  {.doc = "The only fields of the client that the authority sees; all of them when this is missing.",
                   .example = "[authorization, cookie]"})
          .option("response_headers", &ForwardAuthOptions::response_headers,
                  {.doc = "Fields of the authority's answer that the upstream gets; a client's own copies never pass.",
                   .example = "[x-user, x-groups]"})
          .option("client_headers", &ForwardAuthOptions::client_headers,
                  {.doc = "Fields of the authority's 2xx that are added to the response: a renewed session, say.",
                   .example = "[set-cookie]"})
          .option("timeout", &ForwardAuthOptions::timeout,
                  {.doc = "For the authority's whole answer.",
                   .example = "2s",
                   .minimum = std::chrono::milliseconds{1},
                   .maximum = std::chrono::minutes{10}})
          .choice("on_error", &ForwardAuthOptions::on_error,
                  {{"refuse", ForwardAuthOptions::OnError::refuse}, {"allow", ForwardAuthOptions::OnError::allow}},
                  {.doc = "What an authority that cannot be reached, or that does not decide, means: 502 or 504, or "
                          "that everybody gets in.",
                   .example = "refuse"})
          .shorthand("to")
          .check(&check_options);
  return schema;
}

const FilterKind& forward_auth_filter() {
  static constexpr FilterKind kind{.name = "forward_auth", .schema = &schema_of<ForwardAuthOptions>, .build = &build};
  return kind;
}

}  // namespace weir
