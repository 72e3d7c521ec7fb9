// One connection of HTTP/2 to an upstream, shared by the exchanges of a core.
//
// Idea: it is there before its socket is: who asks gives his frames to the codec, which keeps them until the connect is
// done. It lives as long as somebody holds a slot on it, and ends in order when the last is gone. What the upstream
// says about its end (GOAWAY) closes it for new exchanges at once, and breaks off only those that it will not answer.
//
// Invariants
//   (1) run() holds the connection too: it is destroyed when run() has ended and no slot is left.
//   (2) An exchange of which the upstream cannot have seen anything is broken off with Retry::unsent.
#pragma once

#include <memory>

#include "contracts/session.h"
#include "net/connect.h"
#include "protocols/h2/carrier.h"

namespace weir::h2 {

class ClientStream;

class ClientConnection final : public Carrier, public std::enable_shared_from_this<ClientConnection> {
 public:
  /// \param stream  that stands; null: it is still to be opened
  ClientConnection(Shard& shard, const UpstreamAddress& address, std::unique_ptr<Stream> stream = nullptr);

  /// Connects where that is still to be done, and carries until the end. A child of the shard's scope.
  static Task<void> run(std::shared_ptr<ClientConnection> self, UpstreamTimeouts timeouts);

  /// Whether another slot fits on it.
  [[nodiscard]] bool has_room() const;
  /// Whether an exchange may begin on it.
  [[nodiscard]] bool usable() const { return !end_ && !going_away_; }
  /// Whether the upstream takes tunnels (RFC 8441); nothing while it has not said what it takes.
  [[nodiscard]] std::optional<bool> takes_tunnels() const;
  /// Why no exchange begins on it any more, if it has broken.
  [[nodiscard]] const std::optional<Error>& end_reason() const { return end_; }

  /// Somebody who waits for takes_tunnels().
  struct Listener final : ListLink {
    explicit Listener(ClientConnection& connection) : signal(connection.shard_.reactor) {
      connection.listeners_.push_back(*this);
    }
    Signal signal;
  };
  [[nodiscard]] const UpstreamAddress& address() const { return address_; }

  void take_slot() { ++slots_; }
  void leave_slot();
  /// The same, if others go on: whoever is the last keeps his slot, and with it the connection. \returns  whether he
  /// left
  bool leave_slot_to_others();

  /// Sends a request. \returns  nothing when the connection has no number left, or has ended
  std::unique_ptr<ClientStream> open(Exchange& exchange, const RequestHead& head, bool end_of_stream);
  /// Nobody listens to it any more. An exchange that has not ended is given up.
  void close(ClientStream& stream);

 private:
  Task<void> carry_on(UpstreamTimeouts timeouts);
  Task<Error> read();
  void end(Error why);
  void wake_listeners();

  void section_began(StreamId stream) override;
  bool field(StreamId stream, std::string_view name, std::string_view value) override;
  void section_ended(StreamId stream, bool end_of_stream) override;
  void peer_goes_away(StreamId last, ErrorCode why) override;
  void ping_answered() override {}
  void settings_came() override;
  void request_produced(StreamId stream) override;
  void writer_ended(const Result<void>& outcome) override;
  void content_is_wrong(Channel& channel) override;
  void closed(Channel& channel, ErrorCode why, bool by_peer) override;

  const UpstreamAddress address_;
  std::unique_ptr<Stream> stream_;  // null until it is connected
  const std::string_view scheme_;
  std::uint32_t slots_ = 0;
  bool going_away_ = false;
  std::optional<Error> end_;
  bool settings_known_ = false;
  IntrusiveList<Listener> listeners_;
  bool writer_done_ = false;
};

}  // namespace weir::h2
