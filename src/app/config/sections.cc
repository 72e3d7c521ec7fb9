// The schemas of the gateway's own sections. Each option's reason and source stand beside its field in base/limits.h.
#include "app/config/sections.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"

namespace weir::config {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;

/// Zero would time out before anything can happen; whoever means "no limit" writes none.
constexpr Duration shortest = milliseconds{1};

/// `100B/s`, or none.
bool read_byte_rate(const Node& node, const Reading& reading, Timeouts& out) {
  if (!option::want_scalar(node, reading, "bytes per second such as 100B/s")) return false;
  constexpr std::string_view per_second = "/s";
  const bool none = node.text() == "none";
  if (!none && !node.text().ends_with(per_second)) {
    return reading.error(node, node.shown() + " has no unit Weir knows", "write 100B/s or none");
  }
  if (none) {
    out.client_body_rate = 0;
    return true;
  }
  const std::string size = node.text().substr(0, node.text().size() - per_second.size());
  const Node shown =
      node.is_secret() ? Node::secret(node.place(), size, node.text()) : Node::scalar(node.place(), size);
  return option::read_bytes(shown, reading, out.client_body_rate);
}

/// `16MiB`, or off. A story is some 400 bytes: with less than these 64 KiB a core would forget before anybody can ask.
bool read_story_memory(const Node& node, const Reading& reading, StorySettings& out) {
  constexpr ByteCount least = 64 * kibibyte;
  constexpr ByteCount most = 16384 * mebibyte;
  if (!option::want_scalar(node, reading, "a size such as 16MiB, or off")) return false;
  if (node.text() == "off") {
    out.memory_bytes = 0;
    return true;
  }
  ByteCount bytes = 0;
  if (!option::read_bytes(node, reading, bytes)) return false;
  if (bytes < least || bytes > most) {
    return reading.error(node, node.shown() + " is not between 64KiB and 16GiB", "write 16MiB, or off");
  }
  out.memory_bytes = bytes;
  return true;
}

bool is_path(std::string_view text) {
  return text.starts_with('/');
}

std::string log_complaint(std::string_view to, const std::vector<std::string_view>& words, std::string_view listed) {
  if (std::ranges::find(words, to) != words.end() || is_path(to)) return {};
  const std::string suggestion = did_you_mean(to, words);
  return fmt::format("is not {} or a path from the root{}{}", listed, suggestion.empty() ? "" : "; ", suggestion);
}

std::string access_log_complaint(const std::string& to) {
  return log_complaint(to, {"off", "stdout", "stderr"}, "off, stdout, stderr");
}

std::string error_log_complaint(const std::string& to) {
  return log_complaint(to, {"stdout", "stderr"}, "stdout, stderr");
}

std::string state_complaint(const std::string& path) {
  return path.empty() || path == "off" || is_path(path) ? "" : "is not off or a path from the root";
}

/// RFC 9110 section 7.6.3: a pseudonym is a token.
std::string pseudonym_complaint(const std::string& pseudonym) {
  constexpr std::string_view token_marks = "!#$%&'*+-.^_`|~";
  const auto allowed = [token_marks](char c) {
    return text::is_alpha(c) || text::is_digit(c) || token_marks.contains(c);
  };
  if (!pseudonym.empty() && std::ranges::all_of(pseudonym, allowed)) return {};
  return "is not a name of letters, digits and !#$%&'*+-.^_`|~; write weir";
}

}  // namespace

const Schema<Limits>& limits_schema() {
  static const auto schema =
      Schema<Limits>("limits", "What a message may weigh, and how much Weir takes on.")
          .bytes("request_line", &Limits::request_line_bytes,
                 {.doc = "Method, target and version. Beyond: 414.",
                  .example = "8KiB",
                  .minimum = 64,
                  .maximum = limits::head_bytes_max})
          .bytes("head", &Limits::head_bytes,
                 {.doc = "A whole head. Beyond: 431.",
                  .example = "32KiB",
                  .minimum = 256,
                  .maximum = limits::head_bytes_max})
          .bytes("field", &Limits::field_bytes,
                 {.doc = "One field line. Beyond: 431.",
                  .example = "16KiB",
                  .minimum = 64,
                  .maximum = limits::head_bytes_max})
          .option("fields", &Limits::fields,
                  {.doc = "Number of field lines. Beyond: 431.", .example = "100", .minimum = 1, .maximum = 10'000})
          .bytes("body", &Limits::body_bytes,
                 {.doc = "A request body, where no route says otherwise. Beyond: 413.", .example = "10MiB"})
          .bytes("chunk_line", &Limits::chunk_line_bytes,
                 {.doc = "A chunk-size line with its extensions.",
                  .example = "256B",
                  .minimum = 16,
                  .maximum = 64 * kibibyte})
          .bytes("trailer", &Limits::trailer_bytes,
                 {.doc = "A trailer section.", .example = "8KiB", .minimum = 0, .maximum = limits::trailer_bytes_max})
          .option(
              "connections", &Limits::connections,
              {.doc = "Client connections of the whole process. Beyond: refused.", .example = "20000", .minimum = 1})
          .option("connections_per_client", &Limits::connections_per_client,
                  {.doc = "Connections that one client address holds, of IPv6 one network; trusted proxies are not "
                          "counted. Beyond: refused.",
                   .example = "100",
                   .minimum = 1})
          .option("client_ipv6_prefix", &Limits::client_ipv6_prefix,
                  {.doc = "Bits of an IPv6 address that are one client to connections_per_client.",
                   .example = "56",
                   .minimum = 16,
                   .maximum = 128})
          .bytes("memory", &Limits::memory_bytes,
                 {.doc = "Resident memory of the process. Beyond: new connections are refused.",
                  .example = "2GiB",
                  .minimum = mebibyte})
          .option("requests_per_connection", &Limits::requests_per_connection,
                  {.doc = "Requests before a client connection is closed.", .example = "1000000", .minimum = 1})
          .option("streams_per_connection", &Limits::streams_per_connection,
                  {.doc = "Requests that one HTTP/2 connection may have under way. Beyond: refused, to be sent again.",
                   .example = "100",
                   .minimum = 1,
                   .maximum = 10000});
  return schema;
}

const Schema<Timeouts>& timeouts_schema() {
  static const auto schema =
      Schema<Timeouts>("timeouts", "How long clients may take.")
          .option("client_head", &Timeouts::client_head,
                  {.doc = "From the first byte of a request to the end of its head.",
                   .example = "10s",
                   .minimum = shortest})
          .option("client_body", &Timeouts::client_body,
                  {.doc = "Between two pieces of a request body.", .example = "30s", .minimum = shortest})
          .custom(
              "client_body_rate", "bytes per second", read_byte_rate,
              {.doc = "A request body slower than this is given up.", .example = "100B/s", .default_value = "100B/s"})
          .option(
              "client_body_rate_grace", &Timeouts::client_body_rate_grace,
              {.doc = "How long a body may be slower than client_body_rate.", .example = "20s", .minimum = shortest})
          .option("client_write", &Timeouts::client_write,
                  {.doc = "Between two moments at which the client took a piece of the response.",
                   .example = "30s",
                   .minimum = shortest})
          .option("tls_handshake", &Timeouts::tls_handshake,
                  {.doc = "From a connection's begin to the end of its TLS handshake.",
                   .example = "10s",
                   .minimum = shortest})
          .option("keep_alive", &Timeouts::keep_alive,
                  {.doc = "Idle between two requests.", .example = "75s", .minimum = shortest})
          .option("connection_age", &Timeouts::connection_age,
                  {.doc = "After this age a connection is closed behind its current response.",
                   .example = "1h",
                   .minimum = shortest})
          .option("request", &Timeouts::request,
                  {.doc = "From the first byte of the request to the last byte sent; tunnels are exempt.",
                   .example = "60s",
                   .minimum = shortest})
          .option("tunnel_idle", &Timeouts::tunnel_idle,
                  {.doc = "A tunnel in which nothing moves.", .example = "10m", .minimum = shortest})
          .option("tunnel_age", &Timeouts::tunnel_age,
                  {.doc = "A tunnel that is simply old.", .example = "12h", .minimum = shortest})
          .option("drain", &Timeouts::drain,
                  {.doc = "How long a shutdown waits for what is in flight.",
                   .example = "30s",
                   .minimum = Duration::zero()})
          .option("linger", &Timeouts::linger,
                  {.doc = "How long a refused connection is read on, so that the client sees the answer.",
                   .example = "2s",
                   .minimum = Duration::zero(),
                   .maximum = hours{1}});
  return schema;
}

const Schema<UpstreamTimeouts>& upstream_timeouts_schema() {
  static const auto schema =
      Schema<UpstreamTimeouts>("timeouts", "How long an upstream is waited for.")
          .option("connect", &UpstreamTimeouts::connect,
                  {.doc = "Until the connection stands.", .example = "2s", .minimum = shortest})
          .option("first_byte", &UpstreamTimeouts::first_byte,
                  {.doc = "From the request sent to the first byte of the response.",
                   .example = "60s",
                   .minimum = shortest})
          .option("idle", &UpstreamTimeouts::idle,
                  {.doc = "Between two pieces of a response, or of a request being taken.",
                   .example = "60s",
                   .minimum = shortest})
          .option("queue", &UpstreamTimeouts::queue,
                  {.doc = "In the waiting line for a connection.", .example = "1s", .minimum = Duration::zero()})
          .option("attempt", &UpstreamTimeouts::attempt,
                  {.doc = "One try, from the choice of an endpoint to the head of its answer; what may be repeated is "
                          "then tried at another.",
                   .example = "2s",
                   .minimum = shortest});
  return schema;
}

const Schema<ConnectionLimits>& connection_limits_schema() {
  static const auto schema =
      Schema<ConnectionLimits>("connections", "How many connections an endpoint gets from one core.")
          .option("max", &ConnectionLimits::max, {.doc = "Open at once.", .example = "1024", .minimum = 1})
          .option("idle_max", &ConnectionLimits::idle_max, {.doc = "Kept for the next request.", .example = "256"})
          .option("idle_timeout", &ConnectionLimits::idle_timeout,
                  {.doc = "How long one is kept unused.", .example = "50s", .minimum = shortest})
          .option("queue", &ConnectionLimits::queue, {.doc = "Requests waiting for one.", .example = "1024"});
  return schema;
}

const Schema<ForwardedSettings>& forwarded_schema() {
  static const auto schema =
      Schema<ForwardedSettings>("forwarded", "What is said about the client and Weir to upstreams.")
          .option("x_forwarded", &ForwardedSettings::x_forwarded, {.doc = "X-Forwarded-For, -Proto, -Host and -Port."})
          .option("forwarded", &ForwardedSettings::forwarded, {.doc = "Forwarded (RFC 7239)."})
          .option("via", &ForwardedSettings::via, {.doc = "Via and CDN-Loop; loops are refused."})
          .option("request_id", &ForwardedSettings::request_id, {.doc = "X-Request-ID."})
          .option("pseudonym", &ForwardedSettings::pseudonym,
                  {.doc = "Weir's name in Via, CDN-Loop and Proxy-Status.",
                   .example = "weir",
                   .complaint = pseudonym_complaint});
  return schema;
}

const Schema<StorySettings>& stories_schema() {
  using ProxyStatus = StorySettings::ProxyStatus;
  static const auto schema =
      Schema<StorySettings>("stories", "What is remembered of requests, and what responses tell of it.")
          .custom("memory", "size or off", read_story_memory,
                  {.doc = "Of the whole process, for the stories of past requests; off remembers none.",
                   .example = "16MiB",
                   .default_value = "16MiB"})
          .option("slow", &StorySettings::slow,
                  {.doc = "Requests that took as long are remembered longer, as failed ones are.",
                   .example = "1s",
                   .minimum = shortest})
          .choice("proxy_status", &StorySettings::proxy_status,
                  {{"off", ProxyStatus::off}, {"errors", ProxyStatus::errors}, {"all", ProxyStatus::all}},
                  {.doc = "Which responses carry Proxy-Status (RFC 9209): none, Weir's own errors, or also what "
                          "upstreams answer.",
                   .example = "errors"})
          .option("server_timing", &StorySettings::server_timing,
                  {.doc = "Whether responses carry Server-Timing; it shows clients how long upstreams take."})
          .shorthand("memory");
  return schema;
}

const Schema<AccessLogDocument>& access_log_schema() {
  using Format = AccessLogDocument::Format;
  static const auto schema =
      Schema<AccessLogDocument>("access_log", "One line per request.")
          .option("to", &AccessLogDocument::to,
                  {.doc = "off, stdout, stderr or a path.",
                   .example = "/var/log/weir/access.log",
                   .complaint = access_log_complaint})
          .choice("format", &AccessLogDocument::format, {{"json", Format::json}, {"combined", Format::combined}},
                  {.doc = "JSON lines, or the combined log format.", .example = "json"})
          .shorthand("to");
  return schema;
}

const Schema<ErrorLogDocument>& error_log_schema() {
  using Level = ErrorLogDocument::Level;
  static const auto schema =
      Schema<ErrorLogDocument>("error_log", "What Weir says about itself.")
          .option("to", &ErrorLogDocument::to,
                  {.doc = "stdout, stderr or a path.", .example = "stderr", .complaint = error_log_complaint})
          .choice(
              "level", &ErrorLogDocument::level,
              {{"debug", Level::debug}, {"info", Level::info}, {"warning", Level::warning}, {"error", Level::error}},
              {.doc = "The least important lines that are written.", .example = "info"})
          .shorthand("to");
  return schema;
}

const Schema<RuntimeDocument>& runtime_schema() {
  static const auto schema =
      Schema<RuntimeDocument>("runtime", "How cores are used.")
          .option("wake_coalescing", &RuntimeDocument::wake_coalescing,
                  {.doc = "The longest that a wake-up waits for company when load says that it pays; 0s is off.",
                   .example = "50us",
                   .minimum = Duration::zero(),
                   .maximum = milliseconds{10}});
  return schema;
}

const Schema<StateDocument>& state_schema() {
  static const auto schema =
      Schema<StateDocument>("state", "Where the configurations that ran are kept, and how many. Read at start.")
          .option("path", &StateDocument::path,
                  {.doc = "A folder, or off. When nothing is written: $STATE_DIRECTORY, /var/lib/weir for root, else "
                          "weir under $XDG_STATE_HOME or ~/.local/state.",
                   .example = "/var/lib/weir",
                   .complaint = state_complaint})
          .option("entries", &StateDocument::entries,
                  {.doc = "Configurations kept at most.", .example = "1000", .minimum = 2, .maximum = 100'000})
          .option("age", &StateDocument::age,
                  {.doc = "Older ones go.", .example = "365d", .minimum = std::chrono::minutes{1}})
          .bytes("size", &StateDocument::size,
                 {.doc = "Of all together; the oldest go first.", .example = "64MiB", .minimum = mebibyte})
          .shorthand("path");
  return schema;
}

std::string own_address_complaint(const Endpoint& address) {
  if (address.is_unix() || address.host.empty() || IpAddress::parse(address.host)) return {};
  return fmt::format("is a name, and no address of this machine; write 127.0.0.1:{0} or :{0}", address.port);
}

bool read_admin(const Node& node, const Reading& reading, AdminDocument& out) {
  out.place = node.place();
  if (!option::read_endpoint(node, reading, out.address)) return false;
  if (out.address.is_unix()) return true;
  if (const std::string complaint = own_address_complaint(out.address); !complaint.empty()) {
    return reading.error(node, node.shown() + ' ' + complaint);
  }
  const auto address = IpAddress::parse(out.address.host);
  if (address && address->is_loopback()) return true;
  return reading.error(node, node.shown() + " could be reached from outside",
                       "write unix:/run/weir/admin.sock or 127.0.0.1:9901");
}

}  // namespace weir::config
