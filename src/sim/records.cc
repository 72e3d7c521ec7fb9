// Reading and writing records, slowly and plainly.
#include "sim/records.h"

#include <algorithm>
#include <optional>

namespace weir::sim {
namespace {

constexpr std::size_t header_bytes = 8;

/// A length of one byte, or of four with the highest bit set (section 3.4).
std::optional<std::size_t> take_length(std::string_view& bytes) {
  if (bytes.empty()) return {};
  const bool is_long = byte_at(bytes, 0) >= 128;
  if (is_long && bytes.size() < 4) return {};
  const std::size_t length =
      is_long ? (byte_at(bytes, 0) & 0x7FU) << 24 | byte_at(bytes, 1) << 16 | byte_at(bytes, 2) << 8 | byte_at(bytes, 3)
              : byte_at(bytes, 0);
  bytes.remove_prefix(is_long ? 4 : 1);
  return length;
}

bool take_variables(std::string_view bytes, Variables& variables) {
  while (!bytes.empty()) {
    const auto name_bytes = take_length(bytes);
    const auto value_bytes = name_bytes ? take_length(bytes) : std::nullopt;
    if (!value_bytes || bytes.size() < *name_bytes + *value_bytes) return false;
    const std::string name(bytes.substr(0, *name_bytes));
    if (!variables.emplace(name, bytes.substr(*name_bytes, *value_bytes)).second) return false;
    bytes.remove_prefix(*name_bytes + *value_bytes);
  }
  return true;
}

}  // namespace

Task<Ending> read_record(Wire& wire, Record& record, Duration longest) {
  std::string bytes;
  if (const Ending ending = co_await wire.read_up_to(bytes, header_bytes, longest); ending != Ending::whole)
    co_return ending;
  if (byte_at(bytes, 0) != 1 || byte_at(bytes, 2) != 0 || byte_at(bytes, 3) != 1) co_return Ending::malformed;
  record.type = byte_at(bytes, 1);
  const std::size_t content = byte_at(bytes, 4) << 8 | byte_at(bytes, 5);
  const std::size_t padding = byte_at(bytes, 6);
  record.content.clear();
  const Ending ending = co_await wire.read_up_to(record.content, content + padding);
  record.content.resize(std::min(record.content.size(), content));
  co_return ending == Ending::whole ? ending : Ending::cut;
}

Task<Ending> read_variables(Wire& wire, Variables& variables, Duration longest) {
  Record record;
  if (const Ending ending = co_await read_record(wire, record, longest); ending != Ending::whole) co_return ending;
  const bool is_responder = record.content == std::string_view("\0\1\1\0\0\0\0\0", 8);  // whose connection is kept
  if (record.type != RecordTypes::begin_request || !is_responder) co_return Ending::malformed;
  std::string written;
  while (true) {
    const Ending ending = co_await read_record(wire, record);
    if (ending != Ending::whole) co_return ending == Ending::malformed ? ending : Ending::cut;
    if (record.type != RecordTypes::params) co_return Ending::malformed;
    if (record.content.empty()) co_return take_variables(written, variables) ? Ending::whole : Ending::malformed;
    written += record.content;
  }
}

std::string record_of(unsigned type, std::string_view content, unsigned padding) {
  std::string bytes{1,
                    static_cast<char>(type),
                    0,
                    1,
                    static_cast<char>(content.size() >> 8),
                    static_cast<char>(content.size() & 0xFF),
                    static_cast<char>(padding),
                    0};
  return bytes.append(content).append(padding, '.');
}

std::string end_request(unsigned application_status) {
  const std::string body{0, 0, 0, static_cast<char>(application_status), 0, 0, 0, 0};
  return record_of(RecordTypes::end_request, body);
}

}  // namespace weir::sim
