// How `proxy:` is written.
#include "contracts/schema.h"
#include "services/proxy/proxy.h"

namespace weir {
namespace {

/// One target of a list.
struct TargetOptions {
  Node to;
  std::uint32_t weight = 1;
  Node filters;

  static const Schema<TargetOptions>& schema();
};

const Schema<TargetOptions>& TargetOptions::schema() {
  static const auto schema =
      Schema<TargetOptions>("proxy", "Sends the request to an upstream and its answer back.")
          .option("to", &TargetOptions::to,
                  {.doc = "An upstream's name, or a URL.", .example = "shop", .required = true})
          .option("weight", &TargetOptions::weight,
                  {.doc = "Its share of the requests.", .example = "95", .minimum = 1, .maximum = 1'000'000})
          .option("filters", &TargetOptions::filters, {.doc = "Filters for this target alone; not supported yet."})
          .shorthand("to")
          .check([](const Node&, const Reading& at, TargetOptions& options) {
            if (options.filters.is_null()) return true;
            return at.member("filters").error(options.filters, "filters of one target are not supported yet",
                                              "put them into the route's filters");
          });
  return schema;
}

bool add_target(const Node& node, const Reading& at, BuildContext& context, std::vector<ProxyTarget>& targets) {
  const std::optional<TargetOptions> options = TargetOptions::schema().read(node, at);
  if (!options) return false;
  std::shared_ptr<const Cluster> cluster = context.cluster(options->to);
  if (cluster == nullptr) return false;
  targets.push_back({.cluster = std::move(cluster), .weight = options->weight});
  return true;
}

std::unique_ptr<const Service> build(const Node& options, BuildContext& context) {
  const Reading at(context.diagnostics, context.path);
  std::vector<ProxyTarget> targets;
  bool good = true;
  if (!options.is_list()) {
    good = add_target(options, at, context, targets);
  } else if (options.items().empty()) {
    good = at.error(options, "the list names no upstream", "write the name of an upstream");
  }
  for (std::size_t index = 0; const Node& item : options.items()) {
    if (options.is_list()) good = add_target(item, at.item(index++), context, targets) && good;
  }
  if (!good) return nullptr;
  return std::make_unique<Proxy>(std::move(targets));
}

}  // namespace

const ServiceKind& proxy_service() {
  static constexpr ServiceKind kind{.name = "proxy", .schema = &schema_of<TargetOptions>, .build = &build};
  return kind;
}

}  // namespace weir
