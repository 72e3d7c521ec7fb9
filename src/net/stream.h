// A connected socket: bytes in, bytes out, each with a deadline.
//
// Idea: receiving lends the core's scratch (copy out before you suspend if you need the bytes longer); sending tries
// the kernel first and copies only what it did not take. One timer serves both directions: deadlines are stored in the
// ops and looked at when the timer fires, so that moving a deadline on every request costs a comparison.
//
// A stream that was secured speaks TLS: what is sent is sealed on its way to the kernel, and a receive goes on until
// there are plain bytes (docs/decisions/tls-in-the-stream.md). Nobody above sees a difference, but that files cannot be
// sent past the program.
//
// Invariants
//   (1) At most one receive and one send are in flight; the Stream is destroyed only when none is.
//   (2) A send that returned success has given every byte to the kernel, in order.
//   (3) The end of a secured stream is an end only when the other side said so (close_notify); otherwise it is an
//   error.
#pragma once

#include <array>
#include <cerrno>
#include <memory>
#include <span>
#include <string_view>

#include "base/result.h"
#include "runtime/reactor.h"
#include "runtime/socket_address.h"

namespace weir {

namespace tls {
class Engine;
struct Facts;
}  // namespace tls

class Stream final : private Timer, private OpLayer {
 public:
  /// Takes over `handle`. \param peer  whose fault errors on this stream are
  Stream(Reactor& reactor, Handle handle, Origin peer);
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;
  ~Stream();

  /// What `co_await stream.receive(timeout)` waits for.
  class Receive final : public Op {
   public:
    bool await_ready();
    template <typename Promise>
    void await_suspend(std::coroutine_handle<Promise> handle) {
      stream_->parked(*this, suspend(handle));
    }
    /// The bytes that arrived; empty at the end of the stream.
    Result<std::span<char>> await_resume();
    void cancel(Error why) override;

   private:
    friend class Stream;
    [[nodiscard]] bool given_up() const { return timed_out || result == -ECANCELED; }

    Stream* stream_ = nullptr;
    std::span<char> room_;  // of a secured stream: where plain bytes go; empty: the core's bench
    Error why_{};
  };

  class Send final : public Op {
   public:
    bool await_ready();
    template <typename Promise>
    void await_suspend(std::coroutine_handle<Promise> handle) {
      stream_->parked(*this, suspend(handle));
    }
    Result<void> await_resume();
    void cancel(Error why) override;

   private:
    friend class Stream;
    Stream* stream_ = nullptr;
    std::array<iovec, 5> pieces_{};
    std::size_t piece_count_ = 0;
    std::unique_ptr<char[]> kept_;  // what the kernel did not take
    bool more_ = false;
    bool sealed_ = false;  // the pieces are records already
    Error why_{};

    bool send_pieces();
    bool seal_pieces();
    bool send_file();
  };

  /// Receives what is there, at most the scratch. The span is valid until the caller suspends.
  /// \errors  timed_out when nothing came within `timeout`; peer_reset; canceled
  [[nodiscard]] Receive& receive(Duration timeout);
  /// The same for bytes that begin something new, a request: they may have to wait for what is begun already.
  [[nodiscard]] Receive& receive_new_work(Duration timeout);
  /// Receives into the caller's memory, which must stay put.
  [[nodiscard]] Receive& receive_into(std::span<char> room, Duration timeout);

  /// Ends a receive that somebody waits in with `why`; the stream stays usable. Nothing happens when nobody waits.
  void interrupt_receive(Error why) {
    if (!receive_.parked || receive_.given_up()) return;  // on its way already: taking it off that way would lose it
    receive_.unlink();
    receive_.cancel(why);
  }

  /// Lets a receive that somebody waits in end after `left` at the latest, as timed_out.
  void hasten_receive(Duration left);

  /// Sends all pieces (at most five). The pieces need to stay valid only until the call suspends.
  /// \errors  timed_out when the peer took nothing for `timeout`; peer_reset; canceled
  [[nodiscard]] Send& send(std::initializer_list<std::string_view> pieces, Duration timeout);
  [[nodiscard]] Send& send(std::string_view bytes, Duration timeout) { return send({bytes}, timeout); }
  /// The same, when something follows at once: the kernel may keep an incomplete segment back for it.
  [[nodiscard]] Send& send_before_more(std::string_view bytes, Duration timeout);

  /// Says that nothing more comes, where that has to be said (TLS: close_notify); whoever ends a stream without it lets
  /// it go out only if the kernel has room at that moment. Nothing is sent on a plain stream, or twice.
  [[nodiscard]] Send& send_goodbye(Duration timeout);

  /// Sends `bytes` bytes of an open file from `offset` on, without their passing through this program.
  /// \errors  as send(); content_changed (origin gateway) when the file has become too short
  [[nodiscard]] Send& send_file(int descriptor, ByteCount offset, std::size_t bytes, Duration timeout);

  /// Whether send_file() may be used: what is sealed has to pass through the program.
  [[nodiscard]] bool takes_files() const { return engine_ == nullptr; }

  /// From now on TLS is spoken. \pre nothing is in flight; the engine has shaken hands
  void secure(std::unique_ptr<tls::Engine> engine);
  /// What its handshake agreed on; null: the stream is plain.
  [[nodiscard]] const tls::Facts* tls() const;

  /// Whether unread bytes (or an end) have been announced.
  [[nodiscard]] bool readable();
  /// Told about activity while nobody receives; null to stop.
  void watch(Watcher* watcher) { reactor_.io().watch(handle_, watcher); }
  void shut_down_sending();
  /// Makes the destructor send a reset instead of an orderly end.
  void reset_on_close() { reset_ = true; }

  [[nodiscard]] SocketAddress local_address() { return reactor_.io().local_address(handle_); }
  [[nodiscard]] SocketAddress remote_address() { return reactor_.io().remote_address(handle_); }
  [[nodiscard]] std::int64_t peer_user() { return reactor_.io().peer_user(handle_); }
  [[nodiscard]] Reactor& reactor() { return reactor_; }
  [[nodiscard]] Origin peer() const { return peer_; }
  [[nodiscard]] ByteCount bytes_received() const { return bytes_received_; }
  [[nodiscard]] ByteCount bytes_sent() const { return bytes_sent_; }

 private:
  void fire(Time now) override;
  bool completed(Op& op) override;
  bool receive_secured();
  bool submit_secured();
  bool absorb();
  bool take_plain(std::span<const char> received);
  void say_goodbye();
  void parked(Op& op, const Error* canceled_already);
  void cancel(Op& op);
  [[nodiscard]] Error error_of(const Op& op, Error why) const;

  Reactor& reactor_;
  Handle handle_;
  Origin peer_;
  bool reset_ = false;
  ByteCount bytes_received_ = 0;
  ByteCount bytes_sent_ = 0;
  std::unique_ptr<tls::Engine> engine_;
  Receive receive_;
  Send send_;
};

}  // namespace weir
