// The load generator: open loop at a fixed rate, closed loop, or a held crowd of idle connections.
//
// Problem: a closed-loop generator (wrk) asks less of a slow server, and so hides both its queueing and its latency
// ("coordinated omission"). Comparing CPU cost at equal load needs a generator whose rate does not depend on answers.
// Idea: arrivals are drawn in advance (Poisson by default, evenly spaced on request). Each is sent on the connection
// that has been idle longest; if all are busy it waits in line. Latency counts from the *intended* time of sending,
// so waiting in line counts. How late the generator itself came to each arrival is recorded too.
//
//   --rate N        open loop, N requests a second
//   --hold yes      opens --connections connections, one request on each, prints "holding N", keeps them idle until
//                   TERM or INT, then says how many are still open
//   (neither)       closed loop: each connection sends again when its answer is complete
//
// One JSON object on stdout at the end; exit status 1 when any answer failed.
//
// Invariants
//   (1) A connection has at most one request in flight; it is in idle_, busy or retired.
//   (2) waiting_ is non-empty only while idle_ is empty.

#include <sys/signalfd.h>

#include <array>
#include <cmath>
#include <csignal>
#include <deque>
#include <memory>
#include <random>

#include "latency_histogram.h"
#include "response_reader.h"
#include "support.h"

namespace weir::bench {
namespace {

constexpr std::size_t scratch_bytes = 256 * 1024;
constexpr int events_max = 512;
constexpr std::int64_t second_ns = 1'000'000'000;
constexpr std::int64_t settle_ns = second_ns;  // how long after the end answers are waited for
constexpr std::size_t opening_at_once = 128;   // --hold: requests in flight while the crowd gathers

enum class Mode { closed, open, hold };

struct Plan {
  Mode mode = Mode::closed;
  sockaddr_in address{};
  std::string request;
  std::size_t connections = 64;
  double rate = 0;  // requests per second
  bool even = false;
  std::int64_t warm_up_ns = 0;
  std::int64_t measured_ns = 0;
};

struct Connection {
  int descriptor = -1;
  std::int64_t intended_ns = 0;  // when the request in flight should have been sent
  bool busy = false;
  ResponseReader reader;
};

class Generator {
 public:
  explicit Generator(Plan plan) : plan_(std::move(plan)), epoll_(epoll_create1(EPOLL_CLOEXEC)) {
    sigset_t ends;
    sigemptyset(&ends);
    sigaddset(&ends, SIGTERM);
    sigaddset(&ends, SIGINT);
    sigprocmask(SIG_BLOCK, &ends, nullptr);
    watch_listener(epoll_, signalfd(-1, &ends, SFD_CLOEXEC));
    connections_.resize(plan_.connections);
  }

  void run() {
    if (plan_.mode == Mode::hold) return hold();
    for (Connection& connection : connections_) open(connection);
    const std::int64_t start = now_ns();
    measure_from_ = start + plan_.warm_up_ns;
    measure_until_ = measure_from_ + plan_.measured_ns;
    if (plan_.mode == Mode::open) return run_open(start);
    run_closed();
  }

  /// Prints the result; true when every answer was right.
  [[nodiscard]] bool report() const {
    const double seconds = static_cast<double>(plan_.measured_ns) / second_ns;
    std::printf(
        "{\"asked_per_second\":%.0f,\"completed_per_second\":%.1f,\"sent\":%lu,\"completed\":%lu,\"failed\":%lu,"
        "\"unfinished\":%lu,\"open\":%zu,\"late_us\":{\"p50\":%.1f,\"p99\":%.1f,\"max\":%.1f},"
        "\"latency_us\":{\"p50\":%.1f,\"p90\":%.1f,\"p99\":%.1f,\"p99.9\":%.1f,\"max\":%.1f}}\n",
        plan_.rate, seconds > 0 ? static_cast<double>(latency_.total()) / seconds : 0.0, sent_, latency_.total(),
        failed_, unfinished_, count_open(), lateness_.quantile_us(0.5), lateness_.quantile_us(0.99),
        lateness_.largest_us(), latency_.quantile_us(0.5), latency_.quantile_us(0.9), latency_.quantile_us(0.99),
        latency_.quantile_us(0.999), latency_.largest_us());
    std::fflush(stdout);
    return failed_ == 0;
  }

 private:
  void run_open(std::int64_t start) {
    for (Connection& connection : connections_) idle_.push_back(&connection);
    std::int64_t due = start;
    const std::int64_t give_up_at = measure_until_ + settle_ns;
    while (!interrupted_) {
      const std::int64_t now = now_ns();
      for (; due <= now && due < measure_until_; due += next_gap()) arrive(due);
      const bool all_sent = due >= measure_until_ && waiting_.empty();
      if ((all_sent && busy_ == 0) || now >= give_up_at) break;
      poll((due < measure_until_ ? due : give_up_at) - now);
    }
    unfinished_ = busy_ + waiting_.size();
  }

  void run_closed() {
    const std::int64_t start = now_ns();
    for (Connection& connection : connections_) request(connection, start);
    while (!interrupted_ && busy_ > 0 && now_ns() < measure_until_ + settle_ns) poll(settle_ns / 10);
    unfinished_ = busy_;
  }

  void hold() {
    while (!interrupted_ && (opened_ < connections_.size() || busy_ > 0)) {
      for (; opened_ < connections_.size() && busy_ < opening_at_once; ++opened_) {
        open(connections_[opened_]);
        request(connections_[opened_], now_ns());
      }
      poll(second_ns);
    }
    std::printf("holding %zu\n", count_open());
    std::fflush(stdout);
    while (!interrupted_) poll(second_ns);
  }

  /// One request falls due.
  void arrive(std::int64_t due) {
    if (in_window(due)) lateness_.record(now_ns() - due);
    if (idle_.empty()) return waiting_.push_back(due);
    Connection* connection = idle_.front();
    idle_.pop_front();
    request(*connection, due);
  }

  void request(Connection& connection, std::int64_t intended_ns) {
    if (connection.descriptor < 0) open(connection);
    connection.intended_ns = intended_ns;
    connection.busy = true;
    ++busy_;
    if (in_window(intended_ns)) ++sent_;
    const ssize_t sent = send(connection.descriptor, plan_.request.data(), plan_.request.size(), MSG_NOSIGNAL);
    // A request is smaller than an empty socket's buffer, so it is taken whole or the connection is broken;
    // one that is still connecting takes it when it becomes writable.
    if (sent >= 0) return;
    if (errno != EAGAIN) return fail(connection);
    connecting_.push_back(&connection);
  }

  void poll(std::int64_t timeout_ns) {
    const timespec timeout = to_timespec(timeout_ns < 0 ? 0 : timeout_ns);
    const int count = epoll_pwait2(epoll_, events_.data(), events_max, &timeout, nullptr);
    for (int at = 0; at < count; ++at) {
      const epoll_event& event = events_[static_cast<std::size_t>(at)];
      if (event.data.ptr == nullptr) {
        interrupted_ = true;
        continue;
      }
      serve(*static_cast<Connection*>(event.data.ptr), event.events);
    }
  }

  void serve(Connection& connection, std::uint32_t events) {
    if ((events & EPOLLOUT) != 0 && !connecting_.empty()) send_after_connect(connection);
    if ((events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) == 0) return;
    while (connection.descriptor >= 0) {
      const ssize_t got = recv(connection.descriptor, scratch_.get(), scratch_bytes, 0);
      if (got < 0 && errno == EAGAIN) return;
      if (got <= 0) return connection.busy ? fail(connection) : drop(connection);
      const auto bytes = static_cast<std::size_t>(got);
      const Progress progress = connection.busy ? connection.reader.feed({scratch_.get(), bytes}) : Progress::failed;
      if (progress == Progress::failed) return fail(connection);
      if (progress == Progress::complete) complete(connection);
      if (bytes < scratch_bytes && (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) == 0) return;
    }
  }

  void send_after_connect(Connection& connection) {
    if (std::erase(connecting_, &connection) == 0) return;
    const ssize_t sent = send(connection.descriptor, plan_.request.data(), plan_.request.size(), MSG_NOSIGNAL);
    if (sent < 0) fail(connection);
  }

  void complete(Connection& connection) {
    const std::int64_t now = now_ns();
    if (in_window(connection.intended_ns)) latency_.record(now - connection.intended_ns);
    connection.busy = false;
    --busy_;
    if (plan_.mode == Mode::closed && now < measure_until_ && !interrupted_) return request(connection, now);
    if (plan_.mode != Mode::open) return;
    if (waiting_.empty()) return idle_.push_back(&connection);
    const std::int64_t due = waiting_.front();
    waiting_.pop_front();
    request(connection, due);
  }

  /// A wrong or missing answer voids the run; its connection retires, so that a dead server is not hammered.
  void fail(Connection& connection) {
    ++failed_;
    busy_ -= connection.busy ? 1 : 0;
    connection.busy = false;
    std::erase(connecting_, &connection);
    drop(connection);
  }

  void open(Connection& connection) {
    connection.descriptor = connect_to(plan_.address);
    if (connection.descriptor < 0) give_up("connect");
    connection.reader = ResponseReader{};
    watch(epoll_, connection.descriptor, &connection);
  }

  void drop(Connection& connection) {
    close(connection.descriptor);
    connection.descriptor = -1;
  }

  [[nodiscard]] bool in_window(std::int64_t at) const { return at >= measure_from_ && at < measure_until_; }

  [[nodiscard]] std::int64_t next_gap() {
    const double mean_ns = second_ns / plan_.rate;
    if (plan_.even) return static_cast<std::int64_t>(mean_ns);
    const double uniform = (static_cast<double>(random_() >> 11) + 1) * 0x1p-53;  // (0, 1]
    return static_cast<std::int64_t>(-std::log(uniform) * mean_ns);
  }

  [[nodiscard]] std::size_t count_open() const {
    std::size_t count = 0;
    for (const Connection& connection : connections_) count += connection.descriptor >= 0;
    return count;
  }

  Plan plan_;
  int epoll_;
  std::vector<Connection> connections_;
  std::deque<Connection*> idle_;         // longest idle first
  std::deque<std::int64_t> waiting_;     // (2) intended times of requests without a connection
  std::vector<Connection*> connecting_;  // their first request waits for the handshake
  std::size_t opened_ = 0;
  std::uint64_t busy_ = 0, sent_ = 0, failed_ = 0, unfinished_ = 0;
  std::int64_t measure_from_ = 0, measure_until_ = 0;
  bool interrupted_ = false;
  LatencyHistogram latency_, lateness_;
  std::mt19937_64 random_{20'26};  // the same arrivals in every run: a fixed seed
  std::unique_ptr<char[]> scratch_ = std::make_unique<char[]>(scratch_bytes);
  std::array<epoll_event, events_max> events_{};
};

[[nodiscard]] Plan read_plan(const Options& options) {
  Plan plan;
  const std::string address = options.text("--address", "");
  plan.address = parse_address(address);
  plan.connections = static_cast<std::size_t>(options.number("--connections", 64));
  plan.rate = options.number("--rate", 0);
  plan.even = options.text("--arrivals", "poisson") == "even";
  plan.warm_up_ns = static_cast<std::int64_t>(options.number("--warm-up", 0.5) * second_ns);
  plan.measured_ns = static_cast<std::int64_t>(options.number("--seconds", 2) * second_ns);
  if (plan.rate > 0) plan.mode = Mode::open;
  if (options.text("--hold", "no") == "yes") plan.mode = Mode::hold;
  plan.request = "GET " + options.text("--path", "/1k") + " HTTP/1.1\r\nHost: " + address + "\r\n";
  for (const std::string& field : options.all("--header")) plan.request += field + "\r\n";
  plan.request += "\r\n";
  return plan;
}

}  // namespace
}  // namespace weir::bench

int main(int argc, char** argv) {
  using namespace weir::bench;
  const Options options(
      argc, argv,
      "--address IPV4:PORT [--path /1k] [--connections 64] [--rate N | --hold yes]\n"
      "       [--arrivals poisson|even] [--warm-up 0.5] [--seconds 2] [--header 'Name: value']...",
      {"--address", "--path", "--connections", "--rate", "--hold", "--arrivals", "--warm-up", "--seconds", "--header"});
  raise_descriptor_limit();
  sharpen_timers();
  Generator generator(read_plan(options));
  generator.run();
  return generator.report() ? 0 : 1;
}
