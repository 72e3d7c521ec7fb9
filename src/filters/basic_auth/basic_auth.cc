// Read, check, decide, pass on.
#include "filters/basic_auth/basic_auth.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "contracts/field_option.h"
#include "filters/basic_auth/verified_credentials.h"
#include "http/characters.h"
#include "runtime/elsewhere.h"
#include "server/error_reply.h"

namespace weir {
namespace {

constexpr Error missing = client_error(Code::credentials_missing);
constexpr Error refused = client_error(Code::credentials_refused);

Error error_of(const BasicAuthFacts& facts) {
  return facts.credentials == BasicCredentials::Kind::none ? missing : refused;
}

/// Computes the hash on the executor. The job owns what it needs: it may outlive the request.
Task<Result<bool>> matches(Exchange& exchange, PasswordHash hash, std::string password) {
  co_return co_await elsewhere<bool>(exchange.shard.reactor, [&](auto done) {
    exchange.shard.executor.run_heavy(
        [hash = std::move(hash), password = std::move(password), done = std::move(done)]() mutable {
          const bool good = hash.matches(password);
          crypto::forget(password);
          done(good);
        });
  });
}

}  // namespace

BasicAuthVerdict decide_basic_auth(const BasicAuthFacts& facts) {
  switch (facts.credentials) {
    case BasicCredentials::Kind::none:
      return {false, "no_credentials"};
    case BasicCredentials::Kind::repeated:
      return {false, "repeated_credentials"};
    case BasicCredentials::Kind::malformed:
      return {false, "malformed_credentials"};
    case BasicCredentials::Kind::other_scheme:
      return {false, "other_scheme"};
    case BasicCredentials::Kind::given:
      break;
  }
  if (!facts.user_known) return {false, "unknown_user"};
  if (!facts.password_matches) return {false, "wrong_password"};
  return {true, facts.remembered ? "password_remembered" : "password_matches"};
}

BasicAuth::BasicAuth(BasicAuthOptions options, std::shared_ptr<WatchedFile<Htpasswd>> users)
    : options_(std::move(options)),
      users_(std::move(users)),
      challenge_(fmt::format("Basic realm=\"{}\", charset=\"UTF-8\"", options_.realm)) {}

Reply BasicAuth::handle(Exchange& exchange, Next next) const {
  BasicCredentials credentials = read_basic_credentials(exchange.request.fields);
  BasicAuthFacts facts{.credentials = credentials.kind};
  if (credentials.kind == BasicCredentials::Kind::given) CO_TRY_VOID(co_await check(exchange, credentials, facts));

  const BasicAuthVerdict verdict = decide_basic_auth(facts);
  // Who mistypes often types the password where the name belongs: only names that exist are written down.
  const std::string_view user = facts.user_known ? exchange.arena.copy(credentials.user) : std::string_view();
  exchange.record({.room = "basic_auth",
                   .verdict = verdict.allowed ? "allowed" : "refused",
                   .subject = user,
                   .reason = verdict.reason,
                   .place = options_.place},
                  facts);
  change_request(exchange.request, verdict.allowed ? user : std::string_view());
  if (!verdict.allowed) {
    exchange.challenge = challenge_;
    co_return fail(error_of(facts));
  }
  exchange.user = user;
  co_return co_await std::move(next)(exchange);
}

Task<Result<void>> BasicAuth::check(Exchange& exchange, BasicCredentials& credentials, BasicAuthFacts& facts) const {
  const Htpasswd& users = users_->on(exchange.shard);
  const Htpasswd::Entry* const entry = users.find(credentials.user);
  facts.user_known = entry != nullptr;
  // Copied, since the file may change while its hash is computed.
  PasswordHash hash = entry != nullptr ? entry->hash : users.decoy(credentials.user);

  VerifiedCredentials& verified = VerifiedCredentials::of(exchange.shard);
  const crypto::Digest digest = verified.digest(hash.text(), credentials.user, credentials.password);
  const auto known = [&] { return verified.knows(digest, exchange.shard.reactor.now(), options_.remember); };
  facts.remembered = known();
  if (!facts.remembered) {
    CO_TRY(const Gate::Pass pass, co_await verified.gate.enter());
    // The requests of one page come together: all but the first find the answer when their turn has come.
    facts.remembered = known();
    if (!facts.remembered) {
      CO_TRY(const bool good, co_await matches(exchange, std::move(hash), std::move(credentials.password)));
      facts.password_matches = good && facts.user_known;
      if (facts.password_matches) verified.remember(digest, exchange.shard.reactor.now());
      co_return Result<void>{};
    }
  }
  crypto::forget(credentials.password);
  facts.password_matches = true;
  co_return Result<void>{};
}

// A field by which the upstream knows the user is believed there: what a client wrote into it must never arrive.
void BasicAuth::change_request(RequestHead& request, std::string_view user) const {
  if (!options_.user_header.empty()) {
    request.fields.remove(std::string_view(options_.user_header));
    if (!user.empty()) request.fields.append(options_.user_header, user);
  }
  if (!user.empty() && !options_.forward_authorization) request.fields.remove(FieldName::authorization);
}

Effect BasicAuth::rehearse(ImaginedRequest& imagined) const {
  BasicCredentials credentials = read_basic_credentials(imagined.head.fields);
  BasicAuthFacts facts{.credentials = credentials.kind};
  const std::shared_ptr<const Htpasswd> users = users_->latest();
  if (credentials.kind == BasicCredentials::Kind::given) {
    const Htpasswd::Entry* const entry = users->find(credentials.user);
    facts.user_known = entry != nullptr;
    facts.password_matches = entry != nullptr && entry->hash.matches(credentials.password);
  }
  crypto::forget(credentials.password);
  const BasicAuthVerdict verdict = decide_basic_auth(facts);
  const std::string_view user =
      verdict.allowed ? imagined.head.fields.arena().copy(credentials.user) : std::string_view();
  change_request(imagined.head, user);
  imagined.user = user;
  if (verdict.allowed) return {.text = fmt::format("lets user \"{}\" in: {}", user, verdict.reason)};
  return {.text = fmt::format("asks for a user of {}: {}", users_->path(), verdict.reason),
          .answers = true,
          .status = status_of(error_of(facts))};
}

// ---- options ----

namespace {

std::string complaint_about_realm(const std::string& realm) {
  const bool plain = !realm.empty() && std::ranges::all_of(realm, [](char c) {
    return (characters::is_visible(c) || c == ' ') && c != '"' && c != '\\';
  });
  return plain ? "" : "cannot stand in a challenge; write visible ASCII characters without quotes and backslashes";
}

bool check_options(const Node& node, const Reading& reading, BasicAuthOptions& options) {
  options.place = node.place();
  if (options.user_header.empty()) return true;
  const Node* header = node.find("user_header");
  options.user_header = text::to_lower(options.user_header);
  return check_field_name(options.user_header, MessageKind::request, header == nullptr ? node.place() : header->place(),
                          reading.member("user_header"));
}

std::unique_ptr<const Filter> build(const Node& options, BuildContext& context) {
  auto read = BasicAuthOptions::schema().read(options, Reading(context.diagnostics, context.path));
  if (!read) return {};
  const Node* named = options.find("users");
  const Place place = named == nullptr ? options.place() : named->place();
  auto users = watch_file(htpasswd_file, read->users, place, context.path + ".users", context);
  if (users == nullptr) return {};
  return std::make_unique<BasicAuth>(std::move(*read), std::move(users));
}

}  // namespace

const Schema<BasicAuthOptions>& BasicAuthOptions::schema() {
  static const auto schema =
      Schema<BasicAuthOptions>("basic_auth",
                               "Asks for a user's name and password. Short: `basic_auth: users.htpasswd`.")
          .option("users", &BasicAuthOptions::users,
                  {.doc = "A file of users, one `user:hash` per line, with bcrypt or Argon2id hashes: `weir "
                          "hash-password` makes them, and htpasswd -B. Relative to the file in which this stands; read "
                          "again when it changes.",
                   .example = "users.htpasswd",
                   .required = true})
          .option(
              "realm", &BasicAuthOptions::realm,
              {.doc = "What the browser shows when it asks.", .example = "staff", .complaint = &complaint_about_realm})
          .option("user_header", &BasicAuthOptions::user_header,
                  {.doc = "Tells the upstream the user's name in this field; what a client writes there is taken out.",
                   .example = "x-remote-user"})
          .option("forward_authorization", &BasicAuthOptions::forward_authorization,
                  {.doc = "Whether the upstream gets the password, too.", .example = "true"})
          .option("remember", &BasicAuthOptions::remember,
                  {.doc = "How long a password that was right is taken without computing its hash again; 0s computes "
                          "it for each request. A changed file counts at once.",
                   .example = "1m",
                   .minimum = Duration::zero(),
                   .maximum = std::chrono::hours{24}})
          .shorthand("users")
          .check(&check_options);
  return schema;
}

const FilterKind& basic_auth_filter() {
  static constexpr FilterKind kind{.name = "basic_auth", .schema = &schema_of<BasicAuthOptions>, .build = &build};
  return kind;
}

}  // namespace weir
