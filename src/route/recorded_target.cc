// Three texts, and whether there is a query.
#include "route/recorded_target.h"

#include "contracts/packed_facts.h"

namespace weir {

std::string_view pack_target(const RequestHead& request, const RedirectMap* map, Arena& arena) {
  const bool with_query = request.has_query && map != nullptr && map->has_queries();
  FactsWriter writer;
  writer.value(with_query);
  writer.text(request.host);
  writer.text(request.path);
  writer.text(with_query ? request.query : std::string_view());
  return writer.kept_in(arena);
}

bool unpack_target(std::string_view facts, RequestHead& request) {
  FactsReader reader(facts);
  return reader.value(request.has_query) && reader.text(request.host) && reader.text(request.path) &&
         reader.text(request.query) && reader.at_end();
}

}  // namespace weir
