// `weir api-key new NAME`: a key for somebody else, and the line that lets it in.
#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <cstdio>

#include "app/commands/commands.h"
#include "base/crypto.h"
#include "filters/api_key/key_file.h"
#include "http/characters.h"

namespace weir {

int api_key_command(const Arguments& arguments) {
  const std::vector<std::string>& words = arguments.positionals();
  if (words.empty() || words[0] != "new") return usage_error("api-key", "write weir api-key new NAME");
  if (words.size() < 2 || !characters::is_token(words[1])) {
    return usage_error("api-key", "a key needs a name: a word of letters, digits, '-' and '_'");
  }
  const auto expires = arguments.value_of("expires");
  if (expires && !parse_expiry(*expires)) {
    return usage_error("api-key", "an expiry is a day such as 2027-01-31, or a moment such as 2027-01-31T12:00:00Z");
  }
  std::array<std::uint8_t, 32> random{};
  crypto::fill_random(random);
  std::string key = "weir_" + crypto::encode_base64url(random);
  // The key goes to the terminal alone, so that `>> keys.txt` writes down what may be written down.
  fmt::print(stderr, "The key, which is shown this once:\n\n  {}\n\n", key);
  if (::isatty(STDOUT_FILENO) != 0) fmt::print(stderr, "The line for the file of keys:\n\n");
  fmt::print("{} sha256:{}{}{}\n", words[1], crypto::hexadecimal(crypto::sha256(key)), expires ? " expires=" : "",
             expires.value_or(""));
  crypto::forget(key);
  return 0;
}

}  // namespace weir
