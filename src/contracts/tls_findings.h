// What is wrong with certificates and keys, as complaints about the files that they stand in.
#pragma once

#include <span>
#include <string>

#include "contracts/diagnostics.h"
#include "net/tls/identity.h"

namespace weir {

void tell_findings(std::span<const tls::Finding> findings, const std::string& certificate_file,
                   const std::string& key_file, Diagnostics& diagnostics);

/// What to do about a file that cannot be read; empty when the reason says it all. \param reason  the system's words
std::string advice_for_unreadable(const std::string& path, const std::string& reason);

}  // namespace weir
