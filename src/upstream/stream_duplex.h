// A connection as the end of a tunnel or of a raw stream: bytes that came before it was one go first.
#pragma once

#include "contracts/duplex.h"
#include "net/inbox.h"

namespace weir {

class StreamDuplex : public Duplex {
 public:
  StreamDuplex(Stream& stream, Inbox& inbox) : stream_(stream), inbox_(inbox) {}

  Task<Result<std::string_view>> receive(Duration timeout) override {
    if (inbox_.empty()) {
      CO_TRY(const std::span<char> received, co_await stream_.receive(timeout));
      co_return std::string_view(received.data(), received.size());
    }
    const std::span<char> unread = inbox_.unread();
    inbox_.consume(unread.size());
    co_return std::string_view(unread.data(), unread.size());
  }
  Task<Result<void>> send(std::string_view bytes, Duration timeout) override {
    co_return co_await stream_.send(bytes, timeout);
  }
  void finish_sending() override { stream_.shut_down_sending(); }
  /// What was sent is not all there was: from now on the end of this is a reset and no orderly one, so that nobody
  /// takes the part for the whole.
  void cut() override { stream_.reset_on_close(); }

 private:
  Stream& stream_;
  Inbox& inbox_;
};

}  // namespace weir
