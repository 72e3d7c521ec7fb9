// The list of telling names.
#include "observers/access_log/redact.h"

#include <algorithm>
#include <array>

#include "base/text.h"

namespace weir {
namespace {

/// In lower case, with '_' for every separator. OAuth 2 (RFC 6749, 6750), OpenID Connect, signed URLs of the clouds,
/// and what people call these things themselves.
constexpr std::array<std::string_view, 36> secret_names{"access_token",
                                                        "api_key",
                                                        "api_token",
                                                        "apikey",
                                                        "assertion",
                                                        "auth",
                                                        "auth_token",
                                                        "authorization",
                                                        "bearer",
                                                        "client_assertion",
                                                        "client_secret",
                                                        "code_verifier",
                                                        "credential",
                                                        "credentials",
                                                        "id_token",
                                                        "jwt",
                                                        "key",
                                                        "passphrase",
                                                        "passwd",
                                                        "password",
                                                        "private_key",
                                                        "pwd",
                                                        "refresh_token",
                                                        "secret",
                                                        "secret_key",
                                                        "session",
                                                        "session_id",
                                                        "session_token",
                                                        "sessionid",
                                                        "sid",
                                                        "sig",
                                                        "signature",
                                                        "token",
                                                        "x_amz_security_token",
                                                        "x_amz_signature",
                                                        "x_goog_signature"};
static_assert(std::ranges::is_sorted(secret_names));

constexpr std::size_t name_bytes_max = 24;

}  // namespace

bool is_secret_parameter(std::string_view name) {
  std::array<char, name_bytes_max> plain{};
  std::size_t size = 0;
  for (std::size_t at = 0; at < name.size(); ++at) {
    if (size == plain.size()) return false;
    char letter = name[at];
    // An escaped letter means the same to the server, so it does to us.
    if (letter == '%' && at + 2 < name.size()) {
      const int high = text::hex_value(name[at + 1]);
      const int low = text::hex_value(name[at + 2]);
      if (high >= 0 && low >= 0) {
        letter = static_cast<char>(high * 16 + low);
        at += 2;
      }
    }
    plain[size++] = letter == '-' || letter == '.' ? '_' : text::lower(letter);
  }
  return std::ranges::binary_search(secret_names, std::string_view(plain.data(), size));
}

std::string redacted(std::string_view target) {
  std::string out;
  redact(target, [&](std::string_view piece) { out += piece; });
  return out;
}

}  // namespace weir
