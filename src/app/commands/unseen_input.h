// What somebody types at a terminal that does not show it.
//
// Problem: while a password is typed the terminal echoes nothing. Whoever ends the command with Ctrl-C then, or puts it
// aside with Ctrl-Z, would be left with a terminal that shows nothing of what he types any more.
// Idea: as long as the terminal is silent, the signals that end or stop a process are blocked, and announced by a
// signalfd. When one is, the terminal is made to show what is typed again, and then the signal is let through and does
// what it always does. Should we still be there (brought back with fg, or the signal is ignored), we ask again.
//
// Invariants
//   (1) The terminal is silent only while these signals are blocked.
//   (2) No signal handler: nothing runs in a signal's context. The process must have one thread.
#pragma once

#include <csignal>
#include <string>
#include <string_view>

#include <termios.h>

namespace weir {

class UnseenInput {
 public:
  /// Whether somebody types on standard input.
  static bool possible();

  UnseenInput();
  UnseenInput(const UnseenInput&) = delete;
  UnseenInput& operator=(const UnseenInput&) = delete;
  ~UnseenInput();

  /// Asks on standard error. \returns  the line without its end; what there is of it when the input ends
  std::string ask(std::string_view prompt);

 private:
  enum class Came { byte, end, signal };

  void hide();
  void show();
  void let_signals_through();
  Came next(char& byte) const;

  termios shown_{};
  bool hidden_ = false;
  sigset_t mask_before_{};
  int signals_ = -1;
};

}  // namespace weir
