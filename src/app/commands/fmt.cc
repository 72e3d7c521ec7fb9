// `weir fmt`: one layout for all files, comments kept; `--explicit` prints what holds, defaults and all.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>

#include "app/commands/commands.h"
#include "app/config/source.h"
#include "app/layout/explicit.h"
#include "app/layout/format.h"

namespace weir {
namespace {

int complain(std::string_view file, std::string_view sentence) {
  fmt::print(stderr, "{}: {}{}", file, sentence, sentence.ends_with('\n') ? "" : "\n");
  return exit_failed;
}

std::string read_standard_input() {
  std::string bytes;
  std::array<char, 65536> piece{};
  while (const std::size_t count = std::fread(piece.data(), 1, piece.size(), stdin)) bytes.append(piece.data(), count);
  return bytes;
}

/// In one step, with the rights that the file has; through a symlink, not over it. \returns what went wrong, or nothing
std::string replace(const std::string& file, std::string_view text) {
  std::error_code failed;
  const std::string real = std::filesystem::canonical(file, failed).string();
  struct stat facts{};
  if (failed || ::stat(real.c_str(), &facts) != 0) return "cannot be written: it is gone";
  const std::string beside = real + ".fmt";
  const int descriptor = ::open(beside.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (descriptor < 0) return fmt::format("cannot write {}: {}", beside, std::strerror(errno));
  bool good = ::write(descriptor, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  good = good && ::fchown(descriptor, facts.st_uid, facts.st_gid) == 0;
  good = good && ::fchmod(descriptor, facts.st_mode & 07777) == 0 && ::fsync(descriptor) == 0;
  good = good && std::rename(beside.c_str(), real.c_str()) == 0;
  const int error = errno;
  ::close(descriptor);
  if (good) return {};
  ::unlink(beside.c_str());
  return fmt::format("cannot be written: {}", std::strerror(error));
}

}  // namespace

int fmt_command(const Arguments& arguments) {
  if (arguments.positionals().empty())
    return usage_error("fmt", "which file? weir fmt weir.yaml, or - for standard input");
  const std::string& file = arguments.positionals().front();
  config::SystemSource source;
  const std::expected<std::string, std::string> text =
      file == "-" ? std::expected<std::string, std::string>(read_standard_input()) : source.read(file);
  if (!text) return complain(file, text.error());
  if (arguments.has("explicit")) {
    const auto all = layout::explicit_text(*text);
    if (!all) return complain(file, all.error());
    fmt::print("{}", *all);
    return 0;
  }
  const auto formatted = layout::format(*text);
  if (!formatted) return complain(file, formatted.error());
  if (arguments.has("check")) {
    if (*formatted == *text) return 0;
    return complain(file, "is laid out otherwise: weir fmt writes it anew");
  }
  if (file == "-") {
    fmt::print("{}", *formatted);
    return 0;
  }
  if (*formatted == *text) return 0;
  if (const std::string problem = replace(file, *formatted); !problem.empty()) return complain(file, problem);
  fmt::print("{}: laid out anew\n", file);
  return 0;
}

}  // namespace weir
