// Rules and ticks first, then wires.
#include "filters/limit/fleet/runner.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>

#include "base/limits.h"
#include "filters/limit/rule.h"
#include "net/connect.h"
#include "net/inbox.h"
#include "net/listener.h"

namespace weir::limit::fleet {
namespace {

constexpr Duration look_for_rules = std::chrono::milliseconds{500};
constexpr Duration dial_again = std::chrono::milliseconds{200};
constexpr Duration connect_patience = std::chrono::milliseconds{500};
constexpr Duration hello_patience = std::chrono::seconds{2};
/// Members say something every 100 ms; who is silent for longer than this is gone.
constexpr Duration silence = std::chrono::seconds{5};
constexpr Duration send_patience = std::chrono::seconds{1};
constexpr Duration between_lines = std::chrono::seconds{10};

std::vector<std::string> names_of(const FleetSettings& settings) {
  std::vector<std::string> names;
  for (const FleetMember& member : settings.members) names.push_back(member.name);
  return names;
}

MemberNumber number_of(const FleetSettings& settings, std::string_view name) {
  const auto found = std::ranges::find(settings.members, name, &FleetMember::name);
  return static_cast<MemberNumber>(found - settings.members.begin());
}

void set(Cell& gauge, std::uint64_t value) {
  gauge.add(value - gauge.get());
}

}  // namespace

struct Runner::Wire {
  Wire(Reactor& reactor, std::unique_ptr<Stream> stream_in, Channel::Side side_in)
      : stream(std::move(stream_in)), inbox(*stream), side(side_in) {
    (void)reactor;
  }

  std::unique_ptr<Stream> stream;
  Inbox inbox;
  Channel::Side side;
  std::optional<Channel> channel;
  MemberNumber peer = 0;
  bool greeted = false;
  bool broken = false;
  bool sending = false;
  std::string pending;
};

Runner::Runner(Shard& shard, const FleetSettings& settings, SharedStates& states)
    : shard_(shard),
      settings_(settings),
      states_(states),
      ring_(settings.name, settings.keys),
      status_(
          states.find_or_make<ExchangeStatus>(exchange_status_key, [] { return std::make_shared<ExchangeStatus>(); })),
      member_(names_of(settings), number_of(settings, settings.self), settings.keep,
              [this](MemberNumber to, const std::string& bytes) { return send(to, bytes); }),
      desk_(states.find_or_make<Desk>(desk_key, &std::make_shared<Desk>)),
      asker_(
          names_of(settings), number_of(settings, settings.self), settings.budget,
          {.send = [this](MemberNumber to, const std::string& bytes) { return send(to, bytes); },
           .spend = [this](const Question& question, Time now) { return answer(question, now); },
           .done = [this](std::uint64_t id, OwnedSource source, const Answer& answer) { answered(id, source, answer); },
           .changed = [this](MemberNumber peer, bool suspected) { tell_of_owner(peer, suspected); }}),
      dialed_(settings.members.size(), Time{}) {
  modes_.fill(Mode::kept);
}

Runner::~Runner() {
  stop();
}

void Runner::stop() {
  stopping_ = true;
  desk_->close();
  shard_.reactor.timers().disarm(*this);
}

void Runner::start() {
  desk_->open(shard_.reactor.mailbox(), [this](std::vector<Desk::Left> left) { take_questions(std::move(left)); });
  shard_.scope.spawn(listen_on());
  shard_.scope.spawn(tick_on());
}

// ---- rules and ticks ----

Task<void> Runner::tick_on() {
  while (!stopping_) {
    tick();
    if (!co_await Sleep(shard_.reactor, interval)) co_return;
  }
}

void Runner::tick() {
  const Time now = shard_.reactor.now();
  if ((rules_.empty() && owned_.empty()) || now - rules_found_ >= look_for_rules) find_rules();
  for (auto& [tag, rule] : rules_) {
    for (const RulePart::SeenKey& seen : rule.part->seen(now)) rule.keeper->consider(seen.key, seen.seen);
    rule.keeper->gather(member_, now);
  }
  dial_wanted(member_.wanted(now));
  member_.tick(now);
  member_.for_each_share([&](const Share& share) {
    const auto found = rules_.find(share.rule);
    if (found != rules_.end()) found->second.keeper->publish(share);
  });
  for (auto& [tag, rule] : rules_) rule.keeper->sweep();
  tick_owners(now);
  tell_status();
  tell_changes();
}

/// Rules come and go with configurations. One that nobody has any more is let go of, keys and all.
void Runner::find_rules() {
  rules_found_ = shard_.reactor.now();
  std::unordered_map<RuleTag, KeptRule> found;
  owned_.clear();
  states_.for_each<RuleState>([&](const RuleState& state) {
    if (state.owned_part() != nullptr) owned_[state.owned_part()->rule()] = state.owned_part();
    const std::shared_ptr<RulePart>& part = state.fleet_part();
    if (part == nullptr) return;
    const auto before = rules_.find(part->rule());
    if (before != rules_.end() && before->second.part == part) {
      found[part->rule()] = std::move(before->second);
    } else {
      auto keeper = std::make_unique<Keeper>(part->table(), part->rule(), part->allowance(), settings_.members.size());
      found[part->rule()] = {.part = part, .keeper = std::move(keeper)};
    }
  });
  rules_ = std::move(found);
}

void Runner::tell_status() {
  const Time now = shard_.reactor.now();
  Traffic traffic = member_.traffic();
  traffic.messages_sent += asker_.traffic().messages_sent;
  traffic.bytes_sent += asker_.traffic().bytes_sent;
  traffic.messages_received += asker_.traffic().messages_received;
  traffic.bytes_received += asker_.traffic().bytes_received;
  std::array<std::uint64_t, 3> modes{};
  std::uint64_t heard = 0;
  std::uint64_t hot = 0;
  std::uint64_t aggregates = 0;
  for (std::uint8_t slot = 0; slot < slots; ++slot) {
    ++modes[static_cast<std::size_t>(member_.mode_of(slot, now))];
    if (member_.is_aggregator(slot, now)) ++aggregates;
  }
  for (std::size_t peer = 0; peer < settings_.members.size(); ++peer) {
    if (member_.is_alive(static_cast<MemberNumber>(peer), now)) ++heard;
  }
  for (const auto& [tag, rule] : rules_) hot += rule.keeper->hot_keys();
  set(status_->members, settings_.members.size());
  set(status_->members_heard, heard);
  set(status_->messages_sent, traffic.messages_sent);
  set(status_->messages_received, traffic.messages_received);
  set(status_->bytes_sent, traffic.bytes_sent);
  set(status_->bytes_received, traffic.bytes_received);
  set(status_->hot_keys, hot);
  set(status_->slots_whole, modes[0]);
  set(status_->slots_kept, modes[1]);
  set(status_->slots_share, modes[2]);
  set(status_->aggregates, aggregates);
  set(status_->suspected, asker_.suspected());
}

/// Operators hear when limits are no longer those of the fleet, and when they are again.
void Runner::tell_changes() {
  if (shard_.notices == nullptr) return;
  const Time now = shard_.reactor.now();
  for (std::uint8_t slot = 0; slot < slots; ++slot) {
    const Mode mode = member_.mode_of(slot, now);
    const Mode before = std::exchange(modes_[slot], mode);
    if (mode == Mode::share && before != Mode::share) {
      shard_.notices->warning(
          fmt::format("fleet {}: no majority answers for a third of the keys (slot {}); this machine "
                      "gives out its last share of their limits",
                      settings_.name, slot));
    } else if (before == Mode::share && mode == Mode::whole) {
      shard_.notices->warning(fmt::format(
          "fleet {}: slot {} has an aggregator again; the limits are those of the fleet", settings_.name, slot));
    }
  }
  if (strangers_ == 0 || (told_of_strangers_ != Time{} && now - told_of_strangers_ < between_lines)) return;
  told_of_strangers_ = now;
  shard_.notices->warning(fmt::format(
      "fleet {}: refused {} that proved no key of the fleet: members whose `keys` or fleet `name` differ, or "
      "strangers",
      settings_.name, strangers_ == 1 ? "a connection" : fmt::format("{} connections", strangers_)));
  strangers_ = 0;
}

// ---- wires ----

Task<void> Runner::listen_on() {
  const Result<SocketAddress> address = socket_address(settings_.members[member_.self()].address);
  invariant(address.has_value(), "addresses of members have been checked");
  while (!stopping_) {
    const Result<Handle> handle = Listener::open(shard_.reactor, *address, {});
    if (!handle) {
      if (shard_.notices != nullptr)
        shard_.notices->warning(fmt::format("fleet {}: cannot listen on {}: {}", settings_.name, text_of(*address),
                                            sentence_of(handle.error().code)));
      if (!co_await Sleep(shard_.reactor, std::chrono::seconds{1})) co_return;
      continue;
    }
    Listener listener(shard_.reactor, *handle);
    while (true) {
      const Result<Handle> accepted = co_await listener.accept();
      if (accepted) {
        shard_.scope.spawn(accept(*accepted));
      } else if (accepted.error().code != Code::out_of_descriptors ||
                 !co_await Sleep(shard_.reactor, std::chrono::milliseconds{100})) {
        co_return;
      }
    }
  }
}

Task<void> Runner::accept(Handle handle) {
  auto stream = std::make_unique<Stream>(shard_.reactor, handle, Origin::upstream);
  if (wires_.size() >= limits::fleet_connections && !make_room()) co_return;
  const auto wire = std::make_shared<Wire>(shard_.reactor, std::move(stream), Channel::Side::accepts);
  wires_.push_back(wire);
  co_await serve(*wire);
  std::erase(wires_, wire);
}

/// Strangers who connect and say nothing keep no member out: the oldest that has proved nothing goes.
bool Runner::make_room() {
  const auto oldest = std::ranges::find_if(
      wires_, [](const auto& wire) { return wire->side == Channel::Side::accepts && !wire->greeted && !wire->broken; });
  if (oldest == wires_.end()) return false;
  (*oldest)->broken = true;
  (*oldest)->stream->interrupt_receive(gateway_error(Code::too_many_connections));
  return true;
}

void Runner::dial_wanted(const std::vector<MemberNumber>& wanted) {
  const Time now = shard_.reactor.now();
  for (const MemberNumber peer : wanted) {
    if (wire_to(peer) != nullptr || (dialed_[peer] != Time{} && now - dialed_[peer] < dial_again)) continue;
    dialed_[peer] = never;  // until it is known what became of it
    shard_.scope.spawn(dial(peer));
  }
}

Task<void> Runner::dial(MemberNumber peer) {
  const Result<SocketAddress> address = socket_address(settings_.members[peer].address);
  invariant(address.has_value(), "addresses of members have been checked");
  Result<std::unique_ptr<Stream>> stream =
      co_await connect(shard_.reactor, UpstreamAddress{*address}, connect_patience);
  bool greeted = false;
  if (stream) {
    const auto wire = std::make_shared<Wire>(shard_.reactor, std::move(*stream), Channel::Side::dials);
    wire->peer = peer;
    wires_.push_back(wire);
    co_await serve(*wire);
    greeted = wire->greeted;
    std::erase(wires_, wire);
  }
  // Whoever was there, and has let go of an idle wire, may be dialed at once.
  dialed_[peer] = greeted ? Time{} : shard_.reactor.now();
  if (greeted) co_return;
  asker_.miss(peer, shard_.reactor.now());
  go_on_asking(shard_.reactor.now());
}

/// From the hello to the end. Whoever proves nothing is let go of without a word.
Task<void> Runner::serve(Wire& wire) {
  if (const Result<void> greeted = co_await greet(wire); !greeted) {
    status_->refused.add();
    const Code why = greeted.error().code;
    if (why == Code::unexpected_bytes || why == Code::credentials_refused) ++strangers_;
    wire.broken = true;
    co_return;
  }
  asker_.meet(wire.peer, shard_.reactor.now());
  go_on_asking(shard_.reactor.now());
  while (!wire.broken) {
    const Result<std::string> message = co_await next_message(wire);
    if (!message) break;
    hear(wire.peer, *message);
    flush_all();
  }
  wire.broken = true;
  wire.stream->shut_down_sending();
  while (wire.sending) {
    if (!co_await Sleep(shard_.reactor, std::chrono::milliseconds{1})) break;
  }
  if (wire_to(wire.peer) != nullptr) co_return;
  member_.lose(wire.peer);
  asker_.lose(wire.peer, shard_.reactor.now());
  go_on_asking(shard_.reactor.now());
}

Task<Result<void>> Runner::greet(Wire& wire) {
  const bool dials = wire.side == Channel::Side::dials;
  Hello own = ring_.hello();
  if (dials) {
    CO_TRY_VOID(co_await wire.stream->send(write(own), hello_patience));
  }
  while (wire.inbox.unread().size() < hello_bytes) {
    CO_TRY(const std::size_t more, co_await wire.inbox.fill_behind(hello_bytes, hello_patience));
    if (more == 0) co_return fail(upstream_error(Code::peer_closed));
  }
  const std::span<char> unread = wire.inbox.unread();
  const std::optional<Hello> other = read_hello({unread.data(), hello_bytes});
  wire.inbox.consume(hello_bytes);
  if (!other) co_return fail(upstream_error(Code::unexpected_bytes));
  if (!dials) {
    const std::optional<Hello> answer = ring_.answer(*other);
    if (!answer) co_return fail(upstream_error(Code::credentials_refused));
    own = *answer;
    CO_TRY_VOID(co_await wire.stream->send(write(own), hello_patience));
  } else if (other->key != own.key) {
    co_return fail(upstream_error(Code::credentials_refused));
  }
  wire.channel.emplace(ring_, wire.side, dials ? own : *other, dials ? *other : own);
  CO_TRY_VOID(co_await wire.stream->send(wire.channel->frame(settings_.self), hello_patience));
  CO_TRY(const std::string name, co_await next_message(wire));
  const MemberNumber peer = number_of(settings_, name);
  if (peer >= settings_.members.size() || peer == member_.self() || (dials && peer != wire.peer))
    co_return fail(upstream_error(Code::credentials_refused));
  wire.peer = peer;
  wire.greeted = true;
  co_return Result<void>{};
}

Task<Result<std::string>> Runner::next_message(Wire& wire) {
  while (true) {
    const std::span<char> unread = wire.inbox.unread();
    std::string_view bytes(unread.data(), unread.size());
    Channel::Taken taken = wire.channel->take(bytes);
    if (taken.what == Channel::Taken::What::refused) {
      status_->refused.add();
      co_return fail(upstream_error(Code::unexpected_bytes));
    }
    if (taken.what == Channel::Taken::What::message) {
      wire.inbox.consume(unread.size() - bytes.size());
      co_return std::move(taken.message);
    }
    CO_TRY(const std::size_t more, co_await wire.inbox.fill_behind(2 * frame_bytes_max, silence));
    if (more == 0) co_return fail(upstream_error(Code::peer_closed));
  }
}

Runner::Wire* Runner::wire_to(MemberNumber peer) const {
  const auto found = std::ranges::find_if(
      wires_, [&](const auto& wire) { return wire->greeted && !wire->broken && wire->peer == peer; });
  return found == wires_.end() ? nullptr : found->get();
}

bool Runner::send(MemberNumber to, const std::string& bytes) {
  Wire* const wire = wire_to(to);
  if (wire == nullptr || wire->pending.size() > limits::fleet_pending_bytes) return false;
  wire->pending += wire->channel->frame(bytes);
  return true;
}

void Runner::flush_all() {
  const auto wires = wires_;  // a send that fails at once may end one
  for (const std::shared_ptr<Wire>& wire : wires) {
    if (!wire->pending.empty() && !wire->sending && !wire->broken) shard_.scope.spawn(flush(wire));
  }
}

Task<void> Runner::flush(std::shared_ptr<Wire> wire) {
  wire->sending = true;
  while (!wire->pending.empty() && !wire->broken) {
    const std::string bytes = std::exchange(wire->pending, {});
    if (!co_await wire->stream->send(bytes, send_patience)) {
      wire->broken = true;
      wire->stream->interrupt_receive(upstream_error(Code::peer_reset));
    }
  }
  wire->sending = false;
}

}  // namespace weir::limit::fleet
