// What is offered, what was agreed on, and who stands in between from then on.
#include "filters/websocket/websocket.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "filters/websocket/guarded_tunnel.h"
#include "http/websocket_handshake.h"

namespace weir {
namespace websocket {
namespace {

constexpr std::string_view extensions_field = "sec-websocket-extensions";
constexpr std::string_view deflate = "permessage-deflate";

/// `permessage-deflate; client_max_window_bits` is one.
bool is_deflate(std::string_view extension) {
  return text::equal_ignoring_case(text::trim(extension.substr(0, extension.find(';'))), deflate);
}

/// Calls `visit(std::string_view)` for each extension, over all lines.
template <typename Visit>
void for_each_extension(const Fields& fields, Visit visit) {
  for (const Field& field : fields) {
    if (field.name == extensions_field) text::for_each_member(field.value, visit);
  }
}

}  // namespace

bool reduce_offers(Fields& fields, bool compression, Arena& arena) {
  std::string left;
  for_each_extension(fields, [&](std::string_view offered) {
    if (!compression || !is_deflate(offered)) return;
    if (!left.empty()) left += ", ";
    left += offered;
  });
  fields.remove(extensions_field);
  if (!left.empty()) fields.append(extensions_field, arena.copy(left));
  return !left.empty();
}

std::optional<bool> agreed_on_compression(const Fields& answered, bool offered) {
  unsigned agreed = 0;
  unsigned others = 0;
  for_each_extension(answered, [&](std::string_view extension) { ++(is_deflate(extension) ? agreed : others); });
  if (others > 0 || agreed > 1 || (agreed > 0 && !offered)) return {};
  return agreed > 0;
}

}  // namespace websocket

Reply WebSocket::handle(Exchange& exchange, Next next) const {
  const bool asked_for = exchange.request.upgrade == websocket::protocol;
  return asked_for ? guard(exchange, std::move(next)) : std::move(next)(exchange);
}

Reply WebSocket::guard(Exchange& exchange, Next next) const {
  const bool offered = websocket::reduce_offers(exchange.request.fields, passes_compression(), exchange.arena);
  CO_TRY(Answer answer, co_await std::move(next)(exchange));
  if (answer.tunnel == nullptr) co_return answer;
  const std::optional<bool> compressed = websocket::agreed_on_compression(answer.head.fields, offered);
  if (!compressed) co_return fail(upstream_error(Code::bad_upgrade, "an extension that nobody offered"));
  Reactor& reactor = exchange.shard.reactor;
  std::optional<Purse> messages;
  if (options_.messages) {
    const auto count = static_cast<unsigned>(options_.messages->count);
    const Duration each = std::max(options_.messages->per / count, Duration{1});
    messages.emplace(reactor.now(), options_.burst > 0 ? options_.burst : count, each);
  }
  const websocket::FrameRules of_client{
      .masked = true, .compressed = *compressed, .message_bytes_max = options_.message_size};
  const websocket::FrameRules of_server{.compressed = *compressed};
  answer.tunnel =
      std::make_unique<websocket::GuardedTunnel>(std::move(answer.tunnel), reactor, of_client, of_server, messages);
  co_return answer;
}

Effect WebSocket::rehearse(ImaginedRequest& imagined) const {
  if (imagined.head.upgrade != websocket::protocol) return {.text = "passes what asks for no WebSocket"};
  websocket::reduce_offers(imagined.head.fields, passes_compression(), imagined.head.fields.arena());
  std::string text = fmt::format("judges the frames of the WebSocket: messages of a client up to {}",
                                 option::shown_bytes(options_.message_size));
  if (options_.messages) text += fmt::format(", {}", option::shown(*options_.messages));
  return {.text = text};
}

// ---- options ----

namespace {

constexpr std::uint64_t rate_max = 1'000'000'000;  // one a nanosecond: a purse counts no faster

bool check_rate(const Node& node, const Reading& reading, WebSocketOptions& options) {
  if (!options.messages && options.burst > 0) {
    reading.warning(node.place(), "a burst without a rate limits nothing", "add messages: 100/s");
  }
  if (!options.messages || (options.messages->count > 0 && options.messages->count <= rate_max)) return true;
  return reading.error(node, "this rate cannot be kept", "write a number of messages between 1 and 1000000000");
}

std::unique_ptr<const Filter> build(const Node& options, BuildContext& context) {
  const auto read = WebSocketOptions::schema().read(options, Reading(context.diagnostics, context.path));
  if (!read) return {};
  return std::make_unique<WebSocket>(*read);
}

}  // namespace

const Schema<WebSocketOptions>& WebSocketOptions::schema() {
  static const auto schema =
      Schema<WebSocketOptions>("websocket",
                               "Judges the frames of WebSockets (RFC 6455), and limits the messages of their clients.")
          .bytes("message_size", &WebSocketOptions::message_size,
                 {.doc = "The largest message a client may send, over all its fragments and as it is on the wire; "
                         "beyond it the WebSocket is closed with 1009.",
                  .example = "1MiB"})
          .option("messages", &WebSocketOptions::messages,
                  {.doc = "How many messages each client may send; pings, other control frames and fragments without "
                          "content count. Beyond it the WebSocket is closed with 1008.",
                   .example = "50/s"})
          .option("burst", &WebSocketOptions::burst,
                  {.doc = "How many of them may come at once; 0: as many as the rate names.", .example = "200"})
          .choice("compression", &WebSocketOptions::compression,
                  {{"pass", WebSocketOptions::Compression::pass}, {"refuse", WebSocketOptions::Compression::refuse}},
                  {.doc = "Whether permessage-deflate may be agreed on: what is compressed is not looked into, and may "
                          "be a text that is no UTF-8.",
                   .example = "refuse"})
          .check(&check_rate);
  return schema;
}

const FilterKind& websocket_filter() {
  static constexpr FilterKind kind{.name = "websocket", .schema = &schema_of<WebSocketOptions>, .build = &build};
  return kind;
}

}  // namespace weir
