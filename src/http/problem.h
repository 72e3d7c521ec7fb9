// The body of an error that Weir itself answers, in the form its reader prefers.
//
// Idea: the same five facts as problem details (RFC 9457) for programs, as a short page for browsers, and as plain text
// for everybody else; which one is a pure function of Accept.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "http/status.h"

namespace weir {

enum class ProblemFormat : std::uint8_t { plain, html, json };

struct Problem {
  Status status = 500;
  std::string_view reason;      ///< machine-readable: name_of(code)
  std::string_view sentence;    ///< for people: sentence_of(code)
  std::string_view request_id;  ///< may be empty
  std::string_view detail;      ///< beyond the sentence; may be empty
  std::string_view type;        ///< a URI; empty: about:blank (RFC 9457 section 4.2.1)
  std::string_view members;     ///< JSON for programs: `,"name":value`; may be empty
};

/// The format with the highest quality, then the one named most exactly; plain text when nothing decides, which is what
/// `*/*` and no Accept at all mean. application/json asks for problem details too. \source RFC 9110 section 12.5.1
ProblemFormat choose_problem_format(std::string_view accept);

std::string_view content_type_of(ProblemFormat format);

/// The body; everything in it that came from outside is escaped.
std::string render_problem(const Problem& problem, ProblemFormat format);

}  // namespace weir
