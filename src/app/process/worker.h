// One core of the process: a thread, its shard, its server.
//
// The control thread speaks to it through call(), which runs a function on the worker's thread and brings back the
// result.
#pragma once

#include <functional>
#include <future>
#include <memory>
#include <thread>

#include "runtime/epoll_io.h"
#include "server/shard_server.h"

namespace weir {

class Worker {
 public:
  Worker(unsigned number, Duration coalescing_cap, Executor& executor, Resolver& resolver, ShardServer::Parts parts);
  ~Worker();

  void start();
  /// Ends everything on this core, then the thread.
  void stop();

  /// Runs `job` on the worker's thread, between two turns; does not wait.
  void post(Mailbox::Message job) { shard_.reactor.mailbox().send(std::move(job)); }

  /// Runs `job` on the worker's thread and waits for what it returns.
  template <typename Job>
  auto call(Job job) {
    using Value = decltype(job());
    std::promise<Value> promise;
    std::future<Value> answer = promise.get_future();
    post([&] {
      if constexpr (std::is_void_v<Value>) {
        job();
        promise.set_value();
      } else {
        promise.set_value(job());
      }
    });
    return answer.get();
  }

  /// Its sockets at that address begin no handshake any more: what comes before they are closed.
  void begin_no_handshake(const ListenerPlan& plan);

  [[nodiscard]] Shard& shard() { return shard_; }
  [[nodiscard]] ShardServer& server() { return server_; }

 private:
  Task<void> end();

  EpollIo io_;
  Shard shard_;
  ShardServer server_;
  Scope root_;
  std::thread thread_;
};

}  // namespace weir
