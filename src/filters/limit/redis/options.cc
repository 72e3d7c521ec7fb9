// The declaration, and what two options say about each other.
#include "filters/limit/redis/options.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/crypto.h"
#include "base/limits.h"
#include "contracts/plugin.h"
#include "http/characters.h"

namespace weir::limit {
namespace {

std::string complaint_about_prefix(const std::string& prefix) {
  const bool good = !prefix.empty() && prefix.size() <= 64 && std::ranges::all_of(prefix, [](char c) {
    return characters::is_visible(c) && c != '{' && c != '}';
  });
  return good ? "" : "cannot begin the name of a key; write 1 to 64 visible ASCII characters without braces";
}

bool check_redis(const Node& node, const Reading& reading, RedisOptions& options) {
  if (options.addresses.empty()) return reading.error(node, "where Redis is, is missing", "write redis: 10.0.0.5:6379");
  if (options.addresses.size() > limits::redis_addresses) {
    return reading.error(node, fmt::format("at most {} addresses lead to one Redis", limits::redis_addresses));
  }
  if (options.cluster && options.database != 0)
    return reading.error(node, "a cluster has no databases", "leave `database` out");
  if (options.tls && options.tls->verify && options.tls->name.empty() &&
      std::ranges::any_of(options.addresses, &Endpoint::is_unix)) {
    return reading.error(node, "a unix socket has no host that a certificate could be expected to have",
                         "write tls: { name: redis.internal }, or leave tls out");
  }
  const Node* const password = node.find("password");
  if (password != nullptr && password->is_scalar() && !password->is_secret()) {
    reading.member("password")
        .warning(password->place(), "a password stands in the file; ${file:...} and ${env:...} keep it out");
  }
  if (const Node* const user = node.find("user"); user != nullptr && options.password.empty()) {
    reading.member("user").warning(user->place(), "without a password nobody is told who this is");
  }
  return true;
}

}  // namespace

const Schema<RedisOptions>& RedisOptions::schema() {
  static const auto schema =
      Schema<RedisOptions>("redis", "A Redis, or a Redis Cluster, that counts for several gateways.")
          .option("addresses", &RedisOptions::addresses,
                  {.doc = "Where it listens; several lead to the same one and are tried in turn. Of a cluster, servers "
                          "to ask first. `unix:/run/redis/redis.sock` is possible.",
                   .example = "[10.0.0.5:6379]",
                   .required = true})
          .option("user", &RedisOptions::user,
                  {.doc = "Whom to be there (ACL); none is Redis' default user.", .example = "weir"})
          .option("password", &RedisOptions::password,
                  {.doc = "Said by AUTH before anything else; never printed.", .example = "open-sesame"})
          .option("database", &RedisOptions::database,
                  {.doc = "The number of the database.", .example = "3", .minimum = 0U, .maximum = 1'000'000U})
          .option("cluster", &RedisOptions::cluster,
                  {.doc = "It is a Redis Cluster: each key is asked for where it lives.", .example = "true"})
          .option(
              "budget", &RedisOptions::budget,
              {.doc = "How long a request waits for Redis; what is later is decided by `on_error`, and Redis is not "
                      "waited for any more until it is quick again.",
               .example = "10ms",
               .minimum = std::chrono::milliseconds{1},
               .maximum = std::chrono::seconds{10}})
          .choice("on_error", &RedisOptions::on_error,
                  {{"local", OnError::local}, {"open", OnError::open}, {"closed", OnError::closed}},
                  {.doc = "Who decides while Redis does not: what this gateway counts by itself, nobody (all pass), or "
                          "nobody (all get 503).",
                   .example = "open"})
          .option("lease", &RedisOptions::lease,
                  {.doc = "How much of a hot key's budget a core may take ahead, for 100 ms, to decide by itself; 0: "
                          "each request is decided in Redis.",
                   .example = "20",
                   .maximum = 1'000'000U})
          .option("prefix", &RedisOptions::prefix,
                  {.doc = "What the names of all keys begin with.",
                   .example = "shop-limits",
                   .complaint = &complaint_about_prefix})
          .custom(
              "tls", client_tls_type,
              [](const Node& node, const Reading& reading, RedisOptions& options) {
                return read_client_tls(node, reading, options.tls);
              },
              {.doc = "Speaks TLS to Redis, and to all servers of a cluster; each has to prove `name` or, where none "
                      "is given, the host it is reached by.",
               .example = "on"},
              &ClientTlsOptions::schema())
          .shorthand("addresses")
          .check(&check_redis);
  return schema;
}

bool RedisOptions::secure(BuildContext& context) {
  if (!tls) return true;
  // tidy: allow clock, whether a certificate that is shown has expired is said when it is read
  const auto now = std::chrono::time_point_cast<std::chrono::nanoseconds>(std::chrono::system_clock::now());
  secured = make_client_tls(*tls, {}, {}, context, now);
  return secured != nullptr;
}

redis::Settings RedisOptions::settings(redis::Library library) const {
  redis::Settings settings;
  settings.addresses = addresses;
  settings.user = user;
  settings.password = password;
  settings.database = database;
  settings.cluster = cluster;
  settings.budget = budget;
  settings.library = std::move(library);
  settings.tls = secured;
  return settings;
}

std::string RedisOptions::identity() const {
  return fmt::format("{} user {} password {} database {}{} budget {}ns tls {}", shown(), user,
                     crypto::hexadecimal(crypto::sha256(password)), database, cluster ? " cluster" : "", budget.count(),
                     secured == nullptr ? "off" : secured->fingerprint());
}

std::string RedisOptions::shown() const {
  std::string text;
  for (const Endpoint& address : addresses) text += (text.empty() ? "" : ", ") + address.text();
  return text;
}

}  // namespace weir::limit
