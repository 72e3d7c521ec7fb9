// Composing the line, so that no text from outside can look like a second one.
#include "app/logging/error_log.h"

#include <fmt/chrono.h>

#include <algorithm>
#include <array>
#include <cstring>

namespace weir {

std::string_view name_of(LogLevel level) {
  switch (level) {
    case LogLevel::debug:
      return "debug";
    case LogLevel::info:
      return "info";
    case LogLevel::warning:
      return "warning";
    case LogLevel::error:
      return "error";
  }
  return "error";
}

std::string log_line(WallTime time, LogLevel level, std::string_view configuration, std::string_view text) {
  const auto second = std::chrono::floor<std::chrono::seconds>(time);
  const auto milliseconds = std::chrono::duration_cast<std::chrono::milliseconds>(time - second).count();
  std::string line = fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z {:<7}  {:<7}  ",
                                 fmt::gmtime(static_cast<std::time_t>(second.time_since_epoch().count())), milliseconds,
                                 name_of(level), configuration);
  while (text.ends_with('\n')) text.remove_suffix(1);
  for (const char c : text) {
    if (c == '\n')
      line += "\n    ";
    else
      line += static_cast<unsigned char>(c) < 0x20 || c == 0x7F ? ' ' : c;
  }
  line += '\n';
  return line;
}

void ErrorLog::runs_under(std::string_view hash) {
  std::uint64_t word = 0;
  std::memcpy(&word, hash.data(), std::min(hash.size(), sizeof(word)));
  configuration_.store(word, std::memory_order_relaxed);
}

void ErrorLog::write(LogLevel level, std::string_view text) {
  if (!enabled(level)) return;
  const std::uint64_t word = configuration_.load(std::memory_order_relaxed);
  std::array<char, sizeof(word) + 1> hash{};
  std::memcpy(hash.data(), &word, sizeof(word));
  std::string line = log_line(std::chrono::time_point_cast<std::chrono::nanoseconds>(std::chrono::system_clock::now()),
                              level, hash.data(), text);
  writer_.give(line, 1);
}

}  // namespace weir
