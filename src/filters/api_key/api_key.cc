// Find, look up, decide, take out.
#include "filters/api_key/api_key.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "contracts/field_option.h"
#include "http/authorization.h"
#include "http/characters.h"
#include "server/error_reply.h"

namespace weir {
namespace {

constexpr Error missing = client_error(Code::credentials_missing);
constexpr Error refused = client_error(Code::credentials_refused);
constexpr std::string_view authorization_name = "authorization";

const Error& error_of(PresentedKey::Kind kind) {
  return kind == PresentedKey::Kind::none ? missing : refused;
}

ApiKeyFacts facts_of(PresentedKey::Kind presented, const KeyFile::Entry* entry, WallTime now) {
  return {.presented = presented,
          .known = entry != nullptr,
          .expires = entry != nullptr && entry->expires ? *entry->expires : WallTime::max(),
          .now = now};
}

PresentedKey presented(std::string_view key) {
  const bool sensible = !key.empty() && key.size() <= limits::api_key_bytes;
  return {.kind = sensible ? PresentedKey::Kind::given : PresentedKey::Kind::malformed, .key = key};
}

/// `Authorization: Bearer KEY` (RFC 6750 section 2.1).
PresentedKey key_in_authorization(const Fields& fields) {
  const Authorization field = read_authorization(fields);
  switch (field.kind) {
    case Authorization::Kind::none:
      return {};
    case Authorization::Kind::repeated:
      return {.kind = PresentedKey::Kind::repeated};
    case Authorization::Kind::malformed:
      return {.kind = PresentedKey::Kind::malformed};
    case Authorization::Kind::given:
      break;
  }
  if (!text::equal_ignoring_case(field.scheme, "bearer")) return {.kind = PresentedKey::Kind::malformed};
  return presented(field.credentials);
}

PresentedKey key_in_field(const Fields& fields, std::string_view name) {
  PresentedKey found;
  for (const Field& field : fields) {
    if (field.name != name) continue;
    if (found.kind != PresentedKey::Kind::none) return {.kind = PresentedKey::Kind::repeated};
    found = presented(field.value);
  }
  return found;
}

/// Keys are made of letters, digits, '-' and '_': one that is escaped is none of ours.
PresentedKey key_in_query(std::string_view query, std::string_view name) {
  PresentedKey found;
  while (!query.empty()) {
    const std::size_t end = std::min(query.find('&'), query.size());
    const std::string_view parameter = query.substr(0, end);
    query.remove_prefix(std::min(end + 1, query.size()));
    if (parameter.substr(0, parameter.find('=')) != name) continue;
    if (found.kind != PresentedKey::Kind::none) return {.kind = PresentedKey::Kind::repeated};
    found = presented(parameter.substr(std::min(name.size() + 1, parameter.size())));
  }
  return found;
}

std::string_view query_without(std::string_view query, std::string_view name, Arena& arena) {
  std::string kept;
  while (!query.empty()) {
    const std::size_t end = std::min(query.find('&'), query.size());
    const std::string_view parameter = query.substr(0, end);
    query.remove_prefix(std::min(end + 1, query.size()));
    if (parameter.substr(0, parameter.find('=')) == name) continue;
    if (!kept.empty()) kept += '&';
    kept += parameter;
  }
  return arena.copy(kept);
}

std::string challenge_of(const ApiKeyOptions& options) {
  if (options.header == authorization_name) return fmt::format("Bearer realm=\"{}\"", options.realm);
  // There is no registered scheme for keys; a 401 must name one (RFC 9110 section 15.5.2), and this one is usual.
  std::string challenge = fmt::format("ApiKey realm=\"{}\"", options.realm);
  if (!options.header.empty()) challenge += fmt::format(", header=\"{}\"", options.header);
  if (!options.query.empty()) challenge += fmt::format(", query=\"{}\"", options.query);
  return challenge;
}

}  // namespace

ApiKeyVerdict decide_api_key(const ApiKeyFacts& facts) {
  switch (facts.presented) {
    case PresentedKey::Kind::none:
      return {false, "no_key"};
    case PresentedKey::Kind::repeated:
      return {false, "repeated_key"};
    case PresentedKey::Kind::malformed:
      return {false, "malformed_key"};
    case PresentedKey::Kind::given:
      break;
  }
  if (!facts.known) return {false, "unknown_key"};
  if (facts.now >= facts.expires) return {false, "expired_key"};
  return {true, "known_key"};
}

ApiKey::ApiKey(ApiKeyOptions options, std::shared_ptr<WatchedFile<KeyFile>> keys)
    : options_(std::move(options)), keys_(std::move(keys)), challenge_(challenge_of(options_)) {}

PresentedKey ApiKey::find_key(const RequestHead& request) const {
  PresentedKey in_field;
  if (!options_.header.empty()) {
    in_field = options_.header == authorization_name ? key_in_authorization(request.fields)
                                                     : key_in_field(request.fields, options_.header);
  }
  if (options_.query.empty()) return in_field;
  const PresentedKey in_query = key_in_query(request.query, options_.query);
  if (in_field.kind == PresentedKey::Kind::none) return in_query;
  return in_query.kind == PresentedKey::Kind::none ? in_field : PresentedKey{.kind = PresentedKey::Kind::repeated};
}

Reply ApiKey::handle(Exchange& exchange, Next next) const {
  const PresentedKey presented = find_key(exchange.request);
  const bool given = presented.kind == PresentedKey::Kind::given;
  const KeyFile::Entry* const entry = given ? keys_->on(exchange.shard).find(crypto::sha256(presented.key)) : nullptr;
  const ApiKeyFacts facts = facts_of(presented.kind, entry, exchange.shard.reactor.wall_now());
  const ApiKeyVerdict verdict = decide_api_key(facts);
  const std::string_view name = entry == nullptr ? std::string_view() : exchange.arena.copy(entry->name);
  exchange.record({.room = "api_key",
                   .verdict = verdict.allowed ? "allowed" : "refused",
                   .subject = name,
                   .reason = verdict.reason,
                   .place = entry == nullptr ? options_.place : keys_->line(entry->line)},
                  facts);
  change_request(exchange.request, verdict.allowed ? name : std::string_view());
  if (!verdict.allowed) {
    exchange.challenge = challenge_;
    co_return fail(error_of(presented.kind));
  }
  exchange.user = name;
  co_return co_await std::move(next)(exchange);
}

void ApiKey::change_request(RequestHead& request, std::string_view name) const {
  if (!options_.name_header.empty()) {
    request.fields.remove(std::string_view(options_.name_header));
    if (!name.empty()) request.fields.append(options_.name_header, name);
  }
  if (name.empty() || options_.forward_key) return;
  if (!options_.header.empty()) request.fields.remove(std::string_view(options_.header));
  if (options_.query.empty() || !request.has_query) return;
  const PresentedKey in_query = key_in_query(request.query, options_.query);
  if (in_query.kind == PresentedKey::Kind::none) return;
  request.query = query_without(request.query, options_.query, request.fields.arena());
  request.has_query = !request.query.empty();
}

Effect ApiKey::rehearse(ImaginedRequest& imagined) const {
  const PresentedKey presented = find_key(imagined.head);
  const std::shared_ptr<const KeyFile> keys = keys_->latest();
  const bool given = presented.kind == PresentedKey::Kind::given;
  const KeyFile::Entry* const entry = given ? keys->find(crypto::sha256(presented.key)) : nullptr;
  // tidy: allow clock, an imagined request is on no core, and today's expiry is meant
  const auto now = std::chrono::time_point_cast<std::chrono::nanoseconds>(std::chrono::system_clock::now());
  const ApiKeyVerdict verdict = decide_api_key(facts_of(presented.kind, entry, now));
  const std::string_view name = verdict.allowed ? imagined.head.fields.arena().copy(entry->name) : std::string_view();
  change_request(imagined.head, name);
  imagined.user = name;
  if (verdict.allowed) return {.text = fmt::format("lets key \"{}\" in", name)};
  return {.text = fmt::format("asks for a key of {}: {}", keys_->path(), verdict.reason),
          .answers = true,
          .status = status_of(error_of(presented.kind))};
}

// ---- options ----

namespace {

bool is_plain(const std::string& text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return (characters::is_visible(c) || c == ' ') && c != '"' && c != '\\';
  });
}

std::string complaint_about_realm(const std::string& realm) {
  return is_plain(realm) ? "" : "cannot stand in a challenge; write visible ASCII characters without quotes";
}

std::string complaint_about_parameter(const std::string& name) {
  return characters::is_token(name) ? "" : "is no name of a parameter; write letters, digits, '-' and '_'";
}

bool check_field(const Node& options, std::string_view option, std::string& name, const Reading& reading) {
  if (name.empty()) return true;
  const Node* written = options.find(option);
  name = text::to_lower(name);
  return check_field_name(name, MessageKind::request, written == nullptr ? options.place() : written->place(),
                          reading.member(option));
}

bool check_options(const Node& node, const Reading& reading, ApiKeyOptions& options) {
  options.place = node.place();
  // Who names a parameter alone wants no header.
  if (!options.query.empty() && node.find("header") == nullptr) options.header.clear();
  bool good = check_field(node, "header", options.header, reading);
  good = check_field(node, "name_header", options.name_header, reading) && good;
  if (!options.query.empty() && options.header.empty()) {
    reading.warning(node.find("query")->place(),
                    "keys in queries stand in histories, in logs on the way and in Referer fields",
                    "let clients send them in a header");
  }
  return good;
}

std::unique_ptr<const Filter> build(const Node& options, BuildContext& context) {
  auto read = ApiKeyOptions::schema().read(options, Reading(context.diagnostics, context.path));
  if (!read) return {};
  const Node* named = options.find("keys");
  const Place place = named == nullptr ? options.place() : named->place();
  auto keys = watch_file(key_file, read->keys, place, context.path + ".keys", context);
  if (keys == nullptr) return {};
  return std::make_unique<ApiKey>(std::move(*read), std::move(keys));
}

}  // namespace

const Schema<ApiKeyOptions>& ApiKeyOptions::schema() {
  static const auto schema =
      Schema<ApiKeyOptions>("api_key", "Lets in who shows a known key. Short: `api_key: keys.txt`.")
          .option(
              "keys", &ApiKeyOptions::keys,
              {.doc = "A file of keys, one a line: a name, the SHA-256 of the key, perhaps an expiry; `weir api-key "
                      "new` makes both. Relative to the file in which this stands; read again when it changes.",
               .example = "keys.txt",
               .required = true})
          .option("header", &ApiKeyOptions::header,
                  {.doc = "The field that carries the key; `authorization` takes `Bearer KEY`.",
                   .example = "authorization"})
          .option("query", &ApiKeyOptions::query,
                  {.doc = "A query parameter that may carry it; alone, unless `header` stands beside it.",
                   .example = "api_key",
                   .complaint = &complaint_about_parameter})
          .option("name_header", &ApiKeyOptions::name_header,
                  {.doc = "Tells the upstream the key's name in this field; what a client writes there is taken out.",
                   .example = "x-api-client"})
          .option("realm", &ApiKeyOptions::realm,
                  {.doc = "What the challenge of a 401 calls the place.",
                   .example = "orders",
                   .complaint = &complaint_about_realm})
          .option("forward_key", &ApiKeyOptions::forward_key,
                  {.doc = "Whether the upstream gets the key, too.", .example = "true"})
          .shorthand("keys")
          .check(&check_options);
  return schema;
}

const FilterKind& api_key_filter() {
  static constexpr FilterKind kind{.name = "api_key", .schema = &schema_of<ApiKeyOptions>, .build = &build};
  return kind;
}

}  // namespace weir
