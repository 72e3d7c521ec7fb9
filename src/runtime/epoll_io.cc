// The calls behind epoll_io.h: what an op does when it is tried. (When it is tried is in epoll_turn.cc.)
#include "runtime/epoll_io.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <ctime>
#include <utility>

#include "runtime/datagram_calls.h"
#include "runtime/poison.h"
#include "runtime/socket_calls.h"

namespace weir {
namespace {

int number(Handle handle) {
  return static_cast<int>(handle);
}

SocketAddress address_by(int (*call)(int, sockaddr*, socklen_t*), Handle handle) {
  SocketAddress address;
  address.length = sizeof(address.storage);
  if (call(number(handle), reinterpret_cast<sockaddr*>(&address.storage), &address.length) != 0) address.length = 0;
  return address;
}

// Not the library's wrappers: in a program with threads they are cancellation points, which costs 0.4 % of a request.
std::int64_t receive_bytes(int fd, char* place, std::size_t room) {
  return ::syscall(SYS_recvfrom, fd, place, room, 0, nullptr, nullptr);
}
std::int64_t send_bytes(int fd, const void* bytes, std::size_t count, int flags = 0) {
  return ::syscall(SYS_sendto, fd, bytes, count, MSG_NOSIGNAL | flags, nullptr, 0);
}

}  // namespace

EpollIo::EpollIo(Duration coalescing_cap)
    : epoll_(::epoll_create1(EPOLL_CLOEXEC)),
      wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      scratch_(std::make_unique_for_overwrite<char[]>(limits::scratch_bytes)),
      coalescer_(coalescing_cap) {
  invariant(epoll_ >= 0 && wake_ >= 0, "epoll and an eventfd can be had at start");
  epoll_event event{.events = EPOLLIN | EPOLLET, .data = {.u64 = tag_of(wake_, 0)}};
  ::epoll_ctl(epoll_, EPOLL_CTL_ADD, wake_, &event);
  // The kernel rounds sleeps up by 50 us unless told otherwise: a 50 us pause would become 130.
  if (coalescer_.enabled()) ::prctl(PR_SET_TIMERSLACK, 1);
  WEIR_POISON(scratch_.get(), limits::scratch_bytes);
}

EpollIo::~EpollIo() {
  WEIR_UNPOISON(scratch_.get(), limits::scratch_bytes);
  for (std::size_t fd = 0; fd < descriptors_.size(); ++fd) {
    if (descriptors_[fd].open) ::close(static_cast<int>(fd));
  }
  ::close(wake_);
  ::close(epoll_);
}

Result<Handle> EpollIo::listen(const SocketAddress& address, ListenOptions options) {
  TRY(const int fd, open_listening_socket(address, options));
  return adopt(fd, true);
}

void EpollIo::begin_no_handshake(Handle listener) {
  weir::begin_no_handshake(number(listener));
}

SocketAddress EpollIo::local_address(Handle handle) {
  return address_by(::getsockname, handle);
}
SocketAddress EpollIo::remote_address(Handle handle) {
  return address_by(::getpeername, handle);
}
std::int64_t EpollIo::peer_user(Handle handle) {
  ucred who{};
  socklen_t size = sizeof(who);
  if (::getsockopt(number(handle), SOL_SOCKET, SO_PEERCRED, &who, &size) != 0) return -1;
  return who.pid == 0 ? -1 : static_cast<std::int64_t>(who.uid);  // TCP answers too, with nobody
}

Result<Handle> EpollIo::open(const SocketAddress& address, SocketKind kind) {
  TRY(const int fd, open_socket(address, kind));
  // Registered by the connect op: an unconnected socket would report EPOLLHUP at once.
  const auto slot = static_cast<std::size_t>(fd);
  if (descriptors_.size() <= slot) descriptors_.resize(slot + 1);
  const std::uint32_t generation = descriptors_[slot].generation;
  descriptors_[slot] = {.generation = generation, .open = true, .datagrams = kind == SocketKind::datagram};
  return static_cast<Handle>(fd);
}

Result<Handle> EpollIo::adopt(int fd, bool may_have_bytes) {
  const auto slot = static_cast<std::size_t>(fd);
  if (descriptors_.size() <= slot) descriptors_.resize(slot + 1);
  Descriptor& socket = descriptors_[slot];
  const std::uint32_t generation = socket.generation;
  socket = {.generation = generation, .open = true, .readable = may_have_bytes};
  epoll_event event{.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, .data = {.u64 = tag_of(fd, generation)}};
  if (::epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event) != 0) {
    const Error error = os_error(errno);
    socket.open = false;
    ::close(fd);
    return fail(error);
  }
  return static_cast<Handle>(fd);
}

bool EpollIo::submit(Op& op) {
  Descriptor& socket = descriptor(op.handle);
  invariant(socket.open, "an op is submitted on an open handle");
  op.result = 0;  // a send counts up from here
  if (attempt(op, socket)) return true;
  park(op, socket);
  return false;
}

bool EpollIo::attempt(Op& op, Descriptor& socket) {
  switch (op.kind) {
    case Op::Kind::accept:
      return attempt_accept(op, socket);
    case Op::Kind::connect:
      return attempt_connect(op);
    case Op::Kind::receive:
      return attempt_receive(op, socket);
    case Op::Kind::send:
      return attempt_send(op);
    case Op::Kind::send_file:
      return attempt_send_file(op);
    case Op::Kind::none:
      break;
  }
  invariant(false, "a submitted op has a kind");
  return true;
}

bool EpollIo::attempt_accept(Op& op, Descriptor& socket) {
  if (!socket.readable) return false;
  const int fd = ::accept4(number(op.handle), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
  if (fd < 0) {
    if (errno == EAGAIN) {
      socket.readable = false;
      return false;
    }
    op.result = -errno;
    return true;
  }
  send_without_delay(fd);
  const auto accepted = adopt(fd, true);  // may move `socket`
  op.result = accepted ? static_cast<std::int64_t>(*accepted) : -accepted.error().os_error;
  return true;
}

// First call: starts connecting. Later calls (the socket became writable): asks how it went.
bool EpollIo::attempt_connect(Op& op) {
  const int fd = number(op.handle);
  if (op.data != nullptr) {
    const auto* address = reinterpret_cast<const SocketAddress*>(op.data);
    op.data = nullptr;
    const int outcome = ::connect(fd, address->raw(), address->length);
    const int error = outcome == 0 ? 0 : errno;
    if (error != 0 && error != EINPROGRESS) {
      op.result = -error;
      return true;
    }
    epoll_event event{.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET,
                      .data = {.u64 = tag_of(fd, descriptor(op.handle).generation)}};
    if (::epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event) != 0) {
      op.result = -errno;
      return true;
    }
    op.result = 0;
    return error == 0;
  }
  int error = 0;
  socklen_t length = sizeof(error);
  ::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length);
  op.result = -error;
  return true;
}

bool EpollIo::attempt_receive(Op& op, Descriptor& socket) {
  if (!socket.readable) return false;
  const bool into_scratch = op.size == 0;
  char* const place = into_scratch ? scratch_.get() : op.data;
  const std::size_t room = into_scratch ? limits::scratch_bytes : op.size;
  if (into_scratch) {
    lodge(nullptr);
    WEIR_UNPOISON(place, room);
  }
  const std::int64_t count = receive_bytes(number(op.handle), place, room);
  if (count < 0) {
    if (errno == EAGAIN) {
      socket.readable = false;
      if (into_scratch) WEIR_POISON(place, room);
      return false;
    }
    op.result = -errno;
    return true;
  }
  if (static_cast<std::size_t>(count) < room && !socket.ending && !socket.datagrams) socket.readable = false;
  op.data = place;
  op.result = count;
  return true;
}

bool EpollIo::attempt_send(Op& op) {
  while (op.size > 0) {
    const std::int64_t count = send_bytes(number(op.handle), op.data, op.size);
    if (count < 0) {
      if (errno == EAGAIN) return false;
      op.result = -errno;
      return true;
    }
    op.data += count;
    progressed(op, count);
  }
  return true;
}

bool EpollIo::attempt_send_file(Op& op) {
  while (op.size > 0) {
    off_t offset = op.file_offset;
    const std::int64_t count = ::sendfile(number(op.handle), op.file, &offset, op.size);
    if (count <= 0) {
      if (count < 0 && errno == EAGAIN) return false;
      op.result = count == 0 ? -ENODATA : -errno;
      return true;
    }
    op.file_offset = offset;
    progressed(op, count);
  }
  return true;
}

void EpollIo::progressed(Op& op, std::int64_t bytes) {
  op.size -= static_cast<std::size_t>(bytes);
  op.result += bytes;
  if (op.size > 0 && op.patience >= Duration::zero()) op.deadline = now() + op.patience;
}

void EpollIo::park(Op& op, Descriptor& socket) {
  Op*& place = op.sends() ? socket.writer : socket.reader;
  invariant(place == nullptr, "one op per handle and direction");
  place = &op;
  op.parked = true;
}

void EpollIo::cancel(Op& op) {
  if (!op.parked) return;
  Descriptor& socket = descriptor(op.handle);
  if (socket.reader == &op) {
    socket.reader = nullptr;
  } else if (socket.writer == &op) {
    socket.writer = nullptr;
  } else {
    return;  // ended already
  }
  op.result = -ECANCELED;
  op.unlink();
  ended_.push_back(op);
}

std::int64_t EpollIo::try_send(Handle handle, std::span<const iovec> pieces, bool more) {
  std::int64_t count = 0;
  if (pieces.size() == 1) {
    count = send_bytes(number(handle), pieces[0].iov_base, pieces[0].iov_len, more ? MSG_MORE : 0);
  } else {
    msghdr message{};
    message.msg_iov = const_cast<iovec*>(pieces.data());
    message.msg_iovlen = pieces.size();
    count = ::sendmsg(number(handle), &message, MSG_NOSIGNAL | (more ? MSG_MORE : 0));
  }
  if (count >= 0) return count;
  return errno == EAGAIN ? 0 : -errno;
}

// An edge says that something came, not that it is still there: whoever would wait for it must know.
bool EpollIo::readable(Handle handle) {
  if (!descriptor(handle).readable) return false;
  pollfd question{.fd = number(handle), .events = POLLIN, .revents = 0};
  return ::poll(&question, 1, 0) > 0;
}
void EpollIo::watch(Handle handle, Watcher* watcher) {
  descriptor(handle).watcher = watcher;
}
void EpollIo::shut_down_sending(Handle handle) {
  ::shutdown(number(handle), SHUT_WR);
}

void EpollIo::close(Handle handle, bool abort) {
  Descriptor& socket = descriptor(handle);
  invariant(socket.open, "a handle is closed once");
  for (Op** place : {&socket.reader, &socket.writer}) {
    Op* op = std::exchange(*place, nullptr);
    if (op == nullptr) continue;
    op->result = -ECANCELED;
    op->unlink();
    ended_.push_back(*op);
  }
  if (abort) {
    const linger reset{.l_onoff = 1, .l_linger = 0};
    ::setsockopt(number(handle), SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
  }
  ++socket.generation;
  socket.open = false;
  socket.watcher = nullptr;
  ::close(number(handle));
}

Result<Handle> EpollIo::listen_datagrams(const SocketAddress& address, bool reuse_port) {
  TRY(const int fd, open_datagram_socket(address, reuse_port));
  TRY(const Handle handle, adopt(fd, true));
  descriptor(handle).datagrams = true;
  return handle;
}

std::int64_t EpollIo::receive_from(Handle handle, std::span<char> room, DatagramEnds& ends) {
  return receive_datagram(number(handle), room, ends);
}

std::int64_t EpollIo::send_to(Handle handle, std::string_view datagram, const DatagramEnds& ends) {
  return send_datagram(number(handle), datagram, ends);
}

std::size_t EpollIo::finish(Op& op, CompletionSink& sink) {
  sink.complete(op);
  clear_scratch();
  return 1;
}

// The waiter has suspended: its loan is over.
void EpollIo::clear_scratch() {
  lodge(nullptr);
  WEIR_POISON(scratch_.get(), limits::scratch_bytes);
}

void EpollIo::lodge(ScratchTenant* tenant) {
  ScratchTenant* former = std::exchange(tenant_, tenant);
  if (former != nullptr && former != tenant) former->move_out();
}

void EpollIo::vacate(ScratchTenant* tenant) {
  if (tenant_ == tenant) tenant_ = nullptr;
}

std::size_t EpollIo::finish_ended(CompletionSink& sink) {
  IntrusiveList<Op> batch;
  batch.splice_back(ended_);
  std::size_t delivered = 0;
  while (Op* op = batch.pop_front()) delivered += finish(*op, sink);
  return delivered;
}

void EpollIo::wake() {
  const std::uint64_t one = 1;
  static_cast<void>(::write(wake_, &one, sizeof(one)));
}

Time EpollIo::now() {
  timespec moment{};
  ::clock_gettime(CLOCK_MONOTONIC, &moment);
  return Time{std::chrono::seconds{moment.tv_sec} + std::chrono::nanoseconds{moment.tv_nsec}};
}

WallTime EpollIo::wall_now() {
  timespec moment{};
  ::clock_gettime(CLOCK_REALTIME, &moment);
  return WallTime{std::chrono::seconds{moment.tv_sec} + std::chrono::nanoseconds{moment.tv_nsec}};
}

}  // namespace weir
