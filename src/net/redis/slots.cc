// CRC16, and two answers of a cluster read.
#include "net/redis/slots.h"

#include <array>

#include "base/text.h"

namespace weir::redis {
namespace {

/// CRC-16/XMODEM: polynomial 0x1021, no reflection, from 0.
constexpr std::array<std::uint16_t, 256> crc_table = [] {
  std::array<std::uint16_t, 256> table{};
  for (unsigned byte = 0; byte < 256; ++byte) {
    unsigned crc = byte << 8U;
    for (int bit = 0; bit < 8; ++bit) crc = (crc & 0x8000U) != 0 ? (crc << 1U) ^ 0x1021U : crc << 1U;
    table[byte] = static_cast<std::uint16_t>(crc);
  }
  return table;
}();

std::uint16_t crc16(std::string_view bytes) {
  unsigned crc = 0;
  for (const char c : bytes) crc = (crc << 8U) ^ crc_table[((crc >> 8U) ^ static_cast<unsigned char>(c)) & 0xFFU];
  return static_cast<std::uint16_t>(crc & 0xFFFFU);
}

Failure no_table() {
  return fail(upstream_error(Code::unexpected_bytes, "what CLUSTER SLOTS answered is no table of slots"));
}

std::optional<std::uint16_t> slot_number(const std::optional<Value>& value) {
  if (!value || value->kind() != Kind::integer) return {};
  if (value->integer() < 0 || value->integer() >= slot_count) return {};
  return static_cast<std::uint16_t>(value->integer());
}

/// `[host, port, ...]`; a host that is null, empty or `?` is the one that was asked.
std::optional<Endpoint> master_of(const std::optional<Value>& node, const Endpoint& asked) {
  if (!node || !node->is_list()) return {};
  const auto host = node->at(0);
  const auto port = node->at(1);
  if (!host || !port || port->kind() != Kind::integer) return {};
  if (port->integer() <= 0 || port->integer() > 65535) return {};
  const bool unnamed = host->kind() == Kind::null || host->text().empty() || host->text() == "?";
  return Endpoint{.host = unnamed ? asked.host : std::string(host->text()),
                  .port = static_cast<std::uint16_t>(port->integer()),
                  .unix_path = {}};
}

}  // namespace

std::uint16_t slot_of(std::string_view key) {
  if (const std::size_t open = key.find('{'); open != std::string_view::npos) {
    const std::size_t close = key.find('}', open + 1);
    if (close != std::string_view::npos && close > open + 1) key = key.substr(open + 1, close - open - 1);
  }
  return crc16(key) % slot_count;
}

Result<std::vector<SlotRange>> read_slots(const Value& answer, const Endpoint& asked) {
  if (!answer.is_list()) return no_table();
  std::vector<SlotRange> ranges;
  bool good = true;
  answer.for_each([&](const Value& entry) {
    const auto first = entry.is_list() ? slot_number(entry.at(0)) : std::nullopt;
    const auto last = entry.is_list() ? slot_number(entry.at(1)) : std::nullopt;
    auto master = entry.is_list() ? master_of(entry.at(2), asked) : std::nullopt;
    good = good && first && last && *first <= *last && master;
    if (good) ranges.push_back({.first = *first, .last = *last, .master = std::move(*master)});
  });
  if (!good) return no_table();
  return ranges;
}

std::optional<Redirection> read_redirection(const Value& answer, const Endpoint& asked) {
  const bool moved = answer.is_error("MOVED");
  if (!moved && !answer.is_error("ASK")) return {};
  std::string_view rest = answer.text();
  rest.remove_prefix(rest.find(' ') + 1);
  const std::size_t space = rest.find(' ');
  if (space == std::string_view::npos) return {};
  const auto slot = text::parse_decimal(rest.substr(0, space));
  if (!slot || *slot >= slot_count) return {};
  // An IPv6 address comes without brackets: the port is what stands behind the last colon.
  const std::string_view to = rest.substr(space + 1);
  const std::size_t colon = to.rfind(':');
  if (colon == std::string_view::npos) return {};
  const auto port = text::parse_decimal(to.substr(colon + 1));
  if (!port || *port == 0 || *port > 65535) return {};
  const std::string_view host = to.substr(0, colon);
  return Redirection{.kind = moved ? Redirection::Kind::moved : Redirection::Kind::ask,
                     .slot = static_cast<std::uint16_t>(*slot),
                     .to = {.host = host.empty() ? asked.host : std::string(host),
                            .port = static_cast<std::uint16_t>(*port),
                            .unix_path = {}}};
}

}  // namespace weir::redis
