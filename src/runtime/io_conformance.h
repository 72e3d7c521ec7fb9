// Both ends of a connection on any backend, for the tests of what io.h promises.
//
// Idea: a World is a backend with a way to let its time pass; the fixture holds one, and the raw ops of a test. The
// sink is the test's own, so that each completion is counted. Waiting is for a condition, never for a time; only the
// real backends see a real clock, and only as the bound after which a test gives up.
#pragma once

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/mman.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <string>

#include "runtime/epoll_io.h"
#include "runtime/reactor.h"
#include "runtime/sim_io.h"
#include "runtime/sim_world.h"

namespace weir::conformance {

using namespace std::chrono_literals;

struct TestOp final : Op {
  TestOp(Kind wanted, Handle on) {
    kind = wanted;
    handle = on;
  }
  void cancel(Error) override {}

  int completions = 0;
  std::string bytes;  // what a receive brought
};

/// A file in memory, filled with a pattern that shows when bytes are out of place.
class TestFile {
 public:
  explicit TestFile(std::size_t size) : descriptor_(::memfd_create("conformance", MFD_CLOEXEC)), bytes_(size, '\0') {
    for (std::size_t at = 0; at < size; ++at) bytes_[at] = static_cast<char>(at * 31 >> 8 ^ at);
    for (std::size_t at = 0; at < size;) {
      const ssize_t written = ::write(descriptor_, bytes_.data() + at, size - at);
      if (written <= 0) break;  // the test that reads it back will show it
      at += static_cast<std::size_t>(written);
    }
  }
  TestFile(const TestFile&) = delete;
  TestFile& operator=(const TestFile&) = delete;
  ~TestFile() { ::close(descriptor_); }

  [[nodiscard]] int descriptor() const { return descriptor_; }
  [[nodiscard]] const std::string& bytes() const { return bytes_; }

 private:
  int descriptor_;
  std::string bytes_;
};

struct CountingSink final : CompletionSink {
  int awakenings = 0;
  int awakenings_at_completion = 0;
  void awake() override { ++awakenings; }
  void complete(Op& op) override {
    awakenings_at_completion = awakenings;
    auto& ended = static_cast<TestOp&>(op);
    op.parked = false;
    ++ended.completions;
    if (op.kind == Op::Kind::receive && op.result > 0) ended.bytes.assign(op.data, static_cast<std::size_t>(op.result));
  }
};

struct CountingWatcher final : Watcher {
  void on_activity(bool is_gone) override {
    ++calls;
    gone |= is_gone;
  }
  int calls = 0;
  bool gone = false;
};

inline SocketAddress loopback() {
  SocketAddress address;
  auto& v4 = reinterpret_cast<sockaddr_in&>(address.storage);
  v4.sin_family = AF_INET;
  v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.length = sizeof(v4);
  return address;
}

inline SocketAddress unix_address(const std::string& path) {
  SocketAddress address;
  auto& local = reinterpret_cast<sockaddr_un&>(address.storage);
  local.sun_family = AF_UNIX;
  std::copy_n(path.data(), path.size(), local.sun_path);
  address.length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size() + 1);
  return address;
}

// A world with one Io in it, and how its time passes.
class World {
 public:
  virtual ~World() = default;
  virtual Io& io() = 0;
  /// Waits for completions until `done()`; false when it never comes.
  virtual bool drive(CompletionSink& sink, const std::function<bool()>& done) = 0;
  /// Lets pass what would happen by itself.
  virtual void calm(CompletionSink& sink) = 0;
  virtual void drive(Reactor& reactor, const std::function<bool()>& done) = 0;
};

class KernelWorld final : public World {
 public:
  Io& io() override { return io_; }
  bool drive(CompletionSink& sink, const std::function<bool()>& done) override {
    const Time give_up = io_.now() + 20s;
    while (!done() && io_.now() < give_up) io_.wait(io_.now() + 20ms, sink);
    return done();
  }
  void calm(CompletionSink& sink) override {
    while (io_.wait(io_.now() + 5ms, sink) > 0) {
    }
  }
  void drive(Reactor& reactor, const std::function<bool()>& done) override {
    const Time give_up = io_.now() + 20s;
    while (!done() && io_.now() < give_up) reactor.turn(io_.now() + 20ms);
  }

 private:
  EpollIo io_;
};

class SimulatedWorld final : public World {
 public:
  explicit SimulatedWorld(const SimFaults& faults) { network_.faults() = faults; }
  Io& io() override { return io_; }
  bool drive(CompletionSink& sink, const std::function<bool()>& done) override {
    while (!done()) {
      if (io_.wait(io_.now(), sink) > 0 || io_.pending()) continue;
      if (network_.next_event() == never) return done();
      network_.advance_to(std::max(network_.now(), network_.next_event()));
    }
    return true;
  }
  void calm(CompletionSink& sink) override {
    drive(sink, [] { return false; });
  }
  void drive(Reactor& reactor, const std::function<bool()>& done) override {
    SimWorld world(network_);
    world.add(reactor);
    world.run_until(done);
  }

  SimNetwork network_{4711};
  SimIo io_{network_};
};

inline SimFaults calm_network() {
  return {.latency = 1ms};
}
// Everything that must not change what a program sees, only when and in which pieces.
inline SimFaults rough_network() {
  return {
      .partial_read = 0.3, .partial_write = 0.2, .delay = 0.3, .split = 0.3, .defer_completion = 0.5, .latency = 1ms};
}

struct BackendCase {
  const char* name;
  std::function<std::unique_ptr<World>()> make;
  bool over_unix;
};

class IoConformance : public testing::TestWithParam<BackendCase> {
 protected:
  IoConformance() : world_(GetParam().make()) {}
  ~IoConformance() override {
    if (!path_.empty()) ::unlink(path_.c_str());
  }

  Io& io() { return world_->io(); }

  SocketAddress fresh_address() {
    if (!GetParam().over_unix) return loopback();
    path_ = testing::TempDir() + "weir_io_" + std::to_string(::getpid()) + ".sock";
    return unix_address(path_);
  }

  bool submit(TestOp& op) {
    op.result = 99;  // what an earlier use may have left behind
    if (!io().submit(op)) return false;
    sink_.complete(op);
    return true;
  }
  bool ended(TestOp& op) {
    return world_->drive(sink_, [&] { return op.completions > 0; });
  }
  std::int64_t run(TestOp& op) {
    submit(op);
    if (!ended(op)) {
      ADD_FAILURE() << "an op did not complete";
      io().cancel(op);  // it must not outlive this call
      ended(op);
    }
    EXPECT_EQ(op.completions, 1);
    return op.result;
  }

  void listen() {
    const auto listening = io().listen(fresh_address(), {});
    ASSERT_TRUE(listening);
    listener_ = *listening;
    address_ = io().local_address(listener_);
  }

  Handle connect() {
    const auto opened = io().open(address_);
    EXPECT_TRUE(opened);
    TestOp connecting(Op::Kind::connect, *opened);
    connecting.data = reinterpret_cast<char*>(&address_);
    EXPECT_EQ(run(connecting), 0);
    return *opened;
  }

  Handle accept() {
    TestOp accepting(Op::Kind::accept, listener_);
    const std::int64_t accepted = run(accepting);
    EXPECT_GE(accepted, 0);
    return static_cast<Handle>(accepted);
  }

  void connect_pair() {
    listen();
    client_ = connect();
    server_ = accept();
  }

  std::int64_t send(Handle handle, std::string_view bytes) {
    TestOp sending(Op::Kind::send, handle);
    sending.data = const_cast<char*>(bytes.data());
    sending.size = bytes.size();
    return run(sending);
  }

  // One receive into the scratch.
  std::int64_t receive(Handle handle, std::string& into) {
    TestOp receiving(Op::Kind::receive, handle);
    const std::int64_t count = run(receiving);
    into += receiving.bytes;
    return count;
  }

  std::string receive_exactly(Handle handle, std::size_t bytes) {
    std::string received;
    while (received.size() < bytes && receive(handle, received) > 0) {
    }
    return received;
  }

  void close_all() {
    for (Handle* handle : {&client_, &server_, &listener_}) {
      if (*handle != Handle::none) io().close(std::exchange(*handle, Handle::none), false);
    }
  }
  void TearDown() override {
    close_all();
    world_->calm(sink_);
    if (auto* simulated = dynamic_cast<SimulatedWorld*>(world_.get())) {
      EXPECT_EQ(simulated->network_.open_handles(), 0U) << simulated->network_.describe_open();
      EXPECT_EQ(simulated->network_.bytes_in_flight(), 0U);
    }
  }

  std::unique_ptr<World> world_;
  CountingSink sink_;
  std::string path_;
  SocketAddress address_;
  Handle listener_ = Handle::none;
  Handle client_ = Handle::none;
  Handle server_ = Handle::none;
};

}  // namespace weir::conformance
