// The null proxy: the least a proxy on this machine can cost, and so the floor that Weir is measured against.
//
// Problem: "fast" means nothing without a bound. On loopback most of a proxied request is the kernel's: two receives,
// two sends, the packets' way through the stack, the wake-ups. A proxy can only add to that.
// Idea: relay bytes and never look at them. One thread; each client connection has its own upstream connection for
// life; sockets are registered once, edge triggered; one hot scratch buffer serves every connection and bytes are
// copied out of it only when a peer does not take them. A request costs 2 receives + 2 sends + a share of epoll_wait.
//
// Wake coalescing (--coalesce MICROSECONDS, 0 = off). Below saturation each wake-up brings one or two events, and each
// answer wakes the other core for one packet. With the knob on, a small catch waits once for more before it is served:
// the nap is a timer, not epoll, so that arriving packets end no sleep, and one wake-up serves all of them. The price
// is up to that much latency for each of the two ways, and below about 20,000/s also CPU: a timer costs more than it
// saves.
//
// Invariants
//   (1) Side::unsent is non-empty only while that side's socket refuses bytes; then its peer is not read.
//   (2) A socket is read until a short read, which means drained; after RDHUP, HUP or ERR until end or error,
//       because edge triggering will not tell again.
//   (3) A pair dies as a whole, and its memory after the batch of events that may still name it.

#include <array>
#include <memory>

#include "support.h"

namespace weir::bench {
namespace {

constexpr std::size_t scratch_bytes = 64 * 1024;  // hot in L2; larger reads win nothing on loopback
constexpr int events_max = 512;
constexpr int catch_enough = 16;  // events that are served at once: eight requests' worth shares a wake-up well enough

struct Side {
  int descriptor = -1;
  bool hung_up = false;       // RDHUP, HUP or ERR was seen: read to the end
  bool read_waiting = false;  // (1) reading stopped because the peer refused bytes
  bool read_ended = false;    // end of stream was read from this side
  std::string unsent;         // bytes this side's socket refused
};

struct Pair;

struct End {  // what an epoll event points to
  Pair* pair = nullptr;
  bool is_client = false;
};

struct Pair {
  Side client, upstream;
  End client_end{this, true}, upstream_end{this, false};
  bool closed = false;
};

class NullProxy {
 public:
  NullProxy(const sockaddr_in& address, const sockaddr_in& upstream, std::int64_t nap_ns)
      : upstream_(upstream), nap_ns_(nap_ns), listener_(listen_on(address)), epoll_(epoll_create1(EPOLL_CLOEXEC)) {
    watch_listener(epoll_, listener_);
  }

  [[nodiscard]] std::uint16_t port() const { return bound_port(listener_); }

  [[noreturn]] void run() {
    for (;;) {
      const int count = wait();
      for (int at = 0; at < count; ++at) serve(events_[static_cast<std::size_t>(at)]);
      for (Pair* pair : closed_) delete pair;
      closed_.clear();
    }
  }

 private:
  int wait() {
    const int caught = epoll_wait(epoll_, events_.data(), events_max, -1);
    if (nap_ns_ == 0 || caught >= catch_enough) return caught;
    const timespec nap = to_timespec(nap_ns_);
    clock_nanosleep(CLOCK_MONOTONIC, 0, &nap, nullptr);
    const int more = epoll_wait(epoll_, events_.data() + caught, events_max - caught, 0);
    return caught + (more > 0 ? more : 0);
  }

  void serve(const epoll_event& event) {
    if (event.data.ptr == nullptr) return accept_all();
    const End& end = *static_cast<End*>(event.data.ptr);
    Pair& pair = *end.pair;
    if (pair.closed) return;
    Side& side = end.is_client ? pair.client : pair.upstream;
    Side& peer = end.is_client ? pair.upstream : pair.client;
    if ((event.events & EPOLLOUT) != 0 && !side.unsent.empty()) flush(pair, side, peer);
    if (pair.closed || (event.events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) == 0) return;
    side.hung_up |= (event.events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0;
    relay(pair, side, peer);
  }

  void accept_all() {
    for (int descriptor = accept_from(listener_); descriptor >= 0; descriptor = accept_from(listener_)) {
      const int upstream = connect_to(upstream_);
      if (upstream < 0) {
        close(descriptor);
        continue;
      }
      // No state for "still connecting": a send before the handshake ends is refused like one to a full socket.
      auto* pair = new Pair;
      pair->client.descriptor = descriptor;
      pair->upstream.descriptor = upstream;
      watch(epoll_, descriptor, &pair->client_end);
      watch(epoll_, upstream, &pair->upstream_end);
    }
  }

  void relay(Pair& pair, Side& from, Side& to) {
    if (from.read_ended) return;
    while (to.unsent.empty()) {
      const ssize_t got = recv(from.descriptor, scratch_.get(), scratch_bytes, 0);
      if (got < 0) return errno == EAGAIN ? void() : finish(pair);
      if (got == 0) return end_of_stream(pair, from, to);
      const std::string_view bytes{scratch_.get(), static_cast<std::size_t>(got)};
      if (!pass_on(to, bytes)) return finish(pair);
      if (bytes.size() < scratch_bytes && !from.hung_up && to.unsent.empty()) return;  // (2)
    }
    from.read_waiting = true;  // (1)
  }

  /// Sends, keeping what the socket refuses. False when the connection is broken.
  static bool pass_on(Side& to, std::string_view bytes) {
    const ssize_t sent = send(to.descriptor, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno != EAGAIN) return false;
    const std::size_t taken = sent < 0 ? 0 : static_cast<std::size_t>(sent);
    if (taken < bytes.size()) to.unsent.assign(bytes.substr(taken));
    return true;
  }

  void flush(Pair& pair, Side& side, Side& peer) {
    const std::string bytes = std::exchange(side.unsent, {});
    if (!pass_on(side, bytes)) return finish(pair);
    if (!side.unsent.empty()) return;
    if (std::exchange(peer.read_waiting, false)) relay(pair, peer, side);
  }

  /// `from` will send no more: tell `to`, and end the pair once both directions are told.
  void end_of_stream(Pair& pair, Side& from, Side& to) {
    from.read_ended = true;
    if (to.read_ended) return finish(pair);
    shutdown(to.descriptor, SHUT_WR);  // all was passed on: relay() reads no end while bytes are unsent (1)
  }

  void finish(Pair& pair) {
    pair.closed = true;
    close(pair.client.descriptor);
    close(pair.upstream.descriptor);
    closed_.push_back(&pair);  // (3)
  }

  sockaddr_in upstream_;
  std::int64_t nap_ns_;
  int listener_;
  int epoll_;
  std::unique_ptr<char[]> scratch_ = std::make_unique<char[]>(scratch_bytes);
  std::array<epoll_event, events_max> events_{};
  std::vector<Pair*> closed_;
};

}  // namespace
}  // namespace weir::bench

int main(int argc, char** argv) {
  using namespace weir::bench;
  const Options options(argc, argv, "--upstream IPV4:PORT [--listen IPV4:PORT] [--coalesce MICROSECONDS]",
                        {"--upstream", "--listen", "--coalesce"});
  raise_descriptor_limit();
  sharpen_timers();
  NullProxy proxy(parse_address(options.text("--listen", "127.0.0.1:0")), parse_address(options.text("--upstream", "")),
                  static_cast<std::int64_t>(options.number("--coalesce", 0) * 1000));
  std::printf("listening on 127.0.0.1:%u\n", proxy.port());
  std::fflush(stdout);
  proxy.run();
}
