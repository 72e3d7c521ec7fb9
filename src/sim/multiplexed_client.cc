// Asking and leaving; sim/multiplexed_hearing.cc has what is heard.
#include "sim/multiplexed_client.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/limits.h"
#include "sim/senders.h"

namespace weir::sim {
namespace {

using namespace std::chrono_literals;

constexpr std::int64_t piece_bytes = 3'000;
// Beyond this, what is to be sent waits where it can still be taken back.
constexpr std::size_t unsent_bytes_max = 8 * kibibyte;
constexpr std::int64_t small_credit = 2'000;
constexpr std::int64_t large_window = 1'048'576;

/// Requests that break the rules of HTTP/2 messages (RFC 9113 section 8), with one hidden within.
Lines nonsense(const RequestPlan& plan) {
  const std::string hidden =
      fmt::format("/shop/{} HTTP/1.1\r\nhost: shop.test\r\nx-user: {}\r\n\r\n", plan.id, plan.id);
  const std::string path = fmt::format("/shop/{}", plan.id);
  Lines lines{{":method", "GET"}, {":scheme", "http"}, {":authority", "shop.test"}, {":path", path}};
  switch (plan.variant % 8) {
    case 0:
      lines.emplace_back("x-a", "1\r\n\r\nGET " + hidden);
      break;
    case 1:
      lines.emplace_back("x-a: 1\r\n\r\nGET " + hidden, "1");
      break;
    case 2:
      lines.emplace_back("X-A", "1");
      break;
    case 3:
      lines.emplace_back("transfer-encoding", "chunked");
      break;
    case 4:
      lines.pop_back();
      break;
    case 5:
      lines.back().second += " HTTP/1.1\r\nhost: a\r\n\r\nGET " + hidden;
      break;
    case 6:
      lines.emplace_back("content-length", "0");
      lines.emplace_back("content-length", "7");
      break;
    default:
      lines.emplace_back("host", "another.test");
  }
  return lines;
}

Lines head_of(const RequestPlan& plan) {
  if (plan.target == Target::nonsense) return nonsense(plan);
  const bool tunnel = plan.target == Target::tunnel;
  Lines lines{{":method", tunnel ? "CONNECT" : plan.method},
              {":scheme", "http"},
              {":authority", "shop.test"},
              {":path", fmt::format("{}{}", path_of(plan.target), plan.id)}};
  if (tunnel) lines.emplace_back(":protocol", "websocket");
  lines.emplace_back("x-user", std::to_string(plan.id));
  if (plan.upload == Framed::length && !tunnel) lines.emplace_back("content-length", std::to_string(plan.upload_bytes));
  if (plan.expects_continue) lines.emplace_back("expect", "100-continue");
  if (plan.grpc) lines.emplace_back("content-type", "application/grpc");
  if (plan.grpc || plan.variant % 3 == 0) lines.emplace_back("te", "trailers");
  return lines;
}

bool has_content(const RequestPlan& plan) {
  return plan.upload != Framed::nothing || plan.target == Target::tunnel;
}

}  // namespace

MultiplexedClient::Ask::Ask(Reactor& reactor, Story& story_in, unsigned stream_in, bool early_in)
    : story(story_in),
      stream(stream_in),
      changed(reactor),
      answer(content_id(story_in.plan.id, Part::answer), story_in.plan.answer_bytes),
      greeting(content_id(story_in.plan.id, Part::greeting), story_in.plan.answer_bytes),
      echo(content_id(story_in.plan.id, Part::upload), story_in.plan.upload_bytes),
      tail(content_id(story_in.plan.id, Part::tail), story_in.plan.answer_bytes),
      early(early_in) {}

MultiplexedClient::MultiplexedClient(Reactor& reactor, Ledger& ledger, const ClientConnectionPlan& plan, Stream& stream)
    : reactor_(reactor),
      ledger_(ledger),
      plan_(plan),
      stream_(stream),
      children_(reactor),
      room_(reactor),
      to_write_(reactor) {}

Task<Requests> MultiplexedClient::run(Requests requests, std::string said_first) {
  out_ = std::move(said_first);
  out_ += preface;
  send({.type = Frame::settings, .payload = setting(Setting::initial_window, plan_.stream_window)});
  if (plan_.variant % 2 == 0) {
    may_come_ = large_window;
    send({.type = Frame::window_update, .payload = number(large_window - initial_window)});
  }
  children_.spawn(write());
  children_.spawn(ask_all(std::move(requests)));
  co_await listen();
  over_ = true;
  if (ended_in_order_) judge_windows();
  if (ended_in_order_) judge_drain();
  for (const auto& [stream, ask] : asks_) {
    if (!ask->closed && !ask->all_came) end_without_answer(*ask, false);
    close(*ask);
  }
  wake_all();
  children_.cancel(gateway_error(Code::canceled));
  co_await children_.join();
  co_return std::move(again_);
}

// ---- sending

void MultiplexedClient::send(Frame frame) {
  out_ += bytes_of(frame);
  to_write_.raise();
}

Task<void> MultiplexedClient::write() {
  while (!over_) {
    if (out_.empty()) {
      if (!co_await to_write_.wait()) co_return;
      continue;
    }
    if (!co_await stream_.send(std::exchange(out_, {}), patience)) co_return;
    wake_all();
  }
}

void MultiplexedClient::wake_all() {
  room_.raise();
  for (const auto& [stream, ask] : asks_) ask->changed.raise();
}

// ---- asking

Task<void> MultiplexedClient::ask_all(Requests requests) {
  for (const RequestPlan* request : requests) {
    co_await wait_for_room(*request);
    if (over_ || announced_ || leaving_) {
      again_.push_back(request);
    } else {
      open(*request);
    }
  }
  all_asked_ = true;
  while (open_ > 0 && !over_) {
    if (!co_await room_.wait()) co_return;
  }
  if (!over_) co_await leave();
}

Task<void> MultiplexedClient::wait_for_room(const RequestPlan& request) {
  if (request.variant % 4 == 0) co_await Sleep(reactor_, 300us);
  // RFC 8441 section 3: not before the other side has said that it knows how.
  const auto must_wait = [&] {
    const bool full = open_ >= std::min(plan_.depth, streams_max_);
    return full || (request.target == Target::tunnel && !settings_seen_);
  };
  while (!over_ && !announced_ && !leaving_ && must_wait()) {
    if (!co_await room_.wait()) co_return;
  }
}

void MultiplexedClient::open(const RequestPlan& plan) {
  Story& story = ledger_.story(plan.id);
  const unsigned stream = std::exchange(next_, next_ + 2);
  Ask& ask = *asks_.emplace(stream, std::make_unique<Ask>(reactor_, story, stream, !settings_seen_)).first->second;
  ask.may_send = gateway_window_;
  ask.may_come = plan_.stream_window;
  ++open_;
  last_ = &story;
  story.began = reactor_.now();
  story.generation_min = ledger_.generation_min;
  story.client_end = client_end(plan_, stream_.local_address());
  ledger_.say(story.began, fmt::format("client sends {} on stream {}", describe(plan), stream));
  ask.all_sent = !has_content(plan);
  send({.type = Frame::headers,
        .flags = Frame::end_headers | (ask.all_sent ? Frame::end_stream : 0),
        .stream = stream,
        .payload = packed(head_of(plan))});
  if (plan_.stream_window == 0) give(stream, small_credit);
  if (!ask.all_sent) children_.spawn(upload(ask));
  if (plan.client == ClientWay::slow_reader) children_.spawn(give_slowly(ask));
}

Task<void> MultiplexedClient::upload(Ask& ask) {
  Story& story = ask.story;
  const RequestPlan& plan = story.plan;
  for (Duration waited{}; plan.expects_continue && !story.go_on && !ask.closed && waited < 1s; waited += 5ms) {
    if (!co_await Sleep(reactor_, 5ms)) co_return;
  }
  if (plan.expects_continue && !ask.closed) check_continue(ledger_, story, reactor_.now());
  const bool tunnel = plan.target == Target::tunnel;
  while (tunnel && !ask.tunnel && !ask.closed) {
    if (!co_await ask.changed.wait()) co_return;
  }
  const bool turns = !tunnel && (plan.client == ClientWay::abort_in_upload || plan.client == ClientWay::stalled_upload);
  const bool whole = co_await send_content(ask, turns ? plan.turning_point % plan.upload_bytes : plan.upload_bytes);
  if (!whole || ask.closed || (!tunnel && plan.client == ClientWay::stalled_upload)) co_return;
  if (turns) {
    end(ask, Outcome::given_up);
    if (plan.variant % 4 == 0) co_return go_away();
    co_return take_back(ask);
  }
  if (plan.upload_trailer && !tunnel) {
    send({.type = Frame::headers,
          .flags = Frame::end_headers | Frame::end_stream,
          .stream = ask.stream,
          .payload = packed({{"x-sum", "right"}})});
  } else {
    send({.type = Frame::data, .flags = Frame::end_stream, .stream = ask.stream, .payload = {}});
  }
  ask.all_sent = true;
  if (ask.all_came) close(ask);
}

/// As the windows have room. \returns  false when nobody wants it any more
Task<bool> MultiplexedClient::send_content(Ask& ask, ByteCount up_to) {
  Story& story = ask.story;
  const RequestPlan& plan = story.plan;
  const std::int64_t padding = plan_.variant % 5 == 0 ? 1 + plan.variant : 0;  // with the byte that says how much
  for (ByteCount sent = 0; sent < up_to;) {
    if (over_ || ask.closed) co_return false;
    if (ask.all_came && plan.client == ClientWay::hush_on_early_answer) {
      take_back(ask);
      co_return false;
    }
    const std::int64_t room = std::min({ask.may_send, may_send_, piece_bytes + padding}) - padding;
    if (room <= 0 || out_.size() > unsent_bytes_max) {
      if (!co_await ask.changed.wait()) co_return false;
      continue;
    }
    const ByteCount size = std::min(up_to - sent, static_cast<ByteCount>(room));
    std::string payload;
    if (padding > 0) payload += static_cast<char>(padding - 1);
    payload += content(content_id(plan.id, Part::upload), sent, size);
    if (padding > 0) payload.append(static_cast<std::size_t>(padding - 1), '\0');
    ask.may_send -= static_cast<std::int64_t>(payload.size());
    may_send_ -= static_cast<std::int64_t>(payload.size());
    send({.type = Frame::data,
          .flags = padding > 0 ? Frame::padded : 0,
          .stream = ask.stream,
          .payload = std::move(payload)});
    sent += size;
    story.client_sent += size;
    if (story.outcome == Outcome::waiting) ledger_.check_flow(story);
    if (plan.variant % 3 == 0 && plan.upload_bytes < 20'000 && !co_await Sleep(reactor_, 300us)) co_return false;
  }
  co_return true;
}

/// A slow reader lets come what he has room for, a little at a time.
Task<void> MultiplexedClient::give_slowly(Ask& ask) {
  while (!ask.closed && co_await Sleep(reactor_, 200us)) {
    const std::int64_t now = std::min<std::int64_t>(ask.to_be_given, 300);
    ask.to_be_given -= now;
    if (!ask.closed) give(ask.stream, now);
  }
}

void MultiplexedClient::give(unsigned stream, std::int64_t bytes) {
  if (bytes <= 0) return;
  (stream == 0 ? may_come_ : find(stream)->may_come) += bytes;
  send({.type = Frame::window_update, .stream = stream, .payload = number(static_cast<std::uint32_t>(bytes))});
}

// ---- leaving

/// Behind the last answer. Some say good-bye, some just go, and some stay until they are sent away.
Task<void> MultiplexedClient::leave() {
  if (announced_) co_return stream_.hasten_receive(announced_end_within);
  if (plan_.held_open) co_return;
  if (plan_.variant % 4 == 0) {
    co_await Sleep(reactor_, ledger_.circumstances.news_travels + 10ms);  // credit that is on its way arrives
    if (over_) co_return;
    judge_windows();
  }
  if (plan_.variant % 4 == 1 && !announced_) {
    send({.type = Frame::goaway, .payload = number(0) + number(StreamError::none)});
    while (!out_.empty() && !over_) {
      if (!co_await room_.wait()) co_return;
    }
    if (over_) co_return;
    stream_.shut_down_sending();
    announced_ = refusing_ = true;  // as good as: it has to end now
    co_return stream_.hasten_receive(announced_end_within);
  }
  leaving_ = true;
  stream_.interrupt_receive(gateway_error(Code::canceled));
}

/// The connection is given up under its streams.
void MultiplexedClient::go_away() {
  for (const auto& [stream, ask] : asks_) {
    if (!ask->all_came) end(*ask, Outcome::given_up);
  }
  leaving_ = true;
  stream_.reset_on_close();
  stream_.interrupt_receive(gateway_error(Code::canceled));
}

void MultiplexedClient::take_back(Ask& ask) {
  ++reset_;
  send({.type = Frame::reset, .stream = ask.stream, .payload = number(StreamError::cancel)});
  close(ask);
}

void MultiplexedClient::close(Ask& ask) {
  if (std::exchange(ask.closed, true)) return;
  if (--open_ == 0) quiet_since_ = reactor_.now();
  ask.changed.raise();
  room_.raise();
}

/// Credit for what was sent has come back, but for what the gateway saves up: half a window.
void MultiplexedClient::judge_windows() {
  if (ledger_.circumstances.lossy_clients || ledger_.circumstances.end_began) return;
  const std::int64_t missing = static_cast<std::int64_t>(limits::h2_connection_window_bytes) - may_send_;
  if (settings_seen_ && missing > limits::h2_connection_window_bytes / 2)
    violation("windows", fmt::format("credit for {} bytes of a connection never came back", missing));
}

/// Whoever has nothing under way is sent away at once.
void MultiplexedClient::judge_drain() {
  const std::optional<Time> drain = ledger_.circumstances.drain_began;
  if (!drain || ledger_.circumstances.lossy_clients || last_ == nullptr || open_ > 0) return;
  if (reactor_.now() - std::max(*drain, quiet_since_) > announced_end_within)
    violation("drain", "an idle connection was left open; " + describe(last_->plan));
}

}  // namespace weir::sim
