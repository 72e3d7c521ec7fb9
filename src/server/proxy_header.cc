// Whom to ask, and a loop that reads until the parser knows.
#include "server/proxy_header.h"

#include <algorithm>

#include "base/fault.h"
#include "base/limits.h"

namespace weir {

using proxy_protocol::Parsed;
using proxy_protocol::Refusal;

bool awaits_header(const ProxySenders& senders, const ClientAddress& peer) {
  if (fault(Fault::proxy_header_not_awaited)) return false;
  return peer.over_unix ? senders.all : contains(senders.blocks, peer.peer);
}

Task<HeardHeader> hear_proxy_header(Inbox& inbox, Duration patience) {
  const Reactor& reactor = inbox.stream().reactor();
  const Time deadline = deadline_after(reactor.now(), patience);
  while (true) {
    const Duration left = time_left(reactor.now(), deadline);
    const Result<std::size_t> more = co_await inbox.fill_behind(limits::scratch_bytes, left);
    if (!more || *more == 0) {
      const bool late = !more && more.error().code == Code::timed_out;
      co_return HeardHeader{
          .header = {}, .why = late ? Refusal::timed_out : Refusal::closed, .silent = inbox.empty() && !late};
    }
    const std::span<char> unread = inbox.unread();
    Parsed parsed = proxy_protocol::parse({unread.data(), unread.size()});
    if (parsed.state == Parsed::State::more) continue;
    if (parsed.state == Parsed::State::refused) co_return HeardHeader{.header = {}, .why = parsed.why};
    inbox.consume(fault(Fault::proxy_tail_lost) ? unread.size() : parsed.bytes);
    co_return HeardHeader{.good = true, .header = std::move(parsed.header)};
  }
}

}  // namespace weir
