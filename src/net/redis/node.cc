// Connect, write, read, match; and whom not to ask.
#include "net/redis/node.h"

#include <algorithm>

namespace weir::redis {

Node::Node(Scope& scope, Resolver& resolver, tls::Workbench& bench, const Settings& settings, Events& events,
           std::vector<Endpoint> addresses)
    : scope_(scope),
      reactor_(scope.reactor()),
      resolver_(resolver),
      bench_(bench),
      settings_(settings),
      events_(events),
      addresses_(std::move(addresses)),
      address_text_(address().text()),
      saved_(std::make_shared<tls::SavedSession>()),
      bell_(reactor_) {
  invariant(!addresses_.empty(), "a node has an address");
}

Node::~Node() {
  invariant(!running_, "a node is at rest when it is destroyed");
  reactor_.timers().disarm(*this);
}

// ---- those who ask ----

void Node::submit(Ask& ask) {
  if (ask.patience_ >= Duration{}) reactor_.timers().arm(ask, deadline_after(reactor_.now(), ask.patience_));
  if (state_ == State::ready) return send(ask);
  waiting_.push_back(&ask);
  wake_up();
}

void Node::send(Ask& ask) {
  if (ask.asking_) write({.bytes = command({"ASKING"})}, nullptr, Place::Kind::preface);
  write(ask.request_, &ask, Place::Kind::question);
  ask.number_ = first_number_ + in_flight_.size() - 1;
}

bool Node::tell(const Request& request) {
  if (state_ != State::ready || in_flight_.size() >= limits::redis_in_flight) return false;
  write(request, nullptr, Place::Kind::told);
  return true;
}

void Node::give_up(Ask& ask, Time) {
  forget(ask, upstream_error(Code::timed_out));
  suppress("an answer was late");
}

void Node::forget(Ask& ask, Error why) {
  if (ask.number_ == 0) {
    std::erase(waiting_, &ask);
  } else {
    in_flight_[ask.number_ - first_number_].ask = nullptr;
  }
  finish(ask, fail(why));
}

void Node::finish(Ask& ask, Result<Reply> outcome) {
  reactor_.timers().disarm(ask);
  ask.outcome_ = std::move(outcome);
  reactor_.schedule(ask);
}

// ---- the connection ----

void Node::wake_up() {
  last_asked_ = reactor_.now();
  if (state_ != State::idle) return;
  state_ = State::connecting;
  running_ = true;
  scope_.spawn(run());
}

void Node::stop() {
  if (state_ == State::stopped) return;
  state_ = State::stopped;
  reactor_.timers().disarm(*this);
  if (link_ != nullptr) link_->stream->interrupt_receive(gateway_error(Code::draining));
}

Task<void> Node::run() {
  while (state_ != State::stopped) {
    words_.clear();
    const Result<void> ended = co_await serve_once();
    link_ = nullptr;
    reactor_.timers().disarm(*this);
    if (state_ != State::stopped) state_ = ended ? State::idle : State::down;
    if (state_ == State::idle) break;
    const Error why = ended ? gateway_error(Code::draining) : ended.error();
    if (words_.empty()) words_ = why.text != nullptr ? std::string_view(why.text) : sentence_of(why.code);
    if (state_ == State::down) {
      events_.happened(Event::failed, address_text_, words_);
      suppress(words_);
    }
    fail_all(why);
    if (state_ == State::stopped) break;
    use_next_address();
    if (!co_await Sleep(reactor_, suppression_.next_pause(reactor_.random().below(1024)))) break;
  }
  if (state_ != State::idle) state_ = State::stopped;
  fail_all(gateway_error(Code::draining));
  running_ = false;
}

void Node::use_next_address() {
  if (addresses_.size() == 1) return;
  address_ = (address_ + 1) % addresses_.size();
  address_text_ = address().text();
  saved_ = std::make_shared<tls::SavedSession>();
}

Task<Result<void>> Node::serve_once() {
  const LinkTls tls{.bench = bench_, .saved = saved_};
  CO_TRY(const std::unique_ptr<Link> link,
         co_await open_link(reactor_, resolver_, address(), settings_, tls, events_, words_));
  if (state_ == State::stopped) co_return Result<void>{};
  events_.happened(Event::connected, address_text_, {});
  state_ = State::ready;
  link_ = link.get();
  out_.clear();
  for (Ask* const ask : std::exchange(waiting_, {})) send(*ask);
  if (suppression_.suppressed()) fire(reactor_.now());
  Scope writer(reactor_);
  writer.attach(co_await current_cancellation());
  writer.spawn(write_all(*link->stream));
  const Result<void> ended = co_await read_all(*link);
  writer.cancel(gateway_error(Code::canceled));
  co_await writer.join();
  co_return ended;
}

void Node::write(const Request& request, Ask* ask, Place::Kind kind) {
  if (in_flight_.empty()) link_->stream->hasten_receive(settings_.answer_timeout);
  last_asked_ = reactor_.now();
  if (request.function >= 0) {
    const auto function = static_cast<std::size_t>(request.function);
    CommandWriter head(out_, 2 + request.words);
    if (link_->script_digests.empty()) {
      head.word("FCALL").word(settings_.library.functions[function].name);
    } else {
      head.word("EVALSHA").word(link_->script_digests[function]);
    }
  }
  out_ += request.bytes;
  in_flight_.push_back({.ask = ask, .sent = reactor_.now(), .kind = kind});
  bell_.ring();
}

void Node::Bell::ring() {
  if (!waiting_) {
    rung_ = true;
    return;
  }
  waiting_ = false;
  reactor_.schedule(*this);
}

void Node::Bell::cancel(Error why) {
  waiting_ = false;
  outcome_ = fail(why);
  reactor_.schedule(*this);
}

Task<void> Node::write_all(Stream& stream) {
  std::string sending;
  while (true) {
    // Whatever is written in this turn goes out together.
    if (out_.empty() && !co_await bell_) co_return;
    sending.clear();
    sending.swap(out_);
    const Result<void> sent = co_await stream.send(sending, settings_.answer_timeout);
    if (!sent) {
      stream.interrupt_receive(sent.error());
      co_return;
    }
  }
}

Duration Node::patience_for_answers() const {
  const Time until = in_flight_.empty() ? deadline_after(last_asked_, settings_.idle_timeout)
                                        : deadline_after(in_flight_.front().sent, settings_.answer_timeout);
  return time_left(reactor_.now(), until);
}

Task<Result<void>> Node::read_all(Link& link) {
  while (state_ != State::stopped) {
    while (!link.inbox.empty()) {
      const std::span<char> unread = link.inbox.unread();
      CO_TRY(const std::size_t whole, link.reader.read({unread.data(), unread.size()}));
      if (whole == 0) break;
      link.inbox.consume(whole);
      CO_TRY_VOID(answered(link.reader.take()));
    }
    link.inbox.trim();
    const Result<std::size_t> came =
        co_await link.inbox.fill_behind(limits::redis_answer_bytes, patience_for_answers());
    if (came && *came == 0) co_return fail(upstream_error(Code::peer_closed));
    if (came) continue;
    if (came.error().code != Code::timed_out) co_return fail(came.error());
    if (patience_for_answers() > Duration{}) continue;  // somebody asked meanwhile
    if (in_flight_.empty()) co_return Result<void>{};
    co_return fail(came.error());
  }
  co_return Result<void>{};
}

Result<void> Node::answered(Reply reply) {
  const Value value = reply.value();
  if (value.kind() == Kind::push) return {};
  if (in_flight_.empty()) return fail(upstream_error(Code::unexpected_bytes));
  const Place place = in_flight_.front();
  in_flight_.pop_front();
  ++first_number_;
  if (place.kind == Place::Kind::preface) return {};
  if (place.kind == Place::Kind::probe) {
    const bool in_time = !value.is_error() && reactor_.now() - place.sent <= settings_.budget;
    in_time ? resume() : probe_later();
    return {};
  }
  // Another connection finds its functions again, and a server that may write.
  const bool of_no_use = value.is_error("NOSCRIPT") || value.is_error("READONLY") || value.is_error("NOAUTH") ||
                         (value.is_error("ERR") && value.text().contains("Function not found"));
  if (of_no_use) words_ = value.text();
  if (place.ask != nullptr) {
    finish(*place.ask, std::move(reply));
  } else if (place.kind == Place::Kind::question) {
    events_.happened(Event::late_answer, address_text_, {});
  }
  return of_no_use ? fail(upstream_error(Code::upstream_overloaded)) : Result<void>{};
}

void Node::fail_all(Error why) {
  for (const Place& place : std::exchange(in_flight_, {})) {
    if (place.ask != nullptr) finish(*place.ask, fail(why));
    ++first_number_;
  }
  for (Ask* const ask : std::exchange(waiting_, {})) finish(*ask, fail(why));
  out_.clear();
}

// ---- suppression ----

void Node::suppress(std::string_view why) {
  if (!suppression_.begin(reactor_.now())) return;
  events_.happened(Event::suppressed, address_text_, why);
  if (state_ == State::ready) probe_later();
}

void Node::resume() {
  suppression_.end(reactor_.now());
  events_.happened(Event::resumed, address_text_, {});
}

void Node::probe_later() {
  const Duration pause = suppression_.next_pause(reactor_.random().below(1024));
  if (pause > Duration{}) {
    reactor_.timers().arm(*this, deadline_after(reactor_.now(), pause));
  } else {
    fire(reactor_.now());
  }
}

void Node::fire(Time) {
  if (state_ == State::ready) write({.bytes = command({"PING"})}, nullptr, Place::Kind::probe);
}

NodeFacts Node::facts() const {
  NodeFacts facts{.address = address_text_, .state = "idle"};
  if (state_ == State::connecting) facts.state = "connecting";
  if (state_ == State::ready) facts.state = suppression_.suppressed() ? "suppressed" : "ready";
  if (state_ == State::down || state_ == State::stopped) facts.state = "down";
  return facts;
}

}  // namespace weir::redis
