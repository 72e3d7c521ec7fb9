// Formatting by hand: a line is written for every request, so each of its parts is one append to a LineBuffer.
#include "observers/access_log/line.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "contracts/proxied.h"
#include "observers/access_log/redact.h"

namespace weir {
namespace {

/// Bytes of one text in a line; more is cut. Targets may be 8 KiB, and a log is no place to keep attacks whole.
constexpr std::size_t text_bytes_max = 2048;

/// `,"key":` and a value, when there is one. Keys come with comma, quotes and colon, so that a member is two appends;
/// they are literals, so that the first of the two knows its size.
class Members {
 public:
  explicit Members(LineBuffer& line) : line_(line) {}

  template <std::size_t Size>
  void text(const char (&key)[Size], std::string_view value) {
    if (value.empty()) return;
    line_.append(key);
    line_.append_json_string(value.substr(0, text_bytes_max));
  }
  template <std::size_t Size>
  void number(const char (&key)[Size], std::uint64_t value) {
    line_.append(key);
    line_.append_number(value);
  }
  /// The time between two moments, if both have happened.
  template <std::size_t Size>
  void phase(const char (&key)[Size], Time from, Time to) {
    if (from == Time{} || to == Time{}) return;
    line_.append(key);
    line_.append_seconds(to - from);
  }
  template <std::size_t Size>
  void target(const char (&key)[Size], std::string_view value) {
    if (value.find('?') == std::string_view::npos) return text(key, value);
    text(key, redacted(value));
  }

 private:
  LineBuffer& line_;
};

std::string_view target_of(const RequestHead& request) {
  return request.target.empty() ? request.path : request.target;
}

void append_address(LineBuffer& out, const IpAddress& address) {
  std::array<char, IpAddress::text_bytes_max> text;
  out.append(std::string_view(text.data(), static_cast<std::size_t>(address.write(text.data()) - text.data())));
}

void append_client(LineBuffer& out, const ClientAddress& client, bool through_proxies) {
  if (client.over_unix) return out.append("unix");
  append_address(out, through_proxies ? client.address : client.peer);
}

/// `route:matched access:allowed pool:reused`
void append_decisions(LineBuffer& out, const Exchange& exchange) {
  if (exchange.first_record() == nullptr) return;
  out.append(",\"decisions\":\"");
  for (const DecisionRecord* record = exchange.first_record(); record != nullptr; record = record->next) {
    if (record != exchange.first_record()) out.append(' ');
    out.append(record->room);  // static words: nothing to escape
    out.append(':');
    out.append(record->verdict);
  }
  out.append('"');
}

void append_phases(Members& line, const Timings& timings) {
  line.phase(",\"duration_s\":", timings.head_started, timings.finished);
  line.phase(",\"head_s\":", timings.head_started, timings.head_read);
  line.phase(",\"upstream_connect_s\":", timings.head_read, timings.upstream_leased);
  line.phase(",\"upstream_send_s\":", timings.upstream_leased, timings.upstream_sent);
  line.phase(",\"first_byte_s\":", timings.upstream_sent, timings.response_head);
  line.phase(",\"response_s\":", timings.response_head, timings.finished);
}

/// Text within quotes as Apache escapes it: \" \\ and \xHH.
void append_quoted(LineBuffer& out, std::string_view value) {
  out.append('"');
  if (value.empty()) out.append('-');
  for (const char c : value.substr(0, text_bytes_max)) {
    if (c == '"' || c == '\\') {
      out.append('\\');
      out.append(c);
    } else if (static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) >= 0x7F) {
      out.append(fmt::format("\\x{:02x}", static_cast<unsigned char>(c)));
    } else {
      out.append(c);
    }
  }
  out.append('"');
}

std::int64_t second_of(WallTime time) {
  return std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
}

}  // namespace

std::string_view LogClock::rfc3339(WallTime time) {
  const std::int64_t second = second_of(time);
  if (second != rfc3339_second_) {
    rfc3339_ = fmt::format("{:%Y-%m-%dT%H:%M:%S}.000Z", fmt::gmtime(static_cast<std::time_t>(second)));
    rfc3339_second_ = second;
  }
  const auto millisecond = (time.time_since_epoch().count() / 1'000'000) % 1000;
  const std::size_t at = rfc3339_.size() - 4;
  rfc3339_[at] = static_cast<char>('0' + millisecond / 100);
  rfc3339_[at + 1] = static_cast<char>('0' + millisecond / 10 % 10);
  rfc3339_[at + 2] = static_cast<char>('0' + millisecond % 10);
  return rfc3339_;
}

std::string_view LogClock::apache(WallTime time) {
  const std::int64_t second = second_of(time);
  if (second != apache_second_) {
    apache_ = fmt::format("{:%d/%b/%Y:%H:%M:%S} +0000", fmt::gmtime(static_cast<std::time_t>(second)));
    apache_second_ = second;
  }
  return apache_;
}

void append_json_line(LineBuffer& out, const Exchange& exchange, const Delivery& delivery, std::string_view end) {
  const RequestHead& request = exchange.request;
  Members line(out);
  out.append("{\"time\":\"");
  out.append(end);
  out.append('"');
  line.text(",\"request_id\":", exchange.request_id);
  out.append(",\"client\":\"");
  append_client(out, exchange.client, true);
  out.append("\",\"peer\":\"");
  append_client(out, exchange.connection.client, false);
  out.append('"');
  if (const proxy_protocol::Facts* proxied = ProxiedConnections::of(exchange.shard).find(exchange.connection)) {
    out.append(",\"sender\":\"");
    if (proxied->sender.address.is_unspecified()) {  // over a unix socket nobody has an address
      out.append("unix");
    } else {
      append_address(out, proxied->sender.address);
    }
    out.append('"');
  }
  line.text(",\"listener\":", exchange.connection.listener_name);
  const bool raw = exchange.connection.raw.has_value();
  if (raw) line.text(",\"protocol\":", exchange.connection.scheme());
  if (!raw) {
    line.text(",\"method\":", request.method_text);
    line.text(",\"host\":", request.authority);
    line.target(",\"path\":", target_of(request));
    if (!request.method_text.empty()) line.text(",\"version\":", name_of(request.version));
  }
  if (const tls::Facts* tls = exchange.connection.tls) {
    line.text(",\"tls\":", tls->version);
    line.text(",\"cipher\":", tls->cipher);
    line.text(",\"server_name\":", tls->server_name);
  } else if (raw) {
    line.text(",\"server_name\":", request.host);
  }
  line.text(",\"configuration\":", exchange.configuration());
  line.text(",\"route\":", exchange.route_name);
  line.text(",\"upstream\":", exchange.upstream_name);
  line.text(",\"endpoint\":", exchange.upstream_endpoint);
  if (exchange.attempts > 0) line.number(",\"attempts\":", exchange.attempts);
  if (!raw) line.number(",\"status\":", delivery.status);
  line.number(",\"bytes_in\":", delivery.request_body_bytes);
  line.number(",\"bytes_out\":", delivery.response_body_bytes);
  append_phases(line, exchange.timings);
  out.append(delivery.complete ? ",\"complete\":true" : ",\"complete\":false");
  if (delivery.error != nullptr) {
    line.text(",\"reason\":", name_of(delivery.error->code));
    line.text(",\"origin\":", name_of(delivery.error->origin));
  }
  append_decisions(out, exchange);
  line.text(",\"user_agent\":", request.fields.get(FieldName::user_agent));
  line.target(",\"referer\":", request.fields.get(FieldName::referer));
  out.append("}\n");
  out.flush();
}

void append_combined_line(LineBuffer& out, const Exchange& exchange, const Delivery& delivery, std::string_view end) {
  const RequestHead& request = exchange.request;
  append_client(out, exchange.client, true);
  out.append(" - - [");
  out.append(end);
  out.append("] ");
  std::string asked;
  if (!request.method_text.empty()) {
    asked += request.method_text;
    asked += ' ';
    asked += redacted(target_of(request));
    asked += " HTTP/";
    asked += name_of(request.version);
  }
  if (exchange.connection.raw) {
    asked = exchange.connection.scheme();
    if (!request.host.empty()) asked += ' ' + std::string(request.host);
  }
  append_quoted(out, asked);
  out.append(' ');
  out.append_number(delivery.status);
  out.append(' ');
  out.append_number(delivery.response_body_bytes);
  out.append(' ');
  append_quoted(out, redacted(request.fields.get(FieldName::referer)));
  out.append(' ');
  append_quoted(out, request.fields.get(FieldName::user_agent));
  out.append('\n');
  out.flush();
}

}  // namespace weir
