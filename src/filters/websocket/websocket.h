// Judges what passes through WebSockets: frames by RFC 6455, how large messages are and how many a client sends.
//
// Problem: a tunnel carries whatever its client likes. A server that trusts its clients too much needs somebody in
// front who does not.
// Idea: the answer that switches protocols carries the upstream's end of the tunnel; the filter puts an end around it
// that judges (guarded_tunnel.h). Routes without this filter pay nothing and pass everything.
//
// Invariants
//   (1) Of the extensions that a client offers only permessage-deflate goes on: frames are judged by what was agreed
//       on, and nobody can judge what he does not know.
#pragma once

#include "contracts/plugin.h"
#include "contracts/schema.h"
#include "filters/websocket/frame_judge.h"

namespace weir {

struct WebSocketOptions {
  enum class Compression : std::uint8_t { pass, refuse };

  ByteCount message_size = limits::websocket_message_bytes;
  std::optional<Rate> messages;
  std::uint32_t burst = 0;  ///< 0: as many as the rate names
  Compression compression = Compression::pass;
  static const Schema<WebSocketOptions>& schema();
};

namespace websocket {

/// Leaves of the extensions that are offered only what may be agreed on. \returns  whether anything is left
bool reduce_offers(Fields& fields, bool compression, Arena& arena);
/// Whether messages may be compressed, as the server's answer says; nothing when it says what nobody may have offered.
std::optional<bool> agreed_on_compression(const Fields& answered, bool offered);

}  // namespace websocket

class WebSocket final : public Filter {
 public:
  explicit WebSocket(const WebSocketOptions& options) : options_(options) {}

  Reply handle(Exchange& exchange, Next next) const override;
  Effect rehearse(ImaginedRequest& imagined) const override;

 private:
  Reply guard(Exchange& exchange, Next next) const;
  [[nodiscard]] bool passes_compression() const { return options_.compression == WebSocketOptions::Compression::pass; }

  WebSocketOptions options_;
};

const FilterKind& websocket_filter();

}  // namespace weir
