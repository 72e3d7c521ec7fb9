// Files by the first name of what is in them, as ManagedCertificate names them.
#include "app/acme/left_behind.h"

#include "app/history/file_system.h"

namespace weir::acme {

std::vector<std::shared_ptr<const tls::Identity>> LeftBehind::of(const std::vector<std::string>& names, WallTime now) {
  if (!files_) files_ = vault_.certificate_files();
  std::vector<std::shared_ptr<const tls::Identity>> found;
  history::DiskFileSystem disk;
  for (const std::string& name : names) {
    const auto [first, last] = files_->equal_range(name);
    for (auto each = first; each != last; ++each) {
      const auto text = disk.read(each->second);
      std::vector<tls::Finding> findings;
      auto identity = text ? tls::Identity::read(*text, *text, now, findings) : nullptr;
      if (identity != nullptr && now < identity->valid_until()) found.push_back(std::move(identity));
    }
  }
  return found;
}

}  // namespace weir::acme
