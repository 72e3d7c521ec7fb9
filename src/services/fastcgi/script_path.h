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

#include <optional>
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

/// What a choice among candidates is made from.
struct ScriptFacts {
  enum class Look : std::uint8_t {
    for_none,    ///< there is no root: the application has no scripts
    forbidden,   ///< check_scripts is off
    found,       ///< the one at `position` is there, and none before it
    missing,     ///< none of them is
    impossible,  ///< `failure` says why
  };
  Look look = Look::for_none;
  std::uint32_t position = 0;
  Error failure{};
};

/// Pure. \param candidates  of script_candidates(), for the same path
/// \errors  not_found  there is no such script; and ScriptFacts::failure
Result<ScriptCandidate> choose_script(std::string_view path, std::span<const ScriptCandidate> candidates,
                                      const ScriptFacts& facts, Arena& arena);

/// The facts with the path they belong to, as bytes in the arena; empty when they would be too many.
std::string_view pack(std::string_view path, const ScriptFacts& facts, Arena& arena);
/// \returns  nothing when the bytes are not what pack() made
std::optional<ScriptFacts> unpack_script_facts(std::string_view bytes, std::string_view& path);

/// The path without its escapes.
std::string_view decoded_path(std::string_view canonical, Arena& arena);

}  // namespace weir
