// getaddrinfo on another thread, its answer by mailbox.
#include "net/resolver.h"

#include <netdb.h>

#include <cstring>
#include <memory>

namespace weir {
namespace {

using Addresses = Result<std::vector<UpstreamAddress>>;

Addresses look_up(const Endpoint& endpoint) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_ADDRCONFIG;
  addrinfo* found = nullptr;
  const std::string port = std::to_string(endpoint.port);
  if (::getaddrinfo(endpoint.host.c_str(), port.c_str(), &hints, &found) != 0) {
    return fail(upstream_error(Code::resolve_failed).with(Retry::unsent));
  }
  std::vector<UpstreamAddress> addresses;
  for (const addrinfo* entry = found; entry != nullptr; entry = entry->ai_next) {
    UpstreamAddress& address = addresses.emplace_back();
    std::memcpy(&address.address.storage, entry->ai_addr, entry->ai_addrlen);
    address.address.length = entry->ai_addrlen;
  }
  ::freeaddrinfo(found);
  return addresses;
}

/// The answer outlives a canceled wait: whoever finishes last frees it.
struct LookUp {
  Addresses answer = fail(upstream_error(Code::resolve_failed));
  Suspension* waiting = nullptr;
};

class Answer final : public Suspension {
 public:
  Answer(Reactor& reactor, Executor& executor, const Endpoint& endpoint)
      : reactor_(reactor), executor_(executor), endpoint_(endpoint) {}

  bool await_ready() const noexcept { return false; }
  template <typename Promise>
  bool await_suspend(std::coroutine_handle<Promise> handle) {
    if (const Error* already = suspend(handle)) {
      canceled_ = *already;
      return false;
    }
    look_up_->waiting = this;
    executor_.run([reactor = &reactor_, endpoint = endpoint_, shared = look_up_]() mutable {
      Addresses found = look_up(endpoint);
      reactor->mailbox().send([reactor, found = std::move(found), shared = std::move(shared)]() mutable {
        shared->answer = std::move(found);
        if (shared->waiting != nullptr) reactor->schedule(*shared->waiting);
      });
    });
    return true;
  }
  Addresses await_resume() {
    look_up_->waiting = nullptr;
    if (canceled_.code == Code::canceled) return fail(canceled_);
    return std::move(look_up_->answer);
  }
  void cancel(Error why) override {
    canceled_ = why.as(Code::canceled);
    look_up_->waiting = nullptr;
    reactor_.schedule(*this);
  }

 private:
  Reactor& reactor_;
  Executor& executor_;
  const Endpoint& endpoint_;
  std::shared_ptr<LookUp> look_up_ = std::make_shared<LookUp>();
  Error canceled_{};
};

}  // namespace

Task<Result<std::vector<UpstreamAddress>>> SystemResolver::resolve(Reactor& reactor, const Endpoint& endpoint) {
  if (auto literal = socket_address(endpoint)) {
    co_return std::vector<UpstreamAddress>{UpstreamAddress{*literal}};
  }
  Answer answer(reactor, executor_, endpoint);
  co_return co_await answer;
}

}  // namespace weir
