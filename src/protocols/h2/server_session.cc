// The life of a client's connection, in the order in which it happens.
#include "protocols/h2/server_session.h"

#include <algorithm>
#include <utility>

#include "base/fault.h"
#include "server/linger.h"

namespace weir::h2 {
namespace {

CodecSettings settings_of(const Limits& limits) {
  return {.concurrent_streams = limits.streams_per_connection,
          .stream_window = limits::h2_stream_window_bytes,
          .connection_window = limits::h2_connection_window_bytes,
          .head_bytes = static_cast<std::uint32_t>(limits.head_bytes + limits.request_line_bytes),
          .extended_connect = true};
}

}  // namespace

ServerSessionH2::ServerSessionH2(ServerContext& context, Inbox& inbox)
    : Carrier(context.shard(), Side::server, settings_of(context.pin()->limits)),
      context_(context),
      inbox_(inbox),
      stream_(inbox.stream()),
      scope_(context.shard().reactor) {
  const SnapshotPin pin = context.pin();
  streams_max_ = pin->limits.streams_per_connection;
  section_bytes_max_ = (pin->limits.head_bytes + pin->limits.request_line_bytes) * limits::h2_head_excess;
  context_.watch_drain(this);
}

ServerSessionH2::~ServerSessionH2() {
  context_.watch_drain(nullptr);
  invariant(under_way_ == 0 && incoming_ == nullptr, "a session ends behind its streams");
}

Task<void> ServerSessionH2::run() {
  scope_.attach(co_await current_cancellation{});
  {
    const SnapshotPin pin = context_.pin();
    scope_.spawn(write(stream_, pin->timeouts.client_write));
  }
  if (context_.draining()) begin_end();
  const Error why = co_await read();
  if (incoming_ != nullptr) {
    incoming_->give_up_head(client_error(Code::peer_closed, "in the middle of a request head"));
    arrived_.push_back(*std::exchange(incoming_, nullptr));
  }
  begin_what_arrived();
  lose_connection(why);
  codec_.end(ErrorCode::no_error);  // unless it has ended with something worse
  wake_writer();
  co_await scope_.join();
  count_end();
  inbox_.consume(inbox_.unread().size());
  co_await linger(context_, stream_);
}

/// Reads until the connection ends. \returns  what those are told who have not been answered
Task<Error> ServerSessionH2::read() {
  while (!writer_done_) {
    if (inbox_.empty()) {
      const bool quiet = under_way_ == 0 && !section_open_;
      if (quiet) be_quiet();
      const auto received =
          quiet ? co_await stream_.receive_new_work(patience()) : co_await stream_.receive(patience());
      if (!received) {
        const Error error = received.error();
        if (error.code != Code::timed_out) co_return error;
        if (under_way_ > 0 && !section_open_) continue;
        co_return client_error(section_open_ ? Code::client_head_timeout : Code::keep_alive_timeout);
      }
      if (received->empty()) co_return client_error(Code::peer_closed);
      inbox_.take(*received);
    }
    const std::span<char> unread = inbox_.unread();
    const Result<void> fed = feed({unread.data(), unread.size()});
    inbox_.consume(unread.size());
    begin_what_arrived();
    if (!fed) co_return fed.error();
    if (context_.ending()) begin_end();
  }
  co_return client_error(Code::peer_closed);
}

/// How long the client may say nothing: as long as it likes while an answer is owed.
Duration ServerSessionH2::patience() const {
  const SnapshotPin pin = context_.pin();
  if (section_open_) {
    const Time deadline = deadline_after(section_began_, pin->timeouts.client_head);
    return time_left(shard_.reactor.now(), deadline);
  }
  if (under_way_ > 0) return no_limit;
  if (ending_ != Ending::no) return pin->timeouts.linger;
  return numbers_.last() < 0 ? pin->timeouts.client_head : pin->timeouts.keep_alive;
}

void ServerSessionH2::be_quiet() {
  context_.set_idle(true);
  inbox_.trim();
}

void ServerSessionH2::section_began(StreamId stream) {
  section_open_ = true;
  section_of_ = stream;
  section_bytes_ = 0;
  section_began_ = shard_.reactor.now();
  if (Channel* const known = find(stream); known != nullptr) {
    static_cast<ServerStream*>(known)->section_began();
    return;
  }
  // The GOAWAY that refuses it may still wait to be sent: it says that nothing of it was touched, so nothing may be.
  const bool above_last = ending_ == Ending::refusing && !fault(Fault::h2_last_stream_passed);
  if (full() || above_last) {
    shard_.metrics.h2_streams_refused.add();
    codec_.reset(stream, ErrorCode::refused_stream);
    return;
  }
  ++under_way_;
  incoming_ = new ServerStream(context_, *this, stream);
  carry(*incoming_);
  incoming_->section_began();
}

bool ServerSessionH2::field(StreamId stream, std::string_view name, std::string_view value) {
  section_bytes_ += name.size() + value.size();
  Channel* const known = find(stream);
  const bool good = section_bytes_ <= section_bytes_max_ &&
                    (known == nullptr || static_cast<ServerStream*>(known)->field(name, value));
  if (!good) guard_.note_excessive_head();
  return good;
}

void ServerSessionH2::section_ended(StreamId stream, bool end_of_stream) {
  section_open_ = false;
  Channel* const known = find(stream);
  if (known == nullptr) return;
  ServerStream& of = static_cast<ServerStream&>(*known);
  if (!of.section_ended(end_of_stream)) return;
  incoming_ = nullptr;
  arrived_.push_back(of);
}

// Of a stream that is refused before the whole of its head is here, the codec tells no more.
void ServerSessionH2::stream_closed(StreamId stream, ErrorCode why, bool by_peer) {
  if (stream == section_of_) section_open_ = false;
  Carrier::stream_closed(stream, why, by_peer);
}

// Not from inside the codec: an exchange may be answered, and its answer given to the codec, before it waits for
// anything.
void ServerSessionH2::begin_what_arrived() {
  while (Channel* const stream = arrived_.pop_front()) {
    context_.set_idle(false);
    scope_.spawn(serve(static_cast<ServerStream*>(stream)));
  }
}

Task<void> ServerSessionH2::serve(ServerStream* stream) {
  {
    const std::unique_ptr<ServerStream> owned(stream);
    co_await owned->serve();
    drop(*owned);
    if (owned->over()) --over_;
    if (fault(Fault::h2_stream_leaked) && owned->broken()) co_return;
  }
  --under_way_;
  stream_over();
}

void ServerSessionH2::stream_over() {
  if (context_.ending()) begin_end();
  if (under_way_ > 0 || section_open_) return;
  context_.set_idle(true);
  end_when_quiet();
  stream_.hasten_receive(patience());
}

void ServerSessionH2::content_is_wrong(Channel& channel) {
  reset(channel.id(), ErrorCode::protocol_error);
  channel.break_off(client_error(Code::bad_length, "the content is not as long as it was said to be"));
}

void ServerSessionH2::closed(Channel& channel, ErrorCode why, bool by_peer) {
  ServerStream& stream = static_cast<ServerStream&>(channel);
  const bool whole = stream.came_to_end() && stream.sendable().end && why == ErrorCode::no_error;
  if (incoming_ == &stream) {  // reset in the middle of its head: there is no such thing, but to the codec
    incoming_ = nullptr;
    stream.give_up_head(client_error(Code::peer_reset));
    arrived_.push_back(stream);
  }
  if (whole) {
    stream.note_over();
    ++over_;
  }
  if (whole || fault(Fault::h2_reset_unheard)) return;
  if (by_peer) shard_.metrics.h2_streams_reset_by_clients.add();
  stream.break_off(client_error(Code::peer_reset));
}

std::optional<ErrorCode> ServerSessionH2::frame_began(const FrameHeader& frame) {
  // What is taken back unanswered, and what is asked for beyond the maximum, costs us work and the client none.
  const Time now = shard_.reactor.now();
  if (frame.type == FrameType::reset) {
    const Channel* const channel = find(frame.stream);
    const bool taken_back = channel != nullptr && static_cast<const ServerStream*>(channel)->unanswered();
    if (taken_back && !guard_.note(Flood::resets, now)) return ErrorCode::enhance_your_calm;
  }
  const bool one_too_many = frame.type == FrameType::headers && frame.stream > numbers_.last() && full();
  if (one_too_many && !guard_.note(Flood::resets, now)) return ErrorCode::enhance_your_calm;
  return Carrier::frame_began(frame);
}

// The client is told that the end is near before it is told where: a request that is on its way is still served.
void ServerSessionH2::begin_end() {
  if (ending_ != Ending::no) return;
  ending_ = Ending::announced;
  codec_.announce_end();
  codec_.ping();
  wake_writer();
  if (under_way_ == 0) stream_.hasten_receive(patience());
}

void ServerSessionH2::ping_answered() {
  if (fault(Fault::h2_end_only_announced)) return;
  if (ending_ == Ending::announced) refuse_new();
}

void ServerSessionH2::refuse_new() {
  ending_ = Ending::refusing;
  codec_.refuse_new_streams();
  end_when_quiet();
}

// The codec is finished with its last stream, and the writer with the codec.
void ServerSessionH2::end_when_quiet() {
  if (ending_ == Ending::refusing && under_way_ == 0) wake_writer();
}

void ServerSessionH2::writer_ended(const Result<void>& outcome) {
  writer_done_ = true;
  if (!outcome) {
    Error error = outcome.error();
    if (error.code == Code::timed_out) error.code = Code::client_write_timeout;
    lose_connection(error);
    if (error.origin == Origin::client) stream_.reset_on_close();
  }
  stream_.interrupt_receive(gateway_error(Code::draining));
}

static_assert(flood_count == std::tuple_size_v<decltype(ShardMetrics::h2_connections_ended)>);

void ServerSessionH2::count_end() {
  const auto why = codec_.ended_with();
  if (!why && guard_.flood() == Flood::none) return;
  shard_.metrics.h2_connections_ended[static_cast<std::size_t>(guard_.flood())].add();
}

}  // namespace weir::h2
