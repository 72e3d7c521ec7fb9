// The ways of origins.
#include "sim/origin.h"

#include <fmt/format.h>

#include <algorithm>

#include "sim/senders.h"

namespace weir::sim {
namespace {

using namespace std::chrono_literals;

std::string answer_head(const RequestPlan& request, bool closes) {
  std::string head = fmt::format("HTTP/1.1 {} Planned\r\nx-answer: {}\r\n", request.status, request.id);
  const bool told = request.status != 204;
  if (request.answer == Framed::length && told) head += fmt::format("content-length: {}\r\n", request.answer_bytes);
  if (request.answer == Framed::chunked && told && request.status != 304) head += "transfer-encoding: chunked\r\n";
  if (closes) head += "connection: close\r\n";
  return head + "\r\n";
}

/// What an answer nobody asked for looks like: whoever reads it as his own is told on.
std::string extra_answer(unsigned variant) {
  if (variant % 2 == 0) return "HTTP/1.1 200 OK\r\nx-answer: 999999\r\ncontent-length: 0\r\n\r\n";
  return "HTTP/1.1 200 OK\r\nx-answer: 999999\r\ncontent-length: 5\r\n\r\nextra";
}

std::string bad_head(unsigned variant, unsigned id) {
  switch (variant % 6) {
    case 0:
      return "HTTP/1.1 200 OK\r\ncontent-length: 3\r\ncontent-length: 5\r\n\r\nabcde";
    case 1:
      return "HTTP/1.1 200 OK\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n";
    case 2:
      return fmt::format("HTTP/1.1 200 OK\nx-answer: {}\ncontent-length: 0\n\n", id);
    case 3:
      return "SIP/2.0 200 OK\r\n\r\n";
    case 4:
      return "HTTP/1.1 200 OK\r\nx-answer : 1\r\ncontent-length: 0\r\n\r\n";
    default:
      return "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: surprise\r\n\r\n";
  }
}

}  // namespace

Task<OriginServer::Then> OriginServer::converse(Wire& wire) {
  Then then = Then::next_request;
  std::string introduced;
  if (plan_.introduced != Introduced::no) {
    const Ending ending = co_await read_introduction(wire, idle_max(true), introduced);
    if (ending == Ending::malformed) ledger_.violation("introduction", "a connection does not say whose it is");
    if (ending != Ending::whole) co_return Then::close;
  }
  for (bool first = true; then == Then::next_request; first = false) {
    Head head;
    const Ending ending = co_await wire.read_head(head, idle_max(first));
    if (ending != Ending::whole) note_end(ending);
    if (ending != Ending::whole) co_return Then::close;
    const std::string_view line = head.start;
    Story* const story = arrived(request_number(line.substr(0, line.find(" HTTP/"))), line);
    if (story == nullptr) co_return Then::close;
    check_head(head, *story);
    if (plan_.introduced != Introduced::no && introduced != story->client_end)
      ledger_.violation("introduction", fmt::format("came on a connection of {}, and is {}'s; {}", introduced,
                                                    story->client_end, describe(story->plan)));
    then = co_await answer(wire, head, *story);
  }
  co_return then;
}

void OriginServer::check_head(const Head& head, const Story& story) {
  const RequestPlan& plan = story.plan;
  const bool good = head.count("host") == 1 && head.get("via").ends_with("weir") &&
                    head.count("x-forwarded-for") == 1 && head.get("x-forwarded-for") == address_in(story.client_end) &&
                    head.start.starts_with(plan.method + " ") && head.get("x-user") == std::to_string(plan.id) &&
                    head.count("keep-alive") == 0;
  if (!good)
    ledger_.violation("head",
                      fmt::format("an origin got a head that was not sent: \"{}\"; {}", head.start, describe(plan)));
}

Task<bool> OriginServer::read_upload(Wire& wire, const Head& head, Story& story) {
  const Framed framed = framing_of(head, true, false);
  if (framed == Framed::nothing) {
    if (story.plan.upload_bytes > 0) story.upload_wrong = true;
    co_return true;
  }
  if (!head.get("expect").empty() && story.plan.variant % 4 != 0 && !story.answer_begun) {
    story.continue_sent = reactor_.now();
    co_await wire.send("HTTP/1.1 100 Continue\r\n\r\n");
  }
  if (story.plan.origin == OriginWay::slow) wire.set_pace({.pause = 1ms, .bytes = 400});
  ContentCheck check(content_id(story.plan.id, Part::upload), story.plan.upload_bytes);
  const Ending ending = co_await wire.read_content(head, framed, check, story.origin_read);
  wire.set_pace({});
  const bool whole = ending == Ending::whole;
  const bool trailer_lost = whole && story.plan.upload_trailer && !wire.trailer_seen();
  if (ending == Ending::wrong || (whole && !check.whole()) || trailer_lost) story.upload_wrong = true;
  co_return whole;
}

Task<OriginServer::Then> OriginServer::answer(Wire& wire, const Head& head, Story& story) {
  const RequestPlan& plan = story.plan;
  if (plan.target == Target::tunnel) co_return co_await tunnel(wire, story);
  Then then = Then::next_request;
  switch (plan.origin) {
    case OriginWay::early:
      if (!co_await send_answer(wire, story, then)) co_return Then::close;
      co_return co_await read_upload(wire, head, story) ? then : Then::close;
    case OriginWay::early_close:
      co_await send_answer(wire, story, then);
      co_return Then::close;
    case OriginWay::plain:
    case OriginWay::slow:
    case OriginWay::bursty:
    case OriginWay::interim:
    case OriginWay::close_after:
    case OriginWay::extra_bytes:
      if (!co_await read_upload(wire, head, story)) co_return Then::close;
      if (plan.target == Target::deadline) co_await Sleep(reactor_, 1s);
      if (plan.origin == OriginWay::slow) co_await Sleep(reactor_, 5ms);
      if (plan.origin == OriginWay::interim)
        co_await send(wire, story, "HTTP/1.1 103 Early Hints\r\nlink: </a.css>\r\n\r\n");
      co_return co_await send_answer(wire, story, then) ? then : Then::close;
    default:
      co_return co_await misbehave(wire, head, story);
  }
}

Task<OriginServer::Then> OriginServer::misbehave(Wire& wire, const Head& head, Story& story) {
  const RequestPlan& plan = story.plan;
  const bool first_time = story.reached == 1;
  const bool only_once = plan.origin == OriginWay::cut_head || plan.origin == OriginWay::reset_at_once ||
                         plan.origin == OriginWay::interim_reset;
  if (only_once && first_time) {
    if (plan.origin == OriginWay::cut_head) co_await send(wire, story, "HTTP/1.1 200 O");
    if (plan.origin == OriginWay::interim_reset)
      co_await send(wire, story, "HTTP/1.1 103 Early Hints\r\nlink: </a.css>\r\n\r\n");
    co_return Then::reset;
  }
  if (!co_await read_upload(wire, head, story)) co_return Then::close;
  Then then = Then::next_request;
  switch (plan.origin) {
    case OriginWay::unavailable:
      if (!first_time) co_return co_await send_answer(wire, story, then) ? then : Then::close;
      co_await wire.send("HTTP/1.1 503 Unavailable\r\ncontent-length: 0\r\n\r\n");
      co_return Then::next_request;
    case OriginWay::hang_first: {
      if (!first_time) co_return co_await send_answer(wire, story, then) ? then : Then::close;
      std::string nothing;
      co_await wire.read_some(nothing, 1);  // until the gateway gives up
      co_return Then::close;
    }
    case OriginWay::bad_head:
      co_await send(wire, story, bad_head(plan.variant, plan.id));
      co_return Then::close;
    case OriginWay::silent: {
      std::string nothing;
      co_await wire.read_some(nothing, 1);  // until the gateway gives up
      co_return Then::close;
    }
    default:
      co_return co_await send_answer(wire, story, then) ? then : Then::close;
  }
}

/// \returns  false when the connection is over
Task<bool> OriginServer::send_answer(Wire& wire, Story& story, Then& then) {
  const RequestPlan& plan = story.plan;
  const bool until_close = plan.answer == Framed::until_close;
  const bool closes = until_close || plan.origin == OriginWay::close_after || plan.origin == OriginWay::early_close;
  if (closes) then = Then::close;
  std::string bytes = answer_head(plan, closes);
  const ByteCount stop = bytes_to_send(plan);
  const bool bursts = plan.origin == OriginWay::bursty || plan.origin == OriginWay::slow;
  ByteCount sent = 0;
  while (sent < stop) {
    const ByteCount size = std::min(stop - sent, answer_piece_bytes);
    const std::string piece = content(content_id(plan.id, Part::answer), sent, size);
    bytes += plan.answer == Framed::chunked ? chunk(piece) : piece;
    sent += size;
    if (sent < stop || bursts) {
      if (!co_await send(wire, story, std::exchange(bytes, {}), size)) co_return false;
      if (bursts) co_await Sleep(reactor_, 500us);
    }
  }
  if (cuts_content(plan) && plan.answer_has_content()) {
    if (plan.origin == OriginWay::bad_chunk) bytes += "5x\r\nabcde\r\n";
    co_await send(wire, story, std::move(bytes));
    then = plan.origin == OriginWay::reset_in_body ? Then::reset : Then::close;
    co_return true;
  }
  if (plan.answer == Framed::chunked && plan.answer_has_content())
    bytes += plan.answer_trailer ? "0\r\nx-sum: right\r\n\r\n" : "0\r\n\r\n";
  if (plan.origin == OriginWay::extra_bytes) bytes += extra_answer(plan.variant);
  if (!bytes.empty() && !co_await send(wire, story, std::move(bytes))) co_return false;
  co_return true;
}

// Says hello, echoes until the client has finished, says good-bye, and ends.
Task<OriginServer::Then> OriginServer::tunnel(Wire& wire, Story& story) {
  const RequestPlan& plan = story.plan;
  const std::string greeting = content(content_id(plan.id, Part::greeting), 0, plan.answer_bytes);
  const bool sent =
      co_await send(wire, story,
                    "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\nx-answer: " +
                        std::to_string(plan.id) + "\r\n\r\n" + greeting);
  if (!sent) co_return Then::close;
  ContentCheck check(content_id(plan.id, Part::upload), plan.upload_bytes);
  std::string bytes;
  Ending ending = Ending::whole;
  while ((ending = co_await wire.read_some(bytes, answer_piece_bytes)) == Ending::whole) {
    if (!check.take(bytes)) story.upload_wrong = true;
    if (!co_await send(wire, story, bytes)) co_return Then::close;
  }
  if (ending != Ending::closed) co_return Then::reset;
  co_await Sleep(reactor_, 2ms);  // the other direction has been closed for a while by now
  co_await send(wire, story, content(content_id(plan.id, Part::tail), 0, plan.answer_bytes));
  co_return Then::close;
}

}  // namespace weir::sim
