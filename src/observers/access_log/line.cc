// Formatting by hand: a line is written for every request, so each of its parts is one append.
#include "observers/access_log/line.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "observers/access_log/redact.h"

namespace weir {
namespace {

/// Bytes of one text in a line; more is cut. Targets may be 8 KiB, and a log is no place to keep attacks whole.
constexpr std::size_t text_bytes_max = 2048;

void append_number(std::string& out, std::uint64_t number) {
  const fmt::format_int text(number);
  out.append(text.data(), text.size());
}

bool is_plain_json(std::string_view value) {
  return std::ranges::all_of(value, [](char c) { return c >= 0x20 && c < 0x7F && c != '"' && c != '\\'; });
}

void append_json_text(std::string& out, std::string_view value) {
  value = value.substr(0, text_bytes_max);
  if (!is_plain_json(value)) return text::append_json_string(out, value);
  out += '"';
  out += value;
  out += '"';
}

/// Seconds with six digits, which is how exact they are: 0.001250.
void append_seconds(std::string& out, Duration duration) {
  const auto microseconds = static_cast<std::uint64_t>(std::max<std::int64_t>(0, duration.count() / 1000));
  append_number(out, microseconds / 1'000'000);
  std::array<char, 7> fraction{'.', '0', '0', '0', '0', '0', '0'};
  std::uint64_t rest = microseconds % 1'000'000;
  for (std::size_t at = 6; at > 0; --at, rest /= 10) fraction[at] = static_cast<char>('0' + rest % 10);
  out.append(fraction.data(), fraction.size());
}

/// `,"key":` and a value, when there is one. Keys come with comma, quotes and colon, so that a member is two appends.
class Members {
 public:
  explicit Members(std::string& out) : out_(out) {}

  void text(std::string_view key, std::string_view value) {
    if (value.empty()) return;
    out_ += key;
    append_json_text(out_, value);
  }
  void number(std::string_view key, std::uint64_t value) {
    out_ += key;
    append_number(out_, value);
  }
  /// The time between two moments, if both have happened.
  void phase(std::string_view key, Time from, Time to) {
    if (from == Time{} || to == Time{}) return;
    out_ += key;
    append_seconds(out_, to - from);
  }
  void target(std::string_view key, std::string_view value) {
    if (value.find('?') == std::string_view::npos) return text(key, value);
    text(key, redacted(value));
  }

 private:
  std::string& out_;
};

std::string_view target_of(const RequestHead& request) {
  return request.target.empty() ? request.path : request.target;
}

/// Addresses as text are the costliest part of a line.
void append_address(std::string& out, const IpAddress& address) {
  if (!address.is_v4()) {
    out += address.text();
    return;
  }
  const auto& bytes = address.bytes();
  for (std::size_t at = 12; at < 16; ++at) {
    if (at > 12) out += '.';
    append_number(out, bytes[at]);
  }
}

void append_client(std::string& out, const ClientAddress& client, bool through_proxies) {
  if (client.over_unix) {
    out += "unix";
    return;
  }
  append_address(out, through_proxies ? client.address : client.peer);
}

/// `route:matched access:allowed pool:reused`
void append_decisions(std::string& out, const Exchange& exchange) {
  if (exchange.first_record() == nullptr) return;
  out += ",\"decisions\":\"";
  for (const DecisionRecord* record = exchange.first_record(); record != nullptr; record = record->next) {
    if (record != exchange.first_record()) out += ' ';
    out += record->room;  // static words: nothing to escape
    out += ':';
    out += record->verdict;
  }
  out += '"';
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
void append_quoted(std::string& out, std::string_view value) {
  out += '"';
  if (value.empty()) out += '-';
  for (const char c : value.substr(0, text_bytes_max)) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) >= 0x7F) {
      fmt::format_to(std::back_inserter(out), "\\x{:02x}", static_cast<unsigned char>(c));
    } else {
      out += c;
    }
  }
  out += '"';
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

void append_json_line(std::string& out, const Exchange& exchange, const Delivery& delivery, std::string_view end) {
  const RequestHead& request = exchange.request;
  Members line(out);
  out += "{\"time\":\"";
  out += end;
  out += '"';
  line.text(",\"request_id\":", exchange.request_id);
  out += ",\"client\":\"";
  append_client(out, exchange.client, true);
  out += "\",\"peer\":\"";
  append_client(out, exchange.connection.client, false);
  out += '"';
  line.text(",\"listener\":", exchange.connection.listener_name);
  line.text(",\"method\":", request.method_text);
  line.text(",\"host\":", request.authority);
  line.target(",\"path\":", target_of(request));
  if (!request.method_text.empty()) line.text(",\"version\":", name_of(request.version));
  line.text(",\"configuration\":", exchange.configuration());
  line.text(",\"route\":", exchange.route_name);
  line.text(",\"upstream\":", exchange.upstream_name);
  line.text(",\"endpoint\":", exchange.upstream_endpoint);
  if (exchange.attempts > 0) line.number(",\"attempts\":", exchange.attempts);
  line.number(",\"status\":", delivery.status);
  line.number(",\"bytes_in\":", delivery.request_body_bytes);
  line.number(",\"bytes_out\":", delivery.response_body_bytes);
  append_phases(line, exchange.timings);
  out += delivery.complete ? ",\"complete\":true" : ",\"complete\":false";
  if (delivery.error != nullptr) {
    line.text(",\"reason\":", name_of(delivery.error->code));
    line.text(",\"origin\":", name_of(delivery.error->origin));
  }
  append_decisions(out, exchange);
  line.text(",\"user_agent\":", request.fields.get(FieldName::user_agent));
  line.target(",\"referer\":", request.fields.get(FieldName::referer));
  out += "}\n";
}

void append_combined_line(std::string& out, const Exchange& exchange, const Delivery& delivery, std::string_view end) {
  const RequestHead& request = exchange.request;
  append_client(out, exchange.client, true);
  out += " - - [";
  out += end;
  out += "] ";
  std::string asked;
  if (!request.method_text.empty()) {
    asked += request.method_text;
    asked += ' ';
    asked += redacted(target_of(request));
    asked += " HTTP/";
    asked += name_of(request.version);
  }
  append_quoted(out, asked);
  out += ' ';
  append_number(out, delivery.status);
  out += ' ';
  append_number(out, delivery.response_body_bytes);
  out += ' ';
  append_quoted(out, redacted(request.fields.get(FieldName::referer)));
  out += ' ';
  append_quoted(out, request.fields.get(FieldName::user_agent));
  out += '\n';
}

}  // namespace weir
