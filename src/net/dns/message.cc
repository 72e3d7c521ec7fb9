// Bytes to values, strictly.
#include "net/dns/message.h"

#include <algorithm>
#include <array>

#include "base/limits.h"
#include "base/text.h"
#include "net/dns/name.h"

namespace weir::dns {
namespace {

constexpr std::uint16_t class_internet = 1;
constexpr std::uint16_t type_opt = 41;
constexpr std::uint8_t pointer_mark = 0xC0;
constexpr std::uint16_t flag_response = 0x8000;
constexpr std::uint16_t flag_truncated = 0x0200;
constexpr std::uint16_t flag_recursion_desired = 0x0100;
constexpr std::uint16_t opcode_mask = 0x7800;
constexpr std::uint16_t code_mask = 0x000F;
// The top bit means nothing (RFC 2181 section 8); more than a week helps nobody (RFC 8767 section 4).
constexpr std::uint32_t seconds_max = 7 * 24 * 3600;

Error malformed() {
  return upstream_error(Code::resolve_failed, "a name server's answer is malformed").with(Retry::unsent);
}

void append_16(std::string& out, std::uint16_t value) {
  out += static_cast<char>(value >> 8);
  out += static_cast<char>(value & 0xFF);
}

void append_name(std::string& out, std::string_view name) {
  for (const std::string_view label : text::split(name, '.')) {
    out += static_cast<char>(label.size());
    out += label;
  }
  out += '\0';
}

/// Reads forwards through a message; every read says whether there was enough.
class Reader {
 public:
  explicit Reader(std::string_view message) : message_(message) {}

  [[nodiscard]] std::size_t at() const { return at_; }
  void jump(std::size_t to) { at_ = to; }
  [[nodiscard]] std::size_t left() const { return message_.size() - at_; }

  bool read_16(std::uint16_t& value) {
    if (left() < 2) return false;
    value = static_cast<std::uint16_t>(byte(at_) << 8 | byte(at_ + 1));
    at_ += 2;
    return true;
  }
  bool read_32(std::uint32_t& value) {
    std::uint16_t high = 0;
    std::uint16_t low = 0;
    if (!read_16(high) || !read_16(low)) return false;
    value = static_cast<std::uint32_t>(high) << 16 | low;
    return true;
  }
  bool read_bytes(char* to, std::size_t count) {
    if (left() < count) return false;
    std::copy_n(message_.data() + at_, count, to);
    at_ += count;
    return true;
  }

  /// \param usable  false when the name is well-formed and none that this program connects to: its records are passed
  bool read_name(std::string& name, bool& usable) {
    name.clear();
    usable = true;
    std::size_t here = at_;
    std::size_t earliest = here;  // pointers lead backwards only, so that every name ends
    bool jumped = false;
    for (std::size_t total = 0;;) {
      if (here >= message_.size()) return false;
      const std::uint8_t length = byte(here);
      if (length == 0) {
        if (!jumped) at_ = here + 1;
        return true;
      }
      if ((length & pointer_mark) == pointer_mark) {
        if (here + 1 >= message_.size()) return false;
        const std::size_t target = static_cast<std::size_t>(length & ~pointer_mark) << 8 | byte(here + 1);
        if (!jumped) at_ = here + 2;
        jumped = true;
        if (target >= earliest) return false;
        here = earliest = target;
        continue;
      }
      if ((length & pointer_mark) != 0 || here + 1 + length > message_.size()) return false;
      total += length + std::size_t{1};
      if (total > 254) return false;
      const std::string_view label = message_.substr(here + 1, length);
      usable = usable && is_label(label);
      if (!name.empty()) name += '.';
      for (const char c : label) name += text::lower(c);
      here += length + std::size_t{1};
    }
  }

 private:
  [[nodiscard]] std::uint8_t byte(std::size_t at) const { return static_cast<std::uint8_t>(message_[at]); }

  std::string_view message_;
  std::size_t at_ = 0;
};

struct RecordHead {
  std::string owner;
  bool usable = true;
  std::uint16_t type = 0;
  std::uint16_t of_class = 0;
  std::uint32_t seconds = 0;
  std::size_t end = 0;  ///< where the next record begins
};

bool read_record_head(Reader& reader, RecordHead& head) {
  std::uint16_t data_bytes = 0;
  if (!reader.read_name(head.owner, head.usable) || !reader.read_16(head.type) || !reader.read_16(head.of_class) ||
      !reader.read_32(head.seconds) || !reader.read_16(data_bytes) || reader.left() < data_bytes) {
    return false;
  }
  head.usable = head.usable && !head.owner.empty();  // the root has no addresses
  head.seconds = (head.seconds & 0x80000000U) != 0 ? 0 : std::min(head.seconds, seconds_max);
  head.end = reader.at() + data_bytes;
  return true;
}

bool read_address(Reader& reader, std::size_t bytes, IpAddress& address) {
  std::array<std::uint8_t, 16> all{};
  if (bytes == 4) all[10] = all[11] = 0xFF;  // IPv4 is kept mapped into IPv6
  if (!reader.read_bytes(reinterpret_cast<char*>(all.data()) + (16 - bytes), bytes)) return false;
  address = IpAddress(all);
  return true;
}

/// \returns  false when malformed. \param known  whether the record is one to keep
bool read_answer(Reader& reader, Record& record, bool& known) {
  RecordHead head;
  if (!read_record_head(reader, head)) return false;
  record.owner = std::move(head.owner);
  record.type = static_cast<Type>(head.type);
  record.seconds = head.seconds;
  known = head.usable && head.of_class == class_internet;
  bool usable = true;
  bool good = true;
  switch (known ? record.type : Type::soa) {
    case Type::a:
      good = read_address(reader, 4, record.address);
      break;
    case Type::aaaa:
      good = read_address(reader, 16, record.address);
      break;
    case Type::cname:
      good = reader.read_name(record.alias, usable);
      usable = usable && !record.alias.empty();
      break;
    case Type::srv: {
      Service& service = record.service;
      good = reader.read_16(service.priority) && reader.read_16(service.weight) && reader.read_16(service.port) &&
             reader.read_name(service.target, usable);
      break;
    }
    default:  // of no use here
      known = false;
      reader.jump(head.end);
  }
  known = known && usable;
  return good && reader.at() == head.end;
}

/// RFC 2308 section 5: the smaller of the SOA's own time to live and its last number.
bool read_authority(Reader& reader, std::optional<std::uint32_t>& negative_seconds) {
  RecordHead head;
  if (!read_record_head(reader, head)) return false;
  if (static_cast<Type>(head.type) == Type::soa && head.of_class == class_internet) {
    constexpr std::size_t serial_refresh_retry_expire = 16;
    constexpr std::size_t numbers = serial_refresh_retry_expire + 4;
    std::uint32_t minimum = 0;
    if (head.end < reader.at() + numbers) return false;
    reader.jump(head.end - 4);
    if (!reader.read_32(minimum)) return false;
    negative_seconds = std::min(head.seconds, minimum);
  }
  reader.jump(head.end);
  return true;
}

bool is_same_question(Reader& reader, const Question& question) {
  std::string name;
  bool usable = false;
  std::uint16_t type = 0;
  std::uint16_t of_class = 0;
  return reader.read_name(name, usable) && reader.read_16(type) && reader.read_16(of_class) && name == question.name &&
         type == static_cast<std::uint16_t>(question.type) && of_class == class_internet;
}

}  // namespace

std::string encode(std::uint16_t number, const Question& question, bool with_edns) {
  std::string out;
  append_16(out, number);
  append_16(out, flag_recursion_desired);
  append_16(out, 1);  // questions
  append_16(out, 0);
  append_16(out, 0);
  append_16(out, with_edns ? 1 : 0);  // additional records
  append_name(out, question.name);
  append_16(out, static_cast<std::uint16_t>(question.type));
  append_16(out, class_internet);
  if (with_edns) {
    out += '\0';  // the root's name
    append_16(out, type_opt);
    append_16(out, datagram_bytes_max);
    append_16(out, 0);  // version and flags: none
    append_16(out, 0);
    append_16(out, 0);  // no options
  }
  return out;
}

Result<std::optional<Response>> parse(std::string_view message, std::uint16_t number, const Question& question) {
  Reader reader(message);
  std::array<std::uint16_t, 6> header{};
  for (std::uint16_t& field : header) {
    if (!reader.read_16(field)) return std::optional<Response>();
  }
  const auto [said_number, flags, questions, answers, authorities, additional] = header;
  static_cast<void>(additional);  // of no use here
  if (said_number != number || (flags & flag_response) == 0 || (flags & opcode_mask) != 0)
    return std::optional<Response>();
  Response response;
  response.code = static_cast<ResponseCode>(flags & code_mask);
  response.truncated = (flags & flag_truncated) != 0;
  // A server that did not understand the question may leave it out.
  if (questions == 0 && response.code == ResponseCode::format_error) return std::optional(std::move(response));
  if (questions != 1 || !is_same_question(reader, question)) return std::optional<Response>();
  if (response.truncated) return std::optional(std::move(response));
  for (std::uint16_t left = answers; left > 0; --left) {
    Record record;
    bool known = false;
    if (!read_answer(reader, record, known)) return fail(malformed());
    if (known && response.answers.size() < limits::dns_records) response.answers.push_back(std::move(record));
  }
  for (std::uint16_t left = authorities; left > 0; --left) {
    if (!read_authority(reader, response.negative_seconds)) return fail(malformed());
  }
  return std::optional(std::move(response));
}

Finding interpret(const Response& response, const Question& question) {
  Finding finding;
  if (response.code != ResponseCode::no_error && response.code != ResponseCode::name_error) return finding;
  finding.seconds = seconds_max;
  std::string_view name = question.name;
  for (std::size_t aliases = 0;; ++aliases) {
    const auto owned = [&](const Record& record, Type type) { return record.type == type && record.owner == name; };
    for (const Record& record : response.answers) {
      if (!owned(record, question.type)) continue;
      finding.seconds = std::min(finding.seconds, record.seconds);
      finding.records.push_back(record);
    }
    if (!finding.records.empty()) {
      finding.kind = Finding::Kind::found;
      return finding;
    }
    const auto alias =
        std::ranges::find_if(response.answers, [&](const Record& record) { return owned(record, Type::cname); });
    if (alias == response.answers.end()) break;
    if (aliases == limits::dns_aliases || alias->alias == question.name) return finding;
    finding.seconds = std::min(finding.seconds, alias->seconds);
    finding.alias = alias->alias;
    name = alias->alias;
  }
  // RFC 2308 section 2.1: an alias with NXDOMAIN means that what it leads to does not exist.
  if (response.code == ResponseCode::name_error) {
    finding.kind = Finding::Kind::no_name;
  } else if (!finding.alias.empty() && !response.negative_seconds) {
    finding.kind = Finding::Kind::alias;
    return finding;
  } else {
    finding.kind = Finding::Kind::no_data;
  }
  finding.seconds = std::min(finding.seconds, response.negative_seconds.value_or(limits::dns_negative_seconds));
  return finding;
}

}  // namespace weir::dns
