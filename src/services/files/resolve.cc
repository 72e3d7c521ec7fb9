// One candidate after the other; a directory by its index files.
#include "services/files/resolve.h"

namespace weir::files {
namespace {

class Resolver {
 public:
  Resolver(const Places& places, Arena& arena, const LookUp& look_up)
      : places_(places), arena_(arena), look_up_(look_up) {}

  /// \returns  whether `found_` is the answer; if not, the next candidate has its turn
  bool try_candidate(const Candidate& candidate, const NameDecision& name) {
    if (!name.usable) {
      refuse(client_error(Code::not_found), name.reason);
      return false;
    }
    const FilePointer* entry = known(name.name);
    if (entry == nullptr) return true;
    switch ((*entry)->kind) {
      case FileEntry::Kind::missing:
        refuse((*entry)->error, "missing");
        return false;
      case FileEntry::Kind::directory:
        return try_directory(candidate, name);
      case FileEntry::Kind::file:
        break;
    }
    if (name.as_directory) {
      refuse(client_error(Code::not_found), "no_directory");
      return false;
    }
    take(*entry, candidate.is_the_request() ? "path" : "try");
    return true;
  }

  Resolution found() && { return std::move(found_); }

 private:
  bool try_directory(const Candidate& candidate, const NameDecision& name) {
    if (!name.as_directory && candidate.is_the_request()) {
      found_ = {.kind = Resolution::Kind::redirect, .name = name.name, .reason = "directory_without_slash"};
      return true;
    }
    for (const std::string& index : places_.index) {
      const FilePointer* entry = known(name.name.empty() ? index : arena_.join(name.name, "/", index));
      if (entry == nullptr) return true;
      if (!(*entry)->is_file()) continue;
      take(*entry, "index");
      return true;
    }
    if (places_.listing) {
      found_ = {.kind = Resolution::Kind::listing, .name = name.name, .reason = "listing"};
      return true;
    }
    refuse(client_error(Code::not_found), "no_index");
    return false;
  }

  const FilePointer* known(std::string_view name) {
    const FilePointer* entry = look_up_(name);
    if (entry == nullptr) found_ = {.kind = Resolution::Kind::unknown, .name = name};
    return entry;
  }

  void take(const FilePointer& file, std::string_view reason) {
    found_ = {.kind = Resolution::Kind::file, .name = file->name, .file = file, .reason = reason};
  }

  // What could not be read weighs more than what is not there.
  void refuse(Error error, std::string_view reason) {
    if (found_.error.code == Code::permission_denied) return;
    found_ = {.kind = Resolution::Kind::refused, .error = error, .reason = reason};
  }

  const Places& places_;
  Arena& arena_;
  const LookUp& look_up_;
  Resolution found_;
};

}  // namespace

Resolution resolve(std::string_view path, const Places& places, Arena& arena, const LookUp& look_up) {
  Resolver resolver(places, arena, look_up);
  for (const Candidate& candidate : places.candidates) {
    if (resolver.try_candidate(candidate, decide_name(path, candidate, places.dotfiles, arena))) break;
  }
  return std::move(resolver).found();
}

}  // namespace weir::files
