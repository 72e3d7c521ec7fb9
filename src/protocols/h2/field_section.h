// A field section of HTTP/2, line by line, as strictly as the parser of HTTP/1 reads its own.
//
// Problem: what HTTP/2 can carry (any byte in a name or a value, two opinions about the authority, a length beside
// frames that say another) becomes a second request when it is written as HTTP/1.
// Idea: every line is judged as it comes, before anything is made of it: names are lower-case tokens, values hold no
// control characters and no white space at their ends, pseudo-fields come first, once, and are known, nothing that
// belongs to a connection of HTTP/1 is there (RFC 9113 sections 8.2 and 8.3). What has been read this way can be
// written as HTTP/1 without a second look; and it is written anew there, as everything is.
//
// Invariants
//   (1) After the first line that is refused, nothing more is kept; the rest is only measured.
//   (2) `malformed` says that the peer broke a rule: its stream is reset. Everything else that is refused (too large, a
//       path that has no canonical form) is answered.
#pragma once

#include <array>
#include <string_view>

#include "base/limits.h"
#include "base/result.h"
#include "http/message.h"

namespace weir::h2 {

enum class SectionKind : std::uint8_t { request, response, trailers };

class FieldSection {
 public:
  /// \param fields  receives what is no pseudo-field; its arena keeps the texts
  FieldSection(SectionKind kind, Origin sender, const Limits& limits, Fields& fields);

  /// \returns  false when what came is far beyond what is read: not worth unpacking on
  bool add(std::string_view name, std::string_view value);

  /// Gives the request its meaning: as h1's interpret() does.
  /// \param end_of_stream  no content follows
  /// \param extended_connect  RFC 8441 was offered
  /// \errors  what add() refused, bad_pseudo_field, conflicting_authority, missing_host, bad_host, bad_target,
  /// bad_path,
  ///          bad_length, body_too_large, unsupported_expectation; origin client
  Result<void> finish_request(RequestHead& request, bool end_of_stream, bool extended_connect);
  /// The same for an answer to a request with `method`.
  /// \errors  what add() refused, bad_pseudo_field, malformed_status_line, bad_length; origin upstream
  Result<void> finish_response(ResponseHead& response, Method method, bool end_of_stream);
  /// \errors  bad_trailer, trailer_too_large
  Result<void> finish_trailers();

  [[nodiscard]] bool malformed() const { return malformed_; }
  [[nodiscard]] SectionKind kind() const { return kind_; }

 private:
  enum Pseudo : std::uint8_t { method, scheme, path, authority, protocol, status, pseudo_count };

  void read_pseudo(std::string_view name, std::string_view value);
  void read_field(std::string_view name, std::string_view value);
  bool note(const Field& field);
  void note_length(std::string_view value);
  Failure refuse(Code code, bool malformed);
  [[nodiscard]] bool has(Pseudo which) const { return (seen_ & (1U << which)) != 0; }
  [[nodiscard]] bool has_only(unsigned wanted, unsigned allowed) const {
    return (seen_ & wanted) == wanted && (seen_ & ~allowed) == 0;
  }
  Result<void> read_target(RequestHead& request, bool extended_connect);
  Result<void> read_authority(RequestHead& request);
  Result<void> read_framing(RequestHead& request, bool end_of_stream);
  void join_cookies();
  void ask_for_switch(RequestHead& request);

  const SectionKind kind_;
  const Origin sender_;
  const Limits& limits_;
  Fields& fields_;
  const ByteCount bytes_max_;
  ByteCount bytes_ = 0;
  std::uint32_t lines_ = 0;
  unsigned seen_ = 0;  // pseudo-fields, a bit each
  std::array<std::string_view, pseudo_count> pseudo_{};
  bool fields_began_ = false;
  bool refused_ = false;
  bool malformed_ = false;
  Code code_ = Code::internal;

  std::string_view host_;
  std::string_view expectation_;
  unsigned hosts_ = 0;
  unsigned cookies_ = 0;
  unsigned expectations_ = 0;
  bool has_length_ = false;
  ByteCount length_ = 0;
  bool trailers_ = false;  // TE: trailers
};

}  // namespace weir::h2
