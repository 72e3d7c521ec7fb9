// What runs, since when, and how the last reload went.
#include "app/admin/status_page.h"

#include <fmt/format.h>

#include "app/admin/certificates_page.h"
#include "app/commands/version.h"
#include "app/json_writer.h"
#include "app/time_text.h"

namespace weir {

std::string status_json(const ProcessStatus& status) {
  JsonWriter json;
  json.begin_object().member("version", version).member("state", status.state);
  json.member("started_at", time_text(status.started_at))
      .member("workers", status.workers)
      .member("connections", status.connections);
  json.key("listeners").begin_array();
  for (const ListenerStatus& listener : status.listeners) {
    json.begin_object().member("name", listener.name).member("address", listener.address).end_object();
  }
  json.end_array();
  add_certificates(json, status.certificates);
  json.key("configuration").begin_object().member("hash", status.hash).member("source", status.source);
  json.member("origin", status.origin);
  if (!status.remark.empty()) json.member("remark", status.remark);
  json.member("loaded_at", time_text(status.loaded_at)).end_object();
  json.key("reloads").begin_object().member("applied", status.reloads).member("failed", status.reloads_failed);
  json.member("last_applied", status.last_reload_applied);
  if (status.last_reload_at != WallTime{}) json.member("last_at", time_text(status.last_reload_at));
  if (!status.last_reload_error.empty()) json.member("last_error", status.last_reload_error);
  json.end_object().end_object();
  return json.take() + "\n";
}

std::string status_text(const ProcessStatus& status) {
  std::string out = fmt::format("weir {} is {} since {}, {} worker{}, {} connection{}\n", version, status.state,
                                time_text(status.started_at), status.workers, status.workers == 1 ? "" : "s",
                                status.connections, status.connections == 1 ? "" : "s");
  for (const ListenerStatus& listener : status.listeners) {
    out += fmt::format("  listener       {} on {}\n", listener.name, listener.address);
  }
  out += certificates_text(status.certificates);
  out += fmt::format("  configuration  {} from {}, loaded {}\n", status.hash.substr(0, 7), status.source,
                     time_text(status.loaded_at));
  if (!status.remark.empty()) out += fmt::format("  attention      {}\n", status.remark);
  if (status.reloads + status.reloads_failed == 0) return out;
  out += fmt::format("  reloads        {} applied, {} refused", status.reloads, status.reloads_failed);
  if (!status.last_reload_applied)
    out += fmt::format("; the last one at {}: {}", time_text(status.last_reload_at), status.last_reload_error);
  return out + "\n";
}

}  // namespace weir
