// The walk over the schemas.
#include "app/reference/chapters.h"

#include <fmt/format.h>

#include "app/catalog.h"
#include "app/config/document.h"

namespace weir::reference {
namespace {

void add(const SchemaBase& schema, ChapterKind kind, const std::string& path, std::vector<Chapter>& out) {
  out.push_back({.kind = kind, .path = path, .schema = &schema});
  for (const OptionInfo& option : schema.options()) {
    if (option.nested == nullptr || option.nested == &schema) continue;
    const std::string_view below = option.type.starts_with("list of ")  ? "[]"
                                   : option.type.starts_with("map of ") ? ".NAME"
                                                                        : "";
    add(*option.nested, kind, fmt::format("{}{}{}{}", path, path.empty() ? "" : ".", option.name, below), out);
  }
}

template <typename Kinds>
void add_kinds(const Kinds& kinds, ChapterKind kind, std::vector<Chapter>& out) {
  for (const auto* each : kinds) add(each->schema(), kind, std::string(each->name), out);
}

}  // namespace

std::vector<Chapter> chapters_of(const SchemaBase& schema, ChapterKind kind, const std::string& path) {
  std::vector<Chapter> all;
  add(schema, kind, path, all);
  return all;
}

std::vector<Chapter> chapters() {
  std::vector<Chapter> all = chapters_of(config::configuration_schema(), ChapterKind::section, "");
  add_kinds(filter_kinds(), ChapterKind::filter, all);
  add_kinds(service_kinds(), ChapterKind::service, all);
  add_kinds(balancer_kinds(), ChapterKind::balancer, all);
  return all;
}

}  // namespace weir::reference
