// FastCGI's records, to and from the wire.
//
// Idea: a connection carries one request at a time, with the id 1. What we send is composed in memory; what arrives is
// read by a reader that needs no buffer: it keeps the few bytes of a header that came in pieces, and gives content as
// views of what was received.
//
// Invariants
//   (1) However the bytes are cut into pieces, the same output, errors and end come out.
//   (2) A name-value pair never straddles two records: php-fpm reads each record by itself.
//   (3) Nothing is accepted that we could not have asked for: other versions, ids and types are refused.
//
// Source: FastCGI Specification 1.0, sections 3.3 (records), 3.4 (name-value pairs), 5 (application record types).
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

#include "base/result.h"

namespace weir::fastcgi {

enum class RecordType : std::uint8_t {
  begin_request = 1,
  end_request = 3,
  params = 4,
  input = 5,   ///< FCGI_STDIN
  output = 6,  ///< FCGI_STDOUT
  errors = 7,  ///< FCGI_STDERR
};

enum class ProtocolStatus : std::uint8_t { complete = 0, cannot_multiplex = 1, overloaded = 2, unknown_role = 3 };

inline constexpr std::size_t header_bytes = 8;
/// Largest content that we put into one record: below 65,535 and a multiple of eight, so that no padding is due.
inline constexpr std::size_t content_bytes_max = 65'528;

using RecordHeader = std::array<char, header_bytes>;
/// \pre content_bytes <= content_bytes_max
RecordHeader record_header(RecordType type, std::size_t content_bytes);
inline std::string_view view_of(const RecordHeader& header) {
  return {header.data(), header.size()};
}

/// Composes what stands before the content of a request: BEGIN_REQUEST and the variables.
class RequestWriter {
 public:
  explicit RequestWriter(std::span<char> memory) : memory_(memory) {}

  /// As responder; the connection stays open behind the request (FCGI_KEEP_CONN).
  void begin();
  void variable(std::string_view name, std::string_view value);
  void end_variables();
  /// One whole record of content; empty content ends the stream.
  void input(std::string_view content);

  /// Something did not fit into the memory, or a variable into a record.
  [[nodiscard]] bool overflowed() const { return overflowed_; }
  [[nodiscard]] std::string_view written() const { return {memory_.data(), size_}; }
  [[nodiscard]] std::size_t room() const { return memory_.size() - size_; }

 private:
  void append(std::string_view bytes);
  void append_length(std::size_t length);
  void close_params();

  static constexpr std::size_t none = SIZE_MAX;

  std::span<char> memory_;
  std::size_t size_ = 0;
  std::size_t params_at_ = none;  // where the header of the record in progress stands
  bool overflowed_ = false;
};

/// What lies at the front of the received bytes.
struct Arrival {
  enum class Kind : std::uint8_t {
    nothing,  ///< more bytes are needed
    output,
    errors,
    end,  ///< the request is over; see application_status() and protocol_status()
  };
  Kind kind = Kind::nothing;
  std::size_t framing_bytes = 0;  ///< in front of the content: they are dealt with, pass over them
  std::string_view content;       ///< of output and errors; never empty there
  bool record_ends = false;       ///< the content goes to the end of its record
};

class RecordReader {
 public:
  /// \param received  begins behind what the last call passed over and what took() said
  /// \errors  bad_record, origin upstream
  Result<Arrival> next(std::string_view received);
  /// So much of the content that next() gave has been used.
  void took(std::size_t content_bytes) { content_left_ -= static_cast<std::uint32_t>(content_bytes); }

  [[nodiscard]] bool ended() const { return ended_; }
  /// The exit code of the application; 0 is the usual one.
  [[nodiscard]] std::uint32_t application_status() const;
  [[nodiscard]] ProtocolStatus protocol_status() const { return static_cast<ProtocolStatus>(end_body_[4]); }

 private:
  Result<void> open_record();
  [[nodiscard]] bool collect(std::string_view received, std::size_t& at, RecordHeader& into, std::uint8_t& have);

  RecordHeader header_{};
  RecordHeader end_body_{};
  std::uint8_t header_have_ = 0;
  std::uint8_t end_have_ = 0;
  std::uint32_t content_left_ = 0;
  std::uint32_t padding_left_ = 0;
  RecordType type_ = RecordType::output;
  bool in_record_ = false;
  bool output_ended_ = false;
  bool ended_ = false;
};

}  // namespace weir::fastcgi
