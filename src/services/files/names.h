// From the path of a request to the name of a file below a root: pure.
//
// Idea: a canonical path (http/path.h) has no dot segments and no empty ones; what is left to do is to take the escapes
// away and to refuse what no file of ours is called. Where the kernel looks is its own business (disk.h): these rules
// say what may be asked for at all.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/arena.h"

namespace weir::files {

/// One place to look, from `try`: `$path`, `$path/`, `$path.html`, `/index.html`.
struct Candidate {
  bool with_path = false;  ///< begins with what the request asked for
  std::string rest;        ///< behind it, or all of it; without a slash in front when with_path is false

  /// \returns  what is wrong with it, or empty
  static std::string complaint_about(std::string_view text);
  /// \pre complaint_about(text) is empty
  static Candidate parse(std::string_view text);

  /// It is the very thing that was asked for, so that a directory may send the client to its own address.
  [[nodiscard]] bool is_the_request() const { return with_path && (rest.empty() || rest == "/"); }
};

struct NameDecision {
  bool usable = false;
  std::string_view name{};    ///< relative to the root, no slash at either end; empty is the root
  bool as_directory = false;  ///< asked for with a slash behind it
  std::string_view reason{};  ///< when not usable: "hidden", "escaped_slash", "dot_segment", "nul_byte", "not_a_path"
};

/// \param path      canonical
/// \param dotfiles  whether names that begin with a dot may be asked for; /.well-known (RFC 8615) always may
NameDecision decide_name(std::string_view path, const Candidate& candidate, bool dotfiles, Arena& arena);

}  // namespace weir::files
