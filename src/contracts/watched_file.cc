// Looking, reading, and handing over to the cores.
#include "contracts/watched_file.h"

#include <fmt/format.h>

namespace weir {

void FileReport::error(std::uint32_t line, std::string message, std::string suggestion) {
  if (full()) return;
  diagnostics_.error({.file_name = file_.file_name, .line = line, .column = line == 0 ? 0U : 1U}, {},
                     std::move(message), std::move(suggestion));
  if (full()) diagnostics_.error(file_, {}, "and perhaps more: these are the first");
}

void FileReport::warning(std::uint32_t line, std::string message, std::string suggestion) {
  if (diagnostics_.warnings() >= limits::file_complaints) return;
  diagnostics_.warning({.file_name = file_.file_name, .line = line, .column = line == 0 ? 0U : 1U}, {},
                       std::move(message), std::move(suggestion));
}

bool FileReport::full() const {
  return diagnostics_.errors() >= limits::file_complaints;
}

WatchedFileBase::WatchedFileBase(std::string path, Traits traits, std::shared_ptr<const Tell> tell)
    : path_(std::move(path)),
      file_{.file_name = intern_file_name(path_), .line = 0, .column = 0},
      traits_(std::move(traits)),
      tell_(std::move(tell)) {}

bool WatchedFileBase::refresh(Place named_at, const std::string& option_path, Diagnostics& diagnostics) {
  const std::lock_guard lock(looking_);
  read_if_changed();
  diagnostics.append(complaints_);
  if (!unreadable_.empty()) {
    diagnostics.error(named_at, option_path, fmt::format("cannot read {}: {}", path_, unreadable_));
  }
  return unreadable_.empty() && !complaints_.has_errors();
}

bool WatchedFileBase::read_if_changed() {
  const auto stamp = stamp_of_file(path_);
  if (stamp && *stamp == seen_ && unreadable_.empty()) return false;
  const auto content = read_file(path_, traits_.bytes_max);
  complaints_ = {};
  unreadable_ = content ? std::string() : content.error();
  if (!content) return false;
  seen_ = content->stamp;
  digest_ = crypto::sha256(content->bytes);
  FileReport report(file_, complaints_);
  if (traits_.secret) warn_of_rights(content->stamp, report);
  std::shared_ptr<const void> parsed = traits_.parse(content->bytes, report);
  if (complaints_.has_errors() || parsed == nullptr) return false;
  content_.publish(std::move(parsed));
  return true;
}

void WatchedFileBase::warn_of_rights(const FileStamp& stamp, FileReport& report) const {
  constexpr std::uint32_t others_read = 0004;
  constexpr std::uint32_t others_write = 0002;
  if ((stamp.mode & others_write) != 0) {
    report.warning(
        0, fmt::format("everybody on this machine may write this file of {} (mode {:04o})", traits_.name, stamp.mode),
        fmt::format("chmod o= {}", path_));
  } else if ((stamp.mode & others_read) != 0) {
    report.warning(
        0, fmt::format("everybody on this machine may read this file of {} (mode {:04o})", traits_.name, stamp.mode),
        fmt::format("chmod o= {}", path_));
  }
}

void WatchedFileBase::look_again() {
  std::string sentence;
  bool good = false;
  {
    const std::lock_guard lock(looking_);
    const FileStamp before = seen_;
    const std::string reason_before = unreadable_;
    good = read_if_changed();
    if (good) {
      sentence = fmt::format("{}: read again, because the file has changed", path_);
    } else if (!unreadable_.empty() && unreadable_ != reason_before) {
      sentence =
          fmt::format("{}: cannot be read any more ({}); what it said before stays in force", path_, unreadable_);
    } else if (seen_ != before) {
      sentence = fmt::format("{}{}: has changed and has mistakes; what it said before stays in force",
                             complaints_.text(), path_);
    }
  }
  if (!sentence.empty() && *tell_) (*tell_)(good, std::move(sentence));
}

crypto::Digest WatchedFileBase::digest() {
  const std::lock_guard lock(looking_);
  return digest_;
}

void WatchedFiles::note(const std::string& path, std::string_view bytes) {
  ++asked_;
  read_[path] = crypto::sha256(bytes);
}

void WatchedFiles::begin() {
  ++generation_;
  read_.clear();
  std::erase_if(entries_, [](const auto& entry) { return entry.second.file.expired(); });
}

std::string path_beside(Place file, const std::string& path) {
  if (path.starts_with('/')) return path;
  const std::string_view name = file.file();
  const std::size_t slash = name.rfind('/');
  return slash == std::string_view::npos ? path : std::string(name.substr(0, slash + 1)) + path;
}

}  // namespace weir
