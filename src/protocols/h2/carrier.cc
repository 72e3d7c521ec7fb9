// Frames in, frames out, and who gets them.
#include "protocols/h2/carrier.h"

#include <algorithm>

#include "base/fault.h"

namespace weir::h2 {
namespace {

constexpr Flood kind_of(const FrameHeader& frame) {
  switch (frame.type) {
    case FrameType::ping:
      return Flood::pings;
    case FrameType::settings:
      return Flood::settings;
    case FrameType::priority:
      return Flood::priorities;
    case FrameType::window_update:
      return Flood::credit;
    case FrameType::data:
    case FrameType::headers:
    case FrameType::continuation:
      return Flood::empty_content;
    default:
      return Flood::unknown_frames;
  }
}

/// Whether a frame brings something by itself.
constexpr bool is_worthwhile(const FrameHeader& frame) {
  switch (frame.type) {
    case FrameType::headers:
      return true;
    case FrameType::continuation:
      return frame.bytes > 0;
    case FrameType::data:
      return frame.bytes > 0 || (frame.flags & end_stream_flag) != 0;
    case FrameType::going_away:
    case FrameType::reset:  // judged when it is known what it takes back
    case FrameType::push_promise:
      return true;
    default:
      return false;
  }
}

}  // namespace

Carrier::Carrier(Shard& shard, Side side, const CodecSettings& settings)
    : shard_(shard), codec_(side, settings, *this), guard_(shard.reactor.now()), side_(side), wake_(shard.reactor) {}

Task<void> Carrier::write(Stream& stream, Duration stall) {
  unsigned at_once = 0;
  Result<void> sent;
  while (sent && !codec_.finished()) {
    const std::span<char> room = shard_.compose_buffer().first(limits::h2_flush_bytes);
    const std::size_t bytes = codec_.produce(room);
    if (bytes == 0) {
      if (codec_.finished()) break;
      sent = co_await wake_.wait();
      continue;
    }
    sent = co_await stream.send({room.data(), bytes}, stall);
    while (Channel* channel = leaving_.pop_front()) {
      sent ? channel->left() : channel->lose_connection(sent.error());
    }
    if (++at_once % limits::pieces_per_turn == 0) co_await Yield(shard_.reactor);
  }
  writer_ended(sent);
}

Result<void> Carrier::feed(std::string_view bytes) {
  const Result<void> read = codec_.receive(bytes);
  if (codec_.wants_to_produce() || codec_.finished()) wake_writer();
  return read;
}

// Numbers grow, so that the list is sorted.
Channel* Carrier::find(StreamId stream) const {
  const auto found = std::ranges::lower_bound(channels_, stream, {}, &std::pair<StreamId, Channel*>::first);
  return found != channels_.end() && found->first == stream ? found->second : nullptr;
}

void Carrier::drop(Channel& channel) {
  std::erase_if(channels_, [&](const auto& each) { return each.second == &channel; });
}

void Carrier::lose_connection(Error why) {
  for (const auto& [number, channel] : channels_) channel->lose_connection(why);
}

void Carrier::give_credit(StreamId stream, std::size_t bytes) {
  if (fault(Fault::stream_credit_lost)) return;
  if (fault(Fault::stream_credit_astray) && stream > 2) stream -= 2;
  codec_.give_stream_credit(stream, bytes);
  if (codec_.wants_to_produce()) wake_writer();
}

void Carrier::more_to_send(StreamId stream) {
  codec_.more_to_send(stream);
  wake_writer();
}

void Carrier::reset(StreamId stream, ErrorCode why) {
  if (!codec_.is_open(stream)) return;
  codec_.reset(stream, why);
  wake_writer();
}

std::optional<ErrorCode> Carrier::frame_began(const FrameHeader& frame) {
  const bool useful = is_worthwhile(frame);
  if (useful) {
    guard_.note_useful();
  } else if (!guard_.note(kind_of(frame), shard_.reactor.now())) {
    return ErrorCode::enhance_your_calm;
  }
  if (frame.type == FrameType::priority && (frame.stream == 0 || frame.stream == frame.depends_on))
    return ErrorCode::protocol_error;
  const bool opens = frame.type == FrameType::headers;
  if ((!opens && frame.type != FrameType::data) || frame.stream == 0) return {};
  const Channel* const channel = find(frame.stream);
  if (channel != nullptr && channel->came_to_end()) return ErrorCode::stream_closed;
  if (side_ == Side::client) return {};  // streams are ours there, and the library knows them
  switch (numbers_.standing(frame.stream)) {
    case StreamNumbers::Standing::fresh:
      if (opens && frame.stream % 2 == 1) numbers_.open(frame.stream);
      return {};
    case StreamNumbers::Standing::passed_over:
      return ErrorCode::protocol_error;
    case StreamNumbers::Standing::ended:
      return ErrorCode::stream_closed;
    case StreamNumbers::Standing::known:
      return {};
  }
  return {};
}

bool Carrier::field(StreamId, std::string_view, std::string_view) {
  return true;
}

void Carrier::content(StreamId stream, std::string_view bytes) {
  if (!fault(Fault::connection_credit_lost)) codec_.give_connection_credit(bytes.size());
  if (fault(Fault::stream_credit_twice)) codec_.give_stream_credit(stream, bytes.size());
  Channel* const channel = find(stream);
  if (channel == nullptr || channel->broken()) return;
  if (!channel->arrived(bytes)) content_is_wrong(*channel);
}

void Carrier::content_ended(StreamId stream) {
  Channel* const channel = find(stream);
  if (channel == nullptr || channel->broken()) return;
  if (!channel->arrived_last(nullptr)) content_is_wrong(*channel);
}

void Carrier::stream_closed(StreamId stream, ErrorCode why, bool by_peer) {
  if (by_peer && stream % 2 == 1) numbers_.end(stream);
  const auto found = std::ranges::lower_bound(channels_, stream, {}, &std::pair<StreamId, Channel*>::first);
  if (found == channels_.end() || found->first != stream) return;
  Channel& channel = *found->second;
  channels_.erase(found);
  closed(channel, why, by_peer);
}

Sendable Carrier::sendable(StreamId stream) {
  const Channel* const channel = find(stream);
  return channel == nullptr ? Sendable{} : channel->sendable();
}

bool Carrier::take(StreamId stream, std::size_t bytes, char* place) {
  Channel* const channel = find(stream);
  if (channel == nullptr) return false;
  guard_.note_useful();
  channel->take(bytes, place);
  return true;
}

void Carrier::last_frame_produced(StreamId stream) {
  if (Channel* const channel = find(stream); channel != nullptr) leaving_.push_back(*channel);
}

}  // namespace weir::h2
