// What is known of a TLS connection once its handshake is over, and the ways in which one fails.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace weir::tls {

// name, and the sentence a person reads. The name is the label of the metric.
#define WEIR_TLS_FAILURES(X)                                                                       \
  X(timed_out, "the TLS handshake did not end in time")                                            \
  X(closed, "the connection was closed in the middle of the TLS handshake")                        \
  X(plain_http, "plain HTTP was spoken where TLS is")                                              \
  X(not_tls, "what arrived is not TLS")                                                            \
  X(no_shared_version, "no version of TLS is known to both sides")                                 \
  X(no_shared_cipher, "no cipher suite is known to both sides, or none that fits the certificate") \
  X(no_shared_group, "no group for the key exchange is known to both sides")                       \
  X(no_shared_protocol, "no application protocol (ALPN) is known to both sides")                   \
  X(certificate_untrusted, "the certificate of the other side is not trusted")                     \
  X(certificate_revoked, "the certificate of the other side has been revoked")                     \
  X(certificate_missing, "a client certificate is needed here, and none was sent")                 \
  X(refused_by_peer, "the other side does not accept the certificate it was shown")                \
  X(name_unknown, "the other side has no certificate for this name")                               \
  X(alert, "the other side gave up with an alert")                                                 \
  X(too_long, "the TLS handshake is longer than the limit")                                        \
  X(protocol_error, "a TLS message is malformed, or stands where it may not")

enum class Failure : std::uint8_t {
#define WEIR_TLS_ENUM(name, sentence) name,
  WEIR_TLS_FAILURES(WEIR_TLS_ENUM)
#undef WEIR_TLS_ENUM
};
inline constexpr std::size_t failure_count = static_cast<std::size_t>(Failure::protocol_error) + 1;

/// What Weir speaks above TLS, most wanted first: what ALPN may choose (RFC 7301). A protocol that is new stands here
/// as soon as a session for it can be had.
const std::vector<std::string_view>& spoken_protocols();

std::string_view name_of(Failure failure);
/// Static: an Error may carry it.
const char* sentence_of(Failure failure);

enum class Version : std::uint8_t { tls_1_2, tls_1_3 };

class ServerContext;

/// Of a connection whose handshake is over.
struct Facts {
  std::string server_name;                 ///< as the client asked for it (SNI), lower case; empty: it did not
  std::string protocol;                    ///< what ALPN chose: "h2", "http/1.1"; empty: the client offered nothing
  std::string_view version;                ///< static: "TLSv1.3"
  std::string_view cipher;                 ///< static, its IANA name: "TLS_AES_128_GCM_SHA256"
  std::uint32_t identity = 0;              ///< which of the context's sets of certificates was shown
  bool resumed = false;                    ///< by a ticket: no certificate was shown
  bool early = false;                      ///< what comes, comes before the handshake is over (RFC 8446 section 2.3)
  const ServerContext* context = nullptr;  ///< of a connection that was accepted: lives as long as it
  std::string certificate;                 ///< of the client, verified, DER; empty: none
};

}  // namespace weir::tls
