// The upstream's end of a WebSocket whose frames are judged on their way, in both directions.
//
// Idea: a tunnel is a Duplex, so one that judges is a Duplex around it, and nobody else knows. Who breaks a rule is
// answered as a party to the connection would answer him: with a close frame and the end (RFC 6455 section 7.1.7), and
// the other side hears the same. A server may still answer what came before its client broke the rule. The relay then
// waits for what the client says to its end, as for any half-closed tunnel. When the time of a tunnel is over both
// sides are told so in the same way, and nobody is blamed.
//
// Invariants
//   (1) A close frame is said only between two frames, and never behind another; otherwise the end alone is said.
//   (2) After a violation nothing more of who broke the rule is passed on, and the tunnel ends within twice
//       limits::half_closed_tunnel: once for the server's last words, once for the client's. The relay sees to it,
//       since a client that does not listen keeps it from coming back here (server/relay.cc).
//   (3) Nothing is sent to the upstream by two coroutines at once.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/purse.h"
#include "contracts/duplex.h"
#include "filters/websocket/frame_judge.h"
#include "runtime/cancellation.h"
#include "runtime/reactor.h"

namespace weir::websocket {

class GuardedTunnel final : public Duplex {
 public:
  /// \param messages  that the client may send; nothing: as many as it likes
  GuardedTunnel(std::unique_ptr<Duplex> upstream, Reactor& reactor, const FrameRules& of_client,
                const FrameRules& of_server, std::optional<Purse> messages)
      : upstream_(std::move(upstream)),
        reactor_(reactor),
        from_client_(of_client),
        from_server_(of_server),
        messages_(messages) {}

  Task<Result<std::string_view>> receive(Duration timeout) override;
  Task<Result<void>> send(std::string_view bytes, Duration timeout) override;
  void finish_sending() override;
  void cut() override { upstream_->cut(); }
  [[nodiscard]] std::optional<Error> complaint() const override { return complaint_; }
  bool wind_up(const Error& why) override;

 private:
  /// One direction, and what of it goes on at once.
  struct Direction {
    explicit Direction(const FrameRules& rules) : judge(rules) {}
    std::string_view pass(std::string_view bytes, unsigned messages_max);

    FrameJudge judge;
    std::string joined{};  // what was held, and what goes on behind it
    std::size_t close_bytes = 0;
    unsigned messages = 0;
    std::optional<Violation> violation{};
  };

  Task<Result<std::string_view>> hear(Duration timeout);
  std::string_view pass_to_client(std::string_view bytes);
  void end_for(const Violation& violation, Origin whose);
  std::string_view goodbye_to_client();
  Task<void> say_goodbye_to_server();
  std::string close_frame(bool masked);

  std::unique_ptr<Duplex> upstream_;
  Reactor& reactor_;
  Direction from_client_;
  Direction from_server_;
  std::optional<Purse> messages_;

  std::optional<Error> complaint_;
  std::uint16_t close_code_ = 0;
  Time ended_at_{};
  std::string farewell_;             // what a side is sent last
  Cancellation* waiting_ = nullptr;  // of receive(), while it waits for the upstream
  bool sending_ = false;             // the client's bytes, or our close frame, are on their way to the server
  bool server_over_ = false;         // nothing more of what it says goes on
  bool client_closed_ = false;       // the server's own close frame went to the client
  bool client_told_ = false;
  bool server_told_ = false;  // that the client says nothing more, or why
  bool server_ended_ = false;
};

}  // namespace weir::websocket
