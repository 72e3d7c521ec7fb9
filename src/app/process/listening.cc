// The addresses that a configuration wants, and opening those that are not open yet.
#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <optional>

#include "app/config/raw_streams.h"
#include "app/default_admin.h"
#include "app/process/process.h"
#include "runtime/datagrams.h"

namespace weir {
namespace {

// /run/weir is gone after each boot unless a supervisor makes it.
std::optional<UntrustedFolder> make_folder_of(const ListenerPlan& plan) {
  if (plan.use != ListenerUse::admin || plan.address.family() != AF_UNIX) return {};
  return make_admin_folder(unix_path_of(plan.address));
}

// Our cores share their port (SO_REUSEPORT), and would share it with another gateway of the same user without a word:
// half of the connections would go astray. A socket that does not share finds out.
Result<void> nobody_else_listens(Shard& shard, const ListenerPlan& plan) {
  if (plan.takes_datagrams()) {
    TRY(const Handle probe, shard.reactor.io().listen_datagrams(plan.address, false));
    shard.reactor.io().close(probe, false);
    return {};
  }
  TRY(const Handle probe, shard.reactor.io().listen(plan.address, {}));
  shard.reactor.io().close(probe, false);
  return {};
}

}  // namespace

std::vector<ListenerPlan> Process::plan_listeners(const config::Document& document, Diagnostics& diagnostics) {
  std::vector<ListenerPlan> plans;
  const auto plan = [&](const std::string& name, const Endpoint& endpoint, Place place, ListenerUse use) {
    const auto address = socket_address(endpoint);
    if (!address) {
      diagnostics.error(place, "listeners", fmt::format("\"{}\" is not an address of this machine", endpoint.text()),
                        "write an IP address, or only :port");
      return false;
    }
    plans.push_back({.name = name, .id = listener_numbers_.number_of(name), .address = *address, .use = use});
    return true;
  };
  for (const config::ListenerDocument& listener : document.listeners) {
    if (!plan(listener.name, listener.address, listener.place, ListenerUse::traffic)) continue;
    plans.back().http2 = listener.http2;
    plans.back().proxy_senders = listener.proxy_senders.value_or(ProxySenders{});
    if (listener.raw != nullptr) plans.back().raw = config::raw_protocol_of(listener.protocol);
  }
  for (const config::AdminDocument& admin : document.admin) {
    if (plan("admin", admin.address, admin.place, ListenerUse::admin)) plans.back().http2 = false;
  }
  return plans;
}

// Opens what is wanted and not yet open. When one cannot be opened, those opened before it are closed again.
bool Process::open_new_listeners(std::vector<ListenerPlan>& plans, Diagnostics& diagnostics) {
  std::vector<ListenerPlan> opened;
  std::vector<ListenerStatus> bound;
  for (ListenerPlan& plan : plans) {
    const auto same =
        std::ranges::find_if(open_listeners_, [&](const ListenerPlan& open) { return open.same_socket(plan); });
    if (same != open_listeners_.end()) {
      const auto index = static_cast<std::size_t>(same - open_listeners_.begin());
      bound.push_back({plan.name, bound_[index].address});
      continue;
    }
    if (plan.takes_datagrams()) plan.sessions = std::make_shared<std::atomic<std::uint64_t>>(0);
    const auto address = open_or_explain(plan, opened, diagnostics);
    if (!address) {
      for (const ListenerPlan& again : opened) close_everywhere(again);
      return false;
    }
    opened.push_back(plan);
    bound.push_back({plan.name, text_of(*address)});
  }
  bound_ = std::move(bound);
  return true;
}

std::optional<SocketAddress> Process::open_or_explain(const ListenerPlan& plan,
                                                      std::span<const ListenerPlan> just_opened,
                                                      Diagnostics& diagnostics) {
  if (const auto untrusted = make_folder_of(plan)) {
    diagnostics.error({}, "admin", untrusted->sentence, untrusted->advice);
    return {};
  }
  const Result<SocketAddress> address = open_everywhere(plan, just_opened);
  if (address) return *address;
  diagnostics.error({}, "listeners",
                    fmt::format("cannot listen on {} ({}): {}", text_of(plan.address), plan.name,
                                ::strerrordesc_np(address.error().os_error)),
                    address.error().os_error == EADDRINUSE ? "another process listens there" : "");
  return {};
}

// The first core decides the port (when it was 0) and whether the address can be had at all; the others join it there.
Result<SocketAddress> Process::open_everywhere(const ListenerPlan& plan, std::span<const ListenerPlan> just_opened) {
  // Where we listen on the same port already (:8080 becomes 127.0.0.1:8080), or will with the same configuration (both
  // of them), the probe would only meet ourselves.
  const auto on_that_port = [&](const ListenerPlan& open) {
    return port_of(open.address) == port_of(plan.address) && open.takes_datagrams() == plan.takes_datagrams();
  };
  const bool port_is_ours =
      std::ranges::any_of(open_listeners_, on_that_port) || std::ranges::any_of(just_opened, on_that_port);
  const auto still_drains = [&](const auto& worker) {
    return worker->call([&] { return worker->server().still_drains(plan); });
  };
  const bool was_ours = plan.takes_datagrams() && std::ranges::any_of(workers_, still_drains);
  if (plan.address.family() != AF_UNIX && !port_is_ours && !was_ours) {
    TRY_VOID(workers_.front()->call([&] { return nobody_else_listens(workers_.front()->shard(), plan); }));
  }
  TRY(const SocketAddress bound, workers_.front()->call([&] { return workers_.front()->server().open(plan); }));
  const bool shared = plan.address.family() != AF_UNIX && plan.use == ListenerUse::traffic;
  for (std::size_t at = 1; shared && at < workers_.size(); ++at) {
    Worker& worker = *workers_[at];
    const Result<SocketAddress> joined = worker.call([&] { return worker.server().open_at(plan, bound); });
    if (!joined) {
      close_everywhere(plan);
      return joined;
    }
  }
  return bound;
}

}  // namespace weir
