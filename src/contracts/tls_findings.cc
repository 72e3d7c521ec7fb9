// Findings become diagnostics.
#include "contracts/tls_findings.h"

#include <fmt/format.h>

namespace weir {

void tell_findings(std::span<const tls::Finding> findings, const std::string& certificate_file,
                   const std::string& key_file, Diagnostics& diagnostics) {
  for (const tls::Finding& finding : findings) {
    const std::string& file = finding.in == tls::Finding::In::key ? key_file : certificate_file;
    const Place place{.file_name = intern_file_name(file), .line = finding.line, .column = finding.line == 0 ? 0U : 1U};
    std::string advice = finding.advice;
    if (const std::size_t at = advice.find("FILE"); at != std::string::npos) advice.replace(at, 4, file);
    if (finding.error)
      diagnostics.error(place, {}, finding.what, std::move(advice));
    else
      diagnostics.warning(place, {}, finding.what, std::move(advice));
  }
}

std::string advice_for_unreadable(const std::string& path, const std::string& reason) {
  if (reason != "Permission denied") return {};
  return fmt::format("let the user that weir runs as read it: chgrp weir {0} && chmod g+r {0}", path);
}

}  // namespace weir
