// Where the admin socket is when nobody says: one answer for the gateway that opens it and the verbs that ask it.
//
// Problem: everybody may write into /tmp. Whoever makes /tmp/weir-UID before we do owns our socket's folder: he can put
// a socket of his own there, take ours away, and answer what operators ask.
// Idea: that folder is made with mode 0700 and then looked at, by the gateway before it listens and by the verbs before
// they ask. /tmp is sticky: once the folder is ours, nobody else can put another in its place.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

namespace weir {

/// /run/weir/admin.sock for root; else weir/admin.sock under $XDG_RUNTIME_DIR, or /tmp/weir-UID/admin.sock without one.
std::string default_admin_path();

/// A folder that somebody else may have a hand in.
struct UntrustedFolder {
  std::string sentence;  ///< which, and why it is not trusted
  std::string advice;    ///< what to do about it
};

/// Whether `folder` is a directory (no link to one), belongs to `owner` and is open to nobody else (mode 0700).
/// \returns  empty when it is, or when it is not there
std::optional<UntrustedFolder> distrust_of(const std::string& folder, uid_t owner);

/// Makes the folder of an admin socket when it is missing; the one under /tmp is made for ourselves only.
/// \returns  as distrust_of() for the one under /tmp. A folder that cannot be made is no concern here: the bind that
/// follows says what is wrong
std::optional<UntrustedFolder> make_admin_folder(const std::string& socket);

/// For those who ask: as distrust_of() if the socket is in the folder under /tmp.
std::optional<UntrustedFolder> distrust_of_admin_folder(const std::string& socket);

}  // namespace weir
