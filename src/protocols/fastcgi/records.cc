// The bytes of records.h.
#include "protocols/fastcgi/records.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/fault.h"
#include "base/invariant.h"

namespace weir::fastcgi {
namespace {

constexpr char version = 1;
constexpr char request_id = 1;
constexpr std::size_t end_body_bytes = 8;

constexpr std::uint32_t byte_of(char c) {
  return static_cast<unsigned char>(c);
}
constexpr char low_byte(std::size_t number) {
  return static_cast<char>(number & 0xFF);
}

/// Lengths up to 127 take one byte, longer ones four with the highest bit set (section 3.4).
constexpr std::size_t length_bytes(std::size_t length) {
  return length < 128 ? 1 : 4;
}

}  // namespace

RecordHeader record_header(RecordType type, std::size_t content_bytes) {
  invariant(content_bytes <= content_bytes_max, "the content of a record fits into it");
  return {version, static_cast<char>(type), 0, request_id, low_byte(content_bytes >> 8), low_byte(content_bytes), 0, 0};
}

// Writing.

void RequestWriter::append(std::string_view bytes) {
  if (overflowed_ || bytes.size() > room()) {
    overflowed_ = true;
    return;
  }
  if (!bytes.empty()) std::memcpy(memory_.data() + size_, bytes.data(), bytes.size());
  size_ += bytes.size();
}

void RequestWriter::begin() {
  constexpr std::string_view responder_keep_connection{"\0\1\1\0\0\0\0\0", 8};
  append(view_of(record_header(RecordType::begin_request, responder_keep_connection.size())));
  append(responder_keep_connection);
}

void RequestWriter::append_length(std::size_t length) {
  const std::array<char, 4> four{static_cast<char>((length >> 24) | 0x80), low_byte(length >> 16),
                                 low_byte(length >> 8), low_byte(length)};
  const std::size_t bytes = length_bytes(length);
  append(bytes == 1 ? std::string_view(&four[3], 1) : std::string_view(four.data(), four.size()));
}

void RequestWriter::variable(std::string_view name, std::string_view value) {
  const std::size_t pair = length_bytes(name.size()) + length_bytes(value.size()) + name.size() + value.size();
  if (pair > content_bytes_max) overflowed_ = true;
  if (overflowed_) return;
  if (params_at_ != none && size_ - params_at_ - header_bytes + pair > content_bytes_max) close_params();
  if (params_at_ == none) {
    params_at_ = size_;
    append(view_of(record_header(RecordType::params, 0)));
  }
  append_length(name.size());
  append_length(value.size());
  append(name);
  append(value);
}

/// Now its length is known.
void RequestWriter::close_params() {
  if (params_at_ == none || overflowed_) return;
  const RecordHeader header = record_header(RecordType::params, size_ - params_at_ - header_bytes);
  std::memcpy(memory_.data() + params_at_, header.data(), header.size());
  params_at_ = none;
}

void RequestWriter::end_variables() {
  close_params();
  append(view_of(record_header(RecordType::params, 0)));
}

void RequestWriter::input(std::string_view content) {
  append(view_of(record_header(RecordType::input, content.size())));
  append(content);
}

// Reading.

/// Fills `into`, which may take several calls. \returns whether it is full
bool RecordReader::collect(std::string_view received, std::size_t& at, RecordHeader& into, std::uint8_t& have) {
  const std::size_t taken = std::min(into.size() - have, received.size() - at);
  if (taken > 0) std::memcpy(into.data() + have, received.data() + at, taken);
  at += taken;
  have = static_cast<std::uint8_t>(have + taken);
  return have == into.size();
}

Result<void> RecordReader::open_record() {
  if (header_[0] != version) return fail(upstream_error(Code::bad_record, "the version is not 1"));
  if (header_[2] != 0 || header_[3] != request_id) {
    return fail(upstream_error(Code::bad_record, "the request id is not the one that was asked with"));
  }
  type_ = static_cast<RecordType>(header_[1]);
  content_left_ = byte_of(header_[4]) << 8 | byte_of(header_[5]);
  padding_left_ = byte_of(header_[6]);
  if (fault(Fault::record_padding_kept) && content_left_ > 0) content_left_ += std::exchange(padding_left_, 0);
  switch (type_) {
    case RecordType::end_request:
      if (content_left_ != end_body_bytes) return fail(upstream_error(Code::bad_record, "END_REQUEST has not 8 bytes"));
      end_have_ = 0;
      return {};
    case RecordType::output:
      if (content_left_ > 0 && output_ended_) return fail(upstream_error(Code::bad_record, "output behind its end"));
      output_ended_ = output_ended_ || content_left_ == 0;
      return {};
    case RecordType::errors:
      return {};
    default:
      return fail(upstream_error(Code::bad_record, "a type that no application sends here"));
  }
}

Result<Arrival> RecordReader::next(std::string_view received) {
  std::size_t at = 0;
  while (!ended_) {
    if (!in_record_) {
      if (!collect(received, at, header_, header_have_)) return Arrival{.framing_bytes = at};
      header_have_ = 0;
      TRY_VOID(open_record());
      in_record_ = true;
    }
    if (content_left_ > 0 && type_ != RecordType::end_request) {
      const std::string_view content = received.substr(at, content_left_);
      if (content.empty()) return Arrival{.framing_bytes = at};
      return Arrival{.kind = type_ == RecordType::output ? Arrival::Kind::output : Arrival::Kind::errors,
                     .framing_bytes = at,
                     .content = content,
                     .record_ends = content.size() == content_left_};
    }
    if (content_left_ > 0) {
      if (!collect(received, at, end_body_, end_have_)) return Arrival{.framing_bytes = at};
      content_left_ = 0;
      if (byte_of(end_body_[4]) > byte_of(static_cast<char>(ProtocolStatus::unknown_role))) {
        return fail(upstream_error(Code::bad_record, "an unknown protocol status"));
      }
    }
    const std::size_t skipped = std::min<std::size_t>(padding_left_, received.size() - at);
    at += skipped;
    padding_left_ -= static_cast<std::uint32_t>(skipped);
    if (padding_left_ > 0) return Arrival{.framing_bytes = at};
    in_record_ = false;
    ended_ = type_ == RecordType::end_request;
  }
  return Arrival{.kind = Arrival::Kind::end, .framing_bytes = at};
}

std::uint32_t RecordReader::application_status() const {
  return byte_of(end_body_[0]) << 24 | byte_of(end_body_[1]) << 16 | byte_of(end_body_[2]) << 8 | byte_of(end_body_[3]);
}

}  // namespace weir::fastcgi
