// A server behind the gateway: it does what the plan says for each request that arrives, and writes down what it saw.
#pragma once

#include "net/listener.h"
#include "runtime/scope.h"
#include "sim/ledger.h"

namespace weir::sim {

class OriginServer {
 public:
  OriginServer(Reactor& reactor, Ledger& ledger, const WorldPlan& plan, const SocketAddress& address);
  OriginServer(const OriginServer&) = delete;

  void start() { scope_.spawn(accept_connections()); }
  /// Ends everything; done() says when.
  void stop() { scope_.cancel(gateway_error(Code::canceled)); }
  [[nodiscard]] bool done() const { return scope_.running() == 0; }

 private:
  enum class Then : std::uint8_t { next_request, close, reset };

  Task<void> accept_connections();
  Task<void> serve(Handle handle);
  Task<Then> answer(Wire& wire, const Head& head, Story& story);
  Task<Then> misbehave(Wire& wire, const Head& head, Story& story);
  Task<bool> read_upload(Wire& wire, const Head& head, Story& story);
  Task<bool> send_answer(Wire& wire, Story& story, Then& then);
  Task<Then> tunnel(Wire& wire, Story& story);
  Task<bool> send(Wire& wire, Story& story, std::string bytes, ByteCount content_bytes = 0);
  void check_head(const Head& head, const Story& story);

  Reactor& reactor_;
  Ledger& ledger_;
  const WorldPlan& plan_;
  SocketAddress address_;
  Scope scope_;
};

}  // namespace weir::sim
