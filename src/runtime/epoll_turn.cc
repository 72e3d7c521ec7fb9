// A turn of epoll_io.h: waiting for events, and who is served first when much has arrived at once.
#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <ctime>
#include <utility>

#include "runtime/epoll_io.h"

namespace weir {
namespace {

timespec timespec_of(Duration duration) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(duration);
  return {.tv_sec = seconds.count(), .tv_nsec = (duration - seconds).count()};
}

}  // namespace

std::size_t EpollIo::wait(Time deadline, CompletionSink& sink) {
  clear_scratch();  // of a receive that completed at once, outside any wait
  if (!ended_.empty()) sink.awake();
  std::size_t delivered = finish_ended(sink);
  const bool more_to_do = delivered > 0 || !waiting_.empty();
  const std::size_t count = collect(more_to_do ? Time{} : deadline);
  sink.awake();
  for (std::size_t at = 0; at < count; ++at) delivered += dispatch(events_[at], sink);
  return delivered + begin_some(sink);
}

// Asks without waiting first; when nothing is there and the load says so, pauses, so that one wake-up brings
// many events.
std::size_t EpollIo::collect(Time deadline) {
  const Time begin = now();
  const Duration timeout = time_left(begin, deadline);
  int count = 0;
  if (coalescer_.enabled() && timeout != Duration::zero()) {
    count = poll(Duration::zero());
    if (const Duration pause = coalescer_.pause(count == 0); pause > Duration::zero()) {
      const timespec rest = timespec_of(timeout < Duration::zero() ? pause : std::min(pause, timeout));
      ::clock_nanosleep(CLOCK_MONOTONIC, 0, &rest, nullptr);
      count = poll(Duration::zero());
    }
    if (count == 0) count = poll(timeout);
    coalescer_.observe(static_cast<std::size_t>(count), now());
  } else {
    count = poll(timeout);
  }
  return static_cast<std::size_t>(std::max(count, 0));
}

// Kernels before 5.11, and tools that run programs on a kernel of their own, know only the call with milliseconds.
int EpollIo::poll(Duration timeout) {
  const bool forever = timeout < Duration::zero();
  if (fine_timeouts_) {
    const timespec limit = forever ? timespec{} : timespec_of(timeout);
    const int count = ::epoll_pwait2(epoll_, events_.data(), events_per_turn, forever ? nullptr : &limit, nullptr);
    if (count >= 0 || errno != ENOSYS) return count;
    fine_timeouts_ = false;
  }
  const auto rounded_up =
      std::chrono::ceil<std::chrono::milliseconds>(std::min<Duration>(timeout, std::chrono::hours{24}));
  return ::epoll_wait(epoll_, events_.data(), events_per_turn, forever ? -1 : static_cast<int>(rounded_up.count()));
}

std::size_t EpollIo::dispatch(const epoll_event& event, CompletionSink& sink) {
  constexpr std::uint32_t end = EPOLLHUP | EPOLLERR;
  const std::uint64_t tag = event.data.u64;
  if (number_of(tag) == wake_) {
    std::uint64_t count = 0;
    static_cast<void>(::read(wake_, &count, sizeof(count)));
    return 1;
  }
  Descriptor* const socket = current(tag);
  if (socket == nullptr) return 0;
  std::size_t delivered = 0;
  if ((event.events & (EPOLLIN | EPOLLRDHUP | end)) != 0) {
    socket->readable = true;
    socket->ending |= (event.events & (EPOLLRDHUP | end)) != 0;
    socket->gone |= (event.events & end) != 0;
    if (socket->reader != nullptr && socket->reader->urgency == Urgency::begins) {
      if (!std::exchange(socket->waiting, true)) waiting_.push_back(tag);
    } else {
      delivered += deliver_input(tag, sink);
    }
  }
  if ((event.events & (EPOLLOUT | end)) != 0) delivered += deliver_output(tag, sink);
  return delivered;
}

std::size_t EpollIo::begin_some(CompletionSink& sink) {
  std::size_t delivered = 0;
  for (std::size_t left = begun_per_turn; left > 0 && !waiting_.empty(); --left) {
    const std::uint64_t tag = waiting_.front();
    waiting_.pop_front();
    Descriptor* const socket = current(tag);
    if (socket == nullptr) continue;
    socket->waiting = false;
    delivered += deliver_input(tag, sink);
  }
  return delivered;
}

// The vector of descriptors may move while coroutines run: they are looked up again after each completion.
EpollIo::Descriptor* EpollIo::current(std::uint64_t tag) {
  Descriptor& socket = descriptors_[static_cast<std::size_t>(number_of(tag))];
  return socket.open && socket.generation == tag >> 32 ? &socket : nullptr;
}

std::size_t EpollIo::deliver_input(std::uint64_t tag, CompletionSink& sink) {
  Descriptor* const socket = current(tag);
  Op* const reader = socket->reader;
  if (reader == nullptr) {
    if (socket->watcher != nullptr) socket->watcher->on_activity(socket->gone);
    return 0;
  }
  if (reader->kind == Op::Kind::connect || !attempt(*reader, *socket)) return 0;
  current(tag)->reader = nullptr;
  return finish(*reader, sink);
}

std::size_t EpollIo::deliver_output(std::uint64_t tag, CompletionSink& sink) {
  Descriptor* const socket = current(tag);
  if (socket == nullptr) return 0;  // closed by whoever got its input
  const bool connecting = socket->reader != nullptr && socket->reader->kind == Op::Kind::connect;
  Op*& place = connecting ? socket->reader : socket->writer;
  Op* const pending = place;
  if (pending == nullptr || !attempt(*pending, *socket)) return 0;
  place = nullptr;
  return finish(*pending, sink);
}

}  // namespace weir
