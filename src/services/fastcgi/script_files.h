// Is there such a script? Asked of the file system without a core ever waiting for a disk.
//
// Idea: the kernel is asked with RESOLVE_CACHED, which answers at once from what it has in memory or says that it would
// have to wait; only then is the question put elsewhere. Nothing is remembered here
// (script_memory.h does).
//
// RESOLVE_BENEATH keeps to the root: neither `..` nor a symbolic link leads out of it. The root itself may be a link,
// as deployments like it (`current`), and is looked up anew each time.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace weir {

enum class ScriptFound : std::uint8_t {
  yes,
  no,           ///< nothing there, no ordinary file, or outside of the root
  would_wait,   ///< only when not waiting
  not_allowed,  ///< this process may not look: a folder on the way has no x for it
};

enum class DiskWait : std::uint8_t { never, allowed };

/// \param script  begins with '/', below `root`
ScriptFound find_script(const std::string& root, std::string_view script, DiskWait wait);

}  // namespace weir
