// The three places of default_admin.h, and whether the last of them is ours.
#include "app/default_admin.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

namespace weir {
namespace {

constexpr mode_t permission_bits = 07777;
constexpr mode_t owner_only = 0700;

std::string folder_under_tmp() {
  return fmt::format("/tmp/weir-{}", ::geteuid());
}

std::string folder_of(const std::string& socket) {
  return std::filesystem::path(socket).lexically_normal().parent_path();
}

/// \returns  empty when nothing is wrong
std::string what_is_wrong(const struct stat& found, uid_t owner) {
  if (!S_ISDIR(found.st_mode)) return S_ISLNK(found.st_mode) ? "it is a symbolic link" : "it is not a folder";
  if (found.st_uid != owner) return fmt::format("it belongs to uid {}, not {}", found.st_uid, owner);
  const mode_t mode = found.st_mode & permission_bits;
  if (mode != owner_only) return fmt::format("its mode is {:04o}, not {:04o}", mode, owner_only);
  return {};
}

}  // namespace

std::string default_admin_path() {
  if (::geteuid() == 0) return "/run/weir/admin.sock";
  const char* runtime = std::getenv("XDG_RUNTIME_DIR");
  if (runtime != nullptr && *runtime != '\0') return fmt::format("{}/weir/admin.sock", runtime);
  return folder_under_tmp() + "/admin.sock";
}

std::optional<UntrustedFolder> distrust_of(const std::string& folder, uid_t owner) {
  struct stat found{};
  if (::lstat(folder.c_str(), &found) != 0) return {};
  const std::string wrong = what_is_wrong(found, owner);
  if (wrong.empty()) return {};
  return UntrustedFolder{
      .sentence = fmt::format("the admin socket's folder {} is not trusted: {}", folder, wrong),
      .advice =
          "remove it if it is yours; else set XDG_RUNTIME_DIR, or name a socket in a folder of your own: "
          "admin: unix:PATH in the configuration, --admin unix:PATH for commands"};
}

std::optional<UntrustedFolder> make_admin_folder(const std::string& socket) {
  const std::string folder = folder_of(socket);
  if (folder == folder_under_tmp()) {
    ::mkdir(folder.c_str(), owner_only);
    return distrust_of(folder, ::geteuid());
  }
  std::error_code ignored;
  std::filesystem::create_directories(folder, ignored);
  return {};
}

std::optional<UntrustedFolder> distrust_of_admin_folder(const std::string& socket) {
  const std::string folder = folder_of(socket);
  return folder == folder_under_tmp() ? distrust_of(folder, ::geteuid()) : std::nullopt;
}

}  // namespace weir
