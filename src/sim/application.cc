// The ways of applications.
#include "sim/application.h"

#include <fmt/format.h>

#include <algorithm>

#include "sim/senders.h"

namespace weir::sim {
namespace {

using namespace std::chrono_literals;

const std::string& value_of(const Variables& variables, const std::string& name) {
  static const std::string none;
  const auto found = variables.find(name);
  return found == variables.end() ? none : found->second;
}

/// As scripts print it: lines end in CRLF, or in LF alone.
std::string answer_head(const RequestPlan& request) {
  const std::string_view line_end = request.variant % 2 == 0 ? "\r\n" : "\n";
  std::string head = fmt::format("Status: {} Planned{}X-Answer: {}{}", request.status, line_end, request.id, line_end);
  const bool told = request.answer == Framed::length && request.status != 204;
  if (told) head += fmt::format("Content-Length: {}{}", request.answer_bytes, line_end);
  return head.append(line_end);
}

/// Output with as much padding as this application likes.
std::string output(const RequestPlan& request, std::string_view bytes) {
  return record_of(RecordTypes::output, bytes, request.variant % 8);
}

/// What an answer nobody asked for looks like.
std::string extra_answer() {
  return record_of(RecordTypes::output, "X-Answer: 999999\r\nContent-Length: 5\r\n\r\nextra") + end_request();
}

std::string no_answer(unsigned variant) {
  switch (variant % 6) {
    case 0:
      return "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
    case 1:
      return end_request(1);
    case 2:
      return record_of(RecordTypes::output, "HTTP/1.1 200 OK\r\n\r\n") + end_request();
    case 3:
      return record_of(RecordTypes::output, "Content-Length: 3\r\nContent-Length: 5\r\n\r\nabcde") + end_request();
    case 4:
      return record_of(RecordTypes::output, "X-Answer: 1") + end_request();  // a head without its end
    default:
      return record_of(10, "of a type that no answer has");
  }
}

}  // namespace

Task<ApplicationServer::Then> ApplicationServer::converse(Wire& wire) {
  Then then = Then::next_request;
  for (bool first = true; then == Then::next_request; first = false) {
    Variables variables;
    const Ending ending = co_await read_variables(wire, variables, idle_max(first));
    if (ending == Ending::malformed) ledger_.violation("head", "an application got records that are none");
    if (ending != Ending::whole) note_end(ending);
    if (ending != Ending::whole) co_return Then::close;
    const std::string& target = value_of(variables, "REQUEST_URI");
    Story* const story = arrived(request_number(target), target);
    if (story == nullptr) co_return Then::close;
    check_variables(variables, *story);
    then = co_await answer(wire, *story);
  }
  // Nothing announces this end: whoever was given the connection meanwhile finds it closed.
  note_end(Ending::late);
  co_return then;
}

void ApplicationServer::check_variables(const Variables& variables, const Story& story) {
  const RequestPlan& plan = story.plan;
  const bool uploads = plan.upload != Framed::nothing;
  const std::string length = uploads ? std::to_string(plan.upload_bytes) : "";
  const bool good = value_of(variables, "REQUEST_METHOD") == plan.method &&
                    value_of(variables, "HTTP_X_USER") == std::to_string(plan.id) &&
                    value_of(variables, "HTTP_HOST") == "shop.test" &&
                    value_of(variables, "REMOTE_ADDR") == address_in(story.client_end) &&
                    value_of(variables, "CONTENT_LENGTH") == length && !variables.contains("HTTP_KEEP_ALIVE") &&
                    !variables.contains("HTTP_TRANSFER_ENCODING");
  if (!good) ledger_.violation("head", "an application got variables that were not sent; " + describe(plan));
}

Task<bool> ApplicationServer::read_upload(Wire& wire, Story& story) {
  if (story.plan.origin == OriginWay::slow) wire.set_pace({.pause = 1ms, .bytes = 400});
  ContentCheck check(content_id(story.plan.id, Part::upload), story.plan.upload_bytes);
  Record record;
  Ending ending = Ending::whole;
  while ((ending = co_await read_record(wire, record)) == Ending::whole && record.type == RecordTypes::input) {
    if (record.content.empty()) break;
    story.origin_read += record.content.size();
    if (!check.take(record.content)) story.upload_wrong = true;
  }
  wire.set_pace({});
  if (ending != Ending::whole) co_return false;
  if (record.type != RecordTypes::input || !check.whole()) story.upload_wrong = true;
  co_return true;
}

Task<ApplicationServer::Then> ApplicationServer::answer(Wire& wire, Story& story) {
  const RequestPlan& plan = story.plan;
  Then then = Then::next_request;
  switch (plan.origin) {
    case OriginWay::early:
      if (!co_await send_answer(wire, story, then)) co_return Then::close;
      co_return co_await read_upload(wire, story) ? then : Then::close;
    case OriginWay::early_close:
      co_await send_answer(wire, story, then);
      co_return Then::close;
    case OriginWay::plain:
    case OriginWay::slow:
    case OriginWay::bursty:
    case OriginWay::close_after:
    case OriginWay::extra_bytes:
      if (!co_await read_upload(wire, story)) co_return Then::close;
      if (plan.origin == OriginWay::slow) co_await Sleep(reactor_, 5ms);
      co_return co_await send_answer(wire, story, then) ? then : Then::close;
    default:
      co_return co_await misbehave(wire, story);
  }
}

Task<ApplicationServer::Then> ApplicationServer::misbehave(Wire& wire, Story& story) {
  const RequestPlan& plan = story.plan;
  const bool only_once = plan.origin == OriginWay::cut_head || plan.origin == OriginWay::reset_at_once;
  if (only_once && story.reached == 1) {
    if (plan.origin == OriginWay::cut_head)
      co_await send(wire, story, record_of(RecordTypes::output, "X-Answer: 1").substr(0, 3 + plan.variant));
    co_return Then::reset;
  }
  if (!co_await read_upload(wire, story)) co_return Then::close;
  Then then = Then::next_request;
  switch (plan.origin) {
    case OriginWay::bad_head:
      co_await send(wire, story, no_answer(plan.variant));
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
Task<bool> ApplicationServer::send_answer(Wire& wire, Story& story, Then& then) {
  const RequestPlan& plan = story.plan;
  if (plan.origin == OriginWay::close_after || plan.origin == OriginWay::early_close) then = Then::close;
  std::string bytes;
  if (plan.variant % 3 == 0) bytes += record_of(RecordTypes::errors, "something for the log", plan.variant % 5);
  bytes += output(plan, answer_head(plan));
  const ByteCount stop = bytes_to_send(plan);
  const bool bursts = plan.origin == OriginWay::bursty || plan.origin == OriginWay::slow;
  ByteCount sent = 0;
  while (sent < stop) {
    const ByteCount size = std::min(stop - sent, answer_piece_bytes);
    bytes += output(plan, content(content_id(plan.id, Part::answer), sent, size));
    sent += size;
    if (sent < stop || bursts) {
      if (!co_await send(wire, story, std::exchange(bytes, {}), size)) co_return false;
      if (bursts) co_await Sleep(reactor_, 500us);
    }
  }
  if (cuts_content(plan) && plan.answer_has_content()) {
    if (plan.origin == OriginWay::bad_chunk) bytes += "no record";
    if (!bytes.empty()) co_await send(wire, story, std::move(bytes));
    then = plan.origin == OriginWay::reset_in_body ? Then::reset : Then::close;
    co_return true;
  }
  if (plan.variant % 2 == 0) bytes += record_of(RecordTypes::output, "");
  bytes += end_request(plan.variant % 4);
  if (plan.origin == OriginWay::extra_bytes) bytes += extra_answer();
  co_return co_await send(wire, story, std::move(bytes));
}

}  // namespace weir::sim
