// Telling systemd how the service is (sd_notify(3)), without its library: one datagram to the socket it named.
#pragma once

#include <string_view>

namespace weir::systemd {

/// Sends `state` to $NOTIFY_SOCKET; does nothing when there is none. \returns whether it was sent
bool notify(std::string_view state);

/// `READY=1`: start-up or reload is over. \param status  one line for `systemctl status`
bool ready(std::string_view status);
/// `RELOADING=1` with MONOTONIC_USEC, as Type=notify-reload asks for.
bool reloading();
/// `STOPPING=1`: a drain has begun.
bool stopping(std::string_view status);

}  // namespace weir::systemd
