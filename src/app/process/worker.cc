// Starting and ending a core.
#include "app/process/worker.h"

#include <pthread.h>

#include <random>
#include <string>

namespace weir {
namespace {

std::uint64_t seed() {
  std::random_device device;
  return static_cast<std::uint64_t>(device()) << 32 | device();
}

}  // namespace

Worker::Worker(unsigned number, Duration coalescing_cap, Executor& executor, Resolver& resolver,
               ShardServer::Parts parts)
    : io_(coalescing_cap),
      shard_(number, io_, seed(), executor, resolver),
      server_(shard_, parts),
      root_(shard_.reactor) {}

Worker::~Worker() {
  if (thread_.joinable()) stop();
}

void Worker::start() {
  thread_ = std::thread([this] {
    ::pthread_setname_np(::pthread_self(), ("weir-" + std::to_string(shard_.id)).c_str());
    shard_.reactor.run();
  });
}

void Worker::stop() {
  post([this] { root_.spawn(end()); });
  thread_.join();
}

void Worker::begin_no_handshake(const ListenerPlan& plan) {
  call([&] {
    for (const Handle socket : server_.sockets_of(plan)) io_.begin_no_handshake(socket);
  });
}

Task<void> Worker::end() {
  server_.abort();
  co_await server_.join();
  shard_.for_each_state([](ShardState& state) { state.stop(); });
  shard_.scope.cancel(gateway_error(Code::draining));
  co_await shard_.scope.join();
  server_.forget_configuration();
  shard_.reactor.stop();
}

}  // namespace weir
