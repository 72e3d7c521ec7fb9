// The ways of clients.
#include "sim/client.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "net/connect.h"
#include "sim/answers.h"
#include "sim/multiplexed_client.h"
#include "sim/senders.h"

namespace weir::sim {
namespace {

using namespace std::chrono_literals;

constexpr ByteCount piece_bytes = 3'000;
// Connections that a client makes for requests which the gateway has not touched before it gives them up.
constexpr unsigned connections_max = 50;
// Longer than any timeout of the gateway that is about clients.
constexpr Duration stall = 30s;

std::string request_head(const RequestPlan& plan) {
  const bool old = plan.client == ClientWay::old_version;
  std::string head = fmt::format("{} {}{} HTTP/1.{}\r\nhost: shop.test\r\nx-user: {}\r\n", plan.method,
                                 path_of(plan.target), plan.id, old ? 0 : 1, plan.id);
  if (plan.variant % 5 == 0) head += "connection: keep-alive, x-private\r\nkeep-alive: timeout=5\r\nx-private: 1\r\n";
  if (plan.upload == Framed::length) head += fmt::format("content-length: {}\r\n", plan.upload_bytes);
  if (plan.upload == Framed::chunked) head += "transfer-encoding: chunked\r\n";
  if (plan.expects_continue) head += "expect: 100-continue\r\n";
  if (plan.client == ClientWay::asks_close) head += "connection: close\r\n";
  if (plan.target == Target::tunnel) head += "connection: upgrade\r\nupgrade: websocket\r\n";
  return head + "\r\n";
}

/// What must be refused; what follows it must never be taken for a request.
std::string nonsense(const RequestPlan& plan) {
  const std::string smuggled =
      fmt::format("GET /shop/{} HTTP/1.1\r\nhost: shop.test\r\nx-user: {}\r\n\r\n", plan.id, plan.id);
  switch (plan.variant % 8) {
    case 0:
      return fmt::format(
                 "POST /shop/{} HTTP/1.1\r\nhost: a\r\ncontent-length: 6\r\ntransfer-encoding: "
                 "chunked\r\n\r\n0\r\n\r\n",
                 plan.id) +
             smuggled;
    case 1:
      return fmt::format("POST /shop/{} HTTP/1.1\r\nhost: a\r\ncontent-length: 0\r\ncontent-length: 44\r\n\r\n",
                         plan.id) +
             smuggled;
    case 2:
      return fmt::format("GET /shop/{} HTTP/1.1\nhost: a\n\n", plan.id) + smuggled;
    case 3:
      return fmt::format("GET /shop/{} HTTP/1.1\r\n\r\n", plan.id) + smuggled;
    case 4:
      return fmt::format("GET /shop/{} HTTP/1.1\r\nhost: a\r\nx : 1\r\n\r\n", plan.id) + smuggled;
    case 5:
      return fmt::format("POST /shop/{} HTTP/1.1\r\nhost: a\r\ntransfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
                         plan.id) +
             smuggled;
    case 6:
      return std::string("\x16\x03\x01\x02 hello\r\n\r\n", 14) + smuggled;
    default:
      return fmt::format("GET /shop/{} HTTP/1.1\r\nhost: a\r\nx: 1\r\n folded\r\n\r\n", plan.id) + smuggled;
  }
}

/// The connection ends behind this answer: the gateway says so, or we have.
bool announces_end(const Head& head, const RequestPlan& plan) {
  const std::string_view said = head.get("connection");
  if (plan.client == ClientWay::old_version) return said != "keep-alive";
  return said.find("close") != std::string_view::npos || plan.client == ClientWay::half_close;
}

bool is_last_of_its_connection(const RequestPlan& plan) {
  return plan.target == Target::tunnel || plan.target == Target::nonsense || plan.client == ClientWay::asks_close ||
         plan.client == ClientWay::old_version || plan.client == ClientWay::half_close;
}

}  // namespace

Task<void> Client::run() {
  for (const ClientConnectionPlan& connection : plan_.connections) co_await run(connection);
}

Task<void> Client::run(const ClientConnectionPlan& plan) {
  co_await Sleep(reactor_, plan.pause);
  if (plan.speaks == Speaks::http2) co_return co_await run_multiplexed(plan);
  std::size_t done = 0;
  while (done < plan.requests.size()) done += co_await converse(plan, Batch(plan.requests).subspan(done));
}

/// As many connections as it takes.
Task<void> Client::run_multiplexed(const ClientConnectionPlan& plan) {
  Requests left;
  for (const RequestPlan& request : plan.requests) left.push_back(&request);
  for (unsigned attempt = 0; !left.empty() && attempt < connections_max; ++attempt) {
    const std::unique_ptr<Stream> stream = co_await connect(plan, ledger_.story(left.front()->id));
    if (stream == nullptr) {
      left.erase(left.begin());
      continue;
    }
    MultiplexedClient client(reactor_, ledger_, plan, *stream);
    left = co_await client.run(std::move(left), sender_header(plan));
    if (!left.empty()) co_await Sleep(reactor_, 2ms);
  }
  for (const RequestPlan* request : left) {
    Story& story = ledger_.story(request->id);
    story.behind_close = true;
    end(story, Outcome::unanswered);
  }
}

Task<std::unique_ptr<Stream>> Client::connect(const ClientConnectionPlan& plan, Story& first) {
  first.began = reactor_.now();
  const bool behind = plan.sender != Sender::nobody && plan.sender != Sender::unasked;
  auto opened = co_await weir::connect(reactor_, {behind ? doors_.behind_sender : doors_.web}, 5s);
  if (opened) co_return std::move(*opened);
  end(first, Outcome::unconnected);
  co_return nullptr;
}

/// One connection, as far as it carries. \returns  how many of the requests have found their end
Task<std::size_t> Client::converse(const ClientConnectionPlan& plan, Batch requests) {
  std::unique_ptr<Stream> opened = co_await connect(plan, ledger_.story(requests.front().id));
  if (opened == nullptr) co_return 1;
  Connection connection(reactor_, plan, std::move(opened));
  std::size_t done = 0;
  while (done < requests.size() && !connection.ended) {
    std::size_t count = 1;
    while (count < plan.depth && done + count < requests.size() &&
           !is_last_of_its_connection(requests[done + count - 1]))
      ++count;
    const Batch batch = requests.subspan(done, count);
    connection.uploads.spawn(send_all(connection, batch));
    for (const RequestPlan& request : batch) {
      Story& story = ledger_.story(request.id);
      co_await read_answer(connection, story);
      story.go_on = true;
    }
    done += count;
    if (connection.ended) connection.uploads.cancel(gateway_error(Code::canceled));
    co_await connection.uploads.join();
    if (batch.back().client == ClientWay::half_close && !connection.gone) connection.stream->shut_down_sending();
  }
  co_await leave(connection, plan, ledger_.story(requests[done - 1].id));
  co_return done;
}

// How the connection ends when all is said.
Task<void> Client::leave(Connection& connection, const ClientConnectionPlan& plan, Story& last) {
  if (connection.gone) co_return;
  if (connection.announced) {
    const Ending ending = co_await connection.wire.read_end(announced_end_within);
    if (ending == Ending::late) last.end_was_late = true;
    if (ending == Ending::malformed)
      ledger_.violation("content", "bytes behind the last answer; " + describe(last.plan));
  } else if (!connection.ended && plan.held_open) {
    const Ending ending = co_await connection.wire.read_end(patience);
    if (ending == Ending::malformed)
      ledger_.violation("content", "bytes that nobody asked for; " + describe(last.plan));
    if (ending == Ending::late) last.end_was_late = true;  // keep_alive has passed
    const std::optional<Time> drain = ledger_.circumstances.drain_began;
    if (drain && !ledger_.circumstances.lossy_clients &&
        reactor_.now() - std::max(*drain, last.ended) > announced_end_within) {
      ledger_.violation("drain", "an idle connection was left open; " + describe(last.plan));
    }
  }
}

void Client::end(Story& story, Outcome outcome) {
  note_outcome(ledger_, story, outcome, reactor_.now());
}

void Client::go_away(Connection& connection) {
  connection.gone = true;
  connection.ended = true;
  connection.stream->reset_on_close();
  connection.stream->interrupt_receive(gateway_error(Code::canceled));
}

// Sending.

Task<void> Client::send_all(Connection& connection, Batch requests) {
  if (!connection.introduced && connection.plan.sender != Sender::nobody) {
    connection.introduced = true;
    if (!co_await connection.wire.send(sender_header(connection.plan))) co_return;
  }
  for (const RequestPlan& request : requests) {
    Story& story = ledger_.story(request.id);
    if (!co_await send_one(connection, story)) co_return;
    if (request.client == ClientWay::half_close) connection.stream->shut_down_sending();
  }
}

/// \returns  false when nothing more can be sent
Task<bool> Client::send_one(Connection& connection, Story& story) {
  const RequestPlan& plan = story.plan;
  story.began = reactor_.now();
  ledger_.say(story.began, fmt::format("client sends {}", describe(plan)));
  story.generation_min = ledger_.generation_min;
  story.client_end = client_end(connection.plan, connection.stream->local_address());
  if (plan.target == Target::nonsense) co_return (co_await connection.wire.send(nonsense(plan))).has_value();
  std::string bytes = request_head(plan);
  const bool at_once = plan.upload_bytes < 1'000 && !plan.expects_continue && plan.variant % 2 == 0;
  if (at_once && plan.upload == Framed::length) {
    bytes += content(content_id(plan.id, Part::upload), 0, plan.upload_bytes);
    co_return (co_await connection.wire.send(std::move(bytes))).has_value();
  }
  if (!co_await connection.wire.send(std::move(bytes))) co_return false;
  if (plan.upload == Framed::nothing) co_return true;
  for (Duration waited{}; plan.expects_continue && !story.go_on && waited < 1s; waited += 5ms) {
    if (!co_await Sleep(reactor_, 5ms)) co_return false;
  }
  if (connection.awaited == plan.id) check_continue(ledger_, story, reactor_.now());
  co_return co_await send_upload(connection, story);
}

Task<bool> Client::send_upload(Connection& connection, Story& story) {
  const RequestPlan& plan = story.plan;
  const bool turns = plan.client == ClientWay::abort_in_upload || plan.client == ClientWay::stalled_upload;
  const ByteCount stop = turns ? plan.turning_point % plan.upload_bytes : plan.upload_bytes;
  ByteCount sent = 0;
  while (sent < stop) {
    if (plan.client == ClientWay::hush_on_early_answer && story.outcome != Outcome::waiting) co_return false;
    const ByteCount size = std::min(stop - sent, piece_bytes);
    std::string piece = content(content_id(plan.id, Part::upload), sent, size);
    if (plan.upload == Framed::chunked) piece = chunk(piece);
    if (!co_await connection.wire.send(std::move(piece))) co_return false;
    sent += size;
    story.client_sent += size;
    if (story.outcome == Outcome::waiting) ledger_.check_flow(story);
    if (plan.variant % 3 == 0 && plan.upload_bytes < 20'000 && !co_await Sleep(reactor_, 300us)) co_return false;
  }
  if (plan.client == ClientWay::stalled_upload) co_return false;
  if (plan.client == ClientWay::abort_in_upload) {
    end(story, Outcome::given_up);
    go_away(connection);
    co_return false;
  }
  if (plan.upload == Framed::length) co_return true;
  co_return (co_await connection.wire.send(plan.upload_trailer ? "0\r\nx-sum: right\r\n\r\n" : "0\r\n\r\n"))
      .has_value();
}

// Receiving.

void Client::end_without_answer(Connection& connection, Story& story, Ending ending) {
  story.behind_close = connection.ended;
  connection.ended = true;
  connection.announced = false;
  if (ending == Ending::late) return end(story, Outcome::late);
  if (ending == Ending::malformed || ending == Ending::wrong) return end(story, Outcome::wrong);
  end(story, ending == Ending::cut ? Outcome::cut : Outcome::unanswered);
}

Task<void> Client::read_answer(Connection& connection, Story& story) {
  if (connection.gone) co_return end(story, Outcome::given_up);
  if (connection.ended) co_return end_without_answer(connection, story, Ending::closed);
  const RequestPlan& plan = story.plan;
  connection.awaited = plan.id;
  if (plan.client == ClientWay::slow_reader) connection.wire.set_pace({.pause = 200us, .bytes = 300});
  Head head;
  while (true) {
    const Ending ending = co_await connection.wire.read_head(head);
    if (connection.gone) co_return end(story, Outcome::given_up);
    if (ending != Ending::whole) co_return end_without_answer(connection, story, ending);
    story.status = head.status();
    story.go_on = true;
    story.hinted = story.hinted || story.status == 103;
    if (story.status == 101 && plan.target == Target::tunnel) co_return co_await tunnel(connection, story);
    if (story.status < 100 || story.status >= 200) break;
  }
  connection.announced = announces_end(head, plan);
  if (story.status < 200 || story.status > 599) co_return end_without_answer(connection, story, Ending::malformed);
  co_await read_content(connection, story, head);
  connection.wire.set_pace({});
  if (connection.announced) connection.ended = true;
  // Whoever stalled finds a connection that the gateway has given up; whoever stopped in the middle cannot go on with
  // it.
  const bool stops = plan.client == ClientWay::hush_on_early_answer || plan.client == ClientWay::stalled_upload;
  const bool stopped = stops && story.client_sent < plan.upload_bytes;
  if (plan.client == ClientWay::stalled_reader || (stopped && !connection.announced))
    connection.ended = connection.gone = true;
}

Task<void> Client::read_content(Connection& connection, Story& story, const Head& head) {
  const RequestPlan& plan = story.plan;
  // What somebody said whom nobody asked is no HEAD.
  const bool has_content =
      (plan.method != "HEAD" || is_refused(plan.sender)) && story.status != 204 && story.status != 304;
  const Framed framed = framing_of(head, has_content, true);
  if (framed == Framed::until_close) connection.announced = true;
  const Announced announced = check_answer_head(ledger_, story, head);
  if (announced.wrong) co_return end_without_answer(connection, story, Ending::wrong);
  const bool ours = announced.ours;
  const bool local = plan.target == Target::local && story.status == 200;
  const ByteCount expected = ours ? plan.answer_bytes : 0;
  ContentCheck check(content_id(plan.id, Part::answer), expected);
  if (!ours) {
    // The gateway's own words are not planned: only their framing is judged.
    ByteCount read = 0;
    std::string bytes;
    ByteCount left = 0;
    const std::string_view length = head.get("content-length");
    std::from_chars(length.data(), length.data() + length.size(), left);
    while (has_content && read < left) {
      const Ending ending = co_await connection.wire.read_some(bytes, static_cast<std::size_t>(left - read));
      if (ending != Ending::whole)
        co_return end_without_answer(connection, story, ending == Ending::late ? ending : Ending::cut);
      read += bytes.size();
    }
    if (has_content && length.empty()) co_return end_without_answer(connection, story, Ending::malformed);
    co_return end(story, local ? Outcome::answered : Outcome::refused);
  }
  const bool aborts = plan.client == ClientWay::abort_in_answer;
  if (plan.client == ClientWay::stalled_reader) co_await Sleep(reactor_, stall);
  const ByteCount stop_after = aborts ? std::min(plan.turning_point, expected) : unbounded;
  const Ending ending = co_await connection.wire.read_content(head, framed, check, story.client_read, stop_after);
  if (connection.gone) co_return end(story, Outcome::given_up);
  if (aborts) {
    end(story, Outcome::given_up);
    co_return go_away(connection);
  }
  if (ending == Ending::whole && has_content && !check.whole()) {
    ledger_.violation("content",
                      fmt::format("{} of {} bytes were called the whole; {}", check.taken(), expected, describe(plan)));
    co_return end_without_answer(connection, story, Ending::wrong);
  }
  if (ending == Ending::wrong)
    ledger_.violation("content", fmt::format("wrong bytes within the first {}; {}", check.taken(), describe(plan)));
  story.trailer_seen = connection.wire.trailer_seen();
  if (ending == Ending::whole) co_return end(story, Outcome::answered);
  end_without_answer(connection, story, ending == Ending::closed || ending == Ending::reset ? Ending::cut : ending);
}

// What comes back must be a greeting, what we sent, and a good-bye; then the end.
Task<void> Client::tunnel(Connection& connection, Story& story) {
  const RequestPlan& plan = story.plan;
  connection.uploads.spawn(send_through_tunnel(connection, story));
  ContentCheck greeting(content_id(plan.id, Part::greeting), plan.answer_bytes);
  ContentCheck echo(content_id(plan.id, Part::upload), plan.upload_bytes);
  ContentCheck tail(content_id(plan.id, Part::tail), plan.answer_bytes);
  std::string bytes;
  Ending ending = Ending::whole;
  while ((ending = co_await connection.wire.read_some(bytes, 64 * kibibyte)) == Ending::whole) {
    std::string_view left = bytes;
    for (ContentCheck* part : {&greeting, &echo, &tail}) {
      const ByteCount length = part == &echo ? plan.upload_bytes : plan.answer_bytes;
      const std::string_view taken = left.substr(0, static_cast<std::size_t>(length - part->taken()));
      part->take(taken);
      left.remove_prefix(taken.size());
    }
    if (!left.empty() || !greeting.right() || !echo.right() || !tail.right()) {
      ledger_.violation("content", "wrong bytes came through a tunnel; " + describe(plan));
      co_return end_without_answer(connection, story, Ending::wrong);
    }
    story.client_read += bytes.size();
    if (plan.client == ClientWay::abort_in_answer && story.client_read > plan.turning_point) {
      end(story, Outcome::given_up);
      co_return go_away(connection);
    }
  }
  connection.ended = true;
  if (connection.gone) co_return end(story, Outcome::given_up);
  const bool whole = ending == Ending::closed && tail.whole() && echo.whole() && greeting.whole();
  end(story, whole ? Outcome::answered : ending == Ending::late ? Outcome::late : Outcome::cut);
}

Task<void> Client::send_through_tunnel(Connection& connection, Story& story) {
  const RequestPlan& plan = story.plan;
  for (ByteCount sent = 0; sent < plan.upload_bytes;) {
    const ByteCount size = std::min(plan.upload_bytes - sent, piece_bytes);
    if (!co_await connection.wire.send(content(content_id(plan.id, Part::upload), sent, size))) co_return;
    sent += size;
    if (plan.variant % 2 == 0 && !co_await Sleep(reactor_, 2ms)) co_return;
  }
  connection.stream->shut_down_sending();
}

}  // namespace weir::sim
