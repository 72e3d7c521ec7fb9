// A request that Weir makes for itself: of a certificate authority, of whoever says what a certificate is worth.
//
// Problem: such a request belongs to no client, no route and no upstream, yet its answer must be read as strictly as
// theirs, be bounded, and never hold up a core.
// Idea: one connection for one exchange, spoken by the same session as to upstreams (HTTP/1.1), over TLS where the URL
// says so. All of it is on one core's reactor, so that a simulation may drive it. Who asks seldom needs no pool.
//
//   const Result<OutgoingAnswer> answer = co_await ask(shard, {.url = *parse_url("https://ca.test/")}, context);
//
// Invariants
//   (1) When ask() has returned, its connection is closed and nothing of it runs.
//   (2) Nothing is sent over TLS before the server has proved its name to `context`.
//   (3) Redirects are answers like others: nobody is sent elsewhere.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "app/outgoing/url.h"
#include "base/limits.h"
#include "contracts/shard.h"
#include "http/method.h"
#include "http/status.h"
#include "net/tls/client_context.h"
#include "runtime/task.h"

namespace weir {

/// Names in lower case.
using OutgoingFields = std::vector<std::pair<std::string, std::string>>;

struct OutgoingRequest {
  Url url;
  Method method = Method::get;                  ///< or head, or post
  OutgoingFields fields;                        ///< beside Host, User-Agent and those of the framing
  std::string body;                             ///< of a POST
  Duration timeout = std::chrono::seconds{30};  ///< for everything, from the look-up of the name to the last byte
  ByteCount answer_bytes_max = limits::fetched_body_bytes;
};

struct OutgoingAnswer {
  Status status = 0;
  OutgoingFields fields;
  std::string body;

  /// The first of that name; empty when there is none. \param name  in lower case
  [[nodiscard]] std::string_view field(std::string_view name) const;
};

/// \param context  whom to believe; its settings name no server, so that the URL's host counts. Null: https:// fails
/// \errors  resolve_failed, connect_refused, unreachable, connect_timeout, tls_failed, certificate_untrusted,
///          tls_timeout, request_timeout when the time is over, body_too_large, those of ClientSession::send; canceled.
///          All but canceled have origin upstream, or gateway where this machine lacks something
Task<Result<OutgoingAnswer>> ask(Shard& shard, OutgoingRequest request,
                                 std::shared_ptr<const tls::ClientContext> context);

}  // namespace weir
