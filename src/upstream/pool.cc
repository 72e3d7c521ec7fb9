// The shell around the pool's decision: who gets what, and when it goes.
#include "upstream/pool.h"

#include "base/fault.h"
#include "upstream/introduction.h"
#include "upstream/observation.h"

namespace weir {
namespace {

std::string_view name_of(PoolClosed why) {
  switch (why) {
    case PoolClosed::drained:
      return "drained_by_operator";
    case PoolClosed::disabled:
      return "disabled_by_operator";
    case PoolClosed::ending:
      return "ending";
    default:
      return "endpoint_removed";
  }
}

/// What one who waited for a connection is told. Nothing was sent: another endpoint may be asked.
Error withdrawal(PoolClosed why) {
  const char* text = "the endpoint was removed before the request was sent to it";
  if (why == PoolClosed::drained) text = "an operator drained the endpoint before the request was sent to it";
  if (why == PoolClosed::disabled) text = "an operator disabled the endpoint before the request was sent to it";
  return gateway_error(Code::no_endpoint, text).with(Retry::unsent);
}

}  // namespace

PoolVerdict decide(const PoolFacts& facts) {
  if (facts.closed != PoolClosed::no) return {PoolAction::refuse, name_of(facts.closed), Code::no_endpoint};
  if (facts.idle > 0 && !facts.fresh_only) return {PoolAction::reuse, "idle_connection"};
  if (facts.open < facts.open_max) return {PoolAction::open, facts.fresh_only ? "fresh_wanted" : "none_idle"};
  // At the maximum a request that must not meet another stale connection takes the place of the stalest.
  if (facts.idle > 0) return {PoolAction::replace, "fresh_wanted"};
  if (facts.idle_of_others > 0) return {PoolAction::replace, "introduced_as_another"};
  if (facts.waiting < facts.waiting_max) return {PoolAction::wait, "all_busy"};
  return {PoolAction::refuse, "queue_full", Code::queue_full};
}

std::string_view name_of(PoolAction action) {
  switch (action) {
    case PoolAction::reuse:
      return "reused";
    case PoolAction::open:
      return "opened";
    case PoolAction::replace:
      return "replaced";
    case PoolAction::wait:
      return "queued";
    case PoolAction::refuse:
      return "refused";
  }
  return "refused";
}

/// One connection and where it stands. It is what leases return to and what the idle socket reports to.
class Pool::Connection final : public LeaseOwner, public Watcher, public ListLink {
 public:
  enum class State : std::uint8_t { connecting, leased, idle, doomed };

  explicit Connection(Pool& pool) : pool_(pool) {}

  void give_back(ClientSession&, bool healthy) override { pool_.given_back(*this, healthy); }

  void on_activity(bool) override {
    if (state == State::idle && !fault(Fault::idle_close_unseen)) pool_.doom(*this);
  }

  State state = State::connecting;
  const ClientProtocol* protocol = nullptr;  // that it speaks; as a name only
  std::string introduction;                  // that it began with
  Time idle_since{};
  Time began{};               // to be opened
  bool lost = false;          // a race: nobody waits for it who would tell how it ended
  Acquire* waiter = nullptr;  // for whom it is being opened; null once that one gave up
  std::unique_ptr<ClientSession> session;

 private:
  Pool& pool_;
};

Pool::Pool(Shard& shard, const UpstreamAddress& address, std::uint64_t id, const Settings& settings)
    : shard_(shard), address_(address), text_(text_of(address.address)), id_(id), settings_(settings) {}

Pool::~Pool() {
  shard_.reactor.timers().disarm(*this);
  doom_all_idle();
  shard_.reactor.timers().disarm(*this);
  destroy_doomed();
  invariant(busy_.empty() && line_.empty(), "a pool outlives its leases and those who wait");
}

PoolFacts Pool::facts(bool fresh_only, std::string_view introduction) const {
  const std::uint32_t fitting = count_fitting(introduction);
  return {.idle = fitting,
          .open = open_,
          .open_max = settings_.limits.max,
          .waiting = waiting_,
          .waiting_max = settings_.limits.queue,
          .idle_of_others = idle_count_ - fitting,
          .fresh_only = fresh_only,
          .closed = closed_};
}

bool Pool::fits(const Connection& connection, std::string_view introduction) {
  return connection.introduction == introduction || fault(Fault::introduction_shared);
}

std::uint32_t Pool::count_fitting(std::string_view introduction) const {
  if (settings_.introducing == nullptr) return introduction.empty() ? idle_count_ : 0;
  std::uint32_t count = 0;
  idle_.for_each([&](const Connection& each) { count += fits(each, introduction) ? 1 : 0; });
  return count;
}

/// \pre count_fitting() > 0
Pool::Connection* Pool::newest_fitting(std::string_view introduction) const {
  if (settings_.introducing == nullptr) return idle_.front();
  Connection* newest = nullptr;
  idle_.for_each([&](Connection& each) {
    if (newest == nullptr && fits(each, introduction)) newest = &each;
  });
  return newest;
}

// Asking.

bool Pool::try_at_once(Acquire& acquire) {
  doom_unusable_idle();
  acquire.facts_ = facts(acquire.fresh_only_, acquire.introduction_);
  const PoolVerdict verdict = decide(acquire.facts_);
  switch (verdict.action) {
    case PoolAction::reuse:
      acquire.outcome_ = lease_idle(*newest_fitting(acquire.introduction_));
      return true;
    case PoolAction::refuse:
      // Nothing was sent: another endpoint may have room.
      acquire.outcome_ = fail(gateway_error(verdict.code).with(Retry::unsent));
      return true;
    default:
      return false;
  }
}

void Pool::begin_waiting(Acquire& acquire) {
  const PoolAction action = decide(acquire.facts_).action;
  if (action == PoolAction::replace) doom(*idle_.back());
  if (action != PoolAction::wait) return open_for(acquire);
  line_.push_back(acquire.place_);
  ++waiting_;
  show_load();
  shard_.metrics.upstream_queued.add();
  const Time deadline = deadline_after(shard_.reactor.now(), acquire.timeouts_.queue);
  if (deadline != never) shard_.reactor.timers().arm(acquire, deadline);
}

void Pool::leave_line(Acquire& acquire) {
  if (!acquire.place_.linked()) return;
  acquire.place_.unlink();
  if (!fault(Fault::timer_not_canceled)) shard_.reactor.timers().disarm(acquire);
  --waiting_;
  show_load();
  shard_.metrics.upstream_queued.subtract();
}

void Pool::hand_over(Acquire& acquire, Connection& connection) {
  leave_line(acquire);
  connection.state = Connection::State::leased;
  acquire.outcome_ = Lease(connection, *connection.session);
  if (!fault(Fault::lost_wakeup)) shard_.reactor.schedule(acquire);
}

void Pool::send_away(Acquire& acquire, Error why) {
  leave_line(acquire);
  acquire.outcome_ = fail(why);
  shard_.reactor.schedule(acquire);
}

void Pool::withdraw(Acquire& acquire) {
  acquire.withdrawn_ = facts(acquire.fresh_only_, acquire.introduction_);
  send_away(acquire, withdrawal(closed_));
}

// A connect may fail before spawn() returns and come back here: the loop that runs already goes on for it.
void Pool::serve_line() {
  if (serving_) return;
  serving_ = true;
  while (!closed() && !line_.empty() && open_ < settings_.limits.max) {
    Acquire& oldest = line_.front()->acquire;
    leave_line(oldest);
    open_for(oldest);
  }
  serving_ = false;
}

void Pool::Acquire::fire(Time) {
  pool_.send_away(*this, gateway_error(Code::queue_timeout));
}

void Pool::Acquire::cancel(Error why) {
  // A connect that is under way goes on: the next request will be glad of it.
  if (connection_ != nullptr) std::exchange(connection_, nullptr)->waiter = nullptr;
  pool_.send_away(*this, why);
}

void Pool::Acquire::lost_race() {
  if (connection_ == nullptr) return;
  connection_->lost = true;
  pool_.silent_ = true;
}

void Pool::Acquire::withdraw() {
  std::exchange(connection_, nullptr)->waiter = nullptr;
  pool_.withdraw(*this);
}

// Opening.

void Pool::open_for(Acquire& acquire) {
  auto* connection = new Connection(*this);  // owned by the list it is in
  busy_.push_back(*connection);
  connection->began = shard_.reactor.now();
  ++open_;
  ++connecting_;
  show_load();
  shard_.metrics.upstream_connects.add();
  shard_.metrics.upstream_connections_open.add();
  connection->introduction = acquire.introduction_;
  connection->waiter = &acquire;
  acquire.connection_ = connection;
  shard_.scope.spawn(connect(*connection, acquire.timeouts_));
}

Task<void> Pool::connect(Connection& connection, UpstreamTimeouts timeouts) {
  const Settings settings = settings_;  // a new configuration may come meanwhile
  connection.protocol = settings.protocol;
  auto session =
      settings.introducing == nullptr
          ? co_await settings.protocol->connect(shard_, address_, timeouts, &connection)
          : co_await settings.introducing->introduce(shard_, address_, timeouts, &connection, connection.introduction);
  if (session) {
    connected(connection, std::move(*session));
  } else {
    connect_failed(connection, session.error());
  }
}

void Pool::connected(Connection& connection, std::unique_ptr<ClientSession> session) {
  --connecting_;
  silent_ = false;
  connection.session = std::move(session);
  Acquire* waiter = std::exchange(connection.waiter, nullptr);
  if (waiter == nullptr) return offer(connection);
  waiter->connection_ = nullptr;
  hand_over(*waiter, connection);
}

void Pool::connect_failed(Connection& connection, Error why) {
  --connecting_;
  if (connection.lost && has_seat() && followed_ != nullptr) {
    followed_->connect_failed(why, shard_.reactor.now() - connection.began);
  }
  shard_.metrics.upstream_connect_failures.add();
  Acquire* waiter = std::exchange(connection.waiter, nullptr);
  doom(connection);
  if (waiter != nullptr) {
    waiter->connection_ = nullptr;
    send_away(*waiter, why);
  }
  serve_line();
}

// Coming back.

Lease Pool::lease_idle(Connection& connection) {
  connection.unlink();
  --idle_count_;
  show_load();
  busy_.push_back(connection);
  connection.state = Connection::State::leased;
  shard_.metrics.upstream_reuses.add();
  return {connection, *connection.session};
}

void Pool::given_back(Connection& connection, bool healthy) {
  invariant(connection.state == Connection::State::leased, "only what was leased is given back");
  if (healthy && connection.session->usable()) return offer(connection);
  doom(connection);
  serve_line();
}

/// A connection is free: to the oldest waiter, onto the stack, or away.
void Pool::offer(Connection& connection) {
  if (!line_.empty() && !closed() && !fault(Fault::waiter_starved)) {
    Acquire& oldest = line_.front()->acquire;
    if (!fits(connection, oldest.introduction_)) {
      doom(connection);
      return serve_line();
    }
    shard_.metrics.upstream_reuses.add();
    return hand_over(oldest, connection);
  }
  // Say, from before certificates were verified.
  const bool outdated = connection.protocol != settings_.protocol ||
                        connection.introduction.empty() != (settings_.introducing == nullptr);
  // The oldest is the least likely to see its client again.
  if (settings_.introducing != nullptr && idle_count_ > 0 && idle_count_ >= settings_.limits.idle_max)
    doom(*idle_.back());
  if (closed() || outdated || idle_count_ >= settings_.limits.idle_max) return doom(connection);
  connection.unlink();
  connection.state = Connection::State::idle;
  connection.idle_since = shard_.reactor.now();
  idle_.push_front(connection);
  ++idle_count_;
  show_load();
  if (!armed()) wake_timer_at(deadline_after(connection.idle_since, settings_.limits.idle_timeout));
}

void Pool::doom(Connection& connection) {
  if (connection.state == Connection::State::idle) --idle_count_;
  connection.unlink();
  connection.state = Connection::State::doomed;
  doomed_.push_back(connection);
  --open_;
  show_load();
  shard_.metrics.upstream_connections_open.subtract();
  wake_timer_at(shard_.reactor.now());
}

void Pool::doom_unusable_idle() {
  if (fault(Fault::idle_close_unseen)) return;
  while (!idle_.empty() && !idle_.front()->session->usable()) doom(*idle_.front());
  if (settings_.introducing == nullptr) return;
  idle_.for_each([&](Connection& each) {  // any may be the one that fits
    if (!each.session->usable()) doom(each);
  });
}

void Pool::doom_all_idle() {
  while (!idle_.empty()) doom(*idle_.front());
}

// Going.

void Pool::wake_timer_at(Time due) {
  if (due == never || (armed() && this->due() <= due)) return;
  shard_.reactor.timers().arm(*this, due);
}

// One timer for both: closing what is doomed, and what has been idle for too long.
void Pool::fire(Time now) {
  const Duration idle_timeout = settings_.limits.idle_timeout;
  while (!idle_.empty() && deadline_after(idle_.back()->idle_since, idle_timeout) <= now) doom(*idle_.back());
  shard_.reactor.timers().disarm(*this);
  destroy_doomed();
  if (!idle_.empty()) wake_timer_at(deadline_after(idle_.back()->idle_since, idle_timeout));
}

void Pool::destroy_doomed() {
  while (Connection* gone = doomed_.pop_front()) delete gone;
}

// What balancers see.

void Pool::take_seat(std::uint32_t number, std::uint32_t& in_flight, std::uint64_t& sum) {
  number_ = number;
  shown_ = &in_flight;
  sum_ = &sum;
  in_flight = 0;
  show_load();
}

void Pool::leave_seat() {
  *sum_ -= *shown_;
  shown_ = nullptr;
  sum_ = nullptr;
}

/// Called wherever one of the three counts has changed.
void Pool::show_load() {
  if (shown_ == nullptr) return;
  *sum_ += in_flight();
  *sum_ -= *shown_;
  *shown_ = in_flight();
}

void Pool::configure(const Settings& settings) {
  if (settings.protocol != settings_.protocol ||
      (settings.introducing == nullptr) != (settings_.introducing == nullptr))
    doom_all_idle();
  settings_ = settings;
  closed_ = PoolClosed::no;
  while (idle_count_ > settings_.limits.idle_max) doom(*idle_.back());
  if (!idle_.empty()) wake_timer_at(deadline_after(idle_.back()->idle_since, settings_.limits.idle_timeout));
  serve_line();
}

void Pool::drain(PoolClosed why) {
  closed_ = why;
  doom_all_idle();
  while (!line_.empty()) withdraw(line_.front()->acquire);
}

void Pool::give_up(const Error& why) {
  busy_.for_each([&](Connection& connection) {
    if (connection.session != nullptr) return connection.session->give_up(why);
    if (connection.waiter != nullptr) connection.waiter->withdraw();
  });
}

void Pool::stop() {
  closed_ = PoolClosed::ending;
  doom_all_idle();
  while (!line_.empty()) send_away(line_.front()->acquire, gateway_error(Code::draining));
  shard_.reactor.timers().disarm(*this);
  destroy_doomed();
}

}  // namespace weir
