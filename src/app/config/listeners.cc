// How listeners are written: those of HTTP, and what all have in common.
#include "app/config/listeners.h"

#include <fmt/format.h>

#include "app/config/items.h"
#include "app/config/raw_streams.h"

namespace weir::config {
namespace {

const Schema<ProxySenders>& proxy_senders_schema() {
  static const auto schema =
      Schema<ProxySenders>("proxy protocol", "Who has to say whose connection it is, before all else.")
          .option("from", &ProxySenders::blocks,
                  {.doc = "Where such connections come from; of a unix socket, nothing: all who may open it.",
                   .example = "[10.0.0.0/8]"})
          .option("timeout", &ProxySenders::timeout,
                  {.doc = "From a connection's begin to the end of its header.",
                   .example = "5s",
                   .minimum = std::chrono::milliseconds{1}})
          .shorthand([](const Node& node, const Reading& reading, ProxySenders& senders) {
            if (node.is_scalar() && node.text() == "on") return true;
            return OptionType<std::vector<Cidr>>::read(node, reading, senders.blocks);
          });
  return schema;
}

bool read_proxy_senders(const Node& node, const Reading& reading, ListenerDocument& listener) {
  listener.proxy_senders_place = node.place();
  if (proxy_senders_schema().read_into(node, reading, listener.proxy_senders.emplace())) return true;
  listener.proxy_senders.reset();  // of what could not be read nothing more is to be said
  return false;
}

bool read_tls(const Node& node, const Reading& reading, ListenerDocument& listener) {
  return tls_schema().read_into(node, reading, listener.tls.emplace());
}

/// The node as it is, to be read when the whole listener is known.
auto kept_as(Node RawWritten::* member) {
  return [member](const Node& node, const Reading&, ListenerDocument& listener) {
    listener.raw_written.*member = node;
    return true;
  };
}

/// Addresses tell TCP senders apart; who may open a unix socket is said by its folder.
bool settle_proxy_senders(ListenerDocument& listener, const Reading& at) {
  if (!listener.proxy_senders) return true;
  ProxySenders& senders = *listener.proxy_senders;
  senders.all = listener.address.is_unix();
  if (senders.all == senders.blocks.empty()) return true;
  const Reading here = at.member("proxy_protocol");
  const Place place = listener.proxy_senders_place;
  return senders.all ? here.error(place, "who opens a unix socket has no address", "write on")
                     : here.error(place, "anybody who can connect could say that he is somebody else",
                                  "write the addresses of your load balancers: [10.0.0.0/8]");
}

}  // namespace

const Schema<ListenerDocument>& listener_schema() {
  static const auto schema =
      Schema<ListenerDocument>("listener", "Where clients connect.")
          .option("address", &ListenerDocument::address,
                  {.doc = "Address and port, or a unix socket.",
                   .example = "\":8080\"",
                   .required = true,
                   .complaint = own_address_complaint})
          .option("name", &ListenerDocument::name, {.doc = "What routes call it.", .example = "web"})
          .choice(
              "protocol", &ListenerDocument::protocol,
              {{"http", ListenerProtocol::http},
               {"tcp", ListenerProtocol::tcp},
               {"tls_passthrough", ListenerProtocol::tls_passthrough},
               {"udp", ListenerProtocol::udp}},
              {.doc =
                   "What is spoken: http, in all versions; or raw streams, which are passed on as bytes: tcp (with "
                   "tls: opened here), tls_passthrough (chosen by the name that clients ask for, and not opened), udp "
                   "(datagrams).",
               .example = "tcp"})
          .option(
              "http2", &ListenerDocument::http2,
              {.doc = "Whether HTTP/2 is spoken with clients that agree on it by ALPN, or begin with it without TLS.",
               .example = "false"})
          .custom("proxy_protocol", "proxy protocol", read_proxy_senders,
                  {.doc = "Whose connections must begin with a PROXY header (v1 or v2) that names the client, and are "
                          "believed; others may not send one. On a unix socket: on, for all who may open it.",
                   .example = "[10.0.0.0/8]"},
                  &proxy_senders_schema())
          .custom("tls", "tls", read_tls,
                  {.doc = "Makes it speak TLS.", .example = "{ certificates: [{ certificate: a.pem, key: a.key }] }"},
                  &tls_schema())
          .custom("proxy", "upstream", kept_as(&RawWritten::proxy),
                  {.doc = "Of raw streams: where all of them go; as the service of that name is written.",
                   .example = "redis"})
          .custom(
              "filters", "list of filter", kept_as(&RawWritten::filters),
              {.doc = "In front of that proxy: those that need no HTTP (access, circuit_breaker, concurrency, limit).",
               .example = "[{ access: { allow: [10.0.0.0/8] } }]"})
          .custom("routes", "list of raw route", kept_as(&RawWritten::routes),
                  {.doc = "In place of proxy, where TLS is spoken: where streams go by the name that clients ask for.",
                   .example = "[{ server_name: shop.example.com, proxy: shop }]"},
                  &raw_route_schema())
          .custom("timeouts", "timeouts of raw streams", kept_as(&RawWritten::timeouts),
                  {.doc = "Of raw streams.", .example = "{ idle: 1h }"}, &raw_timeouts_schema())
          .custom("connections", "number", kept_as(&RawWritten::connections),
                  {.doc = "Raw streams that the listener has open at once, in the whole process; of udp clients, 10000 "
                          "when it is not "
                          "given. Beyond: refused.",
                   .example = "1000"})
          .shorthand("address");
  return schema;
}

bool read_listeners(const Node& node, const Reading& reading, const PluginNames& names,
                    std::vector<ListenerDocument>& listeners) {
  return for_each_item(node, reading, [&](const Node& item, const Reading& at) {
    ListenerDocument listener;
    listener.place = item.place();
    bool good = listener_schema().read_into(item, at, listener);
    if (listener.name.empty()) listener.name = listener.address.text();
    const bool http = listener.protocol == ListenerProtocol::http;
    if (http && listener.tls && !settle_protocols(*listener.tls, listener.http2)) {
      at.diagnostics().error(listener.tls->protocols_place, at.path() + ".tls.protocols",
                             "h2 is offered where http2 is off", "take h2 out, or http2: false out of the listener");
      good = false;
    }
    good = settle_proxy_senders(listener, at) && good;
    good = (http ? lacks_raw_options(item, at) : settle_raw(item, at, names, listener)) && good;
    listeners.push_back(std::move(listener));  // also with errors: routes may name it
    return good;
  });
}

}  // namespace weir::config
