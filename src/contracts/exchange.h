// One request and all that belongs to it.
//
// Idea: the session that read the request makes an Exchange; every room works on it by reference; whatever lives as
// long as the request lives in its arena. It exists even for a request that could not be parsed, so that a 400 has a
// story too.
//
// Invariants
//   (1) Every finisher runs exactly once, after the last byte of the response was handed over or given up, however the
//       exchange ended: completed, refused, aborted by the client, tunnel closed.
//   (2) The snapshot it started with stays pinned until the finishers have run (a tunnel gives it up when it begins).
//   (3) Children in `scope` are canceled and joined before the exchange is destroyed.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "base/arena.h"
#include "contracts/decision.h"
#include "contracts/duplex.h"
#include "contracts/raw_protocol.h"
#include "contracts/shard.h"
#include "contracts/snapshot.h"
#include "http/message.h"
#include "net/address.h"
#include "net/tls/facts.h"
#include "runtime/scope.h"
#include "runtime/task.h"

namespace weir {

/// What a connection knows about itself, for all its exchanges.
struct ConnectionFacts {
  ClientAddress client;        ///< address == peer here; an exchange may find another behind trusted proxies
  std::uint16_t listener = 0;  ///< id of the listener it came through
  std::string_view listener_name;
  std::optional<RawProtocol> raw{};  ///< nothing: HTTP is spoken
  bool secured = false;              ///< TLS was spoken, here or with whoever sent a PROXY header
  const tls::Facts* tls = nullptr;   ///< what its handshake agreed on; null: it is plain
  bool http2 = true;                 ///< is spoken here with those who begin with it
  IpAddress local;                   ///< of ours, that the client connected to; says nothing over a unix socket
  std::uint16_t local_port = 0;
  bool administrative = false;  ///< came through the admin unix socket: may change things
  bool read_only = false;       ///< came through an admin address that may not
  std::int64_t peer_user = -1;  ///< user id behind an admin unix socket; -1 when not known
  Time accepted{};

  /// What a URL to here begins with; of what is no HTTP, its protocol.
  [[nodiscard]] std::string_view scheme() const { return raw ? name_of(*raw) : secured ? "https" : "http"; }
};

/// What a service answers; the tunnel is there exactly when the head's status is 101.
struct Answer : Response {
  using Response::Response;
  std::unique_ptr<Duplex> tunnel;
};

using Reply = Task<Result<Answer>>;

/// The reply of whoever refuses without having to wait for anything.
Reply refuse(Error error);

/// How an exchange ended, for those who count, log and settle.
struct Delivery {
  Status status = 0;      ///< sent to the client; 0 when none was
  bool complete = false;  ///< the whole response reached the kernel
  ByteCount request_body_bytes = 0;
  ByteCount response_body_bytes = 0;
  const Error* error = nullptr;  ///< what went wrong, if anything did
};

class Exchange;

/// A route's own words for errors. Lives in the exchange's arena.
class ErrorPages {
 public:
  /// Gives the answer to an error another body where there is one for its status; status and fields of meaning stay.
  virtual void dress(Exchange& exchange, Answer& answer) const = 0;

 protected:
  ~ErrorPages() = default;
};

/// What the answer to an error says beyond its code. Lives in the exchange's arena, as do its texts.
struct ErrorDetails {
  Status status = 0;                 ///< in place of the code's own; 0: that one
  const Fields* fields = nullptr;    ///< header lines that go with it: Retry-After, RateLimit
  std::string_view detail;           ///< a sentence for people, in place of the code's own
  std::string_view problem_type;     ///< a URI; empty: about:blank (RFC 9457 section 4.2.1)
  std::string_view problem_members;  ///< JSON: `,"name":value` as it stands behind the other members
};

/// Told once, at the very end. Lives in the exchange's arena.
class Finisher {
 public:
  virtual void finish(const Exchange& exchange, const Delivery& delivery) = 0;

 protected:
  ~Finisher() = default;

 private:
  friend class Exchange;
  Finisher* next_ = nullptr;
};

/// When things happened; a zero Time has not happened. Turn granularity: the reactor's clock.
struct Timings {
  Time head_started{};  ///< first byte of the request
  Time head_read{};
  Time upstream_leased{};  ///< a connection was there
  Time upstream_sent{};    ///< the request had been given to the kernel
  Time upstream_head{};    ///< the head of the upstream's answer was there
  Time response_head{};    ///< ours was: filters behind it may have waited
  Time last_byte{};        ///< the last byte of the response had been given to the kernel
  Time finished{};
};

/// The session an exchange belongs to, as far as others may ask it for something.
class ExchangeHost {
 public:
  /// Passes a 1xx on to the client at once; dropped for HTTP/1.0 clients.
  virtual Task<Result<void>> interim(const ResponseHead& head) = 0;
  /// After `deadline` the exchange is given up with request_timeout. Tunnels are exempt.
  virtual void limit_time(Time deadline) = 0;

 protected:
  ~ExchangeHost() = default;
};

class Exchange {
 public:
  Exchange(Shard& shard_in, const ConnectionFacts& connection_in, SnapshotPin snapshot_in, ExchangeHost& host_in)
      : shard(shard_in),
        arena(shard_in.blocks),
        connection(connection_in),
        snapshot(std::move(snapshot_in)),
        request(arena),
        client(connection_in.client),
        scope(shard_in.reactor),
        host_(host_in) {}
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;
  ~Exchange();

  Shard& shard;
  Arena arena;
  const ConnectionFacts& connection;
  SnapshotPin snapshot;
  RequestHead request;
  /// The request's content; null when there is none. Filters may put their own in front.
  BodyPointer request_body;
  /// The client as rules see it: through trusted proxies when there are some.
  ClientAddress client;
  /// Whom a filter has verified the client to be; empty: nobody. Never what a client says about itself.
  std::string_view user;
  std::string_view request_id;
  std::string_view route_name;
  std::string_view upstream_name;      ///< of the cluster; empty when none took part
  std::string_view upstream_endpoint;  ///< address text of the last attempt
  unsigned attempts = 0;
  std::string_view filters;         ///< of the route, in their order, a space between two
  std::uint16_t steps_entered = 0;  ///< of these filters and, behind them, the service
  Timings timings;
  /// Children that run beside the exchange: the upload pump. Canceled and joined at its end.
  Scope scope;
  /// Expect: 100-continue is the upstream's to answer; otherwise the first pull of the body answers it.
  bool expectation_forwarded = false;
  /// What a refusal for want of credentials asks for: the value of WWW-Authenticate (RFC 9110 section 11.6.1).
  std::string_view challenge;
  /// Protocols this route may switch to; the proxy service forwards Upgrade only when allowed.
  bool upgrade_allowed = false;
  /// Said when the exchange ends in an error by whoever refused it; null: the code says it all.
  const ErrorDetails* error_details = nullptr;
  /// Asked when the exchange ends in an error (server/error_reply.cc); null: the built-in page it is.
  const ErrorPages* error_pages = nullptr;
  /// What the route says about tunnels, once one is open.
  Duration tunnel_idle = no_limit;
  Duration tunnel_age = no_limit;

  Task<Result<void>> interim(const ResponseHead& head) { return host_.interim(head); }
  void limit_time(Time deadline) {
    deadline_ = deadline;
    host_.limit_time(deadline);
  }
  /// When the exchange is given up; `never` where nothing limits it.
  [[nodiscard]] Time deadline() const { return deadline_; }

  /// Leaves a decision behind. The texts must be static or live as long as the snapshot or the arena.
  const DecisionRecord& record(DecisionRecord decided);
  /// The same with what it was decided from, kept only where stories are.
  template <RecordableFacts Facts>
  const DecisionRecord& record(DecisionRecord decided, const Facts& facts) {
    if (keeps_facts()) decided.facts = arena.copy(bytes_of(facts));
    return record(decided);
  }
  /// Whether anybody will want to make this exchange's decisions again.
  [[nodiscard]] bool keeps_facts() const { return snapshot && snapshot->stories.memory_bytes > 0; }
  /// The chain goes one step on: into the next filter, or the service. A filter that took time leaves a record.
  void enter_step() {
    if (shard.reactor.now() != step_began_) [[unlikely]]
      note_step();
    ++steps_entered;
  }
  [[nodiscard]] const DecisionRecord* first_record() const { return first_record_; }

  /// Copies what the records and names borrow from the snapshot, and lets go of it: a tunnel that lives for days does
  /// not hold an old configuration.
  void release_snapshot();
  /// The hash of the configuration it ran under, 12 of its digits: enough to find it again.
  [[nodiscard]] std::string_view configuration() const {
    return snapshot ? std::string_view(snapshot->hash).substr(0, configuration_digits) : configuration_;
  }
  static constexpr std::size_t configuration_digits = 12;

  /// Will be told when all is over; the last added is told first.
  void at_end(Finisher& finisher) {
    finisher.next_ = finishers_;
    finishers_ = &finisher;
  }
  /// Runs the finishers. Called by the session, once.
  void finish(const Delivery& delivery);

 private:
  void note_step();

  ExchangeHost& host_;
  Time deadline_ = never;
  Time step_began_{};
  std::string_view configuration_;  // once the snapshot is gone
  DecisionRecord* first_record_ = nullptr;
  DecisionRecord* last_record_ = nullptr;
  Finisher* finishers_ = nullptr;
  bool finished_ = false;
};

}  // namespace weir
