// A request and a response as everybody above the codecs sees them, whatever protocol carried them.
//
// Invariants
//   (1) A RequestHead has been through strict parsing and path normalisation: `path` is canonical, begins with '/'
//       (or is "*" for OPTIONS *, empty for CONNECT) and is what is routed and what is forwarded.
//   (2) Framing fields (content-length, transfer-encoding) and hop-by-hop fields are not in `fields`: the body's
//       length is in its framing, and each connection writes its own.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "base/units.h"
#include "http/body.h"
#include "http/fields.h"
#include "http/method.h"
#include "http/status.h"

namespace weir {

enum class Version : std::uint8_t { http_1_0, http_1_1, http_2, http_3 };
std::string_view name_of(Version version);  // "1.1"

enum class TargetForm : std::uint8_t { origin, absolute, authority, asterisk };

/// How the end of a body is known.
struct Framing {
  enum class Kind : std::uint8_t { none, length, chunked, until_close };
  Kind kind = Kind::none;
  ByteCount length = 0;  ///< of Kind::length; 0 is a body that is there and empty

  friend bool operator==(const Framing&, const Framing&) = default;
};

/// What a program behind CGI is told, by its name there: REQUEST_METHOD, HTTP_COOKIE (RFC 3875 section 4.1).
struct CgiVariable {
  std::string_view name;
  std::string_view value;
};

struct RequestHead {
  explicit RequestHead(Arena& arena) : fields(arena) {}

  Method method = Method::other;
  TargetForm target_form = TargetForm::origin;
  Version version = Version::http_1_1;
  bool expects_continue = false;
  bool keep_alive = true;         ///< what the client asked of this connection
  bool accepts_trailers = false;  ///< TE: trailers
  std::string_view method_text;
  std::string_view target;     ///< as it stood in the request line, for the log
  std::string_view authority;  ///< host[:port], lower case; from an absolute target, else from Host; empty: HTTP/1.0
  std::string_view host;       ///< authority without port and brackets
  std::string_view path;       ///< canonical
  std::string_view query;      ///< without '?'; check has_query for "/a?" against "/a"
  bool has_query = false;
  std::string_view upgrade;  ///< the protocol asked for with Connection: upgrade, lower case; empty when none
  Framing framing;
  Fields fields;
  /// On its way to a FastCGI upstream: what it is told, in place of everything above. Made by who knows its scripts.
  std::span<const CgiVariable> cgi_variables;
};

struct ResponseHead {
  explicit ResponseHead(Arena& arena) : fields(arena) {}

  Status status = 200;
  bool keep_alive = true;  ///< what the sender said of its connection
  Version version = Version::http_1_1;
  std::string_view upgrade;  ///< of a 101
  Framing framing;
  Fields fields;
};

/// What a service answers. Move-only, since the body may own the connection it reads from.
struct Response {
  explicit Response(Arena& arena) : head(arena) {}
  Response(Response&&) noexcept = default;
  Response& operator=(Response&&) noexcept = default;

  ResponseHead head;
  BodyPointer body;  ///< null: no content
};

}  // namespace weir
