// What a hello says, while the library has it in its hands: in the library's question before all others. For the .cc
// files of this folder, which know the library.
#pragma once

#include <string>
#include <string_view>

#include "net/tls/challenge.h"
#include "net/tls/openssl.h"

namespace weir::tls {

/// Whether all that a client offers is the protocol of proofs: two lengths and its name (RFC 7301 section 3.1).
inline bool asks_for_proof(SSL* ssl) {
  const unsigned char* bytes = nullptr;
  std::size_t size = 0;
  if (SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_application_layer_protocol_negotiation, &bytes, &size) != 1)
    return false;
  const std::string wanted = std::string{'\0', static_cast<char>(challenge_protocol.size() + 1),
                                         static_cast<char>(challenge_protocol.size())} +
                             std::string(challenge_protocol);
  return std::string_view(reinterpret_cast<const char*>(bytes), size) == wanted;
}

/// What a hello asks for (RFC 6066 section 3): a list with one entry of the kind "host"; empty when it is another.
inline std::string_view host_in_hello(SSL* ssl) {
  constexpr std::size_t before_name = 5;  // length of the list, kind, length of the name
  const unsigned char* bytes = nullptr;
  std::size_t size = 0;
  if (SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_server_name, &bytes, &size) != 1 || size <= before_name) return {};
  const std::size_t length = static_cast<std::size_t>(bytes[3]) << 8U | bytes[4];
  if (bytes[2] != TLSEXT_NAMETYPE_host_name || length != size - before_name) return {};
  return {reinterpret_cast<const char*>(bytes) + before_name, length};
}

}  // namespace weir::tls
