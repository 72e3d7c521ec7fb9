// Which file answers a request: pure, over what is known of names.
//
// Idea: the decision asks a look-up for each name it comes to. Where nothing is known yet it stops and says which name;
// the shell makes that known and asks again. So the same function answers requests, and imagined ones.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "services/files/names.h"
#include "services/files/store.h"

namespace weir::files {

/// What the configuration says of where to look.
struct Places {
  std::vector<Candidate> candidates;
  std::vector<std::string> index;
  bool dotfiles = false;
  bool listing = false;
};

struct Resolution {
  enum class Kind : std::uint8_t {
    unknown,   ///< `name` has to be made known first
    file,      ///< `file` answers
    redirect,  ///< a directory that was asked for without the slash behind its name
    listing,   ///< of the directory `name`
    refused,   ///< `error` answers
  };
  Kind kind = Kind::refused;
  std::string_view name{};
  FilePointer file{};
  Error error = client_error(Code::not_found);
  std::string_view reason{};  ///< "try", "index" ...: static
};

/// What is known of a name; null when nothing is.
using LookUp = std::function<const FilePointer*(std::string_view name)>;

Resolution resolve(std::string_view path, const Places& places, Arena& arena, const LookUp& look_up);

}  // namespace weir::files
