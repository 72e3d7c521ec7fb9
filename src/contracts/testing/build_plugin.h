// Builds a plug-in from options written as text, and keeps what was said about them.
//
//   const auto built = build_plugin(access_filter(), "{ deny: [10.0.0.1] }");
//   ASSERT_TRUE(built.plugin) << built.diagnostics.text();
#pragma once

#include <memory>
#include <string_view>

#include "contracts/plugin.h"
#include "contracts/testing/node_text.h"

namespace weir {

/// A context without upstreams.
class TestBuildContext final : public BuildContext {
 public:
  TestBuildContext(Diagnostics& diagnostics_in, std::string_view name)
      : BuildContext(diagnostics_in, std::string(name)) {}
  std::shared_ptr<const Cluster> cluster(const Node& reference) override {
    diagnostics.error(reference.place(), path, "a test has no upstreams");
    return {};
  }
};

template <typename Plugin>
struct Built {
  std::unique_ptr<const Plugin> plugin;  ///< null after errors
  Diagnostics diagnostics;
};

template <typename Plugin>
Built<Plugin> build_plugin(std::string_view name, std::unique_ptr<const Plugin> (*build)(const Node&, BuildContext&),
                           const Node& options) {
  Built<Plugin> built;
  TestBuildContext context(built.diagnostics, name);
  built.plugin = build(options, context);
  return built;
}

inline Built<Filter> build_plugin(const FilterKind& kind, std::string_view options) {
  return build_plugin(kind.name, kind.build, node(options));
}
inline Built<Service> build_plugin(const ServiceKind& kind, std::string_view options) {
  return build_plugin(kind.name, kind.build, node(options));
}

/// All that is said about these options, a line each.
template <typename Kind>
std::string complaints_about(const Kind& kind, std::string_view options) {
  return build_plugin(kind, options).diagnostics.text();
}

}  // namespace weir
