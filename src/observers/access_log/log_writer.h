// Lines to a file, without those who log ever waiting for the disk.
//
// Problem: a disk that is full or slow, or a pipe that nobody reads, must cost lines, not requests.
// Idea: whoever logs hands over whole chunks of lines; one thread writes them. The queue between is bounded in bytes:
// when it is full the chunk is dropped and its lines are counted. What cannot be written is dropped and counted, too.
//
// Invariants
//   (1) give() never waits for the disk: it holds the lock only to move a string.
//   (2) Chunks reach the file in the order in which they were given, lines of one chunk side by side.
//   (3) After a chunk that was cut short, the next one begins on a new line.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

namespace weir {

class LogWriter {
 public:
  /// \param to  `off`, `stdout`, `stderr` or a path; a file is created with mode 0640 and appended to
  explicit LogWriter(std::string to);
  LogWriter(const LogWriter&) = delete;
  /// Writes what is queued, for a second at most.
  ~LogWriter();

  /// Hands over whole lines, from any thread. \param chunk  empty afterwards, with memory for the next lines
  void give(std::string& chunk, std::uint64_t lines);

  /// Opens the destination anew before the next chunk: somebody has moved the file away.
  void reopen();
  /// The same, with another destination.
  void redirect(std::string to);
  /// Waits until everything given so far is with the kernel or was dropped. \returns whether it was, within `patience`
  bool flush(std::chrono::milliseconds patience);

  /// Lines lost since the start: the queue was full, or the disk.
  [[nodiscard]] std::uint64_t lines_dropped() const { return lines_dropped_.load(std::memory_order_relaxed); }
  /// Why the destination could not be opened or written the last time; empty when all is well.
  [[nodiscard]] std::string problem() const;

  /// Bytes that wait to be written; about a second of 40,000 lines.
  static constexpr std::size_t queued_bytes_max = std::size_t{8} << 20U;

 private:
  struct Chunk {
    std::string text;
    std::uint64_t lines = 0;
  };

  void work();
  void open(const std::string& to);
  void close();
  void write(const Chunk& chunk);
  bool write_all(std::string_view bytes, std::size_t& written);
  bool wait_writable();
  void note_problem(std::string_view what, int error_number);
  void drop(std::uint64_t lines) { lines_dropped_.fetch_add(lines, std::memory_order_relaxed); }

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::condition_variable idle_;
  std::deque<Chunk> queue_;
  std::string spare_;  // a written chunk's memory, for the next give()
  std::size_t queued_bytes_ = 0;
  std::string to_;
  std::string problem_;
  bool reopen_ = false;
  bool writing_ = false;
  std::atomic<bool> stopping_{false};
  std::atomic<std::chrono::steady_clock::rep> stop_at_{0};  // when patience ends, once stopping
  std::atomic<std::uint64_t> lines_dropped_{0};

  // Of the thread alone.
  int descriptor_ = -1;
  bool owned_ = false;    // a file of ours, not stdout or stderr
  bool regular_ = false;  // a file on a disk: it cannot be waited for
  bool mid_line_ = false;
  std::thread thread_;  // last: it runs on all of the above
};

}  // namespace weir
