// `weir hash-password`: a password becomes a hash, or a line for a file of users.
#include <fmt/format.h>
#include <termios.h>
#include <unistd.h>

#include <cstdio>
#include <iostream>

#include "app/commands/commands.h"
#include "base/crypto.h"
#include "base/password_hash.h"
#include "base/text.h"

namespace weir {
namespace {

constexpr unsigned bcrypt_cost_default = 12;

/// Reads without showing what is typed, where somebody types.
class Silence {
 public:
  Silence() : typed_(::isatty(STDIN_FILENO) != 0 && ::tcgetattr(STDIN_FILENO, &before_) == 0) {
    if (!typed_) return;
    termios silent = before_;
    silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
  }
  Silence(const Silence&) = delete;
  Silence& operator=(const Silence&) = delete;
  ~Silence() {
    if (typed_) ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &before_);
  }
  [[nodiscard]] bool typed() const { return typed_; }

 private:
  termios before_{};
  bool typed_;
};

std::string read_line(const Silence& silence, std::string_view prompt) {
  if (silence.typed()) fmt::print(stderr, "{}", prompt);
  std::string line;
  std::getline(std::cin, line);
  if (silence.typed()) fmt::print(stderr, "\n");
  if (line.ends_with('\r')) line.pop_back();
  return line;
}

/// From the terminal twice, else one line of standard input.
std::expected<std::string, std::string_view> read_password() {
  const Silence silence;
  std::string password = read_line(silence, "Password: ");
  if (password.empty()) return std::unexpected("there is no password on standard input");
  if (silence.typed() && read_line(silence, "The same again: ") != password) {
    return std::unexpected("the two are not the same");
  }
  return password;
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
