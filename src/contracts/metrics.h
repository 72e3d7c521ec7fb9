// Figures that one core writes and anybody reads.
//
// Idea: one of the three ways to share across cores: a cell with a single writer. The owner adds without a locked
// instruction; a scrape reads all shards' cells and adds them up.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>

#include "base/error.h"
#include "base/units.h"
#include "net/tls/facts.h"

namespace weir {

/// Counts up, or up and down; written by its shard only.
class Cell {
 public:
  void add(std::uint64_t amount = 1) { value_.store(get() + amount, std::memory_order_relaxed); }
  void subtract(std::uint64_t amount = 1) { value_.store(get() - amount, std::memory_order_relaxed); }
  [[nodiscard]] std::uint64_t get() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

/// Durations in the buckets OpenTelemetry advises for HTTP (semantic conventions, http.server.request.duration).
class DurationHistogram {
 public:
  static constexpr std::array<double, 14> bounds_seconds{0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25,
                                                         0.5,   0.75, 1,     2.5,  5,     7.5, 10};

  void observe(Duration duration) {
    std::size_t bucket = 0;
    while (bucket < bounds_seconds.size() && duration > bound(bucket)) ++bucket;
    counts_[bucket].add();
    total_nanoseconds_.add(static_cast<std::uint64_t>(duration.count()));
  }
  /// Observations in bucket `at` alone (not cumulative); the last is above all bounds.
  [[nodiscard]] std::uint64_t count(std::size_t at) const { return counts_[at].get(); }
  [[nodiscard]] double total_seconds() const { return static_cast<double>(total_nanoseconds_.get()) * 1e-9; }

 private:
  static Duration bound(std::size_t at) { return Duration{static_cast<std::int64_t>(bounds_seconds[at] * 1e9)}; }

  std::array<Cell, bounds_seconds.size() + 1> counts_;
  Cell total_nanoseconds_;
};

/// Handshakes of one side.
struct TlsMetrics {
  Cell full_1_2;
  Cell full_1_3;
  Cell resumed_1_2;
  Cell resumed_1_3;
  std::array<Cell, tls::failure_count> failures;  // by tls::Failure
  Cell handshakes_in_progress;                    // a gauge

  void count(const tls::Facts& facts) {
    const bool newest = facts.version == "TLSv1.3";
    if (facts.resumed)
      (newest ? resumed_1_3 : resumed_1_2).add();
    else
      (newest ? full_1_3 : full_1_2).add();
  }
};

/// Connections and datagrams that are passed on as bytes.
struct RawMetrics {
  Cell streams;       // of TCP and TLS, begun
  Cell streams_open;  // a gauge
  Cell refused;       // of these, before a server was asked: no route, a filter, the maximum, no ClientHello
  Cell bytes_from_clients;
  Cell bytes_to_clients;
  Cell sessions;       // of UDP, begun
  Cell sessions_open;  // a gauge
  Cell datagrams_from_clients;
  Cell datagrams_to_clients;
  Cell datagrams_dropped;  // from or to clients: no session could be had, too many waited, no room to send
};

/// What one shard counts about itself.
struct ShardMetrics {
  Cell connections_opened;
  Cell connections_open;                // a gauge
  Cell connections_refused;             // over a maximum, or no descriptor left
  Cell connections_refused_per_client;  // of these: the client held as many as it may
  Cell requests;
  Cell requests_in_flight;  // a gauge
  Cell bytes_from_clients;
  Cell bytes_to_clients;
  Cell upstream_connects;
  Cell upstream_connect_failures;
  Cell upstream_reuses;
  Cell upstream_connections_open;  // a gauge
  Cell upstream_queued;            // a gauge: requests waiting for a connection
  Cell retries;
  Cell retries_over_budget;  // that would have been, had the budget allowed them
  Cell hedges;               // second tries beside one that takes long
  Cell hedges_won;           // that answered first
  Cell fallbacks;            // answers that a fallback gave
  Cell faults_injected;
  Cell tunnels_open;                         // a gauge
  std::array<Cell, 4> requests_by_version;   // in the order of Version
  Cell h2_streams_refused;                   // asked for beyond the maximum of their connection
  Cell h2_streams_reset_by_clients;          // before their answers were out
  std::array<Cell, 9> h2_connections_ended;  // for the client's doing; why, in the order of h2::Flood
  std::array<Cell, 6> responses_by_class;    // [1] is 1xx ... [5] is 5xx
  std::array<Cell, static_cast<std::size_t>(Code::internal) + 1> errors_by_code;
  TlsMetrics client_tls;    // handshakes with clients
  TlsMetrics upstream_tls;  // with upstreams
  RawMetrics raw;
};

}  // namespace weir
