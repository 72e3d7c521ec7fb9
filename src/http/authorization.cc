// Scheme, one or more spaces, the rest.
#include "http/authorization.h"

#include <algorithm>

#include "base/crypto.h"
#include "base/text.h"
#include "http/characters.h"

namespace weir {
namespace {

bool is_control(char c) {
  return characters::is_control(c);
}

}  // namespace

Authorization read_authorization(const Fields& fields) {
  const Field* found = nullptr;
  for (const Field& field : fields) {
    if (field.id != FieldName::authorization) continue;
    if (found != nullptr) return {.kind = Authorization::Kind::repeated};
    found = &field;
  }
  if (found == nullptr) return {};
  const std::size_t space = std::min(found->value.find(' '), found->value.size());
  const std::string_view scheme = found->value.substr(0, space);
  if (!characters::is_token(scheme)) return {.kind = Authorization::Kind::malformed};
  return {.kind = Authorization::Kind::given, .scheme = scheme, .credentials = text::trim(found->value.substr(space))};
}

BasicCredentials read_basic_credentials(const Fields& fields) {
  using Kind = BasicCredentials::Kind;
  const Authorization field = read_authorization(fields);
  switch (field.kind) {
    case Authorization::Kind::none:
      return {.kind = Kind::none};
    case Authorization::Kind::repeated:
      return {.kind = Kind::repeated};
    case Authorization::Kind::malformed:
      return {.kind = Kind::malformed};
    case Authorization::Kind::given:
      break;
  }
  if (!text::equal_ignoring_case(field.scheme, "basic")) return {.kind = Kind::other_scheme};
  auto decoded = crypto::decode_base64(field.credentials);
  if (!decoded) return {.kind = Kind::malformed};
  BasicCredentials credentials{.kind = Kind::malformed};
  const std::size_t colon = decoded->find(':');
  if (colon != std::string::npos) {
    credentials.user = decoded->substr(0, colon);
    credentials.password = decoded->substr(colon + 1);
    const bool clean =
        std::ranges::none_of(credentials.user, &is_control) && std::ranges::none_of(credentials.password, &is_control);
    if (clean) credentials.kind = Kind::given;
  }
  crypto::forget(*decoded);
  return credentials;
}

}  // namespace weir
