// The steps of an introduction, each a question and its answer.
#include "net/redis/link.h"

#include <algorithm>

#include "base/limits.h"
#include "net/connect_race.h"
#include "net/tls/handshake.h"

namespace weir::redis {
namespace {

/// Characters of a server's complaint that are worth showing.
constexpr std::size_t words_max = 120;

class Introduction {
 public:
  Introduction(Link& link, const Settings& settings, Time deadline, std::string& words)
      : link_(link), settings_(settings), deadline_(deadline), words_(words) {}

  Task<Result<void>> run() {
    if (!settings_.password.empty()) {
      CO_TRY_VOID(co_await expect_ok(settings_.user.empty() ? command({"AUTH", settings_.password})
                                                            : command({"AUTH", settings_.user, settings_.password}),
                                     upstream_error(Code::credentials_refused)));
    }
    if (settings_.database != 0) {
      CO_TRY_VOID(co_await expect_ok(command({"SELECT", std::to_string(settings_.database)}),
                                     upstream_error(Code::not_found, "Redis does not have this database")));
    }
    if (!settings_.library.source.empty()) CO_TRY_VOID(co_await load_library());
    co_return Result<void>{};
  }

 private:
  Task<Result<Reply>> ask(std::string question) {
    Reactor& reactor = link_.stream->reactor();
    CO_TRY_VOID(co_await link_.stream->send(question, deadline_ - reactor.now()));
    while (true) {
      if (reactor.now() >= deadline_) co_return fail(upstream_error(Code::timed_out));
      CO_TRY(const std::size_t came,
             co_await link_.inbox.fill_behind(limits::redis_answer_bytes, deadline_ - reactor.now()));
      if (came == 0) co_return fail(upstream_error(Code::peer_closed));
      const std::span<char> unread = link_.inbox.unread();
      CO_TRY(const std::size_t whole, link_.reader.read({unread.data(), unread.size()}));
      if (whole == 0) continue;
      link_.inbox.consume(whole);
      co_return link_.reader.take();
    }
  }

  Task<Result<void>> expect_ok(std::string question, Error otherwise) {
    CO_TRY(const Reply reply, co_await ask(std::move(question)));
    if (!reply.value().is_error()) co_return Result<void>{};
    words_ = reply.value().text().substr(0, words_max);
    co_return fail(otherwise);
  }

  /// Functions stay in a Redis once they are loaded; who does not know them, or may not, gets scripts.
  Task<Result<void>> load_library() {
    CO_TRY(const Reply loaded, co_await ask(command({"FUNCTION", "LOAD", settings_.library.source})));
    if (!loaded.value().is_error() || loaded.value().text().contains("already exists")) co_return Result<void>{};
    if (loaded.value().is_error("LOADING") || loaded.value().is_error("READONLY")) {
      words_ = loaded.value().text().substr(0, words_max);
      co_return fail(upstream_error(Code::upstream_overloaded));
    }
    for (const Function& function : settings_.library.functions) {
      CO_TRY(const Reply digest, co_await ask(command({"SCRIPT", "LOAD", function.script})));
      if (digest.value().kind() != Kind::text) {
        words_ = digest.value().text().substr(0, words_max);
        co_return fail(upstream_error(Code::permission_denied, "Redis takes neither functions nor scripts"));
      }
      link_.script_digests.emplace_back(digest.value().text());
    }
    co_return Result<void>{};
  }

  Link& link_;
  const Settings& settings_;
  const Time deadline_;
  std::string& words_;
};

/// Why TLS was not agreed on: what failed, and of a certificate what is wrong with it.
std::string handshake_words(tls::Failure failure, const Error& error) {
  std::string words = std::string("TLS: ") + tls::sentence_of(failure);
  if (error.code == Code::certificate_untrusted && error.text != nullptr) words += std::string(": ") + error.text;
  return words;
}

Task<Result<void>> secure(Stream& stream, const Endpoint& address, const Settings& settings, const LinkTls& tls,
                          Time deadline, Events& events, std::string& words) {
  const Duration left = std::max(deadline - stream.reactor().now(), Duration{});
  tls::Failure failure{};
  const Result<void> shaken =
      co_await tls::shake_hands(stream, settings.tls->connect(tls.bench, tls.saved, address.host), left, failure);
  if (shaken) {
    events.shook_hands(*stream.tls());
    co_return shaken;
  }
  if (shaken.error().origin == Origin::upstream) {
    events.handshake_failed(failure);
    words = handshake_words(failure, shaken.error());
  }
  co_return shaken;
}

}  // namespace

Task<Result<std::unique_ptr<Link>>> open_link(Reactor& reactor, Resolver& resolver, const Endpoint& address,
                                              const Settings& settings, const LinkTls& tls, Events& events,
                                              std::string& words) {
  const Time deadline = deadline_after(reactor.now(), settings.connect_timeout);
  CO_TRY(const ResolvedAddresses resolved, co_await resolver.resolve(reactor, address));
  if (resolved.addresses.empty()) co_return fail(upstream_error(Code::resolve_failed));
  // A name is one server here, whatever addresses it has.
  std::vector<SocketAddress> addresses;
  for (const ResolvedAddress& each : resolved.addresses) addresses.push_back(each.address.address);
  addresses = interleaved(addresses);
  CO_TRY(std::unique_ptr<Stream> stream,
         co_await connect_first(reactor, addresses, settings.connect_timeout, limits::connection_attempt_delay));
  if (settings.tls != nullptr) {
    CO_TRY_VOID(co_await secure(*stream, address, settings, tls, deadline, events, words));
  }
  auto link = std::make_unique<Link>(std::move(stream));
  Introduction introduction(*link, settings, deadline, words);
  CO_TRY_VOID(co_await introduction.run());
  co_return link;
}

}  // namespace weir::redis
