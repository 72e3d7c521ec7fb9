// Where the counters of rules with `scope: redis` are, and what happens when they cannot be had.
//
//   redis: 10.0.0.5:6379
//   redis: { addresses: [10.0.0.5:6379, 10.0.0.6:6379], user: weir, password: "${file:/run/secrets/redis}", budget: 5ms
//   }
//   redis: { addresses: [redis.internal:6380], tls: { authorities: internal-ca.pem } }
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "contracts/client_tls.h"
#include "contracts/schema.h"
#include "net/redis/settings.h"

namespace weir::limit {

/// What decides when Redis has not answered.
enum class OnError : std::uint8_t {
  local,   ///< what this gateway alone has counted
  open,    ///< everybody passes
  closed,  ///< nobody does
};

struct RedisOptions {
  std::vector<Endpoint> addresses;  ///< empty: there is no Redis
  std::string user;
  std::string password;
  unsigned database = 0;
  bool cluster = false;
  Duration budget = std::chrono::milliseconds{5};
  OnError on_error = OnError::local;
  std::uint64_t lease = 0;
  std::string prefix = "weir";
  std::optional<ClientTlsOptions> tls;                ///< nothing: in the clear
  std::shared_ptr<const tls::ClientContext> secured;  ///< what became of `tls`, once its files are read
  static const Schema<RedisOptions>& schema();

  /// Reads the files of `tls`, where it is written. \returns  false after errors
  bool secure(BuildContext& context);
  /// \param library  of functions that its connections load
  [[nodiscard]] redis::Settings settings(redis::Library library) const;
  /// The same text for descriptions that lead to the same connections. Holds a digest of the password: not to be shown.
  [[nodiscard]] std::string identity() const;
  /// `10.0.0.5:6379, 10.0.0.6:6379`.
  [[nodiscard]] std::string shown() const;
};

}  // namespace weir::limit
