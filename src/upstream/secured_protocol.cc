// Connecting with a handshake behind it, within one time.
#include "upstream/secured_protocol.h"

#include <algorithm>

#include "net/tls/handshake.h"

namespace weir {

Task<Result<void>> secure(Shard& shard, Stream& stream, const tls::ClientContext& context,
                          std::shared_ptr<tls::SavedSession> saved, Duration timeout) {
  TlsMetrics& metrics = shard.metrics.upstream_tls;
  tls::Failure why{};
  metrics.handshakes_in_progress.add();
  const Result<void> shaken = co_await tls::shake_hands(stream, context.connect(shard.tls_bench, saved), timeout, why);
  metrics.handshakes_in_progress.subtract();
  if (shaken) {
    metrics.count(*stream.tls());
    co_return Result<void>{};
  }
  if (shaken.error().origin == Origin::upstream) metrics.failures[static_cast<std::size_t>(why)].add();
  co_return fail(shaken.error().with(Retry::unsent));
}

Task<Result<std::unique_ptr<Stream>>> connect_secured(Shard& shard, const UpstreamAddress& address,
                                                      const tls::ClientContext& context,
                                                      std::shared_ptr<tls::SavedSession> saved, Duration timeout,
                                                      std::string_view introduction) {
  const Time deadline = deadline_after(shard.reactor.now(), timeout);
  CO_TRY(std::unique_ptr<Stream> stream, co_await connect_and_say(shard.reactor, address, timeout, introduction));
  const Duration left = time_left(shard.reactor.now(), deadline);
  CO_TRY_VOID(co_await secure(shard, *stream, context, std::move(saved), left));
  co_return stream;
}

std::shared_ptr<tls::SavedSession> SavedSessions::of(unsigned core, const UpstreamAddress& address) {
  invariant(core < of_core_.size(), "a core has a number below that of all");
  std::shared_ptr<tls::SavedSession>& place = of_core_[core][text_of(address.address)];
  if (place == nullptr) place = std::make_shared<tls::SavedSession>();
  return place;
}

}  // namespace weir
