// Changes where a request goes to at the upstream: its path, its host.
//
// Problem: pieces of a client's path, put together anew, can say something neither the client nor the router ever said:
// "/a../b" rewritten by "^/a(.*)$" to "/files/$1" would climb out of /files.
// Idea: the steps run in one order (strip_prefix, add_prefix, replace); their result must be a path that needs no dot
// segment taken out, and is then brought into the one canonical form. What fails is the rule's fault, since the request
// was canonical: 500 `internal`, recorded with the rule's place, and nothing is sent upstream.
//
// Rewriting happens after routing and never routes again. The query stays as it is. What the client asked for stays in
// the access log and in X-Forwarded-Host.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "contracts/plugin.h"
#include "contracts/schema.h"
#include "filters/rewrite/replacement.h"

namespace weir {

struct ReplaceOptions {
  std::string pattern;
  std::string to;
  static const Schema<ReplaceOptions>& schema();
};

struct RewriteOptions {
  std::string strip_prefix;
  std::string add_prefix;
  ReplaceOptions replace;
  std::string host;
  static const Schema<RewriteOptions>& schema();
};

/// What was made of a request, and why.
struct RewriteVerdict {
  std::string_view path;    ///< the new one, or the old one
  std::string_view reason;  ///< path_rewritten, path_unchanged, not_canonical
  bool good = true;         ///< false: the result is no path
};

class Rewrite final : public Filter {
 public:
  Rewrite(const RewriteOptions& options, std::optional<Replacement> replacement, Place place);

  /// Pure. \param path  canonical; what is no path ("*" of OPTIONS, empty for CONNECT) stays as it is
  [[nodiscard]] RewriteVerdict decide(std::string_view path, Arena& arena) const;

  Reply handle(Exchange& exchange, Next next) const override;
  Effect rehearse(ImaginedRequest& imagined) const override;

 private:
  void apply(RequestHead& request, const RewriteVerdict& verdict) const;

  std::string strip_prefix_;
  std::string add_prefix_;
  std::optional<Replacement> replacement_;
  std::string authority_;  ///< host[:port]; empty: the request's
  std::string host_;       ///< without port and brackets
  Place place_;
};

const FilterKind& rewrite_filter();

}  // namespace weir
