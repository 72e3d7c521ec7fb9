// Which script a path means.
//
// Problem: `/blog/index.php/2026/hello` is the script /blog/index.php with a path behind it; `/uploads/cat.jpg/x.php`
// is a trap: no such script exists, but PHP (cgi.fix_pathinfo) climbs up until something does and runs the picture.
// Idea: a pure function lists what the path could mean, best first; whoever asked then takes the first that is a file.
// An application is only ever told of a script that is there, under exactly that name, so that it has nothing to guess.
//
//   1  each prefix that ends a segment in `.php`, from the left; the rest is PATH_INFO
//   2  the index script of a folder; of a folder whose slash is missing, the path with the slash
//   3  the front controller
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/arena.h"
#include "base/result.h"

namespace weir {

struct ScriptRules {
  std::string index = "index.php";
  std::string split = ".php";    ///< a segment that ends in it names a script
  std::string front_controller;  ///< "/index.php"; empty for none
};

struct ScriptCandidate {
  enum class Then : std::uint8_t {
    run,
    add_slash,  ///< a folder asked for without its slash: relative links would miss it
  };
  std::string_view script;     ///< "/blog/index.php", decoded, below the root
  std::string_view path_info;  ///< "/2026/hello", decoded; empty when there is none
  std::string_view reason;     ///< static: "path", "index", "front_controller"
  Then then = Then::run;
};

/// Pure. \param path  canonical (http/path.h)
/// \returns  what to look for, in this order; in the arena. A segment that hides a slash or a control character behind
///           an escape names no script.
std::span<const ScriptCandidate> script_candidates(std::string_view path, const ScriptRules& rules, Arena& arena);

/// The path without its escapes.
std::string_view decoded_path(std::string_view canonical, Arena& arena);

}  // namespace weir
