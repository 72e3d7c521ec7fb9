// How receives and sends meet the Io, and how deadlines meet both.
#include "net/stream.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/fault.h"
#include "net/tls/engine.h"

namespace weir {

Stream::Stream(Reactor& reactor, Handle handle, Origin peer) : reactor_(reactor), handle_(handle), peer_(peer) {
  receive_.stream_ = this;
  receive_.kind = Op::Kind::receive;
  receive_.handle = handle;
  send_.stream_ = this;
  send_.kind = Op::Kind::send;
  send_.handle = handle;
}

Stream::~Stream() {
  invariant(!receive_.parked && !send_.parked, "a stream is idle when it is destroyed");
  reactor_.timers().disarm(*this);
  if (engine_ != nullptr && !reset_) say_goodbye();
  reactor_.io().close(handle_, reset_);
}

Stream::Receive& Stream::receive(Duration timeout) {
  return receive_into({}, timeout);
}

Stream::Receive& Stream::receive_new_work(Duration timeout) {
  Receive& receive = receive_into({}, timeout);
  receive.urgency = Urgency::begins;
  return receive;
}

Stream::Receive& Stream::receive_into(std::span<char> room, Duration timeout) {
  if (engine_ != nullptr) {
    receive_.room_ = room;
    room = {};  // what arrives is not yet what was asked for: it goes to the scratch
  }
  receive_.data = room.data();
  receive_.size = room.size();
  receive_.urgency = Urgency::continues;
  receive_.timed_out = false;
  receive_.result = 0;
  receive_.deadline = deadline_after(reactor_.now(), timeout);
  return receive_;
}

bool Stream::Receive::await_ready() {
  if (stream_->engine_ != nullptr) return stream_->receive_secured();
  return stream_->reactor_.io().submit(*this);
}

Result<std::span<char>> Stream::Receive::await_resume() {
  if (result < 0) return fail(stream_->error_of(*this, why_));
  stream_->bytes_received_ += static_cast<ByteCount>(result);
  return std::span<char>(data, static_cast<std::size_t>(result));
}

void Stream::Receive::cancel(Error why) {
  why_ = why;
  result = -ECANCELED;
  stream_->cancel(*this);
}

Stream::Send& Stream::send(std::initializer_list<std::string_view> pieces, Duration timeout) {
  send_.piece_count_ = 0;
  for (const std::string_view piece : pieces) {
    if (piece.empty()) continue;
    invariant(send_.piece_count_ < send_.pieces_.size(), "a send has at most five pieces");
    send_.pieces_[send_.piece_count_++] = {.iov_base = const_cast<char*>(piece.data()), .iov_len = piece.size()};
  }
  send_.kind = Op::Kind::send;
  send_.more_ = false;
  send_.sealed_ = false;
  send_.timed_out = false;
  send_.patience = timeout;
  return send_;
}

Stream::Send& Stream::send_before_more(std::string_view bytes, Duration timeout) {
  send({bytes}, timeout).more_ = true;
  return send_;
}

Stream::Send& Stream::send_file(int descriptor, ByteCount offset, std::size_t bytes, Duration timeout) {
  send_.kind = Op::Kind::send_file;
  send_.file = descriptor;
  send_.file_offset = static_cast<std::int64_t>(offset);
  send_.size = bytes;
  send_.timed_out = false;
  send_.patience = timeout;
  return send_;
}

bool Stream::Send::await_ready() {
  return kind == Op::Kind::send_file ? send_file() : send_pieces();
}

// The bytes of a file stay where they are while the op waits: nothing is kept.
bool Stream::Send::send_file() {
  result = 0;
  deadline = deadline_after(stream_->reactor_.now(), patience);
  return size == 0 || stream_->reactor_.io().submit(*this);
}

// From here on what is sealed are the bytes to send: one piece.
bool Stream::Send::seal_pieces() {
  std::array<std::string_view, std::tuple_size_v<decltype(pieces_)>> plain;
  for (std::size_t at = 0; at < piece_count_; ++at)
    plain[at] = {static_cast<const char*>(pieces_[at].iov_base), pieces_[at].iov_len};
  const auto sealed = stream_->engine_->seal({plain.data(), piece_count_});
  if (!sealed) return false;
  pieces_.front() = {.iov_base = const_cast<char*>(sealed->data()), .iov_len = sealed->size()};
  piece_count_ = 1;
  return true;
}

bool Stream::Send::send_pieces() {
  if (stream_->engine_ != nullptr && !sealed_ && !seal_pieces()) {
    result = -EPIPE;
    return true;
  }
  Io& io = stream_->reactor_.io();
  std::size_t total = 0;
  for (std::size_t at = 0; at < piece_count_; ++at) total += pieces_[at].iov_len;
  result = 0;
  size = 0;
  if (total == 0) return true;
  const std::int64_t taken = io.try_send(handle, {pieces_.data(), piece_count_}, more_);
  if (taken < 0) {
    result = taken;
    return true;
  }
  stream_->bytes_sent_ += static_cast<ByteCount>(taken);
  auto skip =
      fault(Fault::piece_repeated) && taken < static_cast<std::int64_t>(total) ? 0 : static_cast<std::size_t>(taken);
  size = fault(Fault::piece_skipped) ? 0 : total - skip;
  if (size == 0) return true;
  // The pieces may lie in the scratch, which others use while we wait.
  kept_ = std::make_unique_for_overwrite<char[]>(size);
  data = kept_.get();
  char* place = data;
  for (std::size_t at = 0; at < piece_count_; ++at) {
    const std::size_t passed = std::min(skip, pieces_[at].iov_len);
    skip -= passed;
    const std::size_t left = pieces_[at].iov_len - passed;
    if (left == 0) continue;
    std::memcpy(place, static_cast<const char*>(pieces_[at].iov_base) + passed, left);
    place += left;
  }
  deadline = deadline_after(stream_->reactor_.now(), patience);
  return io.submit(*this);
}

Result<void> Stream::Send::await_resume() {
  if (kept_ != nullptr || kind == Op::Kind::send_file) {
    kept_.reset();
    if (result > 0) stream_->bytes_sent_ += static_cast<ByteCount>(result);
  }
  if (kind == Op::Kind::send_file && result == -ENODATA) return fail(gateway_error(Code::content_changed));
  if (result < 0) {
    if (stream_->engine_ != nullptr) stream_->engine_->break_off();  // a record may have left in part
    return fail(stream_->error_of(*this, why_));
  }
  return {};
}

void Stream::Send::cancel(Error why) {
  why_ = why;
  stream_->cancel(*this);
}

// TLS.

void Stream::secure(std::unique_ptr<tls::Engine> engine) {
  engine_ = std::move(engine);
  receive_.layer = this;
}

const tls::Facts* Stream::tls() const {
  return engine_ == nullptr ? nullptr : &engine_->facts();
}

bool Stream::readable() {
  return (engine_ != nullptr && engine_->unread()) || reactor_.io().readable(handle_);
}

/// Decrypts what came into the room of the receive. \returns whether the receive is over
bool Stream::take_plain(std::span<const char> received) {
  std::span<char> room = receive_.room_;
  if (room.empty()) {
    room = engine_->bench().plain();
    reactor_.io().lodge(nullptr);  // whoever has unread bytes there has to move
  }
  const Result<std::size_t> opened = engine_->open(received, room);
  if (opened && *opened == 0 && !engine_->closed()) return false;
  receive_.data = room.data();
  receive_.result = opened ? static_cast<std::int64_t>(*opened) : -EPROTO;
  return true;
}

bool Stream::receive_secured() {
  return (engine_->unread() && take_plain({})) || submit_secured();
}

/// \returns whether the receive is over; otherwise it is parked
bool Stream::submit_secured() {
  do {
    receive_.data = nullptr;
    receive_.size = 0;
    if (!reactor_.io().submit(receive_)) return false;
  } while (!absorb());
  return true;
}

/// The kernel gave something. \returns whether the receive is over: records that are not whole, and those that carry
/// nothing of the application, are nothing to tell anybody of
bool Stream::absorb() {
  Receive& receive = receive_;
  if (receive.result > 0) return take_plain({receive.data, static_cast<std::size_t>(receive.result)});
  if (receive.result == 0 && !engine_->closed()) receive.result = -ENOTCONN;  // cut: nobody said goodbye
  return true;
}

// A receive of a secured stream has been completed by the Io.
bool Stream::completed(Op&) {
  return absorb() || submit_secured();
}

// As far as the kernel takes it now: nobody waits for a goodbye.
void Stream::say_goodbye() {
  const std::string_view goodbye = engine_->goodbye();
  if (goodbye.empty()) return;
  const iovec piece{.iov_base = const_cast<char*>(goodbye.data()), .iov_len = goodbye.size()};
  reactor_.io().try_send(handle_, {&piece, 1}, false);
}

Stream::Send& Stream::send_goodbye(Duration timeout) {
  send({engine_ == nullptr || reset_ ? std::string_view() : engine_->goodbye()}, timeout).sealed_ = true;
  return send_;
}

void Stream::shut_down_sending() {
  if (engine_ != nullptr) say_goodbye();
  reactor_.io().shut_down_sending(handle_);
}

void Stream::parked(Op& op, const Error* canceled_already) {
  if (canceled_already != nullptr) {
    op.cancel(*canceled_already);
    return;
  }
  if (fault(Fault::timer_never_armed)) return;
  if (op.deadline != never && (!armed() || due() > op.deadline)) reactor_.timers().arm(*this, op.deadline);
}

void Stream::hasten_receive(Duration left) {
  const Time sooner = deadline_after(reactor_.now(), left);
  if (!receive_.parked || receive_.deadline <= sooner) return;
  receive_.deadline = sooner;
  if (!armed() || due() > sooner) reactor_.timers().arm(*this, sooner);
}

void Stream::cancel(Op& op) {
  reactor_.io().cancel(op);
}

// The timer fires at the oldest deadline it was armed for; ops that have moved theirs since wait on.
void Stream::fire(Time now) {
  Time next = never;
  for (Op* op : {static_cast<Op*>(&receive_), static_cast<Op*>(&send_)}) {
    if (!op->parked) continue;
    if (op->deadline <= now) {
      op->timed_out = true;
      reactor_.io().cancel(*op);
    } else {
      next = std::min(next, op->deadline);
    }
  }
  if (next != never) reactor_.timers().arm(*this, next);
}

Error Stream::error_of(const Op& op, Error why) const {
  if (op.timed_out) return Error{.code = Code::timed_out, .origin = peer_};
  if (op.result == -ECANCELED) return why;
  if (engine_ != nullptr && op.result == -ENOTCONN)
    return {.code = Code::peer_closed, .origin = peer_, .text = "the connection was cut without the end that TLS has"};
  if (engine_ != nullptr && op.result == -EPROTO)
    return {.code = Code::tls_failed, .origin = peer_, .text = tls::sentence_of(engine_->failure())};
  return os_error(static_cast<int>(-op.result), peer_);
}

}  // namespace weir
