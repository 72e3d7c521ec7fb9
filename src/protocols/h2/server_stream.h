// One request of an HTTP/2 client, from its head to the end of its answer.
//
// Idea: the same exchange, on the same path, as a request of HTTP/1; what differs is that its content and its answer go
// through a channel, and that its end is a frame and not the state of a connection.
//
// Invariants
//   (1) A request that breaks the rules of HTTP/2 gets a reset and no answer; whatever else is wrong with it is
//   answered. (2) After the head of an answer has left, a failure is told by a reset, never by an end. (3) The exchange
//   is finished exactly once, on every way out of serve().
#pragma once

#include <memory>
#include <optional>

#include "contracts/session.h"
#include "protocols/h2/carrier.h"
#include "protocols/h2/field_section.h"

namespace weir::h2 {

class ServerStream final : public Channel, private ExchangeHost, private Timer {
 public:
  ServerStream(ServerContext& context, Carrier& carrier, StreamId id);
  ~ServerStream();

  // While its head, or its trailers, come in.

  void section_began();
  bool field(std::string_view name, std::string_view value) { return !section_ || section_->add(name, value); }
  /// \returns  whether that was the head, and the exchange may begin
  bool section_ended(bool end_of_stream);
  /// The connection ended before the head did.
  void give_up_head(Error why) { head_ = fail(why); }

  /// Has it answered. To its end.
  Task<void> serve();

  /// The client takes the request back, or is gone: whatever the exchange waits for is given up.
  void break_off(Error why) override;
  /// Whether an answer is still owed: what a client that takes its request back has made us do for nothing.
  [[nodiscard]] bool unanswered() const { return !head_sent_; }

  /// Both sides have sent all they wanted to: to the client it is over, while the exchange still has to end.
  void note_over() { over_ = true; }
  [[nodiscard]] bool over() const { return over_; }

 private:
  Task<void> answer(Delivery& delivery);
  Reply ask(Handler& handler);
  Task<void> open_tunnel(Answer answer, Delivery& delivery);
  void ask_as_websocket();
  Task<Result<void>> deliver(Answer& answer);
  Task<Result<void>> deliver_content(Answer& answer);
  void frame(Answer& answer) const;
  bool send_head(Answer& answer);
  void give_up(Delivery& delivery, Error error);
  void attach_content();

  Task<Result<void>> interim(const ResponseHead& head) override;
  void limit_time(Time deadline) override;
  void fire(Time now) override;

  ServerContext& context_;
  Carrier& carrier_;
  Exchange exchange_;
  Fields trailers_;
  std::optional<FieldSection> section_;  // the one that comes in, or came in last
  Result<void> head_;
  bool head_read_ = false;
  bool malformed_ = false;
  bool tunnel_wanted_ = false;
  bool continue_owed_ = false;
  bool head_sent_ = false;
  bool over_ = false;
  Cancellation* region_ = nullptr;
  Cancellation* asking_ = nullptr;  // within it, while the answer is waited for
};

}  // namespace weir::h2
