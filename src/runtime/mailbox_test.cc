// What crosses threads: messages in order and none lost, jobs run once, frames that come back.
#include "runtime/mailbox.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <latch>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "base/random.h"
#include "runtime/elsewhere.h"
#include "runtime/epoll_io.h"
#include "runtime/executor.h"
#include "runtime/frame_pool.h"
#include "runtime/reactor.h"
#include "runtime/scope.h"

namespace weir {
namespace {

TEST(Mailbox, keeps_the_order_of_each_sender_and_loses_nothing) {
  constexpr int senders = 4;
  constexpr int messages = 5000;
  EpollIo io;
  Reactor reactor(io, 1);
  std::vector<std::vector<int>> arrived(senders);
  int total = 0;
  std::vector<std::jthread> threads;
  for (int sender = 0; sender < senders; ++sender) {
    threads.emplace_back([&, sender] {
      for (int number = 0; number < messages; ++number) {
        reactor.mailbox().send([&, sender, number] {
          arrived[sender].push_back(number);
          if (++total == senders * messages) reactor.stop();
        });
      }
    });
  }
  reactor.run();  // sleeps between batches: a lost wake-up hangs here
  EXPECT_EQ(total, senders * messages);
  for (const std::vector<int>& numbers : arrived) {
    EXPECT_EQ(numbers.size(), static_cast<std::size_t>(messages));
    EXPECT_TRUE(std::ranges::is_sorted(numbers));
  }
}

TEST(Mailbox, message_sent_while_delivering_waits_for_the_next_turn) {
  EpollIo io;
  Mailbox mailbox(io);
  int ran = 0;
  mailbox.send([&] { mailbox.send([&] { ++ran; }); });
  EXPECT_TRUE(mailbox.deliver());
  EXPECT_EQ(ran, 0);
  EXPECT_TRUE(mailbox.deliver());
  EXPECT_EQ(ran, 1);
  EXPECT_FALSE(mailbox.deliver());
}

TEST(Mailbox, message_wakes_a_sleeping_reactor) {
  EpollIo io;
  Reactor reactor(io, 1);
  std::jthread sender([&] { reactor.mailbox().send([&] { reactor.stop(); }); });
  reactor.run();
}

TEST(Executor, runs_every_job_once_and_elsewhere) {
  constexpr int jobs = 1000;
  ThreadExecutor executor(3);
  std::atomic<int> ran = 0;
  std::atomic<int> here = 0;
  std::latch done(jobs);
  const std::thread::id own = std::this_thread::get_id();
  for (int number = 0; number < jobs; ++number) {
    executor.run([&] {
      ++ran;
      if (std::this_thread::get_id() == own) ++here;
      done.count_down();
    });
  }
  done.wait();
  EXPECT_EQ(ran, jobs);
  EXPECT_EQ(here, 0);
}

TEST(Executor, a_disk_that_hangs_does_not_hold_up_other_work) {
  std::latch release(1);
  std::latch resolved(1);
  std::atomic<int> behind_the_disk = 0;
  ThreadExecutor executor(1, 1);
  executor.run_on_disk([&] { release.wait(); });
  executor.run_on_disk([&] { ++behind_the_disk; });
  executor.run([&] { resolved.count_down(); });
  resolved.wait();
  EXPECT_EQ(behind_the_disk, 0);
  release.count_down();
}

/// What co_await on_disk() gave, or the error's name.
Task<void> wait_on_disk(Reactor& reactor, Executor& executor, std::latch* held, Duration patience, std::string& came) {
  const Result<std::string> result = co_await on_disk(
      reactor, executor,
      [held] {
        if (held != nullptr) held->wait();
        return std::string("done");
      },
      patience);
  came = result ? *result : std::string(name_of(result.error().code));
}

TEST(Elsewhere, brings_the_result_back_to_its_own_core) {
  EpollIo io;
  Reactor reactor(io, 1);
  ThreadExecutor executor(1, 1);
  Scope scope(reactor);
  std::string came;
  scope.spawn(wait_on_disk(reactor, executor, nullptr, no_limit, came));
  while (scope.running() > 0) reactor.turn(io.now() + std::chrono::milliseconds{5});
  EXPECT_EQ(came, "done");
}

TEST(Elsewhere, gives_up_when_its_time_is_over_or_nobody_waits_any_more) {
  EpollIo io;
  Reactor reactor(io, 1);
  std::latch held(1);
  ThreadExecutor executor(1, 2);
  std::string late;
  std::string canceled;
  {
    Scope scope(reactor);
    scope.spawn(wait_on_disk(reactor, executor, &held, std::chrono::milliseconds{1}, late));
    while (scope.running() > 0) reactor.turn(io.now() + std::chrono::milliseconds{5});
    scope.spawn(wait_on_disk(reactor, executor, &held, no_limit, canceled));
    scope.cancel(gateway_error(Code::canceled));
    while (scope.running() > 0) reactor.turn(io.now() + std::chrono::milliseconds{5});
  }
  EXPECT_EQ(late, "disk_busy");
  EXPECT_EQ(canceled, "canceled");
  held.count_down();  // the jobs end behind those who waited for them
}

TEST(Executor, stopping_tells_a_job_that_hangs_from_those_that_end) {
  std::latch started(1);
  std::latch release(1);
  ThreadExecutor executor(1, 1);
  executor.run_on_disk([&] {
    started.count_down();
    release.wait();
  });
  started.wait();
  EXPECT_FALSE(executor.stop(std::chrono::milliseconds{0}));
  std::atomic<bool> taken = false;
  executor.run([&] { taken = true; });
  release.count_down();
  EXPECT_TRUE(executor.stop(std::chrono::hours{1})) << "it is woken when the job ends";
  EXPECT_FALSE(taken) << "nothing is begun any more";
}

TEST(Executor, shutdown_waits_for_the_running_job_and_drops_the_rest) {
  std::latch started(1);
  std::latch release(1);
  std::atomic<bool> finished = false;
  std::atomic<int> dropped_ran = 0;
  std::jthread releaser;
  {
    ThreadExecutor executor(1);
    executor.run([&] {
      started.count_down();
      release.wait();
      finished = true;
    });
    started.wait();
    // Queued behind a job that is still running when the executor is told to stop.
    executor.run([&] { ++dropped_ran; });
    releaser = std::jthread([&] { release.count_down(); });
  }
  EXPECT_TRUE(finished);
  EXPECT_LE(dropped_ran, 1);
}

TEST(FramePool, frames_do_not_overlap_and_hold_their_size) {
  Random random(9);
  struct Frame {
    char* place;
    std::size_t bytes;
    char mark;
  };
  std::vector<Frame> frames;
  for (int step = 0; step < 20'000; ++step) {
    if (frames.size() < 100 && random.chance(0.55)) {
      const std::size_t bytes = 1 + random.below(random.chance(0.1) ? 10'000 : 600);
      const Frame frame{static_cast<char*>(FramePool::take(bytes)), bytes, static_cast<char>(step)};
      std::memset(frame.place, frame.mark, frame.bytes);
      frames.push_back(frame);
    } else if (!frames.empty()) {
      const std::size_t at = random.below(frames.size());
      const Frame frame = frames[at];
      for (std::size_t byte = 0; byte < frame.bytes; ++byte) ASSERT_EQ(frame.place[byte], frame.mark);
      FramePool::give_back(frame.place, frame.bytes);
      frames.erase(frames.begin() + static_cast<std::ptrdiff_t>(at));
    }
  }
  for (const Frame& frame : frames) FramePool::give_back(frame.place, frame.bytes);
}

TEST(FramePool, frame_is_aligned_for_anything) {
  std::vector<void*> frames;
  for (std::size_t bytes = 1; bytes < 5000; bytes += 7) {
    frames.push_back(FramePool::take(bytes));
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(frames.back()) % __STDCPP_DEFAULT_NEW_ALIGNMENT__, 0U);
  }
  std::size_t bytes = 1;
  for (void* frame : frames) {
    FramePool::give_back(frame, bytes);
    bytes += 7;
  }
}

}  // namespace
}  // namespace weir
