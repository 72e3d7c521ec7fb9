// Connecting, carrying, ending.
#include "protocols/h2/client_connection.h"

#include <algorithm>

#include "base/fault.h"
#include "protocols/h2/client_stream.h"
#include "protocols/h2/outgoing_head.h"

namespace weir::h2 {
namespace {

/// Exchanges on one connection, if the upstream takes that many: what RFC 9113 section 6.5.2 advises as a minimum.
constexpr std::uint32_t streams_max = 100;

CodecSettings settings_of_client() {
  return {.stream_window = limits::h2_stream_window_bytes,
          .connection_window = limits::h2_connection_window_bytes,
          .head_bytes = static_cast<std::uint32_t>(Limits{}.head_bytes)};
}

}  // namespace

ClientConnection::ClientConnection(Shard& shard, const UpstreamAddress& address, std::unique_ptr<Stream> stream)
    : Carrier(shard, Side::client, settings_of_client()),
      address_(address),
      stream_(std::move(stream)),
      scheme_(stream_ != nullptr && stream_->tls() != nullptr ? "https" : "http") {}

Task<void> ClientConnection::run(std::shared_ptr<ClientConnection> self, UpstreamTimeouts timeouts) {
  co_await self->carry_on(timeouts);
}

Task<void> ClientConnection::carry_on(UpstreamTimeouts timeouts) {
  if (stream_ == nullptr) {
    auto connected = co_await connect(shard_.reactor, address_, timeouts.connect);
    if (!connected) co_return end(connected.error().with(Retry::unsent));
    stream_ = std::move(*connected);
  }
  if (slots_ == 0) codec_.end(ErrorCode::no_error);  // who wanted it is gone
  Scope scope(shard_.reactor);
  scope.attach(co_await current_cancellation{});
  scope.spawn(write(*stream_, timeouts.idle));
  const Error why = co_await read();
  end(why);
  codec_.end(ErrorCode::no_error);
  wake_writer();
  co_await scope.join();
  stream_.reset();
}

Task<Error> ClientConnection::read() {
  while (!writer_done_) {
    const auto received = co_await stream_->receive(no_limit);
    if (!received) co_return received.error();
    if (received->empty()) co_return upstream_error(Code::peer_closed);
    if (const Result<void> fed = feed({received->data(), received->size()}); !fed) {
      co_return fed.error().from(Origin::upstream);
    }
  }
  co_return upstream_error(Code::peer_closed);
}

/// No exchange begins on it any more, and those that are there are told.
void ClientConnection::end(Error why) {
  if (!end_) end_ = why.from(why.origin == Origin::client ? Origin::upstream : why.origin);
  lose_connection(*end_);
  wake_listeners();
}

bool ClientConnection::has_room() const {
  if (!usable()) return false;
  const std::uint32_t most = codec_.peer_concurrent_streams();
  return slots_ < std::min(most, streams_max);
}

void ClientConnection::leave_slot() {
  if (--slots_ > 0 || end_) return;
  codec_.end(ErrorCode::no_error);
  going_away_ = true;
  wake_writer();
}

bool ClientConnection::leave_slot_to_others() {
  if (slots_ == 1) return false;
  leave_slot();
  return true;
}

std::unique_ptr<ClientStream> ClientConnection::open(Exchange& exchange, const RequestHead& head, bool end_of_stream) {
  if (end_) return nullptr;
  const std::optional<StreamId> id = codec_.open(lines_of(head, scheme_, exchange.arena), end_of_stream);
  if (!id) {
    going_away_ = true;
    return nullptr;
  }
  auto stream = std::make_unique<ClientStream>(exchange, head, *this, *id);
  carry(*stream);
  if (end_of_stream) stream->put({}, true);
  wake_writer();
  return stream;
}

void ClientConnection::close(ClientStream& stream) {
  drop(stream);
  if (!stream.came_to_end() || !stream.went_to_end()) reset(stream.id(), ErrorCode::cancel);
}

void ClientConnection::section_began(StreamId stream) {
  if (Channel* const known = find(stream)) static_cast<ClientStream*>(known)->section_began();
}

bool ClientConnection::field(StreamId stream, std::string_view name, std::string_view value) {
  Channel* const known = find(stream);
  return known == nullptr || static_cast<ClientStream*>(known)->field(name, value);
}

void ClientConnection::section_ended(StreamId stream, bool end_of_stream) {
  Channel* const known = find(stream);
  if (known == nullptr || known->broken()) return;
  if (!static_cast<ClientStream*>(known)->section_ended(end_of_stream)) reset(stream, ErrorCode::protocol_error);
}

// The library closes the streams above the last that is answered, as refused.
void ClientConnection::peer_goes_away(StreamId, ErrorCode) {
  if (!fault(Fault::h2_goaway_unheard)) going_away_ = true;
  wake_listeners();
}

std::optional<bool> ClientConnection::takes_tunnels() const {
  return settings_known_ ? std::optional(codec_.peer_takes_extended_connect()) : std::nullopt;
}

void ClientConnection::settings_came() {
  settings_known_ = true;
  wake_listeners();
}

void ClientConnection::wake_listeners() {
  listeners_.for_each([](Listener& listener) { listener.signal.raise(); });
}

void ClientConnection::request_produced(StreamId stream) {
  if (Channel* const known = find(stream)) static_cast<ClientStream*>(known)->request_left();
}

void ClientConnection::writer_ended(const Result<void>& outcome) {
  writer_done_ = true;
  if (!outcome) {
    Error error = outcome.error();
    if (error.code == Code::timed_out) error.code = Code::upstream_write_timeout;
    end(error);
  }
  stream_->interrupt_receive(upstream_error(Code::peer_closed));
}

void ClientConnection::content_is_wrong(Channel& channel) {
  const bool too_little = channel.came_to_end();
  reset(channel.id(), ErrorCode::protocol_error);
  channel.break_off(upstream_error(too_little ? Code::body_cut_short : Code::bad_length));
}

void ClientConnection::closed(Channel& channel, ErrorCode why, bool) {
  if (why == ErrorCode::refused_stream)
    return channel.break_off(upstream_error(Code::stream_refused).with(Retry::unsent));
  // What has come whole is given whole: the upstream only says that it wants no more of ours (HAProxy: with CANCEL).
  if (channel.came_to_end()) return;
  channel.break_off(upstream_error(Code::peer_reset));
}

}  // namespace weir::h2
