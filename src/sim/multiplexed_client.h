// A user who speaks HTTP/2: one connection, many requests at once, each with a way of its own.
//
// Idea: beside the answers, which the ledger judges as those of HTTP/1, this client keeps an account of what the
// protocol itself promises: every byte of every window in both directions, which streams are open, what may still come
// on which, and what was said about the end. Whatever does not add up is written down at once.
//
// Invariants
//   (1) Frames leave in the order in which they were made: one coroutine sends.
//   (2) A request is asked again, elsewhere, only if the gateway said that it had not touched it.
#pragma once

#include <map>
#include <memory>
#include <vector>

#include "runtime/scope.h"
#include "runtime/signal.h"
#include "sim/answers.h"
#include "sim/frames.h"

namespace weir::sim {

using Requests = std::vector<const RequestPlan*>;

class MultiplexedClient {
 public:
  MultiplexedClient(Reactor& reactor, Ledger& ledger, const ClientConnectionPlan& plan, Stream& stream);
  MultiplexedClient(const MultiplexedClient&) = delete;
  MultiplexedClient& operator=(const MultiplexedClient&) = delete;

  /// Asks all of them at this connection, and stays until it ends. \param said_first  what it begins with, before
  /// HTTP/2
  /// \returns  those that are to be asked at another one
  Task<Requests> run(Requests requests, std::string said_first);

 private:
  /// A stream. Stays here when it is closed: more may be on its way.
  struct Ask {
    Ask(Reactor& reactor, Story& story_in, unsigned stream_in, bool early_in);
    Story& story;
    const unsigned stream;
    Signal changed;                // for whoever uploads
    std::int64_t may_send = 0;     // that the gateway lets us send
    std::int64_t may_come = 0;     // that we let the gateway send
    std::int64_t to_be_given = 0;  // that came, and the gateway may not send again yet
    ContentCheck answer;
    ContentCheck greeting;  // of a tunnel, as are the next two
    ContentCheck echo;
    ContentCheck tail;
    const bool early;   // asked before it was known how much may be asked
    bool ours = false;  // an origin speaks
    bool head_seen = false;
    bool tunnel = false;
    bool all_sent = false;
    bool all_came = false;
    bool closed = false;
  };

  // Asking.
  Task<void> ask_all(Requests requests);
  Task<void> wait_for_room(const RequestPlan& request);
  void open(const RequestPlan& request);
  Task<void> upload(Ask& ask);
  Task<bool> send_content(Ask& ask, ByteCount up_to);
  Task<void> give_slowly(Ask& ask);
  Task<void> leave();

  // Hearing.
  Task<void> listen();
  [[nodiscard]] Duration patience_now() const;
  void take(const Frame& frame);
  void take_settings(const Frame& frame);
  void take_credit(const Frame& frame);
  void take_head(const Frame& frame);
  void take_fields(Ask& ask, const Lines& lines, bool last);
  void take_content(const Frame& frame);
  void take_answer(Ask& ask, std::string_view bytes);
  void take_tunnel(Ask& ask, std::string_view bytes);
  void take_reset(const Frame& frame);
  void take_goaway(const Frame& frame);

  // What becomes of a request.
  void answer_ended(Ask& ask);
  void tell_in_grpc(Ask& ask, const Head& head);
  void end(Ask& ask, Outcome outcome);
  void end_without_answer(Ask& ask, bool late);
  void ask_again(Ask& ask, const char* why);
  void take_back(Ask& ask);
  void close(Ask& ask);
  void go_away();
  void judge_windows();
  void judge_drain();

  [[nodiscard]] Ask* find(unsigned stream);
  void send(Frame frame);
  Task<void> write();
  void give(unsigned stream, std::int64_t bytes);
  void wake_all();
  void violation(const char* checker, std::string text);

  Reactor& reactor_;
  Ledger& ledger_;
  const ClientConnectionPlan& plan_;
  Stream& stream_;
  Scope children_;
  Signal room_;  // a stream was closed, or something else that lets the next request begin
  Signal to_write_;
  Unpacker unpacker_;
  std::string out_;
  std::string unread_;
  std::map<unsigned, std::unique_ptr<Ask>> asks_;
  Requests again_;
  unsigned next_ = 1;
  unsigned open_ = 0;
  unsigned reset_ = 0;  // streams, by either side
  unsigned streams_max_ = 100;
  std::int64_t may_send_ = initial_window;
  std::int64_t may_come_ = initial_window;
  std::int64_t to_be_given_ = 0;
  std::int64_t gateway_window_ = initial_window;  // of a new stream
  bool settings_seen_ = false;
  bool announced_ = false;  // the gateway wants no more
  bool refusing_ = false;   // and has said where it ends
  bool all_asked_ = false;
  bool leaving_ = false;
  bool over_ = false;
  bool ended_in_order_ = false;
  Story* last_ = nullptr;
  Time quiet_since_{};
};

}  // namespace weir::sim
