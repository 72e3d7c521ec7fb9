// Asks somebody else whether a request may pass: nginx's auth_request, Traefik's ForwardAuth.
//
// Problem: who may do what is known to an authority of its own (a sign-on server, an application); the gateway must ask
// it about each request, and believe nothing that a client says in the authority's name.
// Idea: a request of our own that carries the client's fields and says in X-Forwarded-* what was asked for; no body.
// 2xx lets the request on, with the fields that the authority wants the upstream to see; 401, 403 and redirects are
// its answer to the client; everything else is a failure of the authority, and nobody gets in by that.
//
// Invariants
//   (1) A field that the authority may set for the upstream never arrives there from the client.
//   (2) What the authority is told about the request (X-Forwarded-*, X-Original-*) is never the client's own.
#pragma once

#include <string>
#include <vector>

#include "contracts/plugin.h"
#include "contracts/schema.h"
#include "upstream/subrequest.h"

namespace weir {

struct ForwardAuthOptions {
  enum class OnError : std::uint8_t { refuse, allow };
  Node to;
  std::string path;                           ///< with its query; as in `to` when that is a URL with a path
  std::vector<std::string> request_headers;   ///< lower case; empty: all
  std::vector<std::string> response_headers;  ///< lower case; onto the upstream request
  std::vector<std::string> client_headers;    ///< lower case; onto the response
  Duration timeout = std::chrono::seconds{5};
  OnError on_error = OnError::refuse;
  Place place;
  static const Schema<ForwardAuthOptions>& schema();
};

/// What a verdict is made from: the authority's answer, or why there is none.
struct AuthorityFacts {
  bool answered = false;
  Status status = 0;
  Error error;  ///< when it did not answer
  ForwardAuthOptions::OnError on_error = ForwardAuthOptions::OnError::refuse;
};
enum class AuthorityAction : std::uint8_t { let_on, answer, fail };
struct AuthorityVerdict {
  AuthorityAction action = AuthorityAction::fail;
  std::string_view reason;  ///< static
};
/// "allowed", "refused" or "failed".
std::string_view name_of(AuthorityAction action);
/// Pure.
AuthorityVerdict decide_forward_auth(const AuthorityFacts& facts);

class ForwardAuth final : public Filter {
 public:
  /// \param authority  host[:port] for the Host field
  ForwardAuth(ForwardAuthOptions options, std::shared_ptr<const Cluster> cluster, std::string authority);

  Reply handle(Exchange& exchange, Next next) const override;
  Effect rehearse(ImaginedRequest& imagined) const override;

 private:
  [[nodiscard]] const RequestHead& question(Subrequest& subrequest, const Exchange& exchange) const;
  void strip_claims(RequestHead& request) const;

  ForwardAuthOptions options_;
  std::shared_ptr<const Cluster> cluster_;
  std::string authority_;
  std::string_view path_;
  std::string_view query_;
  bool has_query_ = false;
};

const FilterKind& forward_auth_filter();

}  // namespace weir
