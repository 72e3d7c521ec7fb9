// What is shown to an authority that looks for the proof of a name by a handshake (tls-alpn-01, RFC 8737).
//
// Such a client offers one protocol, which means nothing else, and names the host. It is shown a certificate that was
// made for this one question, and the connection ends with the handshake.
#pragma once

#include <memory>
#include <string_view>

#include "net/tls/identity.h"

namespace weir::tls {

/// What ALPN chooses in such a handshake; afterwards nothing is spoken.
inline constexpr std::string_view challenge_protocol = "acme-tls/1";

class ChallengeCertificates {
 public:
  virtual ~ChallengeCertificates() = default;
  /// From any thread, in the middle of a handshake: without waiting.
  /// \param name  lower case
  /// \returns  null: nobody here proves that name at this moment
  virtual std::shared_ptr<const Identity> shown_for(std::string_view name) = 0;
};

}  // namespace weir::tls
