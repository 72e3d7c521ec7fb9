// Files of app/history's kind: written beside, synced, renamed.
#include "app/acme/vault.h"

#include <algorithm>
#include <filesystem>

#include "app/history/file_system.h"
#include "base/text.h"

namespace weir::acme {
namespace {

namespace fs = std::filesystem;

std::string challenges_of(const std::string& folder) {
  return folder + "/challenges";
}

}  // namespace

std::string Vault::folder_of(const Url& authority) const {
  std::string name = authority.authority() + authority.target;
  std::ranges::replace_if(
      name, [](char c) { return !text::is_alpha(c) && !text::is_digit(c) && c != '.' && c != '-'; }, '_');
  return folder_ + "/" + name;
}

Vault::Kept<void> Vault::make(const std::string& folder) const {
  history::DiskFileSystem disk;
  for (const std::string& each : {folder_, folder}) {
    if (auto made = disk.make_folder(each); !made) return made;
  }
  return {};
}

Vault::Kept<std::optional<std::string>> Vault::read(const Url& authority, const std::string& name) const {
  const std::string file = folder_of(authority) + "/" + name;
  std::error_code unknown;
  if (!fs::exists(file, unknown) && !unknown) return std::nullopt;
  history::DiskFileSystem disk;
  auto bytes = disk.read(file);
  if (!bytes) return std::unexpected(bytes.error());
  return std::move(*bytes);
}

Vault::Kept<void> Vault::write(const Url& authority, const std::string& name, std::string_view bytes) const {
  const std::string folder = folder_of(authority);
  if (auto made = make(folder); !made) return made;
  history::DiskFileSystem disk;
  return history::write_durably(disk, folder, name, bytes);
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
  const std::string folder = challenges_of(folder_);
  if (auto made = make(folder); !made) return made;
  history::DiskFileSystem disk;
  return history::write_durably(disk, folder, token, answer);
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

}  // namespace weir::acme
