// What the servers behind the gateway have in common, whatever they speak: a listener, a task for each connection, and
// the ledger in which they write down what reached them.
#pragma once

#include <string>
#include <string_view>

#include "net/listener.h"
#include "runtime/scope.h"
#include "sim/ledger.h"

namespace weir::sim {

class SimServer {
 public:
  SimServer(Reactor& reactor, Ledger& ledger, const WorldPlan& plan, const SocketAddress& address)
      : reactor_(reactor), ledger_(ledger), plan_(plan), address_(address), scope_(reactor) {}
  SimServer(const SimServer&) = delete;
  SimServer& operator=(const SimServer&) = delete;
  virtual ~SimServer() = default;

  void start() { scope_.spawn(accept_connections()); }
  /// Ends everything; done() says when.
  void stop() { scope_.cancel(gateway_error(Code::canceled)); }
  [[nodiscard]] bool done() const { return scope_.running() == 0; }

 protected:
  enum class Then : std::uint8_t { next_request, close, reset };

  /// Answers what comes on a connection. \returns  how it ends: close or reset
  virtual Task<Then> converse(Wire& wire) = 0;

  /// How long to wait for a connection's next request.
  [[nodiscard]] Duration idle_max(bool first) const;
  /// A connection has ended, or idled for too long, where a request might have begun.
  void note_end(Ending ending);
  /// A request is here. \returns  its story; null (and a violation) when nobody planned it
  Story* arrived(unsigned id, std::string_view said);
  Task<bool> send(Wire& wire, Story& story, std::string bytes, ByteCount content_bytes = 0);

  Reactor& reactor_;
  Ledger& ledger_;
  const WorldPlan& plan_;

 private:
  Task<void> accept_connections();
  Task<void> serve(Handle handle);

  SocketAddress address_;
  Scope scope_;
};

/// `/shop/17` asks for 17. \param target  as far as it may go on behind the number
unsigned request_number(std::string_view target);

/// An answer is sent in pieces of at most so many bytes.
inline constexpr ByteCount answer_piece_bytes = 4 * kibibyte;

/// Bytes of content that are sent before whoever cuts his answer does so.
ByteCount bytes_to_send(const RequestPlan& plan);
/// Whether the plan cuts the answer's content.
bool cuts_content(const RequestPlan& plan);

}  // namespace weir::sim
