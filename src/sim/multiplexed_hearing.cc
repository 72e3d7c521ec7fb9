// What a client of HTTP/2 hears, and what that means for its requests.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/limits.h"
#include "sim/multiplexed_client.h"

namespace weir::sim {
namespace {

using namespace std::chrono_literals;

constexpr unsigned no_last_stream = 0x7FFFFFFF;

/// What a status of gRPC was made of, as far as the gateway makes any (http-grpc-status-mapping.md).
unsigned status_behind(std::string_view grpc_status) {
  if (grpc_status == "4") return 504;
  if (grpc_status == "12") return 404;
  if (grpc_status == "14") return 503;
  return 500;
}

}  // namespace

/// Until the connection ends, or is left.
Task<void> MultiplexedClient::listen() {
  while (!leaving_) {
    const auto received = co_await stream_.receive(patience_now());
    if (leaving_) co_return;
    if (!received && received.error().code == Code::canceled) continue;
    if (!received && received.error().code == Code::timed_out) {
      if (open_ == 0) {
        if (last_ != nullptr) last_->end_was_late = true;
        co_return;
      }
      for (const auto& [stream, ask] : asks_) {
        if (!ask->closed && !ask->all_came) end_without_answer(*ask, true);
        if (!ask->closed && ask->all_came && !ledger_.circumstances.lossy_clients)
          violation("streams", "a stream was never closed; " + describe(ask->story.plan));
      }
      co_return;
    }
    if (!received) co_return;
    if (received->empty()) {
      ended_in_order_ = unread_.empty();
      co_return;
    }
    unread_.append(received->data(), received->size());
    while (auto frame = take_frame(unread_)) take(*frame);
  }
}

Duration MultiplexedClient::patience_now() const {
  return announced_ && all_asked_ && open_ == 0 ? announced_end_within : patience;
}

void MultiplexedClient::take(const Frame& frame) {
  switch (frame.type) {
    case Frame::data:
      return take_content(frame);
    case Frame::headers:
      return take_head(frame);
    case Frame::reset:
      return take_reset(frame);
    case Frame::settings:
      return take_settings(frame);
    case Frame::ping:
      if (!frame.has(Frame::ack)) send({.type = Frame::ping, .flags = Frame::ack, .payload = frame.payload});
      return;
    case Frame::goaway:
      return take_goaway(frame);
    case Frame::window_update:
      return take_credit(frame);
    default:
      violation("streams", fmt::format("a frame of type {}", frame.type));
  }
}

void MultiplexedClient::take_settings(const Frame& frame) {
  if (frame.has(Frame::ack)) return;
  for (std::size_t at = 0; at + 6 <= frame.payload.size(); at += 6) {
    const unsigned name = number_at(frame.payload, at) >> 16;
    const unsigned value = number_at(frame.payload, at + 2);
    if (name == Setting::concurrent_streams) streams_max_ = value;
    if (name != Setting::initial_window) continue;
    for (const auto& [stream, ask] : asks_) ask->may_send += static_cast<std::int64_t>(value) - gateway_window_;
    gateway_window_ = value;
  }
  settings_seen_ = true;
  send({.type = Frame::settings, .flags = Frame::ack, .payload = {}});
  wake_all();
}

/// Nobody is given more than what a window holds, and nothing for streams that are not there.
void MultiplexedClient::take_credit(const Frame& frame) {
  const std::int64_t bytes = number_at(frame.payload, 0);
  Ask* const ask = find(frame.stream);
  if (frame.stream != 0 && ask == nullptr)
    return violation("windows", fmt::format("credit for stream {}, which is not there", frame.stream));
  std::int64_t& window = frame.stream == 0 ? may_send_ : ask->may_send;
  const std::int64_t most = frame.stream == 0 ? limits::h2_connection_window_bytes : gateway_window_;
  window += bytes;
  if (window > most)
    violation("windows", fmt::format("{} bytes more than the window of stream {}", window - most, frame.stream));
  wake_all();
}

void MultiplexedClient::take_head(const Frame& frame) {
  const std::optional<Lines> lines = unpacker_.unpack(frame.payload);
  if (!lines || !frame.has(Frame::end_headers)) return violation("streams", "a field section that is none");
  Ask* const ask = find(frame.stream);
  if (ask == nullptr)
    return violation("streams", fmt::format("an answer on stream {}, which is not there", frame.stream));
  if (ask->closed && !ask->all_came) return;  // taken back, and on its way before that was known
  if (ask->all_came) return violation("streams", "fields behind the end; " + describe(ask->story.plan));
  take_fields(*ask, *lines, frame.has(Frame::end_stream));
}

void MultiplexedClient::take_fields(Ask& ask, const Lines& lines, bool last) {
  Story& story = ask.story;
  Head head{.start = {}, .fields = lines};
  if (ask.head_seen) {
    story.trailer_seen = story.trailer_seen || head.get("x-sum") == "right";
    if (!last) violation("streams", "a second head; " + describe(story.plan));
    return answer_ended(ask);
  }
  const std::string_view status = head.get(":status");
  story.status = 0;
  std::from_chars(status.data(), status.data() + status.size(), story.status);
  story.go_on = true;
  ask.changed.raise();
  if (story.status < 200) {
    story.hinted = story.hinted || story.status == 103;
    return;
  }
  ask.head_seen = true;
  if (head.count("connection") + head.count("transfer-encoding") > 0)
    violation("head", "a field of connections; " + describe(story.plan));
  const Announced announced = check_answer_head(ledger_, story, head);
  if (announced.wrong) {
    end(ask, Outcome::wrong);
    return take_back(ask);
  }
  ask.ours = announced.ours || (story.plan.target == Target::local && story.status == 200);
  ask.tunnel = story.plan.target == Target::tunnel && story.status == 200;
  if (ask.tunnel) story.status = 101;  // what it is called elsewhere
  if (!ask.ours && story.plan.grpc) tell_in_grpc(ask, head);
  if (last) answer_ended(ask);
}

/// Errors of the gateway's own are told as a client of gRPC understands them.
void MultiplexedClient::tell_in_grpc(Ask& ask, const Head& head) {
  Story& story = ask.story;
  const std::string_view said = head.get("grpc-status");
  const bool good = story.status == 200 && !said.empty() && head.get("content-type") == "application/grpc";
  if (!good) return violation("grpc", fmt::format("told a status of HTTP, {}; {}", story.status, describe(story.plan)));
  story.status = status_behind(said);
}

void MultiplexedClient::take_content(const Frame& frame) {
  const auto bytes = static_cast<std::int64_t>(frame.payload.size());
  Ask* const ask = find(frame.stream);
  if (ask == nullptr)
    return violation("streams", fmt::format("content of stream {}, which is not there", frame.stream));
  may_come_ -= bytes;
  ask->may_come -= bytes;
  if (may_come_ < 0) violation("windows", "more came than the connection's window holds");
  if (ask->may_come < 0) violation("windows", "more came than a stream's window holds; " + describe(ask->story.plan));
  to_be_given_ += bytes;
  if (to_be_given_ >= initial_window / 2) give(0, std::exchange(to_be_given_, 0));
  if (ask->closed && !ask->all_came) return;
  if (ask->all_came || !ask->head_seen)
    return violation("streams", "content behind the end, or before the head; " + describe(ask->story.plan));
  const bool slow = ask->story.plan.client == ClientWay::slow_reader;
  const bool stalled = ask->story.plan.client == ClientWay::stalled_reader && !ask->tunnel;
  if (slow) ask->to_be_given += bytes;
  if (!slow && !stalled) give(frame.stream, bytes);
  ask->tunnel ? take_tunnel(*ask, frame.payload) : take_answer(*ask, frame.payload);
  if (ask->closed) return;
  if (frame.has(Frame::end_stream)) return answer_ended(*ask);
  const bool turns = ask->story.plan.client == ClientWay::abort_in_answer;
  if (!turns || ask->story.client_read <= ask->story.plan.turning_point) return;
  end(*ask, Outcome::given_up);
  ask->story.plan.variant % 4 == 0 ? go_away() : take_back(*ask);
}

void MultiplexedClient::take_answer(Ask& ask, std::string_view bytes) {
  Story& story = ask.story;
  story.client_read += bytes.size();
  // The gateway's own words are not planned: only their framing is judged.
  if (!ask.ours || story.plan.target == Target::local || ask.answer.take(bytes)) return;
  violation("content", fmt::format("wrong bytes within the first {}; {}", ask.answer.taken(), describe(story.plan)));
  end(ask, Outcome::wrong);
  take_back(ask);
}

/// A greeting, what we sent, and a good-bye.
void MultiplexedClient::take_tunnel(Ask& ask, std::string_view bytes) {
  const RequestPlan& plan = ask.story.plan;
  ask.story.client_read += bytes.size();
  for (ContentCheck* part : {&ask.greeting, &ask.echo, &ask.tail}) {
    const ByteCount length = part == &ask.echo ? plan.upload_bytes : plan.answer_bytes;
    const std::string_view taken = bytes.substr(0, static_cast<std::size_t>(length - part->taken()));
    part->take(taken);
    bytes.remove_prefix(taken.size());
  }
  if (bytes.empty() && ask.greeting.right() && ask.echo.right() && ask.tail.right()) return;
  violation("content", "wrong bytes came through a tunnel; " + describe(plan));
  end(ask, Outcome::wrong);
  take_back(ask);
}

void MultiplexedClient::answer_ended(Ask& ask) {
  const RequestPlan& plan = ask.story.plan;
  ask.all_came = true;
  const bool planned = ask.ours && plan.answer_has_content() && plan.target != Target::local;
  if (ask.tunnel) {
    const bool whole = ask.greeting.whole() && ask.echo.whole() && ask.tail.whole();
    end(ask, whole ? Outcome::answered : Outcome::cut);
  } else if (planned && !ask.answer.whole()) {
    violation("content", fmt::format("{} of {} bytes were called the whole; {}", ask.answer.taken(), plan.answer_bytes,
                                     describe(plan)));
    end(ask, Outcome::wrong);
  } else {
    end(ask, ask.ours ? Outcome::answered : Outcome::refused);
  }
  if (ask.all_sent) close(ask);
  ask.changed.raise();
}

/// What was answered whole needs no more of its upload; a request that breaks the rules is no request.
void MultiplexedClient::take_reset(const Frame& frame) {
  Ask* const ask = find(frame.stream);
  if (ask == nullptr)
    return violation("streams", fmt::format("a reset of stream {}, which is not there", frame.stream));
  if (ask->closed) return;
  const unsigned why = number_at(frame.payload, 0);
  if (why == StreamError::refused) return ask_again(*ask, "refused");
  if (!ask->all_came && ask->story.plan.target == Target::nonsense && why == StreamError::protocol) {
    ask->story.status = 400;
    end(*ask, Outcome::refused);
  }
  if (!ask->all_came) end(*ask, Outcome::cut);
  ++reset_;
  close(*ask);
}

void MultiplexedClient::take_goaway(const Frame& frame) {
  const unsigned last = number_at(frame.payload, 0) & 0x7FFFFFFF;
  const unsigned why = number_at(frame.payload, 4);
  if (why != StreamError::none) violation("streams", fmt::format("the connection was ended with code {}", why));
  refusing_ = refusing_ || last != no_last_stream;
  // Some go on until they are told where the end is: what is on its way then is still served.
  announced_ = announced_ || refusing_ || plan_.variant % 3 != 0;
  for (const auto& [stream, ask] : asks_) {
    if (stream > last && !ask->closed) ask_again(*ask, "above the last stream");
  }
  wake_all();
  if (all_asked_ && open_ == 0 && announced_) stream_.hasten_receive(announced_end_within);
}

// ---- what becomes of a request

/// The gateway says that it has not touched it.
void MultiplexedClient::ask_again(Ask& ask, const char* why) {
  Story& story = ask.story;
  if (ask.head_seen || story.reached > 0)
    violation("once", fmt::format("{}, but it was touched; {}", why, describe(story.plan)));
  // Who takes back what has not ended yet, and who asks before it is known how much may be asked, asks too much.
  const bool may_be_full = reset_ > 0 || ask.early;
  if (!announced_ && !refusing_ && !may_be_full)
    violation("streams", fmt::format("{} without a reason; {}", why, describe(story.plan)));
  story.client_sent = 0;
  again_.push_back(&story.plan);
  close(ask);
}

void MultiplexedClient::end(Ask& ask, Outcome outcome) {
  note_outcome(ledger_, ask.story, outcome, reactor_.now());
}

void MultiplexedClient::end_without_answer(Ask& ask, bool late) {
  end(ask, late ? Outcome::late : ask.head_seen ? Outcome::cut : Outcome::unanswered);
}

MultiplexedClient::Ask* MultiplexedClient::find(unsigned stream) {
  const auto found = asks_.find(stream);
  return found == asks_.end() ? nullptr : found->second.get();
}

void MultiplexedClient::violation(const char* checker, std::string text) {
  ledger_.violation(checker, std::move(text));
}

}  // namespace weir::sim
