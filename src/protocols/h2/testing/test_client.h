// A client of HTTP/2 on the simulated network that does what a test says, and remembers what it was told.
//
//   TestClient client(reactor_shard, address);
//   const StreamId get = client.ask("GET", "/a");
//   world.run_until([&] { return client.at(get).ended; });
#pragma once

#include <array>
#include <map>
#include <memory>
#include <string>

#include "net/connect.h"
#include "protocols/h2/carrier.h"

namespace weir::h2 {

class TestClient final : public Carrier {
 public:
  struct Heard {
    std::string status;
    std::map<std::string, std::string> fields;
    std::string content;
    std::map<std::string, std::string> trailers;
    bool ended = false;
    std::optional<ErrorCode> reset;
  };

  TestClient(Shard& shard, const UpstreamAddress& address,
             CodecSettings settings = {.stream_window = 65'535, .connection_window = 1 << 20})
      : Carrier(shard, Side::client, settings), scope_(shard.reactor) {
    scope_.spawn(carry_on(address));
  }
  ~TestClient() = default;

  /// A request; with `content`, all of it. The stream's own channel says what is left to send.
  StreamId ask(std::string_view method, std::string_view path, std::optional<std::string_view> content = {},
               std::initializer_list<Line> more = {}, bool ends = true) {
    std::vector<Line> lines{{":method", method}, {":scheme", "http"}, {":path", path}, {":authority", "weir.test"}};
    lines.insert(lines.end(), more);
    const StreamId id = open(lines, content.has_value());
    if (content) send(id, *content, ends);
    return id;
  }
  /// Asks for a WebSocket (RFC 8441).
  StreamId tunnel(std::string_view path) {
    const std::array lines{Line{":method", "CONNECT"}, Line{":protocol", "websocket"}, Line{":scheme", "http"},
                           Line{":path", path}, Line{":authority", "weir.test"}};
    return open(lines, true);
  }
  void send(StreamId id, std::string_view content, bool ends) { channels_.at(id)->put(content, ends); }
  void send_trailers(StreamId id, std::span<const Line> trailers) { channels_.at(id)->put({}, true, trailers); }
  void take_back(StreamId id) { reset(id, ErrorCode::cancel); }
  /// Gives no credit for content any more, until told otherwise.
  void stop_reading() { reads_ = false; }
  void read_on() {
    reads_ = true;
    for (auto& [id, heard] : heard_)
      give_credit(id, heard.content.size() - std::exchange(credited_[id], heard.content.size()));
  }
  void leave() {
    codec_.end(ErrorCode::no_error);
    wake_writer();
  }
  void vanish() { scope_.cancel(gateway_error(Code::canceled)); }

  Heard& at(StreamId id) { return heard_[id]; }
  [[nodiscard]] bool over() const { return scope_.running() == 0; }
  [[nodiscard]] const std::vector<ErrorCode>& goaways() const { return goaways_; }
  [[nodiscard]] const std::vector<StreamId>& lasts() const { return lasts_; }
  Codec& frames() { return codec_; }
  void wake() { wake_writer(); }

 private:
  struct Channel1 final : Channel {
    using Channel::Channel;
  };

  StreamId open(std::span<const Line> lines, bool with_content) {
    const StreamId id = *codec_.open(lines, !with_content);
    auto& channel = channels_[id] = std::make_unique<Channel1>(shard_.reactor, *this, id);
    carry(*channel);
    wake_writer();
    return id;
  }

  Task<void> carry_on(UpstreamAddress address) {
    auto connected = co_await connect(shard_.reactor, address, no_limit);
    if (!connected) co_return;
    const std::unique_ptr<Stream> stream = std::move(*connected);
    stream_ = stream.get();
    Scope both(shard_.reactor);
    both.attach(co_await current_cancellation{});
    both.spawn(write(*stream, no_limit));
    while (true) {
      const auto received = co_await stream->receive(no_limit);
      if (!received || received->empty()) break;
      if (!feed({received->data(), received->size()})) break;
    }
    codec_.end(ErrorCode::no_error);
    wake_writer();
    co_await both.join();
    stream_ = nullptr;
  }

  void section_began(StreamId) override {}
  bool field(StreamId stream, std::string_view name, std::string_view value) override {
    Heard& heard = heard_[stream];
    if (name == ":status") {
      heard.status = value;
      heard.fields.clear();
    } else {
      (in_trailers_[stream] ? heard.trailers : heard.fields)[std::string(name)] = value;
    }
    return true;
  }
  void section_ended(StreamId stream, bool end_of_stream) override {
    in_trailers_[stream] = heard_[stream].status.front() != '1';
    heard_[stream].ended |= end_of_stream;
  }
  void content(StreamId stream, std::string_view bytes) override {
    codec_.give_connection_credit(bytes.size());
    heard_[stream].content += bytes;
    if (!reads_) return;
    credited_[stream] += bytes.size();
    give_credit(stream, bytes.size());
  }
  void content_ended(StreamId stream) override { heard_[stream].ended = true; }
  void content_is_wrong(Channel&) override {}
  void closed(Channel& channel, ErrorCode why, bool) override {
    if (!heard_[channel.id()].ended) heard_[channel.id()].reset = why;
  }
  void peer_goes_away(StreamId last, ErrorCode why) override {
    goaways_.push_back(why);
    lasts_.push_back(last);
  }
  void ping_answered() override {}
  void writer_ended(const Result<void>&) override {
    if (stream_ != nullptr) stream_->interrupt_receive(gateway_error(Code::canceled));
  }

  Scope scope_;
  Stream* stream_ = nullptr;
  std::map<StreamId, std::unique_ptr<Channel1>> channels_;
  std::map<StreamId, Heard> heard_;
  std::map<StreamId, std::size_t> credited_;
  std::map<StreamId, bool> in_trailers_;
  std::vector<ErrorCode> goaways_;
  std::vector<StreamId> lasts_;
  bool reads_ = true;
};

}  // namespace weir::h2
