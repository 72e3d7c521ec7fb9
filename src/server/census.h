// What the whole process holds, counted over all cores: the maxima that hold per machine.
//
// One atomic per connection opened or closed, and per PROXY header; none per request.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>

#include "net/proxy_protocol.h"
#include "server/client_census.h"
#include "server/memory_watch.h"

namespace weir {

/// How PROXY headers went, counted where the core that does it does not matter.
class ProxyHeaderCounts {
 public:
  void taken(proxy_protocol::Version version) { add(taken_[static_cast<std::size_t>(version)]); }
  void refused(proxy_protocol::Refusal why) { add(refused_[static_cast<std::size_t>(why)]); }

  [[nodiscard]] std::uint64_t taken_of(proxy_protocol::Version version) const {
    return taken_[static_cast<std::size_t>(version)].load(std::memory_order_relaxed);
  }
  [[nodiscard]] std::uint64_t refused_for(proxy_protocol::Refusal why) const {
    return refused_[static_cast<std::size_t>(why)].load(std::memory_order_relaxed);
  }

 private:
  static void add(std::atomic<std::uint64_t>& count) { count.fetch_add(1, std::memory_order_relaxed); }

  std::array<std::atomic<std::uint64_t>, 2> taken_{};
  std::array<std::atomic<std::uint64_t>, proxy_protocol::refusal_count> refused_{};
};

class Census {
 public:
  /// Counts one more connection unless `most` are open already.
  bool enter(std::uint64_t most) {
    if (connections_.fetch_add(1, std::memory_order_relaxed) < most) return true;
    leave();
    return false;
  }
  void leave() { connections_.fetch_sub(1, std::memory_order_relaxed); }
  [[nodiscard]] std::uint64_t connections() const { return connections_.load(std::memory_order_relaxed); }
  [[nodiscard]] ClientCensus& clients() { return clients_; }
  [[nodiscard]] MemoryWatch& memory() { return memory_; }
  [[nodiscard]] ProxyHeaderCounts& proxy_headers() { return proxy_headers_; }
  [[nodiscard]] const ProxyHeaderCounts& proxy_headers() const { return proxy_headers_; }

 private:
  std::atomic<std::uint64_t> connections_{0};
  ClientCensus clients_;
  MemoryWatch memory_;
  ProxyHeaderCounts proxy_headers_;
};

}  // namespace weir
