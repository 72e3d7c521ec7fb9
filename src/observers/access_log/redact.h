// What of a request target must not be written down.
//
// Problem: query strings carry tokens, keys and passwords, and logs are copied to places where secrets must not be.
// Idea: the values of parameters with telling names are replaced; everything else stays as the client wrote it.
#pragma once

#include <string>
#include <string_view>

namespace weir {

/// Whether a query parameter of that name (as written, percent-escapes included) holds a secret: token, access_token,
/// key, api_key, password, secret, signature ... in any case, with '-' for '_' if you like.
bool is_secret_parameter(std::string_view name);

/// Calls `append(piece)` with the pieces of `target`; values of secret parameters come out as `REDACTED`.
template <typename Append>
void redact(std::string_view target, Append append) {
  const std::size_t question = target.find('?');
  if (question == std::string_view::npos) return append(target);
  append(target.substr(0, question + 1));
  std::string_view rest = target.substr(question + 1);
  while (true) {
    const std::size_t end = rest.find_first_of("&;");
    const std::string_view parameter = rest.substr(0, end);
    const std::size_t equals = parameter.find('=');
    if (equals != std::string_view::npos && is_secret_parameter(parameter.substr(0, equals))) {
      append(parameter.substr(0, equals + 1));
      append(std::string_view("REDACTED"));
    } else {
      append(parameter);
    }
    if (end == std::string_view::npos) return;
    append(rest.substr(end, 1));
    rest.remove_prefix(end + 1);
  }
}

/// The same as a string.
std::string redacted(std::string_view target);

}  // namespace weir
