// From a request's key and the endpoints' facts to sentences.
#include "app/explain_upstream.h"

#include <fmt/format.h>

#include <algorithm>

#include "app/printable.h"
#include "base/text.h"
#include "observers/access_log/redact.h"

namespace weir {
namespace {

using By = Foresight::By;
using Kind = Selector::Kind;

/// More addresses than these in one line are no help.
constexpr std::size_t addresses_shown_max = 8;
/// Of a key's value: enough to know it again.
constexpr std::size_t value_bytes_shown_max = 80;
constexpr std::string_view hidden = "REDACTED";

/// `x-user` of `header: x-user`.
std::string_view argument_of(std::string_view selector) {
  return text::trim(selector.substr(std::min(selector.find(':') + 1, selector.size())));
}

/// Fields that carry credentials, and those that are called like a secret parameter: `x-api-key`.
bool is_secret_field(std::string_view name) {
  if (name == "cookie" || name.ends_with("authorization")) return true;
  return is_secret_parameter(name.starts_with("x-") ? name.substr(2) : name);
}

std::string with_several(const ExplainedUpstream& upstream, bool several, std::string text) {
  return several ? fmt::format("{}: {}", upstream.cluster->name(), text) : text;
}

/// `drained by an operator`
std::string_view words_for(EndpointStanding standing) {
  switch (standing) {
    case EndpointStanding::available:
      return "available";
    case EndpointStanding::disabled:
      return "disabled by an operator";
    case EndpointStanding::draining:
      return "drained by an operator";
    case EndpointStanding::down:
      return "found ill by its checks";
    case EndpointStanding::unchecked:
      return "not checked yet";
    case EndpointStanding::ejected:
      return "ejected as an outlier";
  }
  return "available";
}

/// A file that leaves some addresses to the resolver says nothing of where a key leads: they share the keys, too.
bool is_open_in_file(const ExplainedUpstream& upstream) {
  return !upstream.live && upstream.unresolved > 0;
}

// What the request brings.

ExplainedRow key_row(const ExplainedUpstream& upstream, bool several) {
  const ExplainedKey& key = upstream.key;
  std::string text = fmt::format("{} is {}", key.name, key.value);
  if (key.value.empty()) text = fmt::format("the request has no {}", key.name);
  if (!key.imaginable) text = fmt::format("{} is known of a real request only", key.name);
  return {.label = "key", .text = with_several(upstream, several, std::move(text))};
}

ExplainedRow cookie_row(const ExplainedUpstream& upstream, bool several) {
  const std::string& name = upstream.cluster->settings().sticky->cookie_name();
  const std::optional<std::uint32_t>& remembered = upstream.foresight.remembered;
  std::string text;
  switch (upstream.request.cookie.cookie) {
    case StickyCookie::none:
      text = fmt::format("the request has no {}; the answer brings one", name);
      break;
    case StickyCookie::foreign:
      text = fmt::format("{} is not ours", name);
      break;
    case StickyCookie::expired:
      text = fmt::format("{} has expired", name);
      break;
    case StickyCookie::good:
      if (is_open_in_file(upstream)) {
        text = fmt::format("{} is one of ours", name);
      } else if (!remembered) {
        text = fmt::format("{} names none of the endpoints there are", name);
      } else {
        const ExplainedEndpoint& named = upstream.endpoints[*remembered];
        text = fmt::format("{} names {}", name, named.address);
        if (named.standing != EndpointStanding::available)
          text += fmt::format(", which is {}", words_for(named.standing));
      }
      break;
  }
  return {.label = "cookie", .text = with_several(upstream, several, std::move(text))};
}

// Where it goes.

/// `10.0.0.11:8080, 10.0.0.12:8080 and 3 more`
std::string listed(const ExplainedUpstream& upstream) {
  const std::vector<std::uint32_t>& all = upstream.foresight.candidates;
  std::string text;
  for (std::size_t at = 0; at < all.size() && at < addresses_shown_max; ++at) {
    const ExplainedEndpoint& each = upstream.endpoints[all[at]];
    text += fmt::format("{}{}", at == 0 ? "" : ", ", each.address);
    if (upstream.live && upstream.cluster->balancer().basis() == PickBasis::load)
      text += fmt::format(" ({} in flight)", each.in_flight);
  }
  if (all.size() > addresses_shown_max) text += fmt::format(" and {} more", all.size() - addresses_shown_max);
  return text;
}

/// What decides when the request is there.
std::string_view decided_by(const ExplainedUpstream& upstream) {
  switch (upstream.cluster->balancer().basis()) {
    case PickBasis::turn:
      return "in turns";
    case PickBasis::load:
      return "as loads are then";
    case PickBasis::chance:
      return "by chance";
    case PickBasis::key:
    case PickBasis::key_and_load:
      return upstream.key.imaginable ? "by chance, for want of a key" : "by that key";
  }
  return "by chance";
}

std::string open_text(const ExplainedUpstream& upstream) {
  return fmt::format("one of {} {}, by {}: {}", upstream.foresight.candidates.size(), decided_by(upstream),
                     upstream.cluster->balancer().name(), listed(upstream));
}

/// What the forecast rests on.
std::string condition_of(const ExplainedUpstream& upstream) {
  const bool loads = upstream.cluster->balancer().basis() == PickBasis::key_and_load;
  if (upstream.live) return loads ? ", as loads are now" : "";
  return loads ? ", if all are well and idle" : ", if all are well";
}

std::string known_text(const ExplainedUpstream& upstream) {
  const Foresight& foresight = upstream.foresight;
  const ExplainedEndpoint& endpoint = upstream.endpoints[*foresight.endpoint];
  std::string text = endpoint.address;
  if (foresight.by == By::cookie) {
    text += ", by its cookie";
    if (foresight.reason != "cookie") text += fmt::format(" ({})", foresight.reason);
    return text;
  }
  if (foresight.by == By::only) {
    text += upstream.endpoints.size() > 1 ? ", the only one in use" : ", the only one";
  } else {
    const std::string_view policy = upstream.cluster->balancer().name();
    text += fmt::format(", by {}", policy);
    if (foresight.reason != policy) text += fmt::format(" ({})", foresight.reason);
    text += condition_of(upstream);
  }
  if (endpoint.standing != EndpointStanding::available) {
    text += fmt::format("; it is {}, but used: {}", words_for(endpoint.standing), upstream.group.reason);
  }
  return text;
}

std::string nowhere_text(const ExplainedUpstream& upstream) {
  if (upstream.foresight.by == By::refusal) return fmt::format("none, 503: {}", upstream.foresight.reason);
  if (is_open_in_file(upstream)) {
    return fmt::format("by {}, among addresses that only the running process knows",
                       upstream.cluster->balancer().name());
  }
  if (upstream.unresolved > 0 && upstream.endpoints.empty()) return "none: no name has been resolved";
  return fmt::format("none, 503: {}", upstream.foresight.reason);
}

/// Why the key's own endpoint is not the one it goes to.
std::string own_text(const ExplainedUpstream& upstream) {
  const ExplainedEndpoint& own = upstream.endpoints[*upstream.foresight.own];
  if (own.standing != EndpointStanding::available)
    return fmt::format("the key's own is {}, which is {}", own.address, words_for(own.standing));
  if (upstream.foresight.reason == "next_with_room")
    return fmt::format("the key's own is {}, which is full: {} in flight on this core", own.address, own.in_flight);
  return fmt::format("the key's own is {}, when all are well and idle", own.address);
}

void write_endpoint(JsonWriter& json, std::string_view name, const ExplainedUpstream& upstream, std::uint32_t number) {
  const ExplainedEndpoint& endpoint = upstream.endpoints[number];
  json.key(name).begin_object().member("endpoint", endpoint.address).member("state", name_of(endpoint.standing));
  if (upstream.live) json.member("in_flight", endpoint.in_flight);
  json.end_object();
}

std::string_view name_of(By by) {
  switch (by) {
    case By::nobody:
      return "nobody";
    case By::refusal:
      return "refusal";
    case By::cookie:
      return "cookie";
    case By::only:
      return "only_one";
    case By::key:
      return "key";
    case By::open:
      return "open";
  }
  return "open";
}

std::string_view name_of(PickBasis basis) {
  switch (basis) {
    case PickBasis::turn:
      return "turn";
    case PickBasis::chance:
      return "chance";
    case PickBasis::load:
      return "load";
    case PickBasis::key:
      return "key";
    case PickBasis::key_and_load:
      return "key_and_load";
  }
  return "load";
}

}  // namespace

std::string shown(const Selector& selector, std::string_view value) {
  const std::string name = selector.text();
  const std::string_view argument = argument_of(name);
  const bool secret = selector.kind() == Kind::cookie ||
                      (selector.kind() == Kind::header && is_secret_field(argument)) ||
                      (selector.kind() == Kind::query && is_secret_parameter(argument));
  if (secret && !value.empty()) return std::string(hidden);
  std::string text(value);
  if (selector.kind() == Kind::whole_query) text = redacted("?" + text).substr(1);
  text = printable(text);
  if (text.size() > value_bytes_shown_max) text = text.substr(0, value_bytes_shown_max) + "...";
  return text;
}

ExplainedUpstream imagined_at(std::shared_ptr<const Cluster> cluster, const SelectorFacts& facts, WallTime now,
                              Arena& arena) {
  ExplainedUpstream upstream{.cluster = std::move(cluster)};
  const Balancer& balancer = upstream.cluster->balancer();
  if (const Selector* key = balancer.key()) {
    upstream.key = {.name = key->text(),
                    .value = shown(*key, key->value(facts, arena)),
                    .imaginable = key->kind() != Kind::request_id};
    upstream.request.key = balancer.key_of(facts, arena);
  }
  if (const StickyRule* sticky = upstream.cluster->settings().sticky.get())
    upstream.request.cookie = sticky->read(facts.request.fields, now);
  return upstream;
}

void foresee(ExplainedUpstream& upstream, const Lineup& lineup) {
  upstream.foreseen = true;
  upstream.live = lineup.live;
  upstream.unresolved = lineup.unresolved;
  upstream.table_pending = lineup.table_pending;
  upstream.group = lineup.verdict;
  upstream.endpoints.clear();
  for (std::size_t at = 0; at < lineup.names.size(); ++at) {
    upstream.endpoints.push_back(
        {.address = lineup.names[at], .standing = lineup.standings[at], .in_flight = lineup.endpoints[at].in_flight});
  }
  if (is_open_in_file(upstream)) return;
  upstream.foresight =
      weir::foresee(upstream.cluster->balancer(), upstream.cluster->settings().sticky.get(), lineup, upstream.request);
}

std::vector<ExplainedRow> rows_of(const ExplainedUpstream& upstream, bool several) {
  std::vector<ExplainedRow> rows;
  if (!upstream.foreseen) return rows;
  const Foresight& foresight = upstream.foresight;
  const auto row = [&](std::string_view label, std::string text) {
    rows.push_back({.label = label, .text = with_several(upstream, several, std::move(text))});
  };
  if (upstream.cluster->settings().sticky != nullptr) rows.push_back(cookie_row(upstream, several));
  if (!upstream.key.name.empty()) rows.push_back(key_row(upstream, several));
  if (foresight.by == By::open) {
    row("endpoint", open_text(upstream));
  } else if (foresight.endpoint) {
    row("endpoint", known_text(upstream));
  } else {
    row("endpoint", nowhere_text(upstream));
  }
  if (foresight.own) row("", own_text(upstream));
  if (foresight.second) row("", fmt::format("a second try goes to {}", upstream.endpoints[*foresight.second].address));
  if (upstream.table_pending) row("", "a table for these endpoints is being made; the former serves until then");
  return rows;
}

void write_upstream(JsonWriter& json, const ExplainedUpstream& upstream) {
  const Foresight& foresight = upstream.foresight;
  const Balancer& balancer = upstream.cluster->balancer();
  json.begin_object().member("name", upstream.cluster->name()).member("balancer", balancer.name());
  json.member("decided_by", name_of(balancer.basis()));
  if (!upstream.key.name.empty())
    json.key("key").begin_object().member("name", upstream.key.name).member("value", upstream.key.value).end_object();
  if (upstream.foreseen) {
    json.member("live", upstream.live).member("unresolved", upstream.unresolved);
    json.member("foreseen_by", name_of(foresight.by)).member("reason", foresight.reason);
    if (foresight.endpoint) write_endpoint(json, "endpoint", upstream, *foresight.endpoint);
    if (foresight.own) write_endpoint(json, "key_belongs_to", upstream, *foresight.own);
    if (foresight.second) write_endpoint(json, "second_try", upstream, *foresight.second);
    if (foresight.sticky) {
      json.key("cookie").begin_object().member("verdict", weir::name_of(foresight.sticky->action));
      json.member("reason", foresight.sticky->reason);
      if (foresight.remembered) json.member("endpoint", upstream.endpoints[*foresight.remembered].address);
      json.end_object();
    }
    json.key("candidates").begin_array();
    for (const std::uint32_t number : foresight.candidates) json.value(upstream.endpoints[number].address);
    json.end_array();
  }
  json.end_object();
}

}  // namespace weir
