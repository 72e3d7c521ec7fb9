// The thread that owns the file.
#include "observers/access_log/log_writer.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <limits.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <utility>

namespace weir {
namespace {

using Clock = std::chrono::steady_clock;

/// How long a stopping writer goes on trying.
constexpr std::chrono::seconds stop_patience{1};
/// How often a writer that waits for a reader looks whether it should stop.
constexpr int poll_milliseconds = 100;
/// A chunk's memory is kept for the next one up to this size.
constexpr std::size_t spare_bytes_max = std::size_t{256} << 10U;

}  // namespace

LogWriter::LogWriter(std::string to) : to_(std::move(to)), reopen_(true), thread_([this] { work(); }) {}

LogWriter::~LogWriter() {
  {
    const std::lock_guard lock(mutex_);
    stop_at_ = (Clock::now() + stop_patience).time_since_epoch().count();
    stopping_ = true;
  }
  changed_.notify_one();
  thread_.join();
  close();
}

void LogWriter::give(std::string& chunk, std::uint64_t lines) {
  if (chunk.empty()) return;
  {
    const std::lock_guard lock(mutex_);
    if (queued_bytes_ + chunk.size() > queued_bytes_max) {
      drop(lines);
      chunk.clear();
      return;
    }
    queued_bytes_ += chunk.size();
    queue_.push_back({std::move(chunk), lines});
    chunk = std::exchange(spare_, {});
  }
  chunk.clear();
  changed_.notify_one();
}

void LogWriter::reopen() {
  {
    const std::lock_guard lock(mutex_);
    reopen_ = true;
  }
  changed_.notify_one();
}

void LogWriter::redirect(std::string to) {
  {
    const std::lock_guard lock(mutex_);
    if (to == to_) return;
    to_ = std::move(to);
    reopen_ = true;
  }
  changed_.notify_one();
}

bool LogWriter::flush(std::chrono::milliseconds patience) {
  std::unique_lock lock(mutex_);
  return idle_.wait_for(lock, patience, [&] { return queue_.empty() && !writing_ && !reopen_; });
}

std::string LogWriter::problem() const {
  const std::lock_guard lock(mutex_);
  return problem_;
}

void LogWriter::work() {
  // Signals are for the thread that waits for them.
  sigset_t all;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_BLOCK, &all, nullptr);
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [&] { return stopping_ || reopen_ || !queue_.empty(); });
    if (queue_.empty() && !reopen_) return;  // stopping
    writing_ = true;
    if (std::exchange(reopen_, false)) {
      const std::string to = to_;
      lock.unlock();
      open(to);
      lock.lock();
    }
    if (!queue_.empty()) {
      Chunk chunk = std::move(queue_.front());
      queue_.pop_front();
      lock.unlock();
      write(chunk);
      lock.lock();
      queued_bytes_ -= chunk.text.size();
      if (chunk.text.capacity() <= spare_bytes_max) spare_ = std::move(chunk.text);
    }
    writing_ = false;
    if (queue_.empty()) idle_.notify_all();
  }
}

void LogWriter::open(const std::string& to) {
  int opened = -1;
  bool ours = false;
  if (to == "stdout") {
    opened = STDOUT_FILENO;
  } else if (to == "stderr") {
    opened = STDERR_FILENO;
  } else if (to != "off") {
    opened = ::open(to.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0640);
    ours = true;
    // A file that cannot be had anew is no reason to let go of the one at hand.
    if (opened < 0) return note_problem(to, errno);
  }
  close();
  descriptor_ = opened;
  owned_ = ours;
  struct stat about{};
  regular_ = opened >= 0 && ::fstat(opened, &about) == 0 && S_ISREG(about.st_mode);
  mid_line_ = false;
  note_problem({}, 0);
}

void LogWriter::close() {
  if (owned_ && descriptor_ >= 0) ::close(descriptor_);
  descriptor_ = -1;
  owned_ = false;
}

void LogWriter::write(const Chunk& chunk) {
  if (descriptor_ < 0) return drop(chunk.lines);
  std::size_t written = 0;
  if (mid_line_) {
    if (!write_all("\n", written)) return drop(chunk.lines);
    mid_line_ = false;
    written = 0;
  }
  if (write_all(chunk.text, written)) return;
  const auto cut = chunk.text.begin() + static_cast<std::ptrdiff_t>(written);
  const auto whole = static_cast<std::uint64_t>(std::count(chunk.text.begin(), cut, '\n'));
  mid_line_ = written > 0 && *(cut - 1) != '\n';
  drop(chunk.lines - std::min(chunk.lines, whole));
}

/// \returns false when the rest cannot be written now; `written` says how much was
bool LogWriter::write_all(std::string_view bytes, std::size_t& written) {
  while (!bytes.empty()) {
    // A pipe that is writable takes PIPE_BUF bytes without blocking and promises nothing beyond.
    if (!regular_ && !wait_writable()) return false;
    const std::size_t size = regular_ ? bytes.size() : std::min<std::size_t>(bytes.size(), PIPE_BUF);
    const ssize_t taken = ::write(descriptor_, bytes.data(), size);
    if (taken < 0 && (errno == EINTR || (errno == EAGAIN && !regular_))) continue;
    if (taken <= 0) {
      note_problem("write", taken < 0 ? errno : ENOSPC);
      return false;
    }
    bytes.remove_prefix(static_cast<std::size_t>(taken));
    written += static_cast<std::size_t>(taken);
  }
  return true;
}

bool LogWriter::wait_writable() {
  pollfd waiting{.fd = descriptor_, .events = POLLOUT, .revents = 0};
  while (true) {
    const int ready = ::poll(&waiting, 1, poll_milliseconds);
    if (ready > 0) return true;  // errors too: write() names them
    if (ready < 0 && errno != EINTR) return true;
    if (stopping_ && Clock::now().time_since_epoch().count() > stop_at_) return false;
  }
}

void LogWriter::note_problem(std::string_view what, int error_number) {
  const std::lock_guard lock(mutex_);
  problem_ = error_number == 0 ? std::string() : fmt::format("{}: {}", what, std::strerror(error_number));
}

}  // namespace weir
