// Sends the client somewhere else.
//
// Problem: a redirect whose host comes from the request is a gift to phishers.
// Idea: the target is fixed when the configuration is read: another path of the same server, or an absolute URL. A
// request can add nothing but its query. The one exception is `redirect: https`, which means "here, but encrypted":
// host and path are the request's own, as they were checked when it was parsed, so that the client stays where it is.
//
// Nothing that was parsed holds CR, LF or a space: what is taken from a request cannot begin another field.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "contracts/plugin.h"
#include "contracts/schema.h"

namespace weir {

struct RedirectOptions {
  enum class Query : std::uint8_t { keep, drop };
  std::string to;
  Status status = 308;
  Query query = Query::keep;
  static const Schema<RedirectOptions>& schema();
};

class Redirect final : public Service {
 public:
  explicit Redirect(RedirectOptions options);
  Redirect(const Redirect&) = delete;
  Redirect& operator=(const Redirect&) = delete;

  /// Where a request is sent to; empty when it has no host and would need one. Pure.
  [[nodiscard]] std::string_view location(const RequestHead& request, Arena& arena) const;

  Reply handle(Exchange& exchange) const override;
  Effect rehearse(ImaginedRequest& imagined) const override;

 private:
  RedirectOptions options_;
  bool to_https_ = false;
  std::string_view before_fragment_;  ///< of options_.to
  std::string_view fragment_;         ///< with its '#'; a query goes in front of it
  bool has_query_ = false;
};

const ServiceKind& redirect_service();

}  // namespace weir
