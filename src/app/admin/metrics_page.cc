// Families in a fixed order: the build and configuration, traffic, upstreams, errors, cores, routes, the process.
#include "app/admin/metrics_page.h"

#include <dirent.h>
#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdio>

#include "app/admin/certificates_page.h"
#include "app/admin/exposition.h"
#include "app/admin/limits_page.h"
#include "app/admin/overload_page.h"
#include "app/admin/probes_page.h"
#include "app/admin/sticky_page.h"
#include "app/admin/top_page.h"
#include "app/admin/upstreams_page.h"
#include "app/commands/version.h"
#include "protocols/h2/flood_guard.h"

namespace weir {
namespace {

using CellOfShard = Cell ShardMetrics::*;

struct Family {
  std::string_view name;
  std::string_view type;
  std::string_view help;
  CellOfShard cell;
};

constexpr Family families[] = {
    {"weir_connections_opened_total", "counter", "Client connections accepted.", &ShardMetrics::connections_opened},
    {"weir_connections_open", "gauge", "Client connections open now.", &ShardMetrics::connections_open},
    {"weir_connections_refused_total", "counter", "Client connections refused: over a maximum, or no descriptor left.",
     &ShardMetrics::connections_refused},
    {"weir_connections_refused_per_client_total", "counter",
     "Of these, those of clients that held as many as limits.connections_per_client allows.",
     &ShardMetrics::connections_refused_per_client},
    {"weir_requests_total", "counter", "Requests begun.", &ShardMetrics::requests},
    {"weir_requests_in_flight", "gauge", "Requests begun and not yet ended, tunnels included.",
     &ShardMetrics::requests_in_flight},
    {"weir_request_body_bytes_total", "counter", "Bytes of request bodies received from clients.",
     &ShardMetrics::bytes_from_clients},
    {"weir_response_body_bytes_total", "counter", "Bytes of response bodies sent to clients.",
     &ShardMetrics::bytes_to_clients},
    {"weir_http2_streams_refused_total", "counter",
     "Requests refused because their HTTP/2 connection had as many as it may.", &ShardMetrics::h2_streams_refused},
    {"weir_http2_streams_reset_by_clients_total", "counter", "Requests that HTTP/2 clients took back.",
     &ShardMetrics::h2_streams_reset_by_clients},
    {"weir_tunnels_open", "gauge", "Upgraded connections open now.", &ShardMetrics::tunnels_open},
    {"weir_upstream_connects_total", "counter", "Connections opened to upstreams.", &ShardMetrics::upstream_connects},
    {"weir_upstream_connect_failures_total", "counter", "Connections to upstreams that could not be opened.",
     &ShardMetrics::upstream_connect_failures},
    {"weir_upstream_reuses_total", "counter", "Requests sent on an upstream connection that had carried others.",
     &ShardMetrics::upstream_reuses},
    {"weir_upstream_connections_open", "gauge", "Connections to upstreams open now.",
     &ShardMetrics::upstream_connections_open},
    {"weir_upstream_queued", "gauge", "Requests waiting for an upstream connection now.",
     &ShardMetrics::upstream_queued},
    {"weir_upstream_retries_total", "counter", "Second and later tries of requests.", &ShardMetrics::retries},
    {"weir_upstream_retries_over_budget_total", "counter", "Tries that the budget of retries did not allow.",
     &ShardMetrics::retries_over_budget},
    {"weir_upstream_hedges_total", "counter", "Second tries beside one that took long.", &ShardMetrics::hedges},
    {"weir_upstream_hedges_won_total", "counter", "Second tries that answered first.", &ShardMetrics::hedges_won},
    {"weir_fallbacks_total", "counter", "Answers that a fallback gave.", &ShardMetrics::fallbacks},
    {"weir_faults_injected_total", "counter", "Requests that were held or failed as a rehearsal.",
     &ShardMetrics::faults_injected},
};

constexpr std::string_view class_names[] = {"none", "1xx", "2xx", "3xx", "4xx", "5xx"};

double seconds_of(WallTime time) {
  const auto whole = std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch());
  return std::chrono::duration<double>(whole).count();
}

std::uint64_t sum_of(std::span<Shard* const> shards, CellOfShard cell) {
  std::uint64_t sum = 0;
  for (const Shard* shard : shards) sum += (shard->metrics.*cell).get();
  return sum;
}

void add_configuration(Exposition& page, const Operations& operations) {
  const auto status = operations.status();
  page.family("weir_build_info", "gauge", "1, with the version as a label.")
      .sample({{"version", version}}, std::uint64_t{1});
  page.family("weir_ready", "gauge", "1 while traffic is welcome, 0 while starting or draining.")
      .sample({}, std::uint64_t{operations.ready() ? 1U : 0U});
  page.family("weir_config_info", "gauge", "1, with the running configuration's content hash as a label.")
      .sample({{"hash", status.hash}}, std::uint64_t{1});
  page.family("weir_config_from_file", "gauge",
              "1 when what runs is what the file said; 0 after a rollback, or when the file was broken at the start.")
      .sample({}, std::uint64_t{status.origin == "file" ? 1U : 0U});
  page.family("weir_config_last_reload_successful", "gauge",
              "1 when the last reload was applied, 0 when it was refused.")
      .sample({}, std::uint64_t{status.last_reload_applied ? 1U : 0U});
  page.family("weir_config_last_reload_success_timestamp_seconds", "gauge",
              "When the running configuration was applied.")
      .sample({}, seconds_of(status.loaded_at));
  page.family("weir_config_reloads_total", "counter", "Reloads asked for, by what became of them.")
      .sample({{"result", "applied"}}, status.reloads)
      .sample({{"result", "refused"}}, status.reloads_failed);
  page.family("weir_state_entries_written_total", "counter",
              "Entries written to the state folder: what of quotas survives a restart.")
      .sample({}, status.state_written);
  page.family("weir_state_failures_total", "counter",
              "Times that the state folder could not be read or written; what was not written is tried again.")
      .sample({}, status.state_failures);
  page.family("weir_workers", "gauge", "Cores that serve.").sample({}, std::uint64_t{status.workers});
}

void add_traffic(Exposition& page, std::span<Shard* const> shards) {
  for (const Family& family : families)
    page.family(family.name, family.type, family.help).sample({}, sum_of(shards, family.cell));
  page.family("weir_responses_total", "counter",
              "Answers by class of status; none: the client went away before one was sent.");
  for (std::size_t at = 0; at < std::size(class_names); ++at) {
    std::uint64_t sum = 0;
    for (const Shard* shard : shards) sum += shard->metrics.responses_by_class[at].get();
    page.sample({{"class", class_names[at]}}, sum);
  }
  page.family("weir_requests_by_version_total", "counter",
              "Requests that are over, by the version of HTTP they came in.");
  for (const Version version : {Version::http_1_0, Version::http_1_1, Version::http_2}) {
    std::uint64_t sum = 0;
    for (const Shard* shard : shards)
      sum += shard->metrics.requests_by_version[static_cast<std::size_t>(version)].get();
    page.sample({{"version", name_of(version)}}, sum);
  }
  page.family("weir_http2_connections_ended_total", "counter",
              "HTTP/2 connections that were ended for what the client did, by the reason.");
  for (std::size_t at = 0; at < h2::flood_count; ++at) {
    std::uint64_t sum = 0;
    for (const Shard* shard : shards) sum += shard->metrics.h2_connections_ended[at].get();
    page.sample({{"reason", name_of(static_cast<h2::Flood>(at))}}, sum);
  }
  page.family("weir_errors_total", "counter",
              "Requests that ended with an error, by its reason (the access log's `reason`).");
  for (std::size_t at = 0; at < shards.front()->metrics.errors_by_code.size(); ++at) {
    std::uint64_t sum = 0;
    for (const Shard* shard : shards) sum += shard->metrics.errors_by_code[at].get();
    if (sum > 0) page.sample({{"reason", name_of(static_cast<Code>(at))}}, sum);
  }
}

template <typename Group>
std::uint64_t sum_of(std::span<Shard* const> shards, Group ShardMetrics::* group, Cell Group::* cell) {
  std::uint64_t sum = 0;
  for (const Shard* shard : shards) sum += (shard->metrics.*group.*cell).get();
  return sum;
}

void add_handshakes(Exposition& page, std::span<Shard* const> shards, std::string_view prefix, std::string_view whom,
                    TlsMetrics ShardMetrics::* side) {
  const auto sum = [&](Cell TlsMetrics::* cell) { return sum_of(shards, side, cell); };
  page.family(
          fmt::format("{}_handshakes_total", prefix), "counter",
          fmt::format("TLS handshakes with {} that ended well, by version and whether a session was resumed.", whom))
      .sample({{"version", "1.2"}, {"resumed", "false"}}, sum(&TlsMetrics::full_1_2))
      .sample({{"version", "1.2"}, {"resumed", "true"}}, sum(&TlsMetrics::resumed_1_2))
      .sample({{"version", "1.3"}, {"resumed", "false"}}, sum(&TlsMetrics::full_1_3))
      .sample({{"version", "1.3"}, {"resumed", "true"}}, sum(&TlsMetrics::resumed_1_3));
  page.family(fmt::format("{}_handshakes_in_progress", prefix), "gauge",
              fmt::format("TLS handshakes with {} that are not over.", whom))
      .sample({}, sum(&TlsMetrics::handshakes_in_progress));
  page.family(fmt::format("{}_handshake_failures_total", prefix), "counter",
              fmt::format("TLS handshakes with {} that failed, by reason.", whom));
  for (std::size_t at = 0; at < tls::failure_count; ++at) {
    std::uint64_t failures = 0;
    for (const Shard* shard : shards) failures += (shard->metrics.*side).failures[at].get();
    if (failures > 0) page.sample({{"reason", tls::name_of(static_cast<tls::Failure>(at))}}, failures);
  }
}

void add_raw_streams(Exposition& page, std::span<Shard* const> shards) {
  const auto add = [&](std::string_view name, std::string_view type, std::string_view help, Cell RawMetrics::* cell) {
    page.family(name, type, help).sample({}, sum_of(shards, &ShardMetrics::raw, cell));
  };
  add("weir_raw_streams_total", "counter", "Raw streams (protocol: tcp, tls_passthrough) begun.", &RawMetrics::streams);
  add("weir_raw_streams_open", "gauge", "Raw streams open now.", &RawMetrics::streams_open);
  add("weir_raw_streams_refused_total", "counter", "Raw streams that were refused before any server was asked.",
      &RawMetrics::refused);
  add("weir_raw_stream_bytes_from_clients_total", "counter",
      "Bytes that raw streams brought from clients, counted at their end.", &RawMetrics::bytes_from_clients);
  add("weir_raw_stream_bytes_to_clients_total", "counter",
      "Bytes that raw streams brought to clients, counted at their end.", &RawMetrics::bytes_to_clients);
  add("weir_udp_sessions_total", "counter", "Conversations of UDP clients begun.", &RawMetrics::sessions);
  add("weir_udp_sessions_open", "gauge", "Conversations of UDP clients open now.", &RawMetrics::sessions_open);
  add("weir_udp_datagrams_from_clients_total", "counter", "Datagrams received from clients.",
      &RawMetrics::datagrams_from_clients);
  add("weir_udp_datagrams_to_clients_total", "counter", "Datagrams sent to clients.",
      &RawMetrics::datagrams_to_clients);
  add("weir_udp_datagrams_dropped_total", "counter",
      "Datagrams from or to clients that went nowhere: no session could be had, too many waited, no room to send.",
      &RawMetrics::datagrams_dropped);
}

void add_proxy_headers(Exposition& page, const ProxyHeaderTotals& totals) {
  page.family("weir_proxy_headers_total", "counter",
              "PROXY headers that connections of clients began with, by version.")
      .sample({{"version", "v1"}}, totals.v1)
      .sample({{"version", "v2"}}, totals.v2);
  page.family("weir_proxy_headers_refused_total", "counter",
              "Connections closed because they had to begin with a PROXY header and did not, by reason.");
  for (std::size_t at = 0; at < totals.refused.size(); ++at) {
    const std::string_view reason = proxy_protocol::name_of(static_cast<proxy_protocol::Refusal>(at));
    if (totals.refused[at] > 0) page.sample({{"reason", reason}}, totals.refused[at]);
  }
}

void add_cores(Exposition& page, std::span<Shard* const> shards) {
  const auto per_core = [&](std::string_view name, std::string_view type, std::string_view help, CellOfShard cell) {
    page.family(name, type, help);
    for (const Shard* shard : shards)
      page.sample({{"core", fmt::format("{}", shard->id)}}, (shard->metrics.*cell).get());
  };
  per_core("weir_core_requests_total", "counter", "Requests begun, by the core that serves them.",
           &ShardMetrics::requests);
  per_core("weir_core_connections_open", "gauge", "Client connections open now, by core.",
           &ShardMetrics::connections_open);
}

void add_routes(Exposition& page, const RouteMetrics& metrics) {
  const auto totals = metrics.totals();
  page.family("weir_route_responses_total", "counter",
              "Answers by route and class of status; route other: beyond the first 1000 routes, none: no route took "
              "the request.");
  for (const auto& [route, sums] : totals) {
    for (std::size_t at = 0; at < std::size(class_names); ++at) {
      if (sums.responses_by_class[at] > 0)
        page.sample({{"route", route}, {"class", class_names[at]}}, sums.responses_by_class[at]);
    }
  }
  page.family("weir_route_duration_seconds", "histogram",
              "From a request's first byte to its answer's last, by route; tunnels excepted. Buckets as OpenTelemetry "
              "advises for HTTP.");
  for (const auto& [route, sums] : totals) {
    page.histogram("route", route, DurationHistogram::bounds_seconds, sums.durations, sums.duration_seconds);
  }
}

std::uint64_t open_descriptors() {
  DIR* const folder = ::opendir("/proc/self/fd");
  if (folder == nullptr) return 0;
  std::uint64_t entries = 0;
  while (::readdir(folder) != nullptr) ++entries;
  ::closedir(folder);
  return entries > 3 ? entries - 3 : 0;  // ".", ".." and the folder itself
}

void add_process(Exposition& page, WallTime started_at) {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
  };
  page.family("process_cpu_seconds_total", "counter", "User and system time, all threads.")
      .sample({}, seconds(usage.ru_utime) + seconds(usage.ru_stime));
  unsigned long long size_pages = 0;
  unsigned long long resident_pages = 0;
  if (std::FILE* const file = std::fopen("/proc/self/statm", "re")) {
    if (std::fscanf(file, "%llu %llu", &size_pages, &resident_pages) != 2) size_pages = resident_pages = 0;
    (void)std::fclose(file);
  }
  const auto page_bytes = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  page.family("process_virtual_memory_bytes", "gauge", "Virtual memory.")
      .sample({}, std::uint64_t{size_pages} * page_bytes);
  page.family("process_resident_memory_bytes", "gauge", "Resident memory.")
      .sample({}, std::uint64_t{resident_pages} * page_bytes);
  page.family("process_open_fds", "gauge", "Open file descriptors.").sample({}, open_descriptors());
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  page.family("process_max_fds", "gauge", "Most file descriptors that may be open.")
      .sample({}, std::uint64_t{limit.rlim_cur});
  page.family("process_start_time_seconds", "gauge", "When the process began, in seconds since 1970.")
      .sample({}, seconds_of(started_at));
}

}  // namespace

std::string metrics_page(const MetricsSources& sources) {
  Exposition page;
  add_configuration(page, sources.operations);
  const std::span<Shard* const> shards = sources.operations.shards();
  if (!shards.empty()) {
    add_traffic(page, shards);
    add_handshakes(page, shards, "weir_tls", "clients", &ShardMetrics::client_tls);
    add_handshakes(page, shards, "weir_upstream_tls", "upstreams", &ShardMetrics::upstream_tls);
    const ProcessStatus status = sources.operations.status();
    add_proxy_headers(page, status.proxy_headers);
    add_raw_streams(page, shards);
    add_certificates(page, status.certificates);
    add_cores(page, shards);
  }
  if (sources.routes != nullptr) add_routes(page, *sources.routes);
  if (sources.heavy != nullptr)
    add_top(page, top_of(sources.heavy, sources.operations.shared_states(), sources.now, 1));
  add_endpoints(page, upstream_totals(*sources.operations.gateway(), sources.now));
  if (SharedStates* const states = sources.operations.shared_states()) {
    add_limits(page, limit_totals(*states));
    add_overload(page, *states);
    add_sticky(page, *states);
    add_load_probes(page, *states);
    add_fleet(page, fleet_totals(*states));
    add_redis(page, redis_totals(*states));
  }
  if (sources.access_log != nullptr) {
    page.family("weir_access_log_lines_dropped_total", "counter",
                "Lines the access log lost: the disk was full or too slow.")
        .sample({}, sources.access_log->lines_dropped());
  }
  add_process(page, sources.operations.status().started_at);
  return page.take();
}

}  // namespace weir
