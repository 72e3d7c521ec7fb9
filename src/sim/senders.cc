// A line of text, or sixteen bytes and addresses.
#include "sim/senders.h"

#include <fmt/format.h>

#include <array>
#include <vector>

#include "net/address.h"

namespace weir::sim {
namespace {

constexpr std::string_view signature{"\r\n\r\n\0\r\nQUIT\n", 12};
constexpr unsigned ports_from = 40'000;

std::string line(const ClientConnectionPlan& plan) {
  return fmt::format("PROXY TCP4 192.0.2.{} 10.0.0.1 {} 80\r\n", plan.named_client, ports_from + plan.named_client);
}

std::string binary(char command, char family, std::string_view rest, std::size_t length) {
  std::string bytes(signature);
  for (const char each : {command, family, static_cast<char>(length >> 8), static_cast<char>(length & 0xFF)})
    bytes += each;
  return bytes.append(rest);
}

std::string binary(char command, char family, std::string_view rest) {
  return binary(command, family, rest, rest.size());
}

std::string ends(unsigned named_client) {
  const unsigned port = ports_from + named_client;
  std::string bytes;
  for (const unsigned each : {192U, 0U, 2U, named_client, 10U, 0U, 0U, 1U, port >> 8, port & 0xFF, 0U, 80U})
    bytes += static_cast<char>(each);
  return bytes;
}

std::string malformed(const ClientConnectionPlan& plan) {
  switch (plan.variant % 6) {
    case 0:
      return "PROXY TCP4 192.0.2.999 10.0.0.1 1 80\r\n";
    case 1:
      return binary('\x25', '\x11', ends(plan.named_client));
    case 2:
      return binary('\x21', '\x11', ends(plan.named_client), 4);
    case 3:
      return "";
    case 4:
      return "PROXY TCP4 " + std::string(200, 'x') + "\r\n";
    default:
      return line(plan).substr(0, 20);
  }
}

/// `PROXY TCP4 192.0.2.7 10.0.0.1 40007 80`
bool take_line(std::string_view text, std::string& source) {
  std::vector<std::string_view> words;
  while (!text.empty()) {
    const std::size_t end = text.find(' ');
    words.push_back(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  if (words.size() != 6 || words[0] != "PROXY" || words[1] != "TCP4") return false;
  source = fmt::format("{}:{}", words[2], words[4]);
  return true;
}

}  // namespace

std::string sender_header(const ClientConnectionPlan& plan) {
  switch (plan.sender) {
    case Sender::nobody:
      return "";
    case Sender::v1:
    case Sender::unasked:
      return line(plan);
    case Sender::v2:  // with a vector that means nothing, now and then
      return binary('\x21', '\x11',
                    ends(plan.named_client) + (plan.variant % 2 == 0 ? std::string("\x04\0\2ab", 5) : ""));
    case Sender::local:
      return binary('\x20', '\0', "");
    case Sender::malformed:
      return malformed(plan);
  }
  return "";
}

std::string client_end(const ClientConnectionPlan& plan, const SocketAddress& own) {
  const bool named = plan.sender == Sender::v1 || plan.sender == Sender::v2;
  if (named) return fmt::format("192.0.2.{}:{}", plan.named_client, ports_from + plan.named_client);
  return fmt::format("{}:{}", IpAddress::of(own).text(), weir::port_of(own));
}

std::string_view address_in(std::string_view end) {
  return end.substr(0, end.rfind(':'));
}

Task<Ending> read_introduction(Wire& wire, Duration longest, std::string& source) {
  std::string bytes;
  const Ending begun = co_await wire.read_up_to(bytes, signature.size() + 4, longest);
  if (begun != Ending::whole) co_return begun;
  if (!bytes.starts_with(signature)) {
    while (!bytes.ends_with("\r\n")) {
      if (bytes.size() > 200) co_return Ending::malformed;
      const Ending ending = co_await wire.read_up_to(bytes, bytes.size() + 1, longest);
      if (ending != Ending::whole) co_return ending;
    }
    co_return take_line(std::string_view(bytes).substr(0, bytes.size() - 2), source) ? Ending::whole
                                                                                     : Ending::malformed;
  }
  const std::size_t whole = bytes.size() + (byte_at(bytes, 14) << 8 | byte_at(bytes, 15));
  const Ending ending = co_await wire.read_up_to(bytes, whole, longest);
  if (ending != Ending::whole) co_return ending;
  if (bytes.substr(12, 2) != "\x21\x11" || bytes.size() < 28) co_return Ending::malformed;
  source = fmt::format("{}.{}.{}.{}:{}", byte_at(bytes, 16), byte_at(bytes, 17), byte_at(bytes, 18), byte_at(bytes, 19),
                       byte_at(bytes, 24) << 8 | byte_at(bytes, 25));
  co_return Ending::whole;
}

}  // namespace weir::sim
