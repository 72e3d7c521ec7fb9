// What went wrong, as a value.
//
// Problem: between the socket that failed and the response that says so lie ten rooms, and
// each of them must pass the failure on without guessing from text.
// Idea: one small value that answers three questions: what happened (code), whose fault it was
// (origin), and whether trying again may help (retry). One place turns it into a response
// (server/error_reply), one place reads the retry advice (upstream/retry).
//
// Invariants
//   (1) Error is trivially copyable and 24 bytes: it is returned in registers' reach, everywhere.
//   (2) text points to static storage: an Error owns nothing.
#pragma once

#include <cstdint>
#include <string_view>
#include <type_traits>

namespace weir {

// name, and the sentence a person reads. The name is the machine-readable reason in logs and problem details.
#define WEIR_ERROR_CODES(X)                                                                            \
  /* the head */                                                                                       \
  X(malformed_request_line, "the request line is not METHOD SP TARGET SP HTTP/1.x")                    \
  X(malformed_status_line, "the status line is not HTTP/1.x SP STATUS")                                \
  X(bad_method, "the method is not a token")                                                           \
  X(method_too_long, "the method is longer than any that exists")                                      \
  X(bad_target, "the request target has a character or form that is not allowed")                      \
  X(bad_path, "the path cannot be brought into its one canonical form")                                \
  X(target_too_long, "the request target is longer than the limit")                                    \
  X(unsupported_version, "only HTTP/1.0 and HTTP/1.1 are spoken here")                                 \
  X(bare_line_feed, "a line ends in LF without CR")                                                    \
  X(bare_carriage_return, "a CR stands without its LF")                                                \
  X(nul_byte, "a NUL byte stands in the head")                                                         \
  X(obs_fold, "a field is folded over two lines")                                                      \
  X(space_before_colon, "white space stands between a field name and its colon")                       \
  X(bad_field_name, "a field name is not a token")                                                     \
  X(bad_field_value, "a field value holds a control character")                                        \
  X(head_too_large, "the head is larger than the limit")                                               \
  X(too_many_fields, "the head has more fields than the limit")                                        \
  X(field_too_large, "a field line is longer than the limit")                                          \
  X(missing_host, "an HTTP/1.1 request needs exactly one Host field")                                  \
  X(repeated_host, "the Host field stands more than once")                                             \
  X(bad_host, "the host is not a valid host name or address")                                          \
  X(unsupported_expectation, "only Expect: 100-continue is understood")                                \
  X(method_not_supported, "this method is not served here")                                            \
  /* framing */                                                                                        \
  X(conflicting_length, "Content-Length and Transfer-Encoding stand together")                         \
  X(repeated_length, "Content-Length stands more than once or is a list")                              \
  X(bad_length, "Content-Length is not a plain decimal number")                                        \
  X(unsupported_transfer_coding, "a transfer coding other than chunked is not understood here")        \
  X(chunked_not_last, "Transfer-Encoding does not end in chunked: the end of the body cannot be told") \
  X(transfer_coding_in_http10, "an HTTP/1.0 message cannot be chunked")                                \
  X(bad_chunk_size, "a chunk size is not a plain hexadecimal number")                                  \
  X(bad_chunk_extension, "a chunk extension holds a character that is not allowed")                    \
  X(chunk_line_too_long, "a chunk-size line is longer than the limit")                                 \
  X(bad_chunk_end, "chunk data is not followed by CRLF")                                               \
  X(bad_trailer, "a trailer field is malformed or not allowed in a trailer")                           \
  X(trailer_too_large, "the trailer section is larger than the limit")                                 \
  X(body_too_large, "the body is larger than the limit")                                               \
  X(precondition_failed, "the representation is not the one that the request asks for")                \
  X(range_not_satisfiable, "no part of the range asked for exists")                                    \
  X(body_cut_short, "the message ended before its declared length")                                    \
  X(unexpected_bytes, "bytes arrived where no message was expected")                                   \
  X(unsupported_content_coding, "this content coding of a body is not understood here")                \
  X(bad_content_coding, "the body is not what its content coding says")                                \
  X(body_expands_too_much, "the body grows more than it may when it is decoded")                       \
  X(too_many_interim, "more interim (1xx) responses than the limit")                                   \
  X(bad_upgrade, "the protocol switch does not match what was asked for")                              \
  X(bad_record, "a FastCGI record is malformed, or stands where it may not")                           \
  X(missing_response_head, "the application ended without a response head")                            \
  X(bad_pseudo_field, "a pseudo-field is missing, repeated, unknown or out of its place")              \
  X(connection_field, "a field that belongs to an HTTP/1 connection stands in an HTTP/2 message")      \
  X(conflicting_authority, "Host names another authority than :authority")                             \
  X(protocol_violation, "the peer broke the rules of HTTP/2 frames")                                   \
  X(frame_flood, "the peer sends frames that make work and bring nothing")                             \
  X(stream_refused, "the peer took no work on this stream")                                            \
  X(no_extended_connect, "the upstream carries no tunnels over HTTP/2 (RFC 8441)")                     \
  X(length_required, "the length of the content must be known beforehand")                             \
  /* WebSocket */                                                                                      \
  X(bad_websocket_frame, "the peer broke the rules of WebSocket frames")                               \
  X(bad_websocket_text, "a text in a WebSocket is not UTF-8")                                          \
  X(websocket_message_too_large, "a message in a WebSocket is larger than the limit")                  \
  X(websocket_flood, "more messages came in a WebSocket than are allowed in this time")                \
  /* time */                                                                                           \
  X(client_head_timeout, "the request head did not arrive in time")                                    \
  X(client_body_timeout, "the request body stopped arriving, or arrives too slowly")                   \
  X(client_write_timeout, "the client stopped reading the response")                                   \
  X(keep_alive_timeout, "the connection was idle for too long")                                        \
  X(connect_timeout, "the upstream did not accept the connection in time")                             \
  X(first_byte_timeout, "the upstream did not begin its response in time")                             \
  X(attempt_timeout, "the try at one endpoint took longer than a try may")                             \
  X(upstream_idle_timeout, "the upstream stopped sending its response")                                \
  X(upstream_write_timeout, "the upstream stopped reading the request")                                \
  X(request_timeout, "the request took longer than it may")                                            \
  X(queue_timeout, "no upstream connection became free in time")                                       \
  X(tunnel_timeout, "the tunnel was idle or open for too long")                                        \
  X(timed_out, "the operation did not finish in time")                                                 \
  /* the network */                                                                                    \
  X(peer_closed, "the peer closed the connection")                                                     \
  X(peer_reset, "the peer reset the connection")                                                       \
  X(connect_refused, "the upstream refused the connection")                                            \
  X(unreachable, "the upstream cannot be reached")                                                     \
  X(upstream_overloaded, "the upstream took no work because it is overloaded")                         \
  X(resolve_failed, "the upstream's name could not be resolved")                                       \
  X(io_failed, "the operating system refused an operation")                                            \
  X(permission_denied, "the operating system does not let the gateway read this")                      \
  X(disk_busy, "the disk did not answer in time")                                                      \
  X(content_changed, "the content changed while it was sent")                                          \
  /* TLS */                                                                                            \
  X(tls_failed, "the TLS session could not be set up, or broke")                                       \
  X(tls_timeout, "the TLS handshake did not end in time")                                              \
  X(certificate_untrusted, "the certificate of the other side is not trusted")                         \
  X(misdirected, "this connection was not made for that host")                                         \
  X(bad_client_hello, "the connection does not begin with a TLS hello that can be passed on")          \
  X(too_early, "the request came before the TLS handshake was over, and could be a replay")            \
  /* decisions */                                                                                      \
  X(no_route, "no route matches this request")                                                         \
  X(access_denied, "this client address is not allowed here")                                          \
  X(destination_refused, "the route does not lead to this destination")                                \
  X(credentials_missing, "this needs credentials, and none came with the request")                     \
  X(credentials_refused, "the credentials that came with the request are not valid here")              \
  X(bad_authority_answer, "the authority that was asked about the request did not decide")             \
  X(checks_queue_full, "too many credentials are waiting to be checked")                               \
  X(rate_limited, "more was asked for than is allowed in this time")                                   \
  X(too_many_in_flight, "more requests are being answered at once than is allowed")                    \
  X(loop_detected, "the request has already passed through this gateway")                              \
  X(upgrade_refused, "this route does not allow the protocol asked for")                               \
  X(queue_full, "too many requests are waiting for an upstream connection")                            \
  X(no_endpoint, "the upstream has no endpoint")                                                       \
  X(circuit_open, "what stands behind this failed too often or was too slow, and is left alone")       \
  X(endpoint_disabled, "an operator took the endpoint out of use while it had the request")            \
  X(fault_injected, "the configuration asks for this failure, as a rehearsal")                         \
  X(too_many_connections, "the gateway holds as many connections as it may")                           \
  X(too_many_from_client, "this client holds as many connections as it may")                           \
  X(out_of_memory, "the gateway holds as much memory as it may")                                       \
  X(out_of_descriptors, "the gateway has no file descriptor left")                                     \
  X(draining, "the gateway is shutting down")                                                          \
  X(read_only, "this admin address may not change anything")                                           \
  /* our own */                                                                                        \
  X(canceled, "the work was given up because nobody waits for it any more")                            \
  X(configuration_invalid, "the configuration has errors")                                             \
  X(not_found, "there is no such thing")                                                               \
  X(internal, "a fault in the gateway itself")

enum class Code : std::uint16_t {
#define WEIR_CODE_ENUM(name, sentence) name,
  WEIR_ERROR_CODES(WEIR_CODE_ENUM)
#undef WEIR_CODE_ENUM
};

/// Whose doing an error is. It decides between 4xx (client), 502/504 (upstream) and 500/503 (gateway).
enum class Origin : std::uint8_t { client, upstream, gateway };

/// Whether trying again may help. `unsent`: no byte of the request left this machine, so that even an
/// unsafe method may be tried elsewhere; `idempotent`: only a request that may be sent twice.
enum class Retry : std::uint8_t { never, idempotent, unsent };

struct Error {
  Code code = Code::internal;
  Origin origin = Origin::gateway;
  Retry retry = Retry::never;
  std::int32_t os_error = 0;       ///< errno where the operating system said it; 0 otherwise
  const char* text = nullptr;      ///< static detail beyond the code's own sentence, or null
  const void* reserved = nullptr;  ///< keeps the size stated above; a later decision may name its rule here

  [[nodiscard]] constexpr Error from(Origin whose) const {
    Error copy = *this;
    copy.origin = whose;
    return copy;
  }
  [[nodiscard]] constexpr Error with(Retry advice) const {
    Error copy = *this;
    copy.retry = advice;
    return copy;
  }
  [[nodiscard]] constexpr Error as(Code other) const {
    Error copy = *this;
    copy.code = other;
    return copy;
  }
};
static_assert(sizeof(Error) == 24 && std::is_trivially_copyable_v<Error>);

constexpr Error client_error(Code code, const char* text = nullptr) {
  return {.code = code, .origin = Origin::client, .text = text};
}
constexpr Error upstream_error(Code code, const char* text = nullptr) {
  return {.code = code, .origin = Origin::upstream, .text = text};
}
constexpr Error gateway_error(Code code, const char* text = nullptr) {
  return {.code = code, .origin = Origin::gateway, .text = text};
}
/// An error the operating system named; ECONNRESET, EPIPE, ECONNREFUSED and friends get their own codes.
Error os_error(int error_number, Origin origin = Origin::gateway);

/// The machine-readable name, `conflicting_length`.
std::string_view name_of(Code code);
/// The sentence for people, without a full stop.
std::string_view sentence_of(Code code);
std::string_view name_of(Origin origin);

}  // namespace weir
