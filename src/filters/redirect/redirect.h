// Sends the client somewhere else when a map of redirects has its path, and lets all others go on.
//
// A site that moved keeps its old addresses this way without a route for each: `filters: [{ redirect: old.csv }]` in
// front of what serves the rest. The service of the same name answers instead (services/redirect).
#pragma once

#include <string>

#include "contracts/plugin.h"
#include "contracts/schema.h"
#include "route/redirect_map.h"

namespace weir {

struct RedirectFilterOptions {
  enum class Query : std::uint8_t { keep, drop };
  std::string map;
  Status status = 308;
  Query query = Query::keep;
  static const Schema<RedirectFilterOptions>& schema();
};

class RedirectFilter final : public Filter {
 public:
  RedirectFilter(const RedirectFilterOptions& options, std::shared_ptr<WatchedFile<RedirectMap>> map);

  Reply handle(Exchange& exchange, Next next) const override;
  Effect rehearse(ImaginedRequest& imagined) const override;

 private:
  Reply redirect(Exchange& exchange, const RedirectMap& map, RedirectMap::Found found) const;
  [[nodiscard]] Status status_of(const RedirectMap::Found& found) const {
    return found.status == 0 ? status_ : found.status;
  }

  Status status_;
  bool keeps_query_;
  std::shared_ptr<WatchedFile<RedirectMap>> map_;
};

const FilterKind& redirect_filter();

}  // namespace weir
