// HTTP/1.1 towards a client: a connection that reads one request after the other and answers each.
//
// Idea: a loop of three steps: wait for a head, have it answered, deliver the answer. Reading stops while an answer is
// owed, so that pipelined requests wait in the kernel and answers keep their order. Everything that belongs to one
// request is an Exchange in the frame of serve_exchange(), so that an idle connection holds none of it.
//
// Invariants
//   (1) Whatever was wrong with a request, the connection is closed behind the answer: nothing that follows it can be
//       trusted to be a request.
//   (2) After the head of an answer has left, a failure is told by cutting the connection, never by a second head.
//   (3) Every exchange is finished exactly once, on every way out of serve_exchange().
#pragma once

#include "contracts/session.h"
#include "net/inbox.h"
#include "protocols/h1/head_parser.h"
#include "protocols/h1/head_writer.h"
#include "protocols/h1/pending_interim.h"
#include "protocols/h1/request_body.h"

namespace weir::h1 {

class ServerSessionH1 final : private ExchangeHost, private Watcher, private Timer {
 public:
  /// \param inbox  with the first bytes of the first request
  ServerSessionH1(ServerContext& context, Inbox& inbox);
  ~ServerSessionH1();

  /// Serves the connection to its end.
  Task<void> run();

 private:
  /// What becomes of the connection behind an exchange.
  enum class Afterwards : std::uint8_t { next_request, close, linger, abort };

  /// The head of an answer as it leaves, in the core's compose buffer, and what becomes of the connection behind it.
  struct Composed {
    Persistence how;
    HeadBuffer head;
  };

  Task<Result<bool>> wait_for_request();
  Task<Afterwards> serve_exchange();
  Task<Result<void>> read_head(Exchange& exchange);
  static void forget_unread_views(Exchange& exchange);
  void guess_method(Exchange& exchange) const;
  Result<HeadLength> parse_received_head(Exchange& exchange);
  Task<Afterwards> answer(Exchange& exchange, Result<void> head, Delivery& delivery);
  Composed compose(const Exchange& exchange, Answer& answer, bool close_after);
  Composed prepare(Exchange& exchange, Answer& answer, Delivery& delivery, bool close_after);
  Task<Afterwards> deliver(Exchange& exchange, Answer& answer, Delivery& delivery, std::string_view head);
  Task<Afterwards> open_tunnel(Exchange& exchange, Answer answer, Delivery& delivery);
  void frame(const Exchange& exchange, Answer& answer) const;
  [[nodiscard]] Persistence persistence(const Exchange& exchange, bool close_after) const;
  [[nodiscard]] bool request_can_be_drained(const Exchange& exchange) const;
  [[nodiscard]] Afterwards close_or_linger(const Exchange& exchange) const;
  Task<Afterwards> drain_request();
  Task<void> linger();

  Task<Result<void>> interim(const ResponseHead& head) override;
  Task<void> interim_over();
  void limit_time(Time deadline) override;
  void on_activity(bool gone) override;
  void fire(Time now) override;

  ServerContext& context_;
  Shard& shard_;
  Stream& stream_;
  Inbox& inbox_;
  Cancellation* region_ = nullptr;  // of the exchange in progress
  RequestBody* body_ = nullptr;     // of the exchange in progress, if its request has content
  Version version_ = Version::http_1_1;
  bool head_sent_ = false;
  PendingInterim interim_;
  bool continue_owed_ = false;  // the client waits for 100 before it sends its content
};

}  // namespace weir::h1
