// One connection of HTTP/2 and the streams it carries: what both sides of the gateway have in common.
//
// Idea: the session reads from the socket and feeds the codec; one coroutine, write(), is the only one that sends.
// Whoever has something to send gives it to the codec or to his channel, and wakes the writer; what many streams have
// ready by the time it runs leaves in one send.
//
// Invariants
//   (1) Credit of the connection is given back when content arrives, credit of a stream when it is read: a stream that
//       nobody reads stalls itself alone, and holds at most its window.
//   (2) channels_ holds every stream that the codec knows and that somebody here serves, by its number.
#pragma once

#include <utility>
#include <vector>

#include "contracts/shard.h"
#include "net/stream.h"
#include "protocols/h2/channel.h"
#include "protocols/h2/codec.h"
#include "protocols/h2/flood_guard.h"
#include "protocols/h2/stream_numbers.h"

namespace weir::h2 {

class Carrier : protected CodecEvents, public ChannelHost {
 public:
  Carrier(const Carrier&) = delete;
  Carrier& operator=(const Carrier&) = delete;

  // What a stream asks of its connection, beside what its channel does.

  [[nodiscard]] Codec& codec() { return codec_; }
  /// Something may be ready to be sent.
  void wake_writer() { wake_.raise(); }
  void give_credit(StreamId stream, std::size_t bytes) override;
  void more_to_send(StreamId stream) override;
  /// Ends a stream before its time; nothing happens when it has ended.
  void reset(StreamId stream, ErrorCode why);

 protected:
  Carrier(Shard& shard, Side side, const CodecSettings& settings);
  ~Carrier() = default;

  /// Sends until the codec is finished, or the socket fails. \param stall  how long the peer may take nothing
  Task<void> write(Stream& stream, Duration stall);
  /// Nothing is sent any more: the connection has ended as the codec says, or broke.
  virtual void writer_ended(const Result<void>& outcome) = 0;

  /// \errors  protocol_violation, frame_flood: what is left to do is to let the writer finish
  Result<void> feed(std::string_view bytes);
  void carry(Channel& channel) { channels_.emplace_back(channel.id(), &channel); }
  /// Nobody serves it any more; the codec may still know it.
  void drop(Channel& channel);
  [[nodiscard]] std::size_t carried() const { return channels_.size(); }
  [[nodiscard]] Channel* find(StreamId stream) const;
  void lose_connection(Error why);

  std::optional<ErrorCode> frame_began(const FrameHeader& frame) override;
  bool field(StreamId stream, std::string_view name, std::string_view value) override;
  void content(StreamId stream, std::string_view bytes) override;
  void content_ended(StreamId stream) override;
  void stream_closed(StreamId stream, ErrorCode why, bool by_peer) override;
  Sendable sendable(StreamId stream) override;
  bool take(StreamId stream, std::size_t bytes, char* place) override;
  void last_frame_produced(StreamId stream) override;

  /// The content of a stream is not what its head declared.
  virtual void content_is_wrong(Channel& channel) = 0;
  /// The stream is gone; `channel` is no longer carried.
  virtual void closed(Channel& channel, ErrorCode why, bool by_peer) = 0;

  Shard& shard_;
  Codec codec_;
  FloodGuard guard_;
  StreamNumbers numbers_;  // that a client has opened

 private:
  const Side side_;
  Signal wake_;
  std::vector<std::pair<StreamId, Channel*>> channels_;
  IntrusiveList<Channel> leaving_;  // their last frames are in what is being sent
};

}  // namespace weir::h2
