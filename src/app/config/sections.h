// The sections of a configuration that are about the gateway itself and not about routes.
//
// Idea: structs of base/limits.h and contracts/snapshot.h get their schemas here, since they live on floors that know
// no configuration. Each section is one schema; document.cc puts them together.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "app/config/tls.h"
#include "base/limits.h"
#include "contracts/fleet.h"
#include "contracts/schema.h"
#include "contracts/snapshot.h"
#include "net/address.h"
#include "server/proxy_header.h"

namespace weir::config {

/// An address for operators: a unix socket may change things, loopback TCP may only read.
struct AdminDocument {
  Endpoint address;
  Place place;
};

/// What `listeners[].protocol` may say.
enum class ListenerProtocol : std::uint8_t { http, tcp, tls_passthrough, udp };

struct RawDocument;  // app/config/raw_streams.h

/// Options of raw streams as they are written: null where they are not.
struct RawWritten {
  Node proxy;
  Node filters;
  Node routes;
  Node timeouts;
  Node connections;
};

struct ListenerDocument {
  std::string name;  ///< the address when none is given
  Endpoint address;
  ListenerProtocol protocol = ListenerProtocol::http;
  bool http2 = true;
  Place place;
  std::optional<TlsDocument> tls;             ///< nothing: it is plain
  std::optional<ProxySenders> proxy_senders;  ///< nothing: connections begin without a header
  Place proxy_senders_place;
  RawWritten raw_written;
  std::shared_ptr<const RawDocument> raw;  ///< null: HTTP is spoken
};

struct AccessLogDocument {
  enum class Format : std::uint8_t { json, combined };
  std::string to = "stdout";  ///< `off`, `stdout`, `stderr` or a path
  Format format = Format::json;
};

struct ErrorLogDocument {
  enum class Level : std::uint8_t { debug, info, warning, error };
  std::string to = "stderr";  ///< `stdout`, `stderr` or a path
  Level level = Level::info;
};

struct RuntimeDocument {
  /// How long a wake-up may wait for more events when load says that it pays; 0s turns it off.
  Duration wake_coalescing = std::chrono::microseconds{50};
};

/// What is kept of configurations that ran: docs/history.md.
struct StateDocument {
  std::string path;  ///< `off`, or a path from the root; empty: app/default_state.h
  std::uint32_t entries = 1000;
  Duration age = std::chrono::hours{24 * 365};
  ByteCount size = 64 * mebibyte;
};

const Schema<Limits>& limits_schema();
const Schema<Timeouts>& timeouts_schema();
const Schema<UpstreamTimeouts>& upstream_timeouts_schema();
const Schema<ConnectionLimits>& connection_limits_schema();
const Schema<ForwardedSettings>& forwarded_schema();
const Schema<StorySettings>& stories_schema();
const Schema<AccessLogDocument>& access_log_schema();
const Schema<ErrorLogDocument>& error_log_schema();
const Schema<RuntimeDocument>& runtime_schema();
const Schema<StateDocument>& state_schema();
const Schema<FleetSettings>& fleet_schema();
const Schema<ListenerDocument>& listener_schema();

/// What is wrong with an address to listen on, behind the address; empty when nothing is.
std::string own_address_complaint(const Endpoint& address);
/// Adds an error unless the address is a unix socket or loopback.
bool read_admin(const Node& node, const Reading& reading, AdminDocument& out);

}  // namespace weir::config
