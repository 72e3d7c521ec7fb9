// A protocol to an upstream, spoken over TLS.
//
// Idea: to whoever opens connections it is a protocol like any other; it connects, shakes hands, and only then makes
// the session of the protocol within. Each core keeps the last ticket of each server, so that its next connection
// resumes.
//
// Invariants
//   (1) Each core touches only its own tickets.
#pragma once

#include <map>
#include <memory>
#include <vector>

#include "contracts/session.h"
#include "net/tls/client_context.h"
#include "upstream/one_exchange_session.h"

namespace weir {

/// Shakes hands on a connection that stands. \param saved  of that server, on this core; null: none is kept
/// \errors  tls_failed, tls_timeout, certificate_untrusted (origin upstream, retry unsent: no byte of a request was
///          sent)
Task<Result<void>> secure(Shard& shard, Stream& stream, const tls::ClientContext& context,
                          std::shared_ptr<tls::SavedSession> saved, Duration timeout);

/// Connects, says the introduction where there is one, and shakes hands. \errors  those of connect() and secure()
Task<Result<std::unique_ptr<Stream>>> connect_secured(Shard& shard, const UpstreamAddress& address,
                                                      const tls::ClientContext& context,
                                                      std::shared_ptr<tls::SavedSession> saved, Duration timeout,
                                                      std::string_view introduction);

/// The tickets of servers, by their addresses, on each core.
class SavedSessions {
 public:
  explicit SavedSessions(unsigned cores) : of_core_(cores) {}
  std::shared_ptr<tls::SavedSession> of(unsigned core, const UpstreamAddress& address);

 private:
  std::vector<std::map<std::string, std::shared_ptr<tls::SavedSession>>> of_core_;
};

template <std::derived_from<OneExchangeSession> Session>
class SecuredProtocol final : public IntroducingProtocol {
 public:
  SecuredProtocol(std::shared_ptr<const tls::ClientContext> context, unsigned cores)
      : context_(std::move(context)), saved_(cores) {}

  Task<Result<std::unique_ptr<ClientSession>>> introduce(Shard& shard, const UpstreamAddress& address,
                                                         const UpstreamTimeouts& timeouts, Watcher* idle_watcher,
                                                         std::string_view introduction) const override {
    CO_TRY(std::unique_ptr<Stream> stream,
           co_await connect_secured(shard, address, *context_, saved_.of(shard.id, address), timeouts.connect,
                                    introduction));
    co_return std::make_unique<Session>(shard, std::move(stream), idle_watcher);
  }

 private:
  std::shared_ptr<const tls::ClientContext> context_;
  mutable SavedSessions saved_;
};

}  // namespace weir
