// Where state is kept when nobody says.
#pragma once

#include <string>

namespace weir {

/// What systemd names ($STATE_DIRECTORY); else /var/lib/weir for root; else weir under $XDG_STATE_HOME or
/// ~/.local/state. Empty when there is no such place.
std::string default_state_folder();

}  // namespace weir
