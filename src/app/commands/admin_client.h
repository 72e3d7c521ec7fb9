// Talks to a running weir through its admin address: one blocking request, one answer.
#pragma once

#include <expected>
#include <functional>
#include <string>
#include <string_view>

#include "net/address.h"

namespace weir {

struct AdminReply {
  int status = 0;
  std::string body;
};

/// `unix:` and default_admin_path().
std::string default_admin_address();

/// \param address  `unix:/path`, `/path` or `127.0.0.1:9902`; empty is the default
/// \returns  or else a sentence for the person who asked
std::expected<AdminReply, std::string> ask_admin(std::string_view address, std::string_view method,
                                                 std::string_view target);

/// Asks for a page that does not end by itself. \param take  gets what comes, piece by piece; says whether it wants
/// more
/// \returns  status, and the body when the status is not 200; or else a sentence
std::expected<AdminReply, std::string> follow_admin(std::string_view address, std::string_view target,
                                                    const std::function<bool(std::string_view)>& take);

/// For a query: everything but unreserved characters as %XX.
std::string percent_encoded(std::string_view value);

}  // namespace weir
