// Requests put together at random from a few words, so that rules meet them often: for tests of properties.
#pragma once

#include <array>
#include <string_view>
#include <utility>
#include <vector>

#include "base/random.h"
#include "contracts/exchange.h"
#include "http/method.h"

namespace weir::random_requests {

template <typename T>
const T& one_of(Random& random, const std::vector<T>& choices) {
  return choices[random.below(choices.size())];
}

inline const std::vector<std::string_view> hosts{"a.test", "b.test", "x.b.test", "c.test"};
inline const std::vector<std::string_view> paths{"/",       "/cart",    "/cart/7",      "/cart/7/items",
                                                 "/api/v1", "/cartoon", "/static/x.css"};
inline const std::vector<std::string_view> patterns{"/*", "/cart/*", "/cart", "/api/*", "/cart/7/*", "/static/*"};
inline const std::vector<std::string_view> methods{"GET", "POST", "PUT", "PURGE"};
inline const std::vector<std::string_view> clients{"10.0.0.1", "10.6.6.6", "192.0.2.7", "2001:db8::7"};
inline const std::vector<std::string_view> blocks{"10.0.0.0/8", "10.6.6.0/24", "192.0.2.7", "2001:db8::/32", "::/0"};

inline const std::vector<std::string_view> credentials{
    "", "", "Basic YW5uOnNlY3JldA==", "Basic YW5uOnNlY3JldA==", "Bearer x", "Basic !", "Basic"};
// Each of them costs a computed hash.
inline const std::vector<std::string_view> wrong_credentials{"Basic YW5uOndyb25n", "Basic ZXZlOnNlY3JldA=="};
inline const std::vector<std::string_view> keys{"", "alpha", "beta", "gamma", "unknown", "two words"};
inline const std::vector<std::string_view> codings{"gzip",        "br, gzip;q=0.5", "identity",
                                                   "gzip;q=0, *", "zstd",           "x-other"};
inline const std::vector<std::string_view> accepts{"text/html", "application/json", "*/*;q=0.1",
                                                   "text/plain, text/html;q=0.5"};
inline const std::vector<std::pair<FieldName, std::string_view>> conditions{
    {FieldName::if_none_match, "*"},
    {FieldName::if_none_match, "\"other\""},
    {FieldName::if_match, "\"other\""},
    {FieldName::if_modified_since, "Fri, 14 Nov 2025 00:00:00 GMT"},
    {FieldName::if_unmodified_since, "Fri, 14 Nov 1980 00:00:00 GMT"},
    {FieldName::range, "bytes=0-3"},
    {FieldName::range, "bytes=9000-"},
    {FieldName::range, "lines=1"},
    {FieldName::if_range, "\"other\""}};

/// What filters and services look at beyond the route.
inline void ask_for_more(Random& random, Fields& fields) {
  const std::string_view authorization = one_of(random, random.chance(0.01) ? wrong_credentials : credentials);
  if (!authorization.empty()) fields.append(FieldName::authorization, authorization);
  if (const std::string_view key = one_of(random, keys); !key.empty()) fields.append("x-api-key", key);
  if (random.chance(0.6)) fields.append(FieldName::accept_encoding, one_of(random, codings));
  if (random.chance(0.4)) fields.append(FieldName::content_encoding, one_of(random, codings));
  if (random.chance(0.6)) fields.append(FieldName::accept, one_of(random, accepts));
  for (unsigned left = 0; left < 3 && random.chance(0.3); ++left) {
    const auto& [name, value] = one_of(random, conditions);
    fields.append(name, value);
  }
}

/// A request of random words; nothing of it is secret but the cookie and the credentials.
inline void ask(Random& random, Exchange& exchange) {
  RequestHead& head = exchange.request;
  head.method_text = one_of(random, methods);
  head.method = method_of(head.method_text);
  head.host = head.authority = one_of(random, hosts);
  head.path = head.target = one_of(random, paths);
  if (random.chance(0.3)) head.query = random.chance(0.5) ? "v=1" : "w=2&v=2";
  if (random.chance(0.4)) head.fields.append("x-tenant", random.chance(0.5) ? "blue" : "red");
  if (random.chance(0.4)) head.fields.append("x-beta", "yes");
  head.fields.append(FieldName::cookie, "session=secret");
  head.has_query = !head.query.empty();
  ask_for_more(random, head.fields);
  if (random.chance(0.5)) return;
  head.framing = random.chance(0.5) ? Framing{.kind = Framing::Kind::chunked}
                                    : Framing{.kind = Framing::Kind::length, .length = random.below(150)};
  exchange.request_body = BodyPointer(exchange.arena.make<FixedBody>("content"));
}

}  // namespace weir::random_requests
