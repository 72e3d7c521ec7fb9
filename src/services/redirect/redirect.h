// Sends the client somewhere else.
//
// Problem: a redirect whose host comes from the request is a gift to phishers.
// Idea: the target is fixed when the configuration is read: another path of the same server, or an absolute URL. A
// request can add its query, and what the groups of the route's path_regex matched, but never to the host: groups stand
// behind the authority only, and a path that was put together is brought into its canonical form, so that "/$1" cannot
// become "//evil.example". The one exception is `redirect: https`, which means "here, but encrypted": host and path are
// the request's own, as they were checked when it was parsed, so that the client stays where it is.
//
// Nothing that was parsed holds CR, LF or a space: what is taken from a request cannot begin another field.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "contracts/plugin.h"
#include "contracts/schema.h"
#include "route/path_template.h"

namespace weir {

struct RedirectOptions {
  enum class Query : std::uint8_t { keep, drop };
  std::string to;
  Status status = 308;
  Query query = Query::keep;
  static const Schema<RedirectOptions>& schema();
};

/// The target taken apart: what may be put in, and how, differs from part to part.
struct RedirectTarget {
  std::string origin;  ///< https://example.com; empty for a path on the same server
  PathTemplate path;
  PathTemplate query;
  PathTemplate fragment;  ///< with its '#'
  bool has_query = false;
  std::size_t groups = 0;  ///< the highest group that any part asks for

  /// \returns  or a sentence for a person about its dollar signs
  static std::expected<RedirectTarget, std::string> parse(std::string_view to);
};

class Redirect final : public Service {
 public:
  /// \param regexes  where the groups of the target come from: the first that matches the path
  explicit Redirect(const RedirectOptions& options, RedirectTarget target = {},
                    std::vector<std::shared_ptr<const PathRegex>> regexes = {});

  /// Where a request is sent to. Pure.
  /// \errors  missing_host  `https` and a request without a host
  ///          internal      the groups make a path without canonical form, or a filter changed the path so that no
  ///                        expression matches any more
  [[nodiscard]] Result<std::string_view> location(const RequestHead& request, Arena& arena) const;

  Reply handle(Exchange& exchange) const override;
  Effect rehearse(ImaginedRequest& imagined) const override;

 private:
  [[nodiscard]] std::string_view https_location(const RequestHead& request, std::string_view question,
                                                std::string_view query, Arena& arena) const;
  [[nodiscard]] std::optional<Captures> capture(std::string_view path) const;

  Status status_;
  bool keeps_query_;
  bool to_https_;
  RedirectTarget target_;
  std::vector<std::shared_ptr<const PathRegex>> regexes_;
};

const ServiceKind& redirect_service();

}  // namespace weir
