// HTTP/2 towards a client: a connection that carries many requests at once.
//
// Idea: run() reads frames as long as the connection lives, whatever its streams do; each request is a child that has
// its exchange answered (server_stream.h), and one more child writes. The end comes in steps that lose no request:
// first it is announced, then, when the client is known to have heard, new streams are refused, and when the last
// answer has left, the connection ends (RFC 9113 section 6.8).
//
// Invariants
//   (1) Every stream in streams_ runs as a child of scope_; the session ends when none is left and the writer is done.
//   (2) No more requests are under way than the client was told, whatever it takes back: a request counts until its
//       exchange is over, not until its stream is closed.
#pragma once

#include <memory>

#include "contracts/session.h"
#include "net/inbox.h"
#include "protocols/h2/carrier.h"
#include "protocols/h2/server_stream.h"

namespace weir::h2 {

class ServerSessionH2 final : private Carrier, private DrainWatcher {
 public:
  /// \param inbox  begins with the client's preface
  ServerSessionH2(ServerContext& context, Inbox& inbox);
  ~ServerSessionH2();

  /// Serves the connection to its end.
  Task<void> run();

 private:
  /// How far the end has come.
  enum class Ending : std::uint8_t { no, announced, refusing };

  Task<Error> read();
  [[nodiscard]] Duration patience() const;
  Task<void> serve(ServerStream* stream);
  void begin_what_arrived();
  [[nodiscard]] bool full() const { return under_way_ - over_ >= streams_max_; }
  void be_quiet();
  void stream_over();
  void begin_end();
  void refuse_new();
  void end_when_quiet();
  void count_end();

  // CodecEvents
  void section_began(StreamId stream) override;
  bool field(StreamId stream, std::string_view name, std::string_view value) override;
  void section_ended(StreamId stream, bool end_of_stream) override;
  void stream_closed(StreamId stream, ErrorCode why, bool by_peer) override;
  void peer_goes_away(StreamId, ErrorCode) override {}
  void ping_answered() override;
  // Carrier
  void writer_ended(const Result<void>& outcome) override;
  void content_is_wrong(Channel& channel) override;
  void closed(Channel& channel, ErrorCode why, bool by_peer) override;
  std::optional<ErrorCode> frame_began(const FrameHeader& frame) override;
  // DrainWatcher
  void drain_began() override { begin_end(); }

  ServerContext& context_;
  Inbox& inbox_;
  Stream& stream_;
  Scope scope_;
  IntrusiveList<Channel> arrived_;    // their heads are read, and their exchanges have not begun
  ServerStream* incoming_ = nullptr;  // whose head comes in
  std::uint32_t streams_max_;
  std::uint32_t under_way_ = 0;  // exchanges
  std::uint32_t over_ = 0;       // of these, those whose stream is over: they do not count against the maximum
  ByteCount section_bytes_ = 0;
  ByteCount section_bytes_max_;
  Time section_began_{};
  StreamId section_of_ = 0;
  Ending ending_ = Ending::no;
  bool section_open_ = false;
  bool writer_done_ = false;
};

}  // namespace weir::h2
