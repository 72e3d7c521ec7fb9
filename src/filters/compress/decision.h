// Whether an answer is compressed, in which coding and with how much effort: pure functions, and the words for why.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/units.h"
#include "http/accept_encoding.h"
#include "http/coding/encoder.h"
#include "http/status.h"

namespace weir {

struct EffortFacts {
  Effort configured = Effort::medium;
  bool adapts = true;
  unsigned busy = 0;  ///< thousandths of the core's time, see runtime/thread_load.h
};

/// One step less from 80 % on, the least from 95 % on: what a core saves there, other requests wait less.
Effort choose_effort(const EffortFacts& facts);

/// What became of a body whose beginning was compressed.
enum class BodyBeginning : std::uint8_t {
  not_tried,
  streams,    ///< there is more to come, or trailers follow
  whole,      ///< all of it is here: its coded length is known
  too_small,  ///< all of it is here, and is not worth it
  no_gain,    ///< all of it is here, and did not shrink
};

/// Everything the decision hangs on; points nowhere, so that a story can keep it. It is made twice: before the body is
/// touched, and once it is known what its beginning became.
struct CompressionFacts {
  ByteCount length = unbounded;  ///< of the content, as declared; unbounded when not known
  ByteCount minimum = 0;         ///< below it compression is not worth it
  Status status = 200;
  ContentCoding wanted = ContentCoding::identity;  ///< the client's best among ours
  bool names_codings = false;                      ///< the request has accept-encoding
  bool has_content = false;                        ///< or would have, were it no HEAD
  bool coded = false;                              ///< has content-encoding
  bool no_transform = false;                       ///< one side said so in cache-control
  bool type_listed = false;
  bool memory_left = true;  ///< the core may hold one more encoder
  BodyBeginning beginning = BodyBeginning::not_tried;
  EffortFacts effort{};
};

struct CompressionVerdict {
  ContentCoding coding = ContentCoding::identity;
  /// Another client could have got another coding: the answer says vary.
  bool varies = false;
  Effort effort = Effort::medium;  ///< where it is compressed
  /// compressed; or why not: partial_content, no_content, already_coded, no_transform, type_not_listed, too_small,
  /// not_asked, not_accepted, memory_full, no_gain
  std::string_view reason;
};

/// Pure. \source RFC 9110 sections 12.5.3, 14.3, 15.3.7; RFC 9111 section 5.2.2.6 (no-transform)
CompressionVerdict decide_compression(const CompressionFacts& facts);

/// Media types by name (text/html), family (text/*) or suffix (*+json).
class TypeList {
 public:
  /// \pre  is_type_pattern() of each
  explicit TypeList(const std::vector<std::string>& patterns);
  /// \param content_type  as it stands in the field, with parameters or without
  [[nodiscard]] bool holds(std::string_view content_type) const;

  static bool is_type_pattern(std::string_view text);

 private:
  std::vector<std::string> names_;
  std::vector<std::string> families_;  // "text/"
  std::vector<std::string> suffixes_;  // "+json"
};

}  // namespace weir
