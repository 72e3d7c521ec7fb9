// Clients that come back to the endpoint they were at, by a cookie: before any balancer is asked.
//
// Problem: a server that keeps a session in its memory must see its client again, whatever the balancer thinks; but
// servers are drained, fall ill and leave, and a client must not be able to choose.
// Idea: the answer carries a signed cookie (upstream/sticky_cookie.h) that names the endpoint. With the next request a
// pure function says what that is worth: stay, pick anew, or refuse. Only who picks anew meets the balancer; the answer
// then carries a new cookie.
//
// Who stays and who moves:
//   * to an endpoint that is drained, as `on_drain` says: kept until the session ends, or moved at once;
//   * one that is disabled, ill, ejected, gone, or failed this very request: as `on_failure` says.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/limits.h"
#include "base/units.h"
#include "contracts/balancer.h"
#include "contracts/schema.h"
#include "http/fields.h"
#include "upstream/sticky_cookie.h"
#include "upstream/sticky_counts.h"

namespace weir {

/// `upstreams.NAME.sticky`.
struct StickyOptions {
  enum class OnFailure : std::uint8_t { another, refuse };
  enum class OnDrain : std::uint8_t { keep, move };
  enum class Secure : std::uint8_t { automatic, on, off };
  enum class SameSite : std::uint8_t { lax, strict, none };

  std::string cookie;  ///< its name; empty: `weir-` and the upstream's
  std::vector<std::string> keys;
  std::string path = "/";
  Duration ttl = no_limit;  ///< no_limit: as long as the browser's session
  Secure secure = Secure::automatic;
  bool http_only = true;
  SameSite same_site = SameSite::lax;
  OnFailure on_failure = OnFailure::another;
  OnDrain on_drain = OnDrain::keep;

  static const Schema<StickyOptions>& schema();
};

/// What the request's cookie is.
enum class StickyCookie : std::uint8_t { none, foreign, expired, good };

struct StickyFacts {
  StickyCookie cookie = StickyCookie::none;
  bool old_key = false;    ///< not the key that signs now
  bool ageing = false;     ///< more than half of its time is over
  bool known = false;      ///< the endpoint is one of the upstream
  bool available = false;  ///< and it may be asked
  bool drained = false;    ///< an operator took it out of use, politely
  bool disabled = false;   ///< ... or at once
  bool failed = false;     ///< this request was there, in vain
  StickyOptions::OnFailure on_failure = StickyOptions::OnFailure::another;
  StickyOptions::OnDrain on_drain = StickyOptions::OnDrain::keep;
};

enum class StickyAction : std::uint8_t { keep, pick, refuse };

struct StickyVerdict {
  StickyAction action = StickyAction::pick;
  std::string_view reason;  ///< static
  bool renew = false;       ///< of one who is kept: the answer carries a new cookie
};

/// Pure.
StickyVerdict decide(const StickyFacts& facts);

/// The endpoint that a cookie names, as its upstream knows it.
struct StickyEndpoint {
  EndpointFacts facts;
  bool draining = false;  ///< by an operator; one that is taken out and does not drain is disabled
  bool failed = false;    ///< this request was there, in vain
};
/// "kept", "picked_anew", "refused"
std::string_view name_of(StickyAction action);

/// What a configuration makes of the options: immutable, shared by the cores.
class StickyRule {
 public:
  /// \param counts  that the process keeps; null: it keeps its own, of one core
  StickyRule(std::string upstream, const StickyOptions& options, std::shared_ptr<StickyCounts> counts = nullptr);

  [[nodiscard]] const StickyOptions& options() const { return options_; }
  [[nodiscard]] const std::string& cookie_name() const { return name_; }
  [[nodiscard]] const StickyKeys& keys() const { return keys_; }
  [[nodiscard]] StickyCounts& counts() const { return *counts_; }

  struct Read {
    StickyCookie cookie = StickyCookie::none;
    bool ageing = false;
    std::size_t key = 0;         ///< of a good one
    std::uint64_t endpoint = 0;  ///< of a good one
  };
  /// The first good cookie among those of our name; limits::sticky_cookies of them are looked at.
  [[nodiscard]] Read read(const Fields& fields, WallTime now) const;
  /// What decide() asks. \param endpoint  that the cookie names; nothing: none of the upstream
  [[nodiscard]] StickyFacts facts(const Read& read, const std::optional<StickyEndpoint>& endpoint) const;
  /// The value of Set-Cookie that remembers the endpoint. \param address  `10.0.0.11:8080`
  [[nodiscard]] std::string write(std::string_view address, WallTime now, bool encrypted) const;

 private:
  StickyOptions options_;
  std::string name_;
  std::string attributes_;  // but for Secure
  StickyKeys keys_;
  std::shared_ptr<StickyCounts> counts_;
};

/// What the endpoints of a core are called in cookies, by key.
class StickyIds {
 public:
  /// \param addresses  of the endpoints, by number; made anew whenever they change
  void make(const StickyKeys& keys, std::span<const std::string_view> addresses);
  /// The number of the endpoint; nothing when none is called that.
  [[nodiscard]] std::optional<std::uint32_t> find(std::size_t key, std::uint64_t id) const;

 private:
  std::vector<std::unordered_map<std::uint64_t, std::uint32_t>> by_key_;
};

}  // namespace weir
