// What a protocol is to the rest of Weir: a way to serve a connection, and a way to speak to an upstream.
//
// Invariants
//   (1) A ServerSession calls the handler once per request, in order, and passes every answer on; it owns the exchange.
//   (2) A ClientSession carries as many exchanges at once as it has slots; each is held by a Lease. A lease is returned
//       healthy exactly when the exchange ended cleanly and the connection can serve another; after any anomaly it
//       is condemned.
#pragma once

#include <memory>

#include "base/fault.h"
#include "contracts/exchange.h"
#include "net/address.h"
#include "net/inbox.h"

namespace weir {

/// Answers requests: the server's path behind the codec.
class Handler {
 public:
  virtual Reply handle(Exchange& exchange) = 0;
  /// The answer to a request that failed: parse errors, upstream errors, refusals.
  virtual Answer error_answer(Exchange& exchange, const Error& error) = 0;
  /// Called for each exchange when it is made, and told when it began to be known what it is about.
  virtual void begin(Exchange& exchange) = 0;

 protected:
  ~Handler() = default;
};

/// A session that can tell its client of a drain while answers are owed.
class DrainWatcher {
 public:
  virtual void drain_began() = 0;

 protected:
  ~DrainWatcher() = default;
};

/// What a session knows about the connection it serves.
class ServerContext {
 public:
  virtual Shard& shard() = 0;
  virtual Handler& handler() = 0;
  virtual const ConnectionFacts& facts() const = 0;
  /// The configuration as of now, for the next exchange.
  virtual SnapshotPin pin() = 0;
  /// Whether the connection should end behind its current exchange: drain, age, number of requests.
  virtual bool ending() const = 0;
  /// A drain asks for the end: also a connection whose last answer promised to go on is closed when no answer is owed.
  virtual bool draining() const = 0;
  /// Who wants to hear of a drain when it begins, and ends the connection by itself; null: it is ended when it is idle.
  virtual void watch_drain(DrainWatcher* watcher) = 0;
  /// Whether the session owes no answer: between requests, or lingering behind its last. A drain cuts only who does.
  virtual void set_idle(bool idle) = 0;

 protected:
  ~ServerContext() = default;
};

class ServerProtocol {
 public:
  virtual ~ServerProtocol() = default;
  /// Serves a connection to its end. Cancellation ends it early. \param inbox  of the connection; begins with what the
  /// client said first
  virtual Task<void> serve(ServerContext& context, Inbox& inbox) const = 0;
};

class Lease;

/// A connection to an upstream.
class ClientSession {
 public:
  virtual ~ClientSession() = default;

  /// Sends a request and reads the head of the answer. The answer's body (or tunnel) owns the lease; when the call
  /// fails the lease is condemned. \param head  what to send; hop-by-hop fields are the session's business
  /// \errors  origin upstream: framing codes, first_byte_timeout, peer_closed, peer_reset ...; origin client: what
  ///          pulling the request body said. error.retry says whether any byte of the request may have been seen.
  virtual Reply send(Exchange& exchange, const RequestHead& head, Body* body, const UpstreamTimeouts& timeouts,
                     Lease lease) = 0;

  /// Nothing unexpected has happened while it was idle.
  [[nodiscard]] virtual bool usable() = 0;
  /// The endpoint is out of use: whatever is in progress ends with `why`.
  virtual void give_up(const Error& why) { (void)why; }
  /// Exchanges it has carried before; 0 is a fresh connection.
  [[nodiscard]] virtual std::uint64_t exchanges_carried() const = 0;
};

/// Who gets a session back.
class LeaseOwner {
 public:
  virtual void give_back(ClientSession& session, bool healthy) = 0;

 protected:
  ~LeaseOwner() = default;
};

/// One exchange's hold on a session. Gives it back when dropped: condemned, unless somebody said it is healthy.
class Lease {
 public:
  Lease() = default;
  Lease(LeaseOwner& owner, ClientSession& session) : owner_(&owner), session_(&session) {}
  Lease(Lease&& other) noexcept
      : owner_(std::exchange(other.owner_, nullptr)), session_(other.session_), healthy_(other.healthy_) {}
  Lease& operator=(Lease&& other) noexcept {
    if (this != &other) {
      drop();
      owner_ = std::exchange(other.owner_, nullptr);
      session_ = other.session_;
      healthy_ = other.healthy_;
    }
    return *this;
  }
  ~Lease() { drop(); }

  [[nodiscard]] ClientSession& session() const { return *session_; }
  [[nodiscard]] explicit operator bool() const { return owner_ != nullptr; }
  /// The exchange ended cleanly: the connection may serve another.
  void mark_healthy() { healthy_ = true; }
  void drop() {
    LeaseOwner* owner = std::exchange(owner_, nullptr);
    if (owner != nullptr) owner->give_back(*session_, healthy_);
    if (owner != nullptr && fault(Fault::double_release)) owner->give_back(*session_, healthy_);
  }

 private:
  LeaseOwner* owner_ = nullptr;
  ClientSession* session_ = nullptr;
  bool healthy_ = false;
};

/// What an upstream speaks. `upstreams.NAME.protocol`.
enum class UpstreamProtocol : std::uint8_t {
  http,
  fastcgi,
  h2c,
  tcp,  ///< whatever the clients of a raw listener speak
  udp,  ///< the same in datagrams
};
constexpr std::string_view name_of(UpstreamProtocol protocol) {
  switch (protocol) {
    case UpstreamProtocol::http:
      break;
    case UpstreamProtocol::fastcgi:
      return "fastcgi";
    case UpstreamProtocol::h2c:
      return "h2c";
    case UpstreamProtocol::tcp:
      return "tcp";
    case UpstreamProtocol::udp:
      return "udp";
  }
  return "http";
}
/// It is asked by no requests: bytes or datagrams are passed on to it.
constexpr bool is_raw(UpstreamProtocol protocol) {
  return protocol == UpstreamProtocol::tcp || protocol == UpstreamProtocol::udp;
}

class ClientProtocol {
 public:
  virtual ~ClientProtocol() = default;
  /// Opens a session. \errors  those of connect()
  virtual Task<Result<std::unique_ptr<ClientSession>>> connect(Shard& shard, const UpstreamAddress& address,
                                                               const UpstreamTimeouts& timeouts,
                                                               Watcher* idle_watcher) const = 0;
};

}  // namespace weir
