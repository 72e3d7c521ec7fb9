// Names with options, and the replacing of chains.
#include "app/config/plugin_use.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "contracts/option_type.h"

namespace weir::config {
namespace {

bool known(std::string_view name, const std::vector<std::string_view>& names) {
  return std::ranges::find(names, name) != names.end();
}

bool read_use(PluginUse& use, const Reading& reading) {
  if (use.options.is_scalar() && !use.options.text().empty()) return true;
  return reading.error(use.options, fmt::format("expected the name of a chain, found {}", use.options.shown()));
}

std::string joined(const std::vector<std::string_view>& names) {
  std::string text;
  for (const std::string_view name : names) text += (text.empty() ? "" : " > ") + std::string(name);
  return text;
}

/// Puts chains into chains, depth first; each chain once.
class ChainResolver {
 public:
  ChainResolver(std::vector<ChainDocument>& chains, Diagnostics& diagnostics)
      : chains_(chains), states_(chains.size(), State::untouched), diagnostics_(diagnostics) {
    for (const ChainDocument& chain : chains) names_.push_back(chain.name);
    for (std::size_t at = 0; at < chains.size(); ++at) index_.emplace(chains[at].name, at);
  }

  void resolve_all() {
    for (std::size_t at = 0; at < chains_.size(); ++at) resolve(at);
  }

  /// The list with every `use` replaced; those with errors are left out.
  std::vector<PluginUse> resolved(std::vector<PluginUse> filters) {
    std::vector<PluginUse> whole;
    for (PluginUse& filter : filters) {
      if (filter.name != use_word) {
        whole.push_back(std::move(filter));
        continue;
      }
      const ChainDocument* chain = used_by(filter);
      if (chain == nullptr) continue;
      if (whole.size() + chain->filters.size() > chain_filters_max) {
        diagnostics_.error(filter.options.place(), filter.path, fmt::format("more than {} filters", chain_filters_max));
        continue;
      }
      std::ranges::copy(chain->filters, std::back_inserter(whole));
    }
    return whole;
  }

 private:
  enum class State : std::uint8_t { untouched, open, done };

  void resolve(std::size_t at) {
    if (states_[at] != State::untouched) return;
    states_[at] = State::open;
    open_.push_back(chains_[at].name);
    chains_[at].filters = resolved(std::move(chains_[at].filters));
    open_.pop_back();
    states_[at] = State::done;
  }

  const ChainDocument* used_by(const PluginUse& use) {
    const auto found = index_.find(use.options.text());
    if (found == index_.end()) {
      check_uses({use}, names_, diagnostics_);
      return nullptr;
    }
    const std::size_t at = found->second;
    // Recursion is as deep as chains are long, and a chain of chains is as long as somebody cared to write.
    const bool too_deep = open_.size() >= chain_depth_max;
    if (states_[at] == State::open || (too_deep && states_[at] == State::untouched)) {
      std::vector<std::string_view> circle(std::ranges::find(open_, chains_[at].name), open_.end());
      circle.push_back(chains_[at].name);
      diagnostics_.error(use.options.place(), use.path,
                         too_deep ? fmt::format("chains use chains more than {} deep", chain_depth_max)
                                  : fmt::format("chain \"{}\" uses itself: {}", chains_[at].name, joined(circle)));
      return nullptr;
    }
    resolve(at);
    return &chains_[at];
  }

  static constexpr std::size_t chain_depth_max = 32;

  std::vector<ChainDocument>& chains_;
  std::vector<State> states_;
  std::vector<std::string_view> names_;
  std::unordered_map<std::string_view, std::size_t> index_;
  std::vector<std::string_view> open_;
  Diagnostics& diagnostics_;
};

}  // namespace

bool read_plugin_use(const Node& node, const Reading& reading, std::string_view kind,
                     const std::vector<std::string_view>& names, PluginUse& out) {
  if (node.is_scalar()) {
    out = {.name = node.text(), .options = Node::null(node.place()), .place = node.place(), .path = {}};
  } else if (node.is_map() && node.members().size() == 1) {
    const Node::Member& only = node.members().front();
    out = {.name = only.name, .options = only.value, .place = only.place, .path = {}};
  } else {
    return reading.error(node,
                         fmt::format("expected the name of one {}, found {}", kind,
                                     node.is_map() ? fmt::format("{} names", node.members().size()) : node.shown()),
                         node.is_map() ? fmt::format("write one item for each {}: - name: options", kind) : "");
  }
  const Reading at = reading.member(out.name);
  out.path = at.path();
  if (kind == "filter" && out.name == use_word) return read_use(out, at);
  if (known(out.name, names)) return true;
  return reading.error(out.place, fmt::format("unknown {} \"{}\"", kind, out.name), did_you_mean(out.name, names));
}

std::vector<PluginUse> read_filters(const Node& node, const Reading& reading, const PluginNames& names) {
  std::vector<PluginUse> filters;
  if (node.is_null()) return filters;
  if (!node.is_list()) {
    reading.error(node, fmt::format("expected a list of filters, found {}", node.shown()), "write [{ name: options }]");
    return filters;
  }
  filters.reserve(node.items().size());
  for (std::size_t index = 0; const Node& item : node.items()) {
    PluginUse use;
    if (read_plugin_use(item, reading.item(index++), "filter", names.filters, use)) filters.push_back(std::move(use));
  }
  return filters;
}

void resolve_chains(Document& document, Diagnostics& diagnostics) {
  ChainResolver resolver(document.chains, diagnostics);
  resolver.resolve_all();
  document.default_filters = resolver.resolved(std::move(document.default_filters));
  for (HostDocument& host : document.hosts) host.filters = resolver.resolved(std::move(host.filters));
}

void check_uses(const std::vector<PluginUse>& filters, const std::vector<std::string_view>& chains,
                Diagnostics& diagnostics) {
  for (const PluginUse& filter : filters) {
    if (filter.name != use_word || known(filter.options.text(), chains)) continue;
    diagnostics.error(filter.options.place(), filter.path, fmt::format("there is no chain {}", filter.options.shown()),
                      did_you_mean(filter.options.text(), chains));
  }
}

RouteFilters::RouteFilters(const Document& document) : document_(document) {
  for (const ChainDocument& chain : document.chains) chains_.emplace(chain.name, &chain);
  for (const HostDocument& host : document.hosts) {
    (host.host.kind == HostPattern::Kind::wildcard ? wildcard_hosts_ : exact_hosts_).emplace(host.host.name, &host);
  }
}

const HostDocument* RouteFilters::group_of(const HostPattern& host) const {
  if (host.kind == HostPattern::Kind::any) return nullptr;
  if (host.kind == HostPattern::Kind::exact) {
    if (const auto found = exact_hosts_.find(host.name); found != exact_hosts_.end()) return found->second;
  }
  std::string_view name = host.name;
  if (host.kind == HostPattern::Kind::wildcard) {
    if (const auto found = wildcard_hosts_.find(name); found != wildcard_hosts_.end()) return found->second;
  }
  for (std::size_t dot = name.find('.'); dot != std::string_view::npos; dot = name.find('.')) {
    name.remove_prefix(dot + 1);
    if (const auto found = wildcard_hosts_.find(name); found != wildcard_hosts_.end()) return found->second;
  }
  return nullptr;
}

std::vector<const PluginUse*> RouteFilters::of(const RouteDocument& route) const {
  std::vector<const PluginUse*> all;
  const auto add = [&](const std::vector<PluginUse>& filters) {
    for (const PluginUse& filter : filters) all.push_back(&filter);
  };
  if (route.defaults) {
    add(document_.default_filters);
    // All hosts of a route are in the same group: checks.cc has seen to it.
    const HostDocument* group = route.matches.empty() ? nullptr : group_of(route.matches.front().host);
    if (group != nullptr) add(group->filters);
  }
  for (const PluginUse& filter : route.filters) {
    if (filter.name != use_word)
      all.push_back(&filter);
    else if (const auto chain = chains_.find(filter.options.text()); chain != chains_.end())
      add(chain->second->filters);
  }
  return all;
}

}  // namespace weir::config
