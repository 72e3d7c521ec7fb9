// A request of our own beside the one that is served: asking an authority today, mirrors and hooks later.
//
// Problem: such a request must be retried, timed, pooled and torn down like every other, yet leave nothing on the
// exchange it is made for: neither its attempts nor its records, bodies or children.
// Idea: an exchange of its own on the same core, client and configuration, hosted here, that goes through
// upstream/attempt like all others. Its answer is read whole, up to a bound, so that when fetch() returns nothing of it
// runs any more and its connection is free.
//
//   Subrequest subrequest(exchange);
//   CO_TRY(const Fetched fetched, co_await subrequest.fetch(cluster, head, {.timeout = 5s}));
//   ... fetched is valid as long as `subrequest`: copy what should live longer ...
//
// Invariants
//   (1) When fetch() has returned, its exchange has no child, holds no lease and waits for nothing.
//   (2) Its exchange is finished exactly once, whether fetch() was called or not.
#pragma once

#include "contracts/exchange.h"
#include "upstream/cluster.h"

namespace weir {

struct FetchLimits {
  Duration timeout = std::chrono::seconds{5};  ///< for everything: connecting, sending, the whole answer
  ByteCount body_bytes = limits::fetched_body_bytes;
};

/// An answer that is here as a whole.
struct Fetched {
  const ResponseHead* head = nullptr;
  std::string_view body;
};

class Subrequest final : private ExchangeHost {
 public:
  explicit Subrequest(Exchange& served);
  Subrequest(const Subrequest&) = delete;
  Subrequest& operator=(const Subrequest&) = delete;
  ~Subrequest();

  /// The request that is served, as it would go upstream without its body: what forwarding says of the client is in it.
  /// To be changed before it is sent.
  /// \param keep  which of the client's fields stay
  template <typename Keep>
  RequestHead& head_like(const RequestHead& served, Keep keep);

  /// Sends `head` and reads the answer. Call it once.
  /// \errors  those of send_to(); first_byte_timeout when the time is over; body_too_large (origin upstream); canceled
  Task<Result<Fetched>> fetch(const Cluster& cluster, const RequestHead& head, FetchLimits limits);

  /// Where texts of the head may be put.
  [[nodiscard]] Arena& arena() { return exchange_.arena; }
  /// The endpoint that was asked, as text; empty when none was reached.
  [[nodiscard]] std::string_view endpoint() const { return exchange_.upstream_endpoint; }
  [[nodiscard]] unsigned attempts() const { return exchange_.attempts; }

 private:
  Task<Result<Fetched>> converse(const Cluster& cluster, const RequestHead& head, ByteCount body_bytes_max);
  RequestHead& compose(const RequestHead& chosen);

  Task<Result<void>> interim(const ResponseHead&) override { co_return Result<void>{}; }
  void limit_time(Time) override {}

  Exchange exchange_;
  std::optional<Answer> answer_;
};

template <typename Keep>
RequestHead& Subrequest::head_like(const RequestHead& served, Keep keep) {
  RequestHead chosen(exchange_.arena);
  chosen.method = served.method;
  chosen.method_text = served.method_text;
  chosen.version = served.version;
  chosen.authority = served.authority;
  chosen.host = served.host;
  chosen.path = served.path;
  chosen.query = served.query;
  chosen.has_query = served.has_query;
  for (const Field& field : served.fields) {
    if (keep(field)) chosen.fields.append(field);
  }
  return compose(chosen);
}

}  // namespace weir
