// What an application writes to STDERR, on its way to the error log.
//
// Problem: a PHP site prints a warning per request, and what it prints may hold whatever a visitor sent; the error log
// must stay readable, and no visitor may fill the disk.
// Idea: each record is a message, cut at a length; an exchange may say a few, a core so many per second. What is left
// out is counted and told.
#pragma once

#include <string>

#include "contracts/exchange.h"

namespace weir::fastcgi {

/// What one core lets through: a bucket that fills with time. Pure but for its state.
class MessageBudget final : public ShardState {
 public:
  /// Whether a message may pass now; if not, it is counted.
  bool take(Time now);
  /// How many did not pass since this was asked last.
  std::uint64_t take_left_out() { return std::exchange(left_out_, 0); }

 private:
  Duration debt_ = Duration::zero();  // what has passed costs time that has to go by
  Time last_{};
  std::uint64_t left_out_ = 0;
};

class ApplicationLog {
 public:
  /// \param exchange  whose messages follow; outlives its use
  void begin(const Exchange& exchange);
  /// Bytes of STDERR as they arrive. \param message_ends  with the last of them
  void add(std::string_view bytes, bool message_ends);

 private:
  void say();

  const Exchange* exchange_ = nullptr;
  std::string text_;
  ByteCount cut_bytes_ = 0;  // of this message, beyond what is kept
  unsigned messages_ = 0;
};

}  // namespace weir::fastcgi
