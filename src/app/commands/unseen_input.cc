// Hiding, waiting for a byte or a signal, showing again.
#include "app/commands/unseen_input.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>

#include "base/crypto.h"
#include "base/limits.h"

namespace weir {
namespace {

sigset_t ending_or_stopping() {
  sigset_t set;
  ::sigemptyset(&set);
  for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP}) ::sigaddset(&set, number);
  return set;
}

}  // namespace

bool UnseenInput::possible() {
  return ::isatty(STDIN_FILENO) != 0;
}

UnseenInput::UnseenInput() {
  const sigset_t set = ending_or_stopping();
  ::sigprocmask(SIG_BLOCK, &set, &mask_before_);
  signals_ = ::signalfd(-1, &set, SFD_CLOEXEC);
  hide();
}

UnseenInput::~UnseenInput() {
  show();
  if (signals_ >= 0) ::close(signals_);
  ::sigprocmask(SIG_SETMASK, &mask_before_, nullptr);
}

std::string UnseenInput::ask(std::string_view prompt) {
  std::string line;
  line.reserve(limits::password_bytes + 1);  // so that no half of it stays behind where a string has grown
  fmt::print(stderr, "{}", prompt);
  while (true) {
    char byte = 0;
    switch (next(byte)) {
      case Came::byte:
        if (byte != '\n') {
          line += byte;
          break;
        }
        [[fallthrough]];
      case Came::end:
        fmt::print(stderr, "\n");
        if (line.ends_with('\r')) line.pop_back();
        return line;
      case Came::signal:
        fmt::print(stderr, "\n");
        crypto::forget(line);
        line.clear();
        let_signals_through();
        fmt::print(stderr, "{}", prompt);
        break;
    }
  }
}

// A terminal gives a line at a time, and keeps what we do not take.
UnseenInput::Came UnseenInput::next(char& byte) const {
  while (true) {
    std::array<pollfd, 2> waited{pollfd{signals_, POLLIN, 0}, pollfd{STDIN_FILENO, POLLIN, 0}};
    if (::poll(waited.data(), waited.size(), -1) < 0) {
      if (errno == EINTR) continue;
      return Came::end;
    }
    if (waited[0].revents != 0) return Came::signal;
    const ssize_t size = ::read(STDIN_FILENO, &byte, 1);
    if (size < 0 && errno == EINTR) continue;
    return size == 1 ? Came::byte : Came::end;
  }
}

// What we do not come back from ends here.
void UnseenInput::let_signals_through() {
  show();
  ::sigprocmask(SIG_SETMASK, &mask_before_, nullptr);
  const sigset_t set = ending_or_stopping();
  ::sigprocmask(SIG_BLOCK, &set, nullptr);
  hide();
}

// The settings are looked at each time: while we were stopped, they may have become others.
void UnseenInput::hide() {
  hidden_ = ::tcgetattr(STDIN_FILENO, &shown_) == 0;
  if (!hidden_) return;
  termios silent = shown_;
  silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
  ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
}

void UnseenInput::show() {
  if (hidden_) ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &shown_);
  hidden_ = false;
}

}  // namespace weir
