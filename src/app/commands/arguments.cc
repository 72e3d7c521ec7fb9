// One pass over the words.
#include "app/commands/arguments.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"

namespace weir {
namespace {

const FlagKind* find_flag(std::span<const FlagKind> flags, std::string_view name) {
  const auto found = std::ranges::find(flags, name, &FlagKind::name);
  return found == flags.end() ? nullptr : &*found;
}

const FlagKind* find_flag(std::span<const FlagKind> flags, char letter) {
  const auto found = std::ranges::find(flags, letter, &FlagKind::letter);
  return found == flags.end() ? nullptr : &*found;
}

std::string unknown(std::string_view written, std::string_view name, std::span<const FlagKind> flags) {
  std::vector<std::string_view> names;
  for (const FlagKind& flag : flags) names.push_back(flag.name);
  const std::string_view nearest = name.size() > 1 ? text::nearest(name, names) : std::string_view();
  return nearest.empty() ? fmt::format("unknown flag {}", written)
                         : fmt::format("unknown flag {}; did you mean --{}?", written, nearest);
}

/// A word that begins with '-', taken apart.
struct WrittenFlag {
  const FlagKind* kind = nullptr;
  std::string_view shown;                 // as written, without value
  std::optional<std::string_view> value;  // in the same word
};

std::expected<WrittenFlag, std::string> read_flag(std::string_view word, std::span<const FlagKind> flags) {
  WrittenFlag written;
  if (word.starts_with("--")) {
    const std::size_t equals = word.find('=');
    written.shown = word.substr(0, equals);
    if (equals != std::string_view::npos) written.value = word.substr(equals + 1);
    written.kind = find_flag(flags, written.shown.substr(2));
    if (written.kind == nullptr) return std::unexpected(unknown(written.shown, written.shown.substr(2), flags));
    return written;
  }
  written.shown = word.substr(0, 2);
  if (word.size() > 2) written.value = word.substr(2);
  written.kind = find_flag(flags, word[1]);
  if (written.kind == nullptr) return std::unexpected(unknown(word, word.substr(1), flags));
  return written;
}

}  // namespace

std::optional<std::string_view> Arguments::value_of(std::string_view flag) const {
  const auto found = values_.find(flag);
  if (found == values_.end()) return {};
  return found->second.back();
}

std::vector<std::string> Arguments::values_of(std::string_view flag) const {
  const auto found = values_.find(flag);
  return found == values_.end() ? std::vector<std::string>() : found->second;
}

std::expected<Arguments, std::string> parse_arguments(std::span<const std::string_view> words,
                                                      std::span<const FlagKind> flags, std::size_t positionals_max) {
  Arguments arguments;
  bool only_positionals = false;
  for (std::size_t at = 0; at < words.size(); ++at) {
    const std::string_view word = words[at];
    if (!only_positionals && word == "--") {
      only_positionals = true;
      continue;
    }
    if (only_positionals || word.size() < 2 || word[0] != '-') {
      if (arguments.positionals_.size() == positionals_max)
        return std::unexpected(fmt::format("\"{}\" is one word too many", word));
      arguments.positionals_.emplace_back(word);
      continue;
    }
    auto written = read_flag(word, flags);
    if (!written) return std::unexpected(std::move(written.error()));
    const bool takes_value = !written->kind->value_name.empty();
    if (!takes_value && written->value) return std::unexpected(fmt::format("{} takes no value", written->shown));
    if (takes_value && !written->value) {
      if (++at == words.size())
        return std::unexpected(
            fmt::format("{} needs a value: {} {}", written->shown, written->shown, written->kind->value_name));
      written->value = words[at];
    }
    arguments.values_[std::string(written->kind->name)].emplace_back(written->value.value_or(std::string_view()));
  }
  return arguments;
}

}  // namespace weir
