// What is on its way on one stream, in both directions.
//
// Problem: the connection reads frames always, since credit, answers and cancellations of all streams come mixed; but
// content may only be taken in as fast as somebody reads it, and given out as fast as the peer has room for it.
// Idea: content that has come waits here until it is read, and only reading it gives the peer credit for more; so what
// waits is never more than the stream's window. Content that is to go waits here until the peer has given credit;
// whoever puts it in waits until it has left before he brings more. A stream that stands still holds its own few bytes
// and nothing else.
//
// Invariants
//   (1) Content that waits to be read and credit that the peer still has are never more than the window together.
//   (2) After break_off() nothing is read and nothing is sent any more; who waits is woken with the reason.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "contracts/shard.h"
#include "http/body.h"
#include "protocols/h2/codec.h"
#include "runtime/signal.h"

namespace weir::h2 {

/// What a stream asks of its connection.
class ChannelHost {
 public:
  /// `bytes` of content were read.
  virtual void give_credit(StreamId stream, std::size_t bytes) = 0;
  /// A stream that had nothing to send has something.
  virtual void more_to_send(StreamId stream) = 0;

 protected:
  ~ChannelHost() = default;
};

class Channel : public ListLink {
 public:
  Channel(Reactor& reactor, ChannelHost& host, StreamId id)
      : arrival_(reactor), departure_(reactor), host_(host), id_(id) {}
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;

  // The connection's side.

  /// The peer will send this much content.
  void declare(ByteCount bytes) { declared_ = bytes; }
  /// \returns  false when it is more than was declared
  bool arrived(std::string_view bytes);
  /// Nothing follows. \returns  false when that is less than was declared
  bool arrived_last(const Fields* trailers);
  [[nodiscard]] Sendable sendable() const {
    return {.bytes = outgoing_.size() - taken_, .end = ends_, .trailers = trailers_};
  }
  void take(std::size_t bytes, char* place);
  /// The kernel has the last frame.
  void left();
  virtual void break_off(Error why);
  /// The connection has ended.
  virtual void lose_connection(Error why) { break_off(why); }

  // The exchange's side.

  /// What has arrived; nothing when nothing has. The bytes are valid until the next call.
  std::optional<Result<Piece>> try_read();
  /// Until something has arrived, or the channel is broken off.
  /// \errors  timed_out, canceled
  [[nodiscard]] Signal::Wait arrival(Duration patience) { return arrival_.wait(patience); }
  /// Whether a read would tell something.
  [[nodiscard]] bool readable() const { return !arrived_.empty() || (came_to_end_ && !end_told_) || broken_; }

  /// Adds content behind what waits. \param end  nothing follows; \param trailers  must outlive the channel
  void put(std::string_view bytes, bool end, std::span<const Line> trailers = {});
  /// Waits until all that was put in has gone into frames, and with its end, until the kernel has it.
  /// \param stall  how long the peer may take nothing
  /// \errors  timed_out, canceled, why it was broken off
  Task<Result<void>> depart(Duration stall);

  [[nodiscard]] StreamId id() const { return id_; }
  /// The peer has sent all it wanted to.
  [[nodiscard]] bool came_to_end() const { return came_to_end_; }
  /// All that we wanted to send has been sent.
  [[nodiscard]] bool went_to_end() const { return left_; }
  [[nodiscard]] const std::optional<Error>& broken() const { return broken_; }
  [[nodiscard]] ByteCount bytes_arrived() const { return bytes_arrived_; }
  [[nodiscard]] ByteCount bytes_put() const { return bytes_put_; }
  [[nodiscard]] std::optional<ByteCount> declared() const { return declared_; }
  [[nodiscard]] bool has_trailers() const { return arrived_trailers_ != nullptr; }

 protected:
  ~Channel() = default;

 private:
  Signal arrival_;
  Signal departure_;
  ChannelHost& host_;
  StreamId id_;

  std::string arrived_;
  std::string reading_;  // what the last try_read() gave
  std::optional<ByteCount> declared_;
  ByteCount bytes_arrived_ = 0;
  const Fields* arrived_trailers_ = nullptr;
  bool came_to_end_ = false;
  bool end_told_ = false;

  std::string outgoing_;
  std::size_t taken_ = 0;  // of outgoing_, by frames
  std::span<const Line> trailers_;
  ByteCount bytes_put_ = 0;
  bool ends_ = false;
  bool left_ = false;

  std::optional<Error> broken_;
};

}  // namespace weir::h2
