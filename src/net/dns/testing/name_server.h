// A name server that says what a test tells it to, in messages put together byte by byte.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/text.h"
#include "net/dns/message.h"

namespace weir::dns::testing {

inline std::string wire_16(unsigned value) {
  return {static_cast<char>(value >> 8), static_cast<char>(value & 0xFF)};
}
inline std::string wire_32(std::uint32_t value) {
  return wire_16(value >> 16) + wire_16(value & 0xFFFF);
}
inline std::string wire_name(std::string_view name) {
  std::string wire;
  for (const std::string_view label : text::split(name, '.')) {
    if (!label.empty()) wire += static_cast<char>(label.size()) + std::string(label);
  }
  return wire + '\0';
}
inline std::string record(std::string_view owner, Type type, std::uint32_t seconds, const std::string& data) {
  return wire_name(owner) + wire_16(static_cast<unsigned>(type)) + wire_16(1) + wire_32(seconds) +
         wire_16(static_cast<unsigned>(data.size())) + data;
}
inline std::string a(std::string_view owner, std::string_view address, std::uint32_t seconds = 60) {
  const auto bytes = IpAddress::parse(address).value().bytes();
  return record(owner, Type::a, seconds, std::string(bytes.begin() + 12, bytes.end()));
}
inline std::string aaaa(std::string_view owner, std::string_view address, std::uint32_t seconds = 60) {
  const auto bytes = IpAddress::parse(address).value().bytes();
  return record(owner, Type::aaaa, seconds, std::string(bytes.begin(), bytes.end()));
}
inline std::string cname(std::string_view owner, std::string_view target, std::uint32_t seconds = 60) {
  return record(owner, Type::cname, seconds, wire_name(target));
}
inline std::string srv(std::string_view owner, unsigned priority, unsigned weight, unsigned port,
                       std::string_view target, std::uint32_t seconds = 60) {
  return record(owner, Type::srv, seconds, wire_16(priority) + wire_16(weight) + wire_16(port) + wire_name(target));
}
inline std::string soa(std::string_view zone, std::uint32_t seconds, std::uint32_t minimum) {
  return record(zone, Type::soa, seconds,
                wire_name("ns.test") + wire_name("admin.test") + std::string(16, '\1') + wire_32(minimum));
}

/// What is said to one question.
struct Said {
  std::vector<std::string> answers;
  std::vector<std::string> authorities;
  unsigned code = 0;
  bool truncated = false;
};

/// \param question  the message that asked, whose number and question are repeated
inline std::string response_to(std::string_view question, const Said& said) {
  std::size_t end = 12;
  while (question[end] != '\0') end += static_cast<std::uint8_t>(question[end]) + std::size_t{1};
  end += 5;
  std::string message(question.substr(0, 2));
  message += wire_16(0x8180U | (said.truncated ? 0x0200U : 0U) | said.code) + wire_16(1);
  message += wire_16(static_cast<unsigned>(said.answers.size())) +
             wire_16(static_cast<unsigned>(said.authorities.size())) + wire_16(0);
  message += question.substr(12, end - 12);
  for (const std::string& each : said.answers) message += each;
  for (const std::string& each : said.authorities) message += each;
  return message;
}

inline std::string name_in(std::string_view question) {
  std::string name;
  for (std::size_t at = 12; question[at] != '\0';) {
    const auto length = static_cast<std::uint8_t>(question[at]);
    name += (name.empty() ? "" : ".") + std::string(question.substr(at + 1, length));
    at += length + std::size_t{1};
  }
  return name;
}
inline Type type_in(std::string_view question) {
  const std::size_t at = 12 + name_in(question).size() + 2;
  return static_cast<Type>(static_cast<std::uint8_t>(question[at]) << 8 | static_cast<std::uint8_t>(question[at + 1]));
}
inline bool has_edns(std::string_view question) {
  return question[11] != 0;
}

}  // namespace weir::dns::testing
