// Records to a message, the message to its extensions, those to a name.
#include "net/tls/client_hello.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/limits.h"
#include "base/text.h"

namespace weir::tls {
namespace {

constexpr std::size_t record_head_bytes = 5;       // RFC 8446 section 5.1: type, version, length
constexpr std::size_t record_bytes_max = 1 << 14;  // of its fragment
constexpr std::size_t message_head_bytes = 4;      // section 4: type, length
constexpr unsigned char handshake_record = 22;
constexpr unsigned char client_hello_message = 1;

constexpr unsigned server_name_extension = 0;  // RFC 6066 section 3
constexpr unsigned alpn_extension = 16;        // RFC 7301 section 3.1
constexpr unsigned host_name_type = 0;
constexpr std::size_t host_name_bytes_max = 253;  // RFC 1035 section 3.1, without the root
constexpr std::size_t label_bytes_max = 63;

/// Numbers and vectors as TLS writes them, from the front. Once something is missing, all that follows is.
class Cursor {
 public:
  explicit Cursor(std::string_view bytes) : left_(bytes) {}

  [[nodiscard]] bool good() const { return good_; }
  [[nodiscard]] bool at_end() const { return left_.empty(); }

  std::size_t number(std::size_t bytes) {
    std::size_t value = 0;
    for (const char byte : take(bytes)) value = value << 8U | static_cast<unsigned char>(byte);
    return value;
  }
  std::string_view take(std::size_t bytes) {
    if (bytes > left_.size()) {
      good_ = false;
      left_ = {};
      return {};
    }
    const std::string_view taken = left_.substr(0, bytes);
    left_.remove_prefix(bytes);
    return taken;
  }
  /// A vector behind its length of so many bytes.
  std::string_view vector(std::size_t length_bytes) { return take(number(length_bytes)); }

 private:
  std::string_view left_;
  bool good_ = true;
};

PeekedHello refused(HelloRefusal why) {
  return {.state = PeekedHello::State::refused, .why = why};
}

/// The handshake message that the records carry, as far as it has come; what stands behind it is left out.
struct Gathered {
  PeekedHello::State state = PeekedHello::State::more;
  HelloRefusal why{};
  std::string message;  ///< without its head, once it is whole
};

std::size_t length_of(std::string_view message_head) {
  Cursor head(message_head.substr(1));
  return head.number(message_head_bytes - 1);
}

/// Whether a record may begin so: a handshake, of a version 3.x. Bytes that have not come may.
bool may_begin_record(std::string_view bytes) {
  if (!bytes.empty() && static_cast<unsigned char>(bytes[0]) != handshake_record) return false;
  return bytes.size() < 2 || bytes[1] == 3;
}

Gathered gather(std::string_view bytes) {
  Gathered gathered;
  const auto refuse = [&](HelloRefusal why) {
    gathered.state = PeekedHello::State::refused;
    gathered.why = why;
    return gathered;
  };
  std::string& message = gathered.message;
  while (true) {
    if (!may_begin_record(bytes)) return refuse(message.empty() ? HelloRefusal::not_tls : HelloRefusal::malformed);
    if (bytes.size() < record_head_bytes) return gathered;
    Cursor head(bytes.substr(3));
    const std::size_t length = head.number(2);
    if (length == 0 || length > record_bytes_max) return refuse(HelloRefusal::malformed);
    bytes.remove_prefix(record_head_bytes);
    message += bytes.substr(0, length);
    if (!message.empty() && message.front() != client_hello_message) return refuse(HelloRefusal::not_hello);
    if (message.size() >= message_head_bytes) {
      const std::size_t whole = message_head_bytes + length_of(message);
      if (whole > limits::client_hello_bytes) return refuse(HelloRefusal::too_long);
      if (message.size() >= whole) {
        message = message.substr(message_head_bytes, whole - message_head_bytes);
        gathered.state = PeekedHello::State::whole;
        return gathered;
      }
    }
    if (bytes.size() < length) return gathered;
    bytes.remove_prefix(length);
  }
}

bool is_host_name(std::string_view name) {
  if (name.empty() || name.size() > host_name_bytes_max) return false;
  std::size_t label = 0;
  for (const char c : name) {
    if (c == '.') {
      if (label == 0) return false;
      label = 0;
      continue;
    }
    if (!text::is_alpha(c) && !text::is_digit(c) && c != '-' && c != '_') return false;
    if (++label > label_bytes_max) return false;
  }
  return label > 0;
}

/// \returns nothing when it is malformed, or names what cannot be told from another name
std::optional<HelloRefusal> read_server_name(std::string_view extension, ClientHello& hello) {
  Cursor whole(extension);
  Cursor names(whole.vector(2));
  if (!whole.good() || !whole.at_end() || names.at_end()) return HelloRefusal::malformed;
  const std::size_t type = names.number(1);
  const std::string_view name = names.vector(2);
  if (!names.good()) return HelloRefusal::malformed;
  if (type != host_name_type || !names.at_end()) return HelloRefusal::bad_name;
  const std::string_view bare = name.ends_with('.') ? name.substr(0, name.size() - 1) : name;
  if (!is_host_name(bare)) return HelloRefusal::bad_name;
  hello.server_name = text::to_lower(bare);
  return {};
}

std::optional<HelloRefusal> read_protocols(std::string_view extension, ClientHello& hello) {
  Cursor whole(extension);
  Cursor protocols(whole.vector(2));
  if (!whole.good() || !whole.at_end() || protocols.at_end()) return HelloRefusal::malformed;
  while (!protocols.at_end()) {
    const std::string_view protocol = protocols.vector(1);
    if (!protocols.good() || protocol.empty()) return HelloRefusal::malformed;
    hello.protocols.emplace_back(protocol);
  }
  return {};
}

std::optional<HelloRefusal> read_extensions(std::string_view bytes, ClientHello& hello) {
  Cursor extensions(bytes);
  bool named = false;
  bool offered = false;
  while (!extensions.at_end()) {
    const std::size_t type = extensions.number(2);
    const std::string_view content = extensions.vector(2);
    if (!extensions.good()) return HelloRefusal::malformed;
    std::optional<HelloRefusal> wrong;
    // There must not be more than one of a type (RFC 8446 section 4.2): who stands behind might believe the other.
    if (type == server_name_extension) {
      wrong = std::exchange(named, true) ? HelloRefusal::bad_name : read_server_name(content, hello);
    } else if (type == alpn_extension) {
      wrong = std::exchange(offered, true) ? HelloRefusal::malformed : read_protocols(content, hello);
    }
    if (wrong) return wrong;
  }
  return {};
}

PeekedHello read_hello(std::string_view message) {
  Cursor cursor(message);
  cursor.take(2 + 32);  // legacy_version, random
  const std::string_view session = cursor.vector(1);
  const std::string_view ciphers = cursor.vector(2);
  const std::string_view compressions = cursor.vector(1);
  const bool sizes_good = session.size() <= 32 && !ciphers.empty() && ciphers.size() % 2 == 0 && !compressions.empty();
  if (!cursor.good() || !sizes_good) return refused(HelloRefusal::malformed);
  PeekedHello peeked{.state = PeekedHello::State::whole};
  if (cursor.at_end()) return peeked;  // TLS 1.2 knows hellos without extensions (RFC 5246 section 7.4.1.2)
  const std::string_view extensions = cursor.vector(2);
  if (!cursor.good() || !cursor.at_end()) return refused(HelloRefusal::malformed);
  if (const auto wrong = read_extensions(extensions, peeked.hello)) return refused(*wrong);
  return peeked;
}

}  // namespace

const char* sentence_of(HelloRefusal why) {
  switch (why) {
#define WEIR_HELLO_SENTENCE(name, sentence) \
  case HelloRefusal::name:                  \
    return sentence;
    WEIR_HELLO_REFUSALS(WEIR_HELLO_SENTENCE)
#undef WEIR_HELLO_SENTENCE
  }
  return "";
}

PeekedHello peek(std::string_view bytes) {
  const std::string_view seen =
      bytes.substr(0, limits::client_hello_bytes);  // heads of records alone could go on for ever
  const Gathered gathered = gather(seen);
  if (gathered.state == PeekedHello::State::refused) return refused(gathered.why);
  if (gathered.state == PeekedHello::State::whole) return read_hello(gathered.message);
  return seen.size() == limits::client_hello_bytes ? refused(HelloRefusal::too_long) : PeekedHello{};
}

}  // namespace weir::tls
