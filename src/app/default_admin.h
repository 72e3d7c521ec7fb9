// Where the admin socket is when nobody says: one answer for the gateway that opens it and the verbs that ask it.
#pragma once

#include <string>

namespace weir {

/// /run/weir/admin.sock for root; else weir/admin.sock under $XDG_RUNTIME_DIR, or /tmp/weir-UID/admin.sock without one.
std::string default_admin_path();

}  // namespace weir
