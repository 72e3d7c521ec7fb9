// Choosing among the routes of a listener.
#include "server/raw_listener.h"

namespace weir {

// Of two that want the same name the first has it: `weir check` has told of the second.
RawRoutes::RawRoutes(std::vector<RawRoute> routes) : routes_(std::move(routes)) {
  for (const RawRoute& route : routes_) {
    if (route.server_names.empty() && everybody_ == nullptr) everybody_ = &route;
    for (const HostPattern& pattern : route.server_names) {
      (pattern.kind == HostPattern::Kind::exact ? exact_ : wildcards_).try_emplace(pattern.name, &route);
    }
  }
}

RawVerdict RawRoutes::find(std::string_view server_name) const {
  if (const auto found = exact_.find(server_name); found != exact_.end()) return {found->second, "server_name"};
  for (std::size_t dot = server_name.find('.'); dot != std::string_view::npos; dot = server_name.find('.')) {
    server_name.remove_prefix(dot + 1);
    if (const auto found = wildcards_.find(server_name); found != wildcards_.end()) return {found->second, "wildcard"};
  }
  return {everybody_, everybody_ != nullptr && routes_.size() == 1 ? "only_route" : "no_name_matches"};
}

}  // namespace weir
