// Emphasis, where somebody looks at a terminal and has not said NO_COLOR (no-color.org).
#pragma once

#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace weir {

struct Emphasis {
  std::string_view bold;
  std::string_view red;
  std::string_view green;
  std::string_view plain;
};

inline Emphasis emphasis_on(std::FILE* stream) {
  const char* no_color = std::getenv("NO_COLOR");
  const bool wanted = (no_color == nullptr || *no_color == '\0') && ::isatty(::fileno(stream)) == 1;
  return wanted ? Emphasis{"\033[1m", "\033[31m", "\033[32m", "\033[0m"} : Emphasis{};
}

}  // namespace weir
