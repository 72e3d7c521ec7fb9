// One raw stream, in the order in which things happen.
#include "server/raw_streams.h"

#include "net/tls/client_hello.h"
#include "server/raw_exchange.h"
#include "server/tunnel.h"
#include "upstream/stream_duplex.h"

namespace weir {
namespace {

/// What became of waiting for a ClientHello.
struct HeardHello {
  Result<tls::ClientHello> hello{};
  bool silent = false;  ///< nothing came at all: somebody only looked whether the port is open
};

/// Waits for it and takes nothing. \param patience  for all of it
Task<HeardHello> hear_client_hello(Inbox& inbox, Duration patience) {
  const Reactor& reactor = inbox.stream().reactor();
  const Time deadline = deadline_after(reactor.now(), patience);
  while (true) {
    const std::span<char> unread = inbox.unread();
    tls::PeekedHello peeked = tls::peek({unread.data(), unread.size()});
    if (peeked.state == tls::PeekedHello::State::whole) co_return HeardHello{.hello = std::move(peeked.hello)};
    if (peeked.state == tls::PeekedHello::State::refused) {
      co_return HeardHello{.hello = fail(client_error(Code::bad_client_hello, sentence_of(peeked.why)))};
    }
    const Duration left = time_left(reactor.now(), deadline);
    const Result<std::size_t> more = co_await inbox.fill_behind(limits::scratch_bytes, left);
    if (more && *more > 0) continue;
    const Error why = more                                   ? client_error(Code::peer_closed)
                      : more.error().code == Code::timed_out ? client_error(Code::tls_timeout)
                                                             : more.error();
    co_return HeardHello{.hello = fail(why), .silent = inbox.empty()};
  }
}

/// Fatal, unrecognized_name (RFC 6066 section 3, RFC 8446 section 6.2): a client that hears it says what is wrong.
constexpr std::string_view no_such_name_alert("\x15\x03\x03\x00\x02\x02\x70", 7);

bool is_passed_on_unopened(const ConnectionFacts& facts) {
  return facts.raw == RawProtocol::tls_passthrough;
}

class RawStream final : private ExchangeHost, private Watcher {
 public:
  RawStream(ServerContext& context, Inbox& inbox, std::span<Observer* const> observers)
      : context_(context), shard_(context.shard()), inbox_(inbox), observers_(observers) {
    stream().watch(this);
  }
  ~RawStream() { stream().watch(nullptr); }

  /// Serves the connection to its end.
  Task<void> run();

 private:
  [[nodiscard]] Stream& stream() const { return inbox_.stream(); }
  Task<HeardHello> hear_hello();
  [[nodiscard]] std::string_view asked_for(const Result<tls::ClientHello>& hello) const;
  Reply open(Exchange& exchange, const Result<tls::ClientHello>& hello);
  Task<void> carry(Exchange& exchange, Answer answer, Delivery& delivery);
  Task<void> turn_away(Error why);

  Task<Result<void>> interim(const ResponseHead&) override { co_return Result<void>{}; }
  void limit_time(Time) override {}
  /// The client can no longer be written to.
  void on_activity(bool gone) override {
    if (gone && region_ != nullptr) region_->request(client_error(Code::peer_reset));
  }

  ServerContext& context_;
  Shard& shard_;
  Inbox& inbox_;
  std::span<Observer* const> observers_;
  Cancellation* region_ = nullptr;
  RawPlace place_;
};

Task<void> RawStream::run() {
  HeardHello heard;
  if (is_passed_on_unopened(context_.facts())) {
    heard = co_await hear_hello();
    if (heard.silent) co_return;
  }
  context_.set_idle(false);
  Exchange exchange(shard_, context_.facts(), context_.pin(), *this);
  CancellationRegion region(co_await current_cancellation{});
  region_ = &region.inner();
  begin_raw(exchange, asked_for(heard.hello), observers_);
  Delivery delivery;
  Result<Answer> answered = co_await open(exchange, heard.hello).under(region.inner());
  exchange.timings.response_head = shard_.reactor.now();
  if (answered) {
    co_await carry(exchange, std::move(*answered), delivery);
  } else {
    delivery.error = exchange.arena.make<Error>(answered.error());
    if (exchange.attempts == 0) shard_.metrics.raw.refused.add();
    co_await turn_away(answered.error());
  }
  exchange.scope.cancel(gateway_error(Code::canceled));
  co_await exchange.scope.join();
  region_ = nullptr;
  exchange.finish(delivery);
}

Task<HeardHello> RawStream::hear_hello() {
  context_.set_idle(true);
  Duration patience;
  {
    const SnapshotPin now = context_.pin();  // not held: a client may take its time
    patience = context_.draining() ? now->timeouts.linger : now->timeouts.tls_handshake;
  }
  co_return co_await hear_client_hello(inbox_, patience);
}

/// The name by which the client asked, in TLS that is opened here or is not.
std::string_view RawStream::asked_for(const Result<tls::ClientHello>& hello) const {
  const tls::Facts* const opened = context_.facts().tls;
  if (opened != nullptr) return opened->server_name;
  return hello ? std::string_view(hello->server_name) : std::string_view();
}

Reply RawStream::open(Exchange& exchange, const Result<tls::ClientHello>& hello) {
  if (!hello) return refuse(hello.error());
  Result<RawPlace> place = take_place(*exchange.snapshot, exchange.connection.listener);
  if (!place) return refuse(place.error());
  place_ = std::move(*place);
  return open_raw(exchange);
}

Task<void> RawStream::carry(Exchange& exchange, Answer answer, Delivery& delivery) {
  delivery.status = answer.head.status;
  StreamDuplex client(stream(), inbox_);
  co_await carry_tunnel(exchange, client, *answer.tunnel, delivery).under(*region_);
}

/// There is no tunnel, and no words to say why, but for a name that nobody has.
Task<void> RawStream::turn_away(Error why) {
  if (why.code == Code::no_route && is_passed_on_unopened(context_.facts())) {
    static_cast<void>(co_await stream().send(no_such_name_alert, Duration::zero()));
    stream().shut_down_sending();
    inbox_.consume(inbox_.unread().size());
    co_return;
  }
  stream().reset_on_close();
}

}  // namespace

Task<void> RawStreams::serve(ServerContext& context, Inbox& inbox) const {
  RawStream stream(context, inbox, observers_);
  co_await stream.run();
}

}  // namespace weir
