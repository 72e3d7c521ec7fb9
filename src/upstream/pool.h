// The connections of one endpoint on one core, and the line in front of them.
//
// Problem: when every connection of an endpoint is busy, requests must wait without holding memory for ever and without
// one slow client starving the rest; and a connection that went stale while it was idle must not be met by a request.
// Idea: idle connections are a stack (last in, first out: the one used last is the least likely to be stale, and the
// rest can age out); requests that find none open one until the maximum, then stand in a first-in first-out line,
// bounded in length and time; whatever becomes free is handed to the oldest waiter. Idle connections stay watched: the
// first byte or end on one removes it at once. What to do is decided by a pure function; the Pool only does it.
//
// Invariants
//   (1) idle_ is empty or line_ is empty: never both non-empty.
//   (2) When somebody stands in line, open_ >= connections.max: whoever makes room serves the line before it returns.
//   (3) A connection is in exactly one list: busy_ (connecting or leased), idle_, or doomed_.
//   (4) Doomed connections are destroyed by the pool's timer only, never inside a call from the session itself. A lease
//       comes back when nothing of its exchange runs on the session any more, so that nothing is torn from under
//       anybody.
//   (5) A connection that was given back unhealthy, or of which anything was heard while it was idle, is never
//       leased again.
//   (6) A connection that began with an introduction (upstream/introduction.h) carries only requests of which it is
//       true: those that bring the very same bytes. One that makes room for a stranger is closed, not handed over.
//   (7) Where requests bring no introduction, no idle connection has one.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "contracts/session.h"

namespace weir {

class FollowedEndpoint;     // upstream/observation.h
class IntroducingProtocol;  // upstream/introduction.h

/// Why a pool gives no connections any more.
enum class PoolClosed : std::uint8_t {
  no,
  removed,   ///< the endpoint is gone from the configuration, or from its name
  drained,   ///< by an operator
  disabled,  ///< by an operator
  ending,    ///< the shard is
};

/// What a pool knows when a request asks for a connection.
struct PoolFacts {
  std::uint32_t idle = 0;  ///< that this request may have
  std::uint32_t open = 0;  ///< connecting, leased and idle together
  std::uint32_t open_max = 0;
  std::uint32_t waiting = 0;
  std::uint32_t waiting_max = 0;
  std::uint32_t idle_of_others = 0;  ///< introduced as another client's
  bool fresh_only = false;           ///< a reused connection has just failed this request
  PoolClosed closed = PoolClosed::no;
};

enum class PoolAction : std::uint8_t {
  reuse,    ///< the newest idle connection
  open,     ///< a new one
  replace,  ///< close the oldest idle one and open a new one
  wait,
  refuse,
};

struct PoolVerdict {
  PoolAction action = PoolAction::refuse;
  std::string_view reason;     ///< static
  Code code = Code::internal;  ///< of a refusal
};

/// Pure.
PoolVerdict decide(const PoolFacts& facts);
/// The action as it stands in decision records: "reused", "opened" ...
std::string_view name_of(PoolAction action);

class Pool final : private Timer {
 public:
  struct Settings {
    const ClientProtocol* protocol = nullptr;  ///< lives as long as the process, or is `owned`
    ConnectionLimits limits;
    std::shared_ptr<const ClientProtocol> owned{};     ///< of one configuration: what speaks TLS
    const IntroducingProtocol* introducing = nullptr;  ///< the protocol, where requests bring introductions
  };

  Pool(Shard& shard, const UpstreamAddress& address, std::uint64_t id, const Settings& settings);
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;
  /// \pre nobody holds a lease or waits
  ~Pool();

 private:
  class Connection;

 public:
  /// What `co_await` of a local `Acquire` waits for; ready at once when an idle connection is there.
  class Acquire final : public Suspension, private Timer {
   public:
    /// \param timeouts      must outlive the Acquire; queue and connect are used
    /// \param introduction  likewise; what the connection begins with, or began with
    Acquire(Pool& pool, const UpstreamTimeouts& timeouts, bool fresh_only, std::string_view introduction)
        : pool_(pool), timeouts_(timeouts), introduction_(introduction), fresh_only_(fresh_only) {}
    Acquire(const Acquire&) = delete;
    Acquire& operator=(const Acquire&) = delete;

    bool await_ready() { return pool_.try_at_once(*this); }
    template <typename Promise>
    bool await_suspend(std::coroutine_handle<Promise> handle) {
      if (const Error* already = suspend(handle)) {
        outcome_ = fail(*already);
        return false;
      }
      pool_.begin_waiting(*this);
      return true;
    }
    /// \errors  queue_full, queue_timeout (origin gateway); no_endpoint when the endpoint was removed meanwhile;
    ///          those of ClientProtocol::connect; canceled
    Result<Lease> await_resume() { return std::move(outcome_); }

    /// What it was decided from when it was asked for; decide() says what.
    [[nodiscard]] const PoolFacts& facts() const { return facts_; }
    /// The same when the endpoint was taken away while this waited: nobody was asked. Nothing otherwise.
    [[nodiscard]] const std::optional<PoolFacts>& withdrawn() const { return withdrawn_; }
    /// A connection is being opened for it.
    [[nodiscard]] bool opens() const { return connection_ != nullptr; }
    /// Another endpoint was quicker (upstream/family_race.h): the connect goes on, and how it ends is the endpoint's
    /// affair.
    void lost_race();
    /// The endpoint was taken away: the connection that is being opened is not waited for. \pre opens()
    void withdraw();

   private:
    friend class Pool;
    struct Place final : ListLink {
      explicit Place(Acquire& who) : acquire(who) {}
      Acquire& acquire;
    };

    void fire(Time now) override;
    void cancel(Error why) override;

    Pool& pool_;
    const UpstreamTimeouts& timeouts_;
    std::string_view introduction_;
    bool fresh_only_;
    PoolFacts facts_;
    std::optional<PoolFacts> withdrawn_{};
    Place place_{*this};                // in the line
    Connection* connection_ = nullptr;  // being opened for it
    Result<Lease> outcome_ = fail(gateway_error(Code::internal));
  };

  /// Takes over what a new configuration says; opens the pool again when it was closed by drain().
  void configure(const Settings& settings);
  /// The endpoint is taken away: no new leases; idle connections close, busy ones end with their exchange.
  void drain(PoolClosed why = PoolClosed::removed);
  /// An operator disabled the endpoint: what is in flight ends with `why`, what may be sent elsewhere is. \pre drained
  void give_up(const Error& why);
  /// The shard is ending: also those who wait are sent away.
  void stop();
  /// The endpoint is a candidate: from now on its load stands in `in_flight` and is a part of `sum`.
  void take_seat(std::uint32_t number, std::uint32_t& in_flight, std::uint64_t& sum);
  void leave_seat();
  /// The endpoint's number among the candidates, as of its last seat.
  [[nodiscard]] std::uint32_t number() const { return number_; }
  [[nodiscard]] bool has_seat() const { return shown_ != nullptr; }
  /// Drained, and nothing refers to it any more: may be destroyed.
  [[nodiscard]] bool finished() const { return closed() && open_ == 0 && waiting_ == 0 && doomed_.empty(); }

  [[nodiscard]] std::uint64_t id() const { return id_; }
  [[nodiscard]] const UpstreamAddress& address() const { return address_; }
  /// `127.0.0.1:3000`; lives as long as the pool.
  [[nodiscard]] std::string_view text() const { return text_; }
  /// Requests that have, open or wait for a connection: the load a balancer sees.
  [[nodiscard]] std::uint32_t in_flight() const { return open_ - idle_count_ + waiting_; }
  [[nodiscard]] std::uint32_t idle() const { return idle_count_; }
  [[nodiscard]] std::uint32_t open() const { return open_; }
  /// Of these, those that are being opened.
  [[nodiscard]] std::uint32_t connecting() const { return connecting_; }
  /// A connect here was slower than one to another family of the same name, and none has come to an end since.
  [[nodiscard]] bool silent() const { return silent_; }
  [[nodiscard]] std::uint32_t waiting() const { return waiting_; }
  [[nodiscard]] bool closed() const { return closed_ != PoolClosed::no; }
  /// What a request that asks now is answered from.
  [[nodiscard]] PoolFacts facts(bool fresh_only, std::string_view introduction) const;
  [[nodiscard]] PoolClosed closed_for() const { return closed_; }

  /// The endpoint whose health its requests tell of; null: nobody asks. Lives as long as the pool can be picked.
  [[nodiscard]] FollowedEndpoint* followed() const { return followed_; }
  void follow(FollowedEndpoint& endpoint) { followed_ = &endpoint; }

 private:
  static bool fits(const Connection& connection, std::string_view introduction);
  [[nodiscard]] std::uint32_t count_fitting(std::string_view introduction) const;
  [[nodiscard]] Connection* newest_fitting(std::string_view introduction) const;
  bool try_at_once(Acquire& acquire);
  void begin_waiting(Acquire& acquire);
  void leave_line(Acquire& acquire);
  void serve_line();
  void hand_over(Acquire& acquire, Connection& connection);
  void send_away(Acquire& acquire, Error why);
  void withdraw(Acquire& acquire);

  void open_for(Acquire& acquire);
  Task<void> connect(Connection& connection, UpstreamTimeouts timeouts);
  void connected(Connection& connection, std::unique_ptr<ClientSession> session);
  void connect_failed(Connection& connection, Error why);

  Lease lease_idle(Connection& connection);
  void given_back(Connection& connection, bool healthy);
  void offer(Connection& connection);
  void doom(Connection& connection);
  void doom_unusable_idle();
  void doom_all_idle();

  void show_load();

  void fire(Time now) override;
  void destroy_doomed();
  void wake_timer_at(Time due);

  Shard& shard_;
  const UpstreamAddress address_;
  const std::string text_;
  const std::uint64_t id_;
  Settings settings_;
  IntrusiveList<Connection> busy_;
  IntrusiveList<Connection> idle_;  // newest first
  IntrusiveList<Connection> doomed_;
  IntrusiveList<Acquire::Place> line_;  // oldest first
  std::uint32_t open_ = 0;
  std::uint32_t idle_count_ = 0;
  std::uint32_t connecting_ = 0;
  std::uint32_t waiting_ = 0;
  std::uint32_t number_ = 0;
  std::uint32_t* shown_ = nullptr;  // into the facts that balancers see
  std::uint64_t* sum_ = nullptr;
  PoolClosed closed_ = PoolClosed::no;
  bool serving_ = false;
  bool silent_ = false;
  FollowedEndpoint* followed_ = nullptr;
};

}  // namespace weir
