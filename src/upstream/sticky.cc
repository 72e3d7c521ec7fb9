// The rule, its options, and the cookie's attributes.
#include "upstream/sticky.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/limits.h"
#include "http/characters.h"
#include "http/cookie.h"

namespace weir {
namespace {

using OnFailure = StickyOptions::OnFailure;
using OnDrain = StickyOptions::OnDrain;
using SameSite = StickyOptions::SameSite;
using Secure = StickyOptions::Secure;

std::string complaint_about_name(const std::string& name) {
  return characters::is_token(name) ? "" : "is no name of a cookie; write letters, digits, - and _";
}

std::string complaint_about_path(const std::string& path) {
  const bool good = path.starts_with('/') && std::ranges::all_of(path, &characters::is_visible) && !path.contains(';');
  return good ? "" : "is no path of a cookie; it begins with / and has neither spaces nor ;";
}

std::string complaint_about_keys(const std::vector<std::string>& keys) {
  if (keys.empty()) return "has no key: anybody could write such a cookie";
  if (keys.size() > limits::sticky_keys) return fmt::format("has more than {} keys", limits::sticky_keys);
  const bool good = std::ranges::all_of(keys, [](const auto& key) { return key.size() >= limits::sticky_key_bytes; });
  return good ? ""
              : fmt::format("has a key shorter than {} characters; make one with `openssl rand -hex 32`",
                            limits::sticky_key_bytes);
}

bool check_options(const Node& node, const Reading& reading, StickyOptions& options) {
  // Browsers drop a cookie of SameSite=None without Secure.
  if (options.same_site != SameSite::none || options.secure == Secure::on) return true;
  return reading.error(node, "browsers take no cookie with same_site: none unless it is secure", "add secure: on");
}

std::string attributes_of(const StickyOptions& options) {
  std::string text = "; Path=" + options.path;
  if (options.ttl != no_limit) {
    text += fmt::format("; Max-Age={}", std::chrono::duration_cast<std::chrono::seconds>(options.ttl).count());
  }
  if (options.http_only) text += "; HttpOnly";
  switch (options.same_site) {
    case SameSite::lax:
      return text + "; SameSite=Lax";
    case SameSite::strict:
      return text + "; SameSite=Strict";
    case SameSite::none:
      return text + "; SameSite=None";
  }
  return text;
}

/// An upstream may be called what no cookie may.
std::string cookie_name_of(const std::string& upstream, const std::string& written) {
  if (!written.empty()) return written;
  std::string name = "weir-" + upstream;
  for (char& each : name) {
    if (!characters::is_token({&each, 1})) each = '_';
  }
  return name;
}

std::uint32_t seconds_of(WallTime time) {
  return static_cast<std::uint32_t>(std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count());
}

StickyVerdict keep(std::string_view reason, bool renew) {
  return {.action = StickyAction::keep, .reason = reason, .renew = renew};
}

/// The endpoint cannot be had.
StickyVerdict lost(const StickyFacts& facts, std::string_view reason) {
  return {.action = facts.on_failure == OnFailure::refuse ? StickyAction::refuse : StickyAction::pick,
          .reason = reason};
}

}  // namespace

StickyVerdict decide(const StickyFacts& facts) {
  switch (facts.cookie) {
    case StickyCookie::none:
      return {.reason = "no_cookie"};
    case StickyCookie::foreign:
      return {.reason = "not_ours"};
    case StickyCookie::expired:
      return {.reason = "expired"};
    case StickyCookie::good:
      break;
  }
  if (!facts.known) return lost(facts, "endpoint_gone");
  if (facts.disabled) return lost(facts, "endpoint_disabled");
  if (facts.drained && facts.on_drain == OnDrain::move) return {.reason = "endpoint_drained"};
  if (!facts.available) return lost(facts, "endpoint_unavailable");
  // Whoever may be answered by this endpoint only tries it again: whether at all, the rules for retries have said.
  if (facts.failed && facts.on_failure == OnFailure::another) return {.reason = "endpoint_failed"};
  if (facts.drained) return keep("drained_but_kept", false);
  return keep("cookie", facts.old_key || facts.ageing);
}

std::string_view name_of(StickyAction action) {
  switch (action) {
    case StickyAction::keep:
      return "kept";
    case StickyAction::pick:
      return "picked_anew";
    case StickyAction::refuse:
      return "refused";
  }
  return "refused";
}

StickyRule::StickyRule(std::string upstream, const StickyOptions& options, std::shared_ptr<StickyCounts> counts)
    : options_(options),
      name_(cookie_name_of(upstream, options.cookie)),
      attributes_(attributes_of(options)),
      keys_(upstream, options.keys),
      counts_(counts != nullptr ? std::move(counts) : std::make_shared<StickyCounts>(std::move(upstream), 1)) {
  for (std::string& key : options_.keys) crypto::forget(key);
}

StickyRule::Read StickyRule::read(const Fields& fields, WallTime now) const {
  Read read;
  std::size_t looked_at = 0;
  find_cookie(fields, name_, [&](std::string_view value) {
    const auto opened = keys_.open(value);
    if (!opened) {
      if (read.cookie == StickyCookie::none) read.cookie = StickyCookie::foreign;
      return ++looked_at == limits::sticky_cookies;
    }
    // Another machine's clock may be ahead of ours.
    const auto age = std::chrono::seconds{std::max(std::int64_t{seconds_of(now)} - opened->token.issued, INT64_C(0))};
    const bool expired = options_.ttl != no_limit && age > options_.ttl;
    read = {.cookie = expired ? StickyCookie::expired : StickyCookie::good,
            .ageing = options_.ttl != no_limit && age > options_.ttl / 2,
            .key = opened->key,
            .endpoint = opened->token.endpoint};
    return !expired || ++looked_at == limits::sticky_cookies;
  });
  return read;
}

StickyFacts StickyRule::facts(const Read& read, const std::optional<StickyEndpoint>& endpoint) const {
  StickyFacts facts{.cookie = read.cookie,
                    .old_key = read.key > 0,
                    .ageing = read.ageing,
                    .known = endpoint.has_value(),
                    .on_failure = options_.on_failure,
                    .on_drain = options_.on_drain};
  if (!endpoint) return facts;
  facts.available = endpoint->facts.available;
  facts.drained = endpoint->facts.drained && endpoint->draining;
  facts.disabled = endpoint->facts.drained && !endpoint->draining;
  facts.failed = endpoint->failed;
  return facts;
}

std::string StickyRule::write(std::string_view address, WallTime now, bool encrypted) const {
  const bool secure = options_.secure == Secure::automatic ? encrypted : options_.secure == Secure::on;
  return fmt::format("{}={}{}{}", name_, keys_.seal({.endpoint = keys_.id_of(0, address), .issued = seconds_of(now)}),
                     attributes_, secure ? "; Secure" : "");
}

void StickyIds::make(const StickyKeys& keys, std::span<const std::string_view> addresses) {
  by_key_.assign(keys.size(), {});
  for (std::size_t key = 0; key < keys.size(); ++key) {
    by_key_[key].reserve(addresses.size());
    for (std::uint32_t number = 0; number < addresses.size(); ++number) {
      by_key_[key].emplace(keys.id_of(key, addresses[number]), number);
    }
  }
}

std::optional<std::uint32_t> StickyIds::find(std::size_t key, std::uint64_t id) const {
  if (key >= by_key_.size()) return {};
  const auto found = by_key_[key].find(id);
  return found == by_key_[key].end() ? std::nullopt : std::optional(found->second);
}

const Schema<StickyOptions>& StickyOptions::schema() {
  static const auto schema =
      Schema<StickyOptions>("sticky", "Clients come back to the server they were at, by a signed cookie.")
          .option("cookie", &StickyOptions::cookie,
                  {.doc = "The cookie's name; weir- and the upstream's, when it is not given.",
                   .example = "shop-server",
                   .complaint = &complaint_about_name})
          .option(
              "keys", &StickyOptions::keys,
              {.doc = "Secrets of at least 32 characters. The first signs, all are believed: a new one is put first "
                      "everywhere, and the old one goes when its cookies have.",
               .example = "[\"${env:STICKY_KEY}\"]",
               .required = true,
               .complaint = &complaint_about_keys})
          .option("path", &StickyOptions::path,
                  {.doc = "Below which the client sends it.", .example = "/shop", .complaint = &complaint_about_path})
          .option("ttl", &StickyOptions::ttl,
                  {.doc = "How long it is believed and kept; it is written anew when half of that is over. none: as "
                          "long as the browser runs.",
                   .example = "1h",
                   .minimum = std::chrono::seconds{2},
                   .maximum = {}})
          .choice(
              "secure", &StickyOptions::secure, {{"auto", Secure::automatic}, {"on", Secure::on}, {"off", Secure::off}},
              {.doc = "Sent over encrypted connections only; auto: when the client came over one.", .example = "on"})
          .option("http_only", &StickyOptions::http_only, {.doc = "Scripts cannot read it.", .example = "on"})
          .choice("same_site", &StickyOptions::same_site,
                  {{"lax", SameSite::lax}, {"strict", SameSite::strict}, {"none", SameSite::none}},
                  {.doc = "Whether other sites' requests carry it.", .example = "strict"})
          .choice("on_failure", &StickyOptions::on_failure,
                  {{"another", OnFailure::another}, {"refuse", OnFailure::refuse}},
                  {.doc = "When the server is ill, gone or disabled: another one and a new cookie, or 503.",
                   .example = "refuse"})
          .choice("on_drain", &StickyOptions::on_drain, {{"keep", OnDrain::keep}, {"move", OnDrain::move}},
                  {.doc = "When the server is drained: its clients stay until their sessions end, or move at once.",
                   .example = "move"})
          .check(&check_options);
  return schema;
}

}  // namespace weir
