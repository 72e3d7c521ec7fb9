// Sends the client somewhere else.
//
// Problem: a redirect whose host comes from the request is a gift to phishers.
// Idea: the target is fixed when the configuration is read, and checked by route/redirect_target.h: another path of the
// same server, or an absolute URL. The one exception is `redirect: https`, which means "here, but encrypted": host and
// path are the request's own, as they were checked when it was parsed, so that the client stays where it is.
//
// With a map the target depends on the path (route/redirect_map.h), and `to` is for paths that the map does not have;
// the filter `redirect` lets those go on instead.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "contracts/plugin.h"
#include "contracts/schema.h"
#include "route/redirect_map.h"

namespace weir {

struct RedirectOptions {
  enum class Query : std::uint8_t { keep, drop };
  std::string to;
  std::string map;
  Status status = 308;
  Query query = Query::keep;
  static const Schema<RedirectOptions>& schema();
};

class Redirect final : public Service {
 public:
  using Map = std::shared_ptr<WatchedFile<RedirectMap>>;

  /// \param regexes  where the groups of the target come from: the first that matches the path
  explicit Redirect(const RedirectOptions& options, RedirectTarget target = {},
                    std::vector<std::shared_ptr<const PathRegex>> regexes = {}, Map map = {});

  /// Where, with which status, and by which rule.
  struct Verdict {
    std::string_view where;
    Status status = 0;
    std::string_view reason;
    std::uint32_t line = 0;  ///< of the map; 0: `to`
  };

  /// Where a request is sent to. Pure. \param map  as it is now, or null
  /// \errors  not_found     the map does not have the path, and there is no `to`
  ///          missing_host  `https` and a request without a host
  ///          internal      the groups make a path without canonical form, or a filter changed the path so that no
  ///                        expression matches any more
  [[nodiscard]] Result<Verdict> decide(const RequestHead& request, const RedirectMap* map, Arena& arena) const;

  Reply handle(Exchange& exchange) const override;
  Effect rehearse(ImaginedRequest& imagined) const override;

 private:
  [[nodiscard]] Result<std::string_view> location(const RequestHead& request, Arena& arena) const;
  [[nodiscard]] std::string_view https_location(const RequestHead& request, std::string_view question,
                                                std::string_view query, Arena& arena) const;
  [[nodiscard]] std::optional<Captures> capture(std::string_view path) const;

  Status status_;
  bool keeps_query_;
  bool to_https_;
  bool has_target_;
  RedirectTarget target_;
  std::vector<std::shared_ptr<const PathRegex>> regexes_;
  Map map_;
};

const ServiceKind& redirect_service();

}  // namespace weir
