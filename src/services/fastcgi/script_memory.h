// What a core remembers of scripts it has looked for.
//
// Problem: looking costs five system calls, some five microseconds; a busy site asks for the same few scripts thousands
// of times a second.
// Idea: what was seen is believed as long as it is of other files (limits::file_freshness, one second). A table of a
// fixed size, where a script's place is given by its hash: a newcomer takes the place of whoever has it, so that paths
// that visitors make up cost no memory.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "contracts/shard.h"
#include "services/fastcgi/script_files.h"

namespace weir {

class ScriptMemory final : public ShardState {
 public:
  [[nodiscard]] std::optional<ScriptFound> recall(std::string_view root, std::string_view script, Time now) const;
  /// \param found  yes or no; what could not be told is not kept
  void keep(std::string_view root, std::string_view script, ScriptFound found, Time now);

 private:
  struct Entry {
    std::string root;
    std::string script;
    Time until{};
    ScriptFound found = ScriptFound::no;
  };
  static std::size_t place_of(std::string_view root, std::string_view script);

  std::array<Entry, limits::scripts_remembered> entries_;
};

}  // namespace weir
