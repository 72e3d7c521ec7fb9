// Lets in who knows a user's password: HTTP Basic authentication (RFC 7617) against a file of users.
//
// Problem: hashes of passwords are slow on purpose, so that a request that checks one could stop a core, and a hundred
// of them a machine; and an answer that comes sooner for an unknown user tells which users there are.
// Idea: what was verified is remembered for a while; all else waits in line for one hash at a time per core, computed
// on the executor. An unknown user costs the hash of another one.
//
// What goes upstream: the user's name in a field of your choice (a client's own copy never passes), and the password
// only when asked for.
#pragma once

#include <string>

#include "contracts/plugin.h"
#include "contracts/schema.h"
#include "filters/basic_auth/htpasswd.h"
#include "http/authorization.h"

namespace weir {

struct BasicAuthOptions {
  std::string users;
  std::string realm = "restricted";
  std::string user_header;  ///< lower case; empty: none
  bool forward_authorization = false;
  Duration remember = std::chrono::minutes{5};
  Place place;
  static const Schema<BasicAuthOptions>& schema();
};

/// What a verdict is made from.
struct BasicAuthFacts {
  BasicCredentials::Kind credentials = BasicCredentials::Kind::none;
  bool user_known = false;
  bool password_matches = false;
  bool remembered = false;  ///< it matched before, and nothing was computed now
};
struct BasicAuthVerdict {
  bool allowed = false;
  std::string_view reason;  ///< static
};
/// Pure.
BasicAuthVerdict decide_basic_auth(const BasicAuthFacts& facts);

class BasicAuth final : public Filter {
 public:
  BasicAuth(BasicAuthOptions options, std::shared_ptr<WatchedFile<Htpasswd>> users);

  Reply handle(Exchange& exchange, Next next) const override;
  Effect rehearse(ImaginedRequest& imagined) const override;

 private:
  /// Fills in what can be known of the password; waits for its hash when nobody remembers it.
  /// \errors  checks_queue_full, canceled
  Task<Result<void>> check(Exchange& exchange, BasicCredentials& credentials, BasicAuthFacts& facts) const;
  void change_request(RequestHead& request, std::string_view user) const;

  BasicAuthOptions options_;
  std::shared_ptr<WatchedFile<Htpasswd>> users_;
  std::string challenge_;
};

const FilterKind& basic_auth_filter();

}  // namespace weir
