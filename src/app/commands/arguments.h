// What was written on the command line.
//
// Idea: each command declares its flags once; parsing, complaints and help pages are made from the declaration.
#pragma once

#include <cstdint>
#include <expected>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace weir {

struct FlagKind {
  std::string_view name;        ///< "config": written --config
  char letter = '\0';           ///< 'c': written -c; none when '\0'
  std::string_view value_name;  ///< "FILE"; empty for a flag without value
  std::string_view doc;         ///< one line, no full stop
};

class Arguments {
 public:
  /// Whether a flag without value was given.
  [[nodiscard]] bool has(std::string_view flag) const { return values_.contains(flag); }
  /// The value given last.
  [[nodiscard]] std::optional<std::string_view> value_of(std::string_view flag) const;
  /// All values of a flag that may be repeated, in order.
  [[nodiscard]] std::vector<std::string> values_of(std::string_view flag) const;
  /// What is not a flag.
  [[nodiscard]] const std::vector<std::string>& positionals() const { return positionals_; }

 private:
  friend std::expected<Arguments, std::string> parse_arguments(std::span<const std::string_view>,
                                                               std::span<const FlagKind>, std::size_t);
  std::map<std::string, std::vector<std::string>, std::less<>> values_;
  std::vector<std::string> positionals_;
};

/// Understands --name value, --name=value, -n value, -nvalue, and `--`, behind which nothing is a flag.
/// \returns  or else one sentence for the person who typed it: `unknown flag --jsn; did you mean --json?`
std::expected<Arguments, std::string> parse_arguments(std::span<const std::string_view> words,
                                                      std::span<const FlagKind> flags, std::size_t positionals_max);

}  // namespace weir
