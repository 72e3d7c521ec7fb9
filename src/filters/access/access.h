// Lets clients in, or not, by their address.
//
// Idea: two lists of blocks. `deny` wins over `allow`; an `allow` list means that everybody else is denied. The client
// is the one behind trusted proxies, when there are some. Lists are walked in order, since they are short and a walk
// over tens of blocks costs less than one cache miss; who needs thousands wants a table, not this filter.
//
// A client over a unix socket has no address and counts as `::`: only ::/0 holds it.
#pragma once

#include <string_view>
#include <vector>

#include "contracts/plugin.h"
#include "contracts/schema.h"

namespace weir {

/// A block, and where it is written, so that a refusal can name its line.
struct AccessRule {
  Cidr block;
  Place place;
};

template <>
struct OptionType<AccessRule> {
  static std::string name() { return OptionType<Cidr>::name(); }
  static bool read(const Node& node, const Reading& at, AccessRule& out) {
    out.place = node.place();
    return OptionType<Cidr>::read(node, at, out.block);
  }
  static std::string shown(const AccessRule& rule) { return OptionType<Cidr>::shown(rule.block); }
};

struct AccessOptions {
  std::vector<AccessRule> allow;
  std::vector<AccessRule> deny;
  Place allow_place;  ///< of the list as a whole: the rule that denies whom no entry names
  static const Schema<AccessOptions>& schema();
};

struct AccessVerdict {
  bool allowed = true;
  std::string_view reason;  ///< in_deny_list, in_allow_list, not_in_allow_list, not_in_deny_list
  Place place;              ///< of the entry, or of the allow list for those not in it
};

/// Pure.
AccessVerdict decide_access(const AccessOptions& rules, const IpAddress& client);

class Access final : public Filter {
 public:
  explicit Access(AccessOptions rules) : rules_(std::move(rules)) {}

  Reply handle(Exchange& exchange, Next next) const override;
  Effect rehearse(ImaginedRequest& imagined) const override;

 private:
  AccessOptions rules_;
};

const FilterKind& access_filter();

}  // namespace weir
