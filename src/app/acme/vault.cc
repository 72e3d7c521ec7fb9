// Files of app/history's kind: written beside, synced, renamed.
#include "app/acme/vault.h"

#include <algorithm>
#include <array>
#include <filesystem>

#include "app/history/file_system.h"
#include "base/crypto.h"
#include "base/text.h"
#include "runtime/file_content.h"

namespace weir::acme {
namespace {

namespace fs = std::filesystem;

constexpr Duration swept_after = std::chrono::hours{24};

std::string challenges_of(const std::string& folder) {
  return folder + "/challenges";
}

/// Of a file; nothing when it cannot be known.
std::optional<WallTime> changed_at(const fs::path& file) {
  const auto stamp = stamp_of_file(file.string());
  if (!stamp) return {};
  return WallTime{std::chrono::nanoseconds{stamp->modified}};
}

}  // namespace

Vault::Vault(std::string folder) : folder_(std::move(folder)) {
  std::array<std::uint8_t, 8> random{};
  crypto::fill_random(random);
  own_ = "." + crypto::hexadecimal(random);
}

std::string Vault::folder_of(const Url& authority) const {
  std::string name = authority.authority() + authority.target;
  std::ranges::replace_if(
      name, [](char c) { return !text::is_alpha(c) && !text::is_digit(c) && c != '.' && c != '-'; }, '_');
  return folder_ + "/" + name;
}

std::string Vault::path_of(const Url& authority, const std::string& name) const {
  return folder_of(authority) + "/" + name;
}

Vault::Kept<void> Vault::make(const std::string& folder) const {
  history::DiskFileSystem disk;
  for (const std::string& each : {folder_, folder}) {
    if (auto made = disk.make_folder(each); !made) return made;
  }
  return {};
}

Vault::Kept<std::optional<std::string>> Vault::read(const Url& authority, const std::string& name) const {
  const std::string file = path_of(authority, name);
  std::error_code unknown;
  if (!fs::exists(file, unknown) && !unknown) return std::nullopt;
  history::DiskFileSystem disk;
  auto bytes = disk.read(file);
  if (!bytes) return std::unexpected(bytes.error());
  return std::move(*bytes);
}

bool Vault::has(const Url& authority, const std::string& name) const {
  std::error_code unknown;
  return fs::exists(path_of(authority, name), unknown);
}

std::multimap<std::string, std::string> Vault::certificate_files() const {
  std::multimap<std::string, std::string> found;
  std::error_code failed;
  for (fs::recursive_directory_iterator each(folder_, failed), end; !failed && each != end; each.increment(failed)) {
    if (each->path().extension() != ".pem") continue;
    const std::string stem = each->path().stem().string();
    found.emplace(stem.substr(0, stem.find('+')), each->path().string());
  }
  return found;
}

Vault::Kept<void> Vault::write(const Url& authority, const std::string& name, std::string_view bytes) const {
  return write_whole(folder_of(authority), name, bytes);
}

Vault::Kept<void> Vault::write_whole(const std::string& folder, const std::string& name, std::string_view bytes) const {
  if (auto made = make(folder); !made) return made;
  history::DiskFileSystem disk;
  return history::write_durably(disk, folder, name, bytes, own_);
}

Vault::Kept<Vault::Lock> Vault::lock(const Url& authority, const std::string& name) const {
  const std::string folder = folder_of(authority);
  if (auto made = make(folder); !made) return std::unexpected(made.error());
  auto disk = std::make_shared<history::DiskFileSystem>();
  const auto held = disk->lock(folder + "/" + name + ".lock");
  if (!held) return std::unexpected(held.error());
  return *held ? Lock(std::move(disk)) : Lock();
}

Vault::Kept<void> Vault::write_challenge(const std::string& token, std::string_view answer) const {
  return write_whole(challenges_of(folder_), token, answer);
}

void Vault::remove_challenge(const std::string& token) const {
  std::error_code gone_already;
  fs::remove(challenges_of(folder_) + "/" + token, gone_already);
}

std::optional<std::string> Vault::read_challenge(const std::string& token) const {
  history::DiskFileSystem disk;
  auto bytes = disk.read(challenges_of(folder_) + "/" + token);
  if (!bytes) return {};
  return std::move(*bytes);
}

void Vault::sweep(WallTime now) const {
  std::error_code failed;
  const fs::path challenges = challenges_of(folder_);
  for (fs::recursive_directory_iterator each(folder_, failed), end; !failed && each != end; each.increment(failed)) {
    const bool is_left = each->path().parent_path() == challenges ||
                         each->path().filename().string().ends_with(history::temporary_suffix);
    if (!is_left || !each->is_regular_file(failed)) continue;
    const auto changed = changed_at(each->path());
    if (changed && *changed + swept_after < now) fs::remove(each->path(), failed);
  }
}

}  // namespace weir::acme
