// What is answered from a file that was found: status, which bytes, which variant. Pure.
//
// Idea: RFC 9110 sections 12 to 14 in their order: choose the variant, then judge the conditions against it, then look
// at the ranges. The shell (files.cc) writes the verdict down as a head and a body.
#pragma once

#include <string_view>

#include "http/message.h"
#include "http/range.h"
#include "services/files/store.h"

namespace weir::files {

struct AnswerDecision {
  Status status = 200;  ///< 200, 206, 304, 412 or 416
  ContentCoding coding = ContentCoding::identity;
  const FilePointer* file = nullptr;  ///< the entry itself, or one of its variants
  RangeDecision ranges;               ///< of a 206
  std::string_view reason{};          ///< the field that decided, or why a range was not followed; static
};

/// \pre entry is a file, and request is GET or HEAD. The result points into `entry`.
AnswerDecision decide_answer(const RequestHead& request, const FilePointer& entry, WallTime now);

}  // namespace weir::files
