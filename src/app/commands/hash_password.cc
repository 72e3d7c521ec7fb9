// `weir hash-password`: a password becomes a hash, or a line for a file of users.
#include <fmt/format.h>

#include <cstdio>
#include <expected>
#include <iostream>
#include <optional>
#include <string>

#include "app/commands/commands.h"
#include "app/commands/unseen_input.h"
#include "base/crypto.h"
#include "base/password_hash.h"
#include "base/text.h"

namespace weir {
namespace {

constexpr unsigned bcrypt_cost_default = 12;

using Password = std::expected<std::string, std::string_view>;

constexpr std::string_view nothing_came = "there is no password on standard input";

Password read_twice() {
  UnseenInput input;
  std::string password = input.ask("Password: ");
  if (password.empty()) return std::unexpected(nothing_came);
  std::string again = input.ask("The same again: ");
  const bool same = password == again;
  crypto::forget(again);
  if (same) return password;
  crypto::forget(password);
  return std::unexpected("the two are not the same");
}

Password read_once() {
  std::string password;
  std::getline(std::cin, password);
  if (password.ends_with('\r')) password.pop_back();
  if (password.empty()) return std::unexpected(nothing_came);
  return password;
}

/// From the terminal twice, else one line of standard input.
Password read_password() {
  return UnseenInput::possible() ? read_twice() : read_once();
}

std::optional<std::string> make_hash(const Arguments& arguments, const std::string& password, std::string& problem) {
  const std::string_view algorithm = arguments.value_of("algorithm").value_or("argon2id");
  if (algorithm == "argon2id") {
    auto hash = crypto::argon2id(password, {});
    if (!hash) problem = "there is not enough memory";
    return hash;
  }
  const auto cost = text::parse_decimal(arguments.value_of("cost").value_or(std::to_string(bcrypt_cost_default)));
  if (algorithm != "bcrypt") {
    problem = fmt::format("\"{}\" is neither argon2id nor bcrypt", algorithm);
  } else if (!cost || *cost < 4 || *cost > 16) {
    problem = "a cost of bcrypt is 4 to 16";
  } else if (auto hash = bcrypt(password, static_cast<unsigned>(*cost))) {
    return hash;
  } else {
    problem = "bcrypt looks at 72 bytes only; take argon2id, or a shorter password";
  }
  return {};
}

}  // namespace

int hash_password_command(const Arguments& arguments) {
  const std::string user(arguments.value_of("user").value_or(""));
  if (user.find_first_of(":\n") != std::string::npos) {
    return usage_error("hash-password", "a user's name has no colon and no line break");
  }
  auto password = read_password();
  if (!password) return usage_error("hash-password", password.error());
  std::string problem;
  const auto hash = make_hash(arguments, *password, problem);
  crypto::forget(*password);
  if (!hash) return usage_error("hash-password", problem);
  fmt::print("{}{}{}\n", user, user.empty() ? "" : ":", *hash);
  return 0;
}

}  // namespace weir
