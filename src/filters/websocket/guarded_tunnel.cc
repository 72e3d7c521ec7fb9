// From the client, from the server, and the end.
#include "filters/websocket/guarded_tunnel.h"

#include <utility>

#include "base/limits.h"

namespace weir::websocket {

/// Judges all of `bytes`. \returns  what of them, and of what was held, goes on; valid until the next call
std::string_view GuardedTunnel::Direction::pass(std::string_view bytes, unsigned messages_max) {
  Judged judged = judge.next(bytes, messages_max);
  messages = judged.messages;
  close_bytes = judged.close_bytes;
  violation = judged.violation;
  if (violation || judged.taken == bytes.size()) return judged.passed;
  joined = judged.passed;
  while (!violation && judged.taken < bytes.size()) {
    bytes.remove_prefix(judged.taken);
    judged = judge.next(bytes, messages_max - messages);
    joined += judged.passed;
    messages += judged.messages;
    close_bytes += judged.close_bytes;
    violation = judged.violation;
  }
  return joined;
}

Task<Result<void>> GuardedTunnel::send(std::string_view bytes, Duration timeout) {
  if (complaint_) co_return Result<void>{};  // what a client still says is forgotten
  const unsigned messages_max = messages_ ? messages_->left(reactor_.now()) : FrameJudge::any_number;
  const std::string_view passed = from_client_.pass(bytes, messages_max);
  if (messages_) messages_->spend(from_client_.messages);
  if (from_client_.violation) end_for(*from_client_.violation, Origin::client);
  Result<void> sent;
  if (!passed.empty()) {
    sending_ = true;
    sent = co_await upstream_->send(passed, timeout);
    sending_ = false;
  }
  if (complaint_ && sent) {
    co_await say_goodbye_to_server();
    if (server_over_) finish_sending();
  }
  co_return sent;
}

void GuardedTunnel::finish_sending() {
  server_told_ = true;
  if (sending_) return;  // a close frame, which the end follows
  if (!std::exchange(server_ended_, true)) upstream_->finish_sending();
}

Task<Result<std::string_view>> GuardedTunnel::receive(Duration timeout) {
  while (!server_over_) {
    const bool condemned = complaint_.has_value();
    const Time last = deadline_after(ended_at_, limits::half_closed_tunnel);
    if (condemned && reactor_.now() >= last) break;
    const Result<std::string_view> came = co_await hear(condemned ? last - reactor_.now() : timeout);
    if (!came && complaint_ && !condemned) {  // it ends meanwhile: the time is another
      if (!sending_) co_await say_goodbye_to_server();
      continue;
    }
    const bool over = !came || came->empty();
    if (over && !complaint_) co_return came;
    if (over) break;
    if (const std::string_view passed = pass_to_client(*came); !passed.empty()) co_return passed;
  }
  server_over_ = true;
  if (const std::string_view goodbye = goodbye_to_client(); !goodbye.empty()) co_return goodbye;
  if (!sending_) {
    co_await say_goodbye_to_server();
    finish_sending();
  }
  co_return std::string_view();
}

/// Nobody broke a rule: its time is over.
bool GuardedTunnel::wind_up(const Error& why) {
  if (complaint_) return false;
  end_for({.code = why.code, .close_code = 1001, .text = "the time of this WebSocket is over"}, why.origin);
  return true;
}

/// What the server says next, unless the tunnel is to end meanwhile.
Task<Result<std::string_view>> GuardedTunnel::hear(Duration timeout) {
  CancellationRegion region(co_await current_cancellation{});
  waiting_ = &region.inner();
  const Result<std::string_view> came = co_await upstream_->receive(timeout).under(region.inner());
  waiting_ = nullptr;
  co_return came;
}

/// \returns  what goes on. Where somebody broke a rule the server's close frame does not: the client is told ours.
std::string_view GuardedTunnel::pass_to_client(std::string_view bytes) {
  std::string_view passed = from_server_.pass(bytes, FrameJudge::any_number);
  const bool closed = from_server_.judge.closed();
  if (complaint_) {
    passed.remove_suffix(from_server_.close_bytes);
    server_over_ = closed;
  } else {
    client_closed_ = closed;
  }
  if (from_server_.violation) {
    end_for(*from_server_.violation, Origin::upstream);
    server_over_ = true;
  }
  return passed;
}

/// \param whose  frames broke the rule
void GuardedTunnel::end_for(const Violation& violation, Origin whose) {
  if (complaint_) return;
  server_over_ |= client_closed_;
  complaint_ = Error{.code = violation.code, .origin = whose, .text = violation.text};
  close_code_ = violation.close_code;
  ended_at_ = reactor_.now();
  if (waiting_ != nullptr) waiting_->request(gateway_error(Code::canceled));
}

std::string_view GuardedTunnel::goodbye_to_client() {
  const bool told = std::exchange(client_told_, true);
  if (told || client_closed_ || !from_server_.judge.between_frames()) return {};
  farewell_ = close_frame(false);
  return farewell_;
}

// It closes the connection itself when it has answered; only where it cannot be told why is the end all that is said.
Task<void> GuardedTunnel::say_goodbye_to_server() {
  if (std::exchange(server_told_, true)) co_return;
  if (from_client_.judge.closed() || !from_client_.judge.between_frames()) co_return finish_sending();
  const std::string frame = close_frame(true);
  sending_ = true;
  co_await upstream_->send(frame, limits::half_closed_tunnel);  // who does not take it will see the end
  sending_ = false;
}

/// The code and the sentence; at most 125 bytes, as a control frame's content is.
std::string GuardedTunnel::close_frame(bool masked) {
  std::string content{static_cast<char>(close_code_ >> 8), static_cast<char>(close_code_ & 0xFF)};
  content += complaint_->text;
  std::string frame{'\x88', static_cast<char>(content.size() | (masked ? 0x80U : 0U))};
  if (masked) {
    std::string mask;
    while (mask.size() < 4) mask += static_cast<char>(reactor_.random().below(256));
    for (std::size_t each = 0; each < content.size(); ++each) content[each] ^= mask[each % 4];
    frame += mask;
  }
  return frame + content;
}

}  // namespace weir::websocket
