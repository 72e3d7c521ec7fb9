// Waiting for the first bytes, and looking at them.
#include "server/protocol_choice.h"

#include <algorithm>

#include "server/linger.h"

namespace weir {
namespace {

/// Waits until the client has said something. \returns  false when it will not
Task<bool> hear_first_bytes(ServerContext& context, Inbox& inbox) {
  if (!inbox.empty()) {  // they came in one piece with a PROXY header
    context.set_idle(false);
    co_return true;
  }
  context.set_idle(true);
  Duration patience;
  {
    const SnapshotPin pin = context.pin();  // not held while idle: an old configuration must be able to go
    patience = context.ending() ? pin->timeouts.linger : pin->timeouts.client_head;
  }
  const auto received = co_await inbox.stream().receive_new_work(patience);
  context.set_idle(false);
  if (!received) {
    // A drain asks idle connections to end: say so, and let what is already on its way arrive without a reset.
    if (received.error().code == Code::draining) co_await linger(context, inbox.stream());
    co_return false;
  }
  inbox.take(*received);
  co_return !received->empty();
}

/// As many bytes as it takes to tell. Whoever stops in the middle is HTTP/1's to refuse.
Task<Opening> hear_opening(ServerContext& context, Inbox& inbox) {
  const Reactor& reactor = context.shard().reactor;
  Time deadline;
  {
    const SnapshotPin pin = context.pin();
    deadline = deadline_after(reactor.now(), pin->timeouts.client_head);
  }
  while (true) {
    const std::span<char> heard = inbox.unread();
    const Opening opening = opening_of({heard.data(), heard.size()});
    if (opening != Opening::undecided) co_return opening;
    const Duration left = time_left(reactor.now(), deadline);
    const auto more = co_await inbox.fill_behind(http2_preface.size() + limits::scratch_bytes, left);
    if (!more || *more == 0) co_return Opening::http1;
  }
}

}  // namespace

Opening opening_of(std::string_view first_bytes) {
  const std::size_t count = std::min(first_bytes.size(), http2_preface.size());
  if (first_bytes.substr(0, count) != http2_preface.substr(0, count)) return Opening::http1;
  return count == http2_preface.size() ? Opening::http2 : Opening::undecided;
}

std::optional<Opening> settled(const ConnectionFacts& facts) {
  if (facts.tls != nullptr) return facts.tls->protocol == "h2" ? Opening::http2 : Opening::http1;
  if (!facts.http2) return Opening::http1;
  return {};
}

Task<void> ProtocolChoice::serve(ServerContext& context, Inbox& inbox) const {
  if (!co_await hear_first_bytes(context, inbox)) co_return;
  const std::optional<Opening> known = settled(context.facts());
  const Opening opening = known ? *known : co_await hear_opening(context, inbox);
  co_await (opening == Opening::http2 ? http2_ : http1_).serve(context, inbox);
}

}  // namespace weir
