// Deny first, then allow.
#include "filters/access/access.h"

#include <fmt/format.h>

#include "server/error_reply.h"

namespace weir {
namespace {

constexpr Error denied = client_error(Code::access_denied);

const AccessRule* find_rule(const std::vector<AccessRule>& rules, const IpAddress& client) {
  for (const AccessRule& rule : rules) {
    if (rule.block.contains(client)) return &rule;
  }
  return nullptr;
}

}  // namespace

AccessVerdict decide_access(const AccessOptions& rules, const IpAddress& client) {
  if (const AccessRule* rule = find_rule(rules.deny, client)) return {false, "in_deny_list", rule->place};
  if (rules.allow.empty()) return {true, "not_in_deny_list", {}};
  if (const AccessRule* rule = find_rule(rules.allow, client)) return {true, "in_allow_list", rule->place};
  return {false, "not_in_allow_list", rules.allow_place};
}

Reply Access::handle(Exchange& exchange, Next next) const {
  const AccessVerdict verdict = decide_access(rules_, exchange.client.address);
  exchange.record({.room = "access",
                   .verdict = verdict.allowed ? "allowed" : "denied",
                   .subject = {},
                   .reason = verdict.reason,
                   .place = verdict.place},
                  exchange.client.address);
  return verdict.allowed ? std::move(next)(exchange) : refuse(denied);
}

Effect Access::rehearse(ImaginedRequest& imagined) const {
  const AccessVerdict verdict = decide_access(rules_, imagined.client.address);
  const std::string where = verdict.place.known() ? fmt::format(" ({})", verdict.place.text()) : "";
  const std::string client = imagined.client.address.text();
  if (verdict.allowed) return {.text = fmt::format("lets {} in: {}{}", client, verdict.reason, where)};
  return {.text = fmt::format("refuses {}: {}{}", client, verdict.reason, where),
          .answers = true,
          .status = status_of(denied)};
}

// ---- options ----

namespace {

bool check_lists(const Node& node, const Reading& reading, AccessOptions& options) {
  const Node* allow = node.find("allow");
  const Node* deny = node.find("deny");
  if (allow == nullptr && deny == nullptr) {
    return reading.error(node, "neither allow nor deny is given, so this would check nothing",
                         "write allow: [10.0.0.0/8] or deny: [192.0.2.1]");
  }
  // An empty list is more likely a variable that was not set than a wish; both ways to take it would surprise somebody.
  if (allow != nullptr && options.allow.empty()) {
    return reading.member("allow").error(*allow, "an empty allow list",
                                         "leave it out, or write deny: [\"::/0\"] to let nobody in");
  }
  if (deny != nullptr && options.deny.empty()) {
    return reading.member("deny").error(*deny, "an empty deny list", "leave it out");
  }
  if (allow != nullptr) options.allow_place = allow->place();
  return true;
}

std::unique_ptr<const Filter> build(const Node& options, BuildContext& context) {
  auto rules = AccessOptions::schema().read(options, Reading(context.diagnostics, context.path));
  if (!rules) return {};
  return std::make_unique<Access>(std::move(*rules));
}

}  // namespace

const Schema<AccessOptions>& AccessOptions::schema() {
  static const auto schema =
      Schema<AccessOptions>("access", "Lets clients in, or not, by their address.")
          .option("allow", &AccessOptions::allow,
                  {.doc = "Who may pass; with this list everybody else is refused with 403.",
                   .example = "[10.0.0.0/8, \"2001:db8::/32\"]"})
          .option("deny", &AccessOptions::deny,
                  {.doc = "Who is refused with 403, even when the allow list names them.", .example = "[10.6.6.6]"})
          .check(&check_lists);
  return schema;
}

const FilterKind& access_filter() {
  static constexpr FilterKind kind{
      .name = "access", .schema = &schema_of<AccessOptions>, .build = &build, .needs_http = false};
  return kind;
}

}  // namespace weir
