// A stream that has left HTTP: one end of a tunnel (RFC 8441).
#pragma once

#include "contracts/duplex.h"
#include "protocols/h2/channel.h"

namespace weir::h2 {

class ChannelDuplex : public Duplex {
 public:
  explicit ChannelDuplex(Channel& channel) : channel_(channel) {}

  Task<Result<std::string_view>> receive(Duration timeout) override {
    while (!ended_) {
      if (const auto piece = channel_.try_read()) {
        if (!*piece) co_return fail(piece->error());
        ended_ = (*piece)->end;
        if (!(*piece)->bytes.empty()) co_return (*piece)->bytes;
        continue;
      }
      CO_TRY_VOID(co_await channel_.arrival(timeout));
    }
    co_return std::string_view();
  }
  Task<Result<void>> send(std::string_view bytes, Duration timeout) override {
    channel_.put(bytes, false);
    co_return co_await channel_.depart(timeout);
  }
  void finish_sending() override { channel_.put({}, true); }

 private:
  Channel& channel_;
  bool ended_ = false;
};

}  // namespace weir::h2
