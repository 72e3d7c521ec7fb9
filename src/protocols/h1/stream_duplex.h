// A connection that has left HTTP: the end of a tunnel, with the bytes that came behind the last head first.
#pragma once

#include "contracts/duplex.h"
#include "net/inbox.h"

namespace weir::h1 {

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

 private:
  Stream& stream_;
  Inbox& inbox_;
};

}  // namespace weir::h1
