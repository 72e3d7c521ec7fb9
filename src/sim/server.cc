// Accepting, and writing down.
#include "sim/server.h"

#include <fmt/format.h>

#include <charconv>

namespace weir::sim {

using namespace std::chrono_literals;

Task<void> SimServer::accept_connections() {
  const Result<Handle> handle = Listener::open(reactor_, address_, {});
  invariant(handle.has_value(), "an origin's address is free");
  Listener listener(reactor_, *handle);
  while (true) {
    const Result<Handle> accepted = co_await listener.accept();
    if (!accepted) co_return;
    scope_.spawn(serve(*accepted));
  }
}

Task<void> SimServer::serve(Handle handle) {
  Stream stream(reactor_, handle, weir::Origin::client);
  Wire wire(stream);
  if (co_await converse(wire) == Then::reset) stream.reset_on_close();
}

Duration SimServer::idle_max(bool first) const {
  return first || !plan_.idle_close ? Duration{1h} : *plan_.idle_close;
}

void SimServer::note_end(Ending ending) {
  if (ending == Ending::late) ledger_.circumstances.idle_closes.push_back(reactor_.now());
}

Story* SimServer::arrived(unsigned id, std::string_view said) {
  Story* story = ledger_.find(id);
  if (story == nullptr) {
    ledger_.violation("smuggling", fmt::format("an origin got \"{}\"", said));
    return nullptr;
  }
  ++story->reached;
  ledger_.say(reactor_.now(), fmt::format("origin gets {}, the {}. time", id, story->reached));
  story->reached_after_answer = story->reached_after_answer || story->answer_begun;
  return story;
}

Task<bool> SimServer::send(Wire& wire, Story& story, std::string bytes, ByteCount content_bytes) {
  story.answer_begun = true;
  const Result<void> sent = co_await wire.send(std::move(bytes));
  if (sent) story.origin_sent += content_bytes;
  ledger_.check_flow(story);
  co_return sent.has_value();
}

unsigned request_number(std::string_view target) {
  unsigned id = 0;
  const std::size_t slash = target.rfind('/');
  if (slash != std::string_view::npos) std::from_chars(target.data() + slash + 1, target.data() + target.size(), id);
  return id;
}

bool cuts_content(const RequestPlan& plan) {
  return plan.origin == OriginWay::cut_body || plan.origin == OriginWay::reset_in_body ||
         plan.origin == OriginWay::bad_chunk;
}

ByteCount bytes_to_send(const RequestPlan& plan) {
  const ByteCount length = plan.answer_has_content() ? plan.answer_bytes : 0;
  return cuts_content(plan) && length > 0 ? plan.turning_point % length : length;
}

}  // namespace weir::sim
