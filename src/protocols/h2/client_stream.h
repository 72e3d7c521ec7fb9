// One exchange with an HTTP/2 upstream: what is heard of the answer, until somebody asks.
#pragma once

#include <deque>
#include <optional>

#include "contracts/exchange.h"
#include "protocols/h2/channel.h"
#include "protocols/h2/field_section.h"

namespace weir::h2 {

class ClientStream final : public Channel {
 public:
  ClientStream(Exchange& exchange, const RequestHead& head, ChannelHost& host, StreamId id);

  // The connection's side.

  void section_began();
  bool field(std::string_view name, std::string_view value) { return !section_ || section_->add(name, value); }
  /// \returns  false when the upstream broke a rule: the stream is of no use
  bool section_ended(bool end_of_stream);
  void request_left() { request_left_ = true; }
  void break_off(Error why) override;
  void lose_connection(Error why) override;

  // The exchange's side.

  /// The next head: interim ones first. \returns  nothing while none is there
  /// \errors  why the stream was broken off
  std::optional<Result<ResponseHead*>> next_head();
  [[nodiscard]] Signal::Wait head_arrival(Duration patience) { return head_arrival_.wait(patience); }
  /// Whether anything of the answer was heard.
  [[nodiscard]] bool heard() const { return heard_; }
  /// Whether the upstream may have seen the request.
  [[nodiscard]] bool request_may_be_known() const { return request_left_; }

 private:
  Exchange& exchange_;
  const Method method_;
  bool tunnel_;  // was asked for, and not refused so far
  Signal head_arrival_;
  ResponseHead* incoming_ = nullptr;
  std::deque<ResponseHead*> heads_;
  Fields trailers_;
  std::optional<FieldSection> section_;
  bool final_ = false;
  bool heard_ = false;
  bool request_left_ = false;
};

}  // namespace weir::h2
