// How receives and sends meet the Io, and how deadlines meet both.
#include "net/stream.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/fault.h"

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
  receive_.data = room.data();
  receive_.size = room.size();
  receive_.urgency = Urgency::continues;
  receive_.timed_out = false;
  receive_.deadline = deadline_after(reactor_.now(), timeout);
  return receive_;
}

bool Stream::Receive::await_ready() {
  return stream_->reactor_.io().submit(*this);
}

Result<std::span<char>> Stream::Receive::await_resume() {
  if (result < 0) return fail(stream_->error_of(*this, why_));
  stream_->bytes_received_ += static_cast<ByteCount>(result);
  return std::span<char>(data, static_cast<std::size_t>(result));
}

void Stream::Receive::cancel(Error why) {
  why_ = why;
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

bool Stream::Send::send_pieces() {
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
  if (result < 0) return fail(stream_->error_of(*this, why_));
  return {};
}

void Stream::Send::cancel(Error why) {
  why_ = why;
  stream_->cancel(*this);
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
  return os_error(static_cast<int>(-op.result), peer_);
}

}  // namespace weir
