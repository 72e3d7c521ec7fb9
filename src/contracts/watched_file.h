// A file beside the configuration that may change while everything else stays: users, keys, redirects.
//
// Problem: 100,000 redirects are edited without thinking of the gateway; a reload of the whole configuration for one of
// them is too much, a stat() per request too.
// Idea: the parsed file is an immutable blob with a version. Requests read the blob their core holds; once a second
// one of them has the file looked at on the executor, and when it changed it is parsed there and becomes the next
// version. Each core takes it over with its next request. A file that has mistakes changes nothing, and is told about.
//
//   file_ = watch_file(redirect_map_file, options.map, place, path, context);  // when built; null after errors
//   const RedirectMap& map = file_->on(exchange.shard);                        // valid until the next await
//
// Invariants
//   (1) What on() returns stays until the same core calls on() again: never hold it over a suspension.
//   (2) A file with errors never replaces one without; its complaints are repeated at each reload.
//   (3) Routes of a configuration that name the same file share one WatchedFile.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/crypto.h"
#include "contracts/handed_over.h"
#include "contracts/plugin.h"
#include "contracts/shard.h"
#include "runtime/file_content.h"

namespace weir {

/// Where a parser complains about a line.
class FileReport {
 public:
  FileReport(Place file, Diagnostics& diagnostics) : file_(file), diagnostics_(diagnostics) {}

  /// \param line  from 1; 0 is the file as a whole
  void error(std::uint32_t line, std::string message, std::string suggestion = {});
  void warning(std::uint32_t line, std::string message, std::string suggestion = {});
  [[nodiscard]] bool has_errors() const { return diagnostics_.has_errors(); }
  /// No more errors will be told: a parser may stop.
  [[nodiscard]] bool full() const;
  [[nodiscard]] std::string_view file_name() const { return file_.file(); }
  // For parsers that have places of their own.
  [[nodiscard]] Place place() const { return file_; }
  [[nodiscard]] Diagnostics& diagnostics() { return diagnostics_; }

 private:
  Place file_;
  Diagnostics& diagnostics_;
};

/// What is known of a kind of file. Static.
template <typename T>
struct FileKind {
  std::string_view name;  ///< "users", "redirects": for messages
  ByteCount bytes_max;
  bool secret;  ///< others should not be able to read it
  /// \returns  null after errors, which are in the report
  std::shared_ptr<const T> (*parse)(std::string_view bytes, FileReport& report);
};

/// The untyped half: when to look, and which version is the latest.
class WatchedFileBase {
 public:
  using Parse = std::function<std::shared_ptr<const void>(std::string_view bytes, FileReport& report)>;
  /// Told from an executor's thread what became of a changed file.
  using Tell = std::function<void(bool good, std::string sentence)>;
  struct Traits {
    std::string name;
    ByteCount bytes_max;
    bool secret;
    Parse parse;
  };

  WatchedFileBase(std::string path, Traits traits, std::shared_ptr<const Tell> tell);

  /// Reads the file if it is not the one last seen. Blocks. What is wrong with it is added, again if need be.
  /// \returns  whether there is content to work with: the new, or what was there before
  bool refresh(Place named_at, const std::string& option_path, Diagnostics& diagnostics);

  [[nodiscard]] const std::string& path() const { return path_; }
  /// A line of it, for decision records. \param number  from 1; 0 gives an unknown place
  [[nodiscard]] Place line(std::uint32_t number) const {
    return number == 0 ? Place{} : Place{.file_name = file_.file_name, .line = number, .column = 1};
  }
  /// The latest version, for those who are on no core: explanations, tests. Null when there never was one.
  [[nodiscard]] std::shared_ptr<const void> latest_content() { return content_.latest(); }
  /// Of the bytes that were read last, whether they were good or not.
  [[nodiscard]] crypto::Digest digest();

 protected:
  ~WatchedFileBase() = default;
  /// \param self  asks for a reference that keeps this alive while somebody looks at the file
  template <typename Self>
  [[nodiscard]] const void* content_on(Shard& shard, Self self) {
    if (content_.look_is_due(shard.reactor.now())) {
      shard.executor.run([kept = self()] { kept->look_again(); });
    }
    return content_.on(shard.id);
  }

 private:
  void look_again();
  /// \returns  whether there is a new version. \pre looking_ is held
  bool read_if_changed();
  void warn_of_rights(const FileStamp& stamp, FileReport& report) const;

  const std::string path_;
  const Place file_;
  const Traits traits_;
  const std::shared_ptr<const Tell> tell_;
  HandedOver content_;

  std::mutex looking_;  // of what follows: the control thread and the executor, held while a file is parsed
  FileStamp seen_;
  crypto::Digest digest_{};
  std::string unreadable_;  // why, when the last attempt failed before parsing
  Diagnostics complaints_;  // about the file last seen
};

template <typename T>
class WatchedFile final : public WatchedFileBase, public std::enable_shared_from_this<WatchedFile<T>> {
 public:
  using WatchedFileBase::WatchedFileBase;

  /// The content as this core sees it. Invariant (1).
  const T& on(Shard& shard) {
    return *static_cast<const T*>(
        content_on(shard, [this] { return std::shared_ptr<WatchedFileBase>(this->shared_from_this(), this); }));
  }
  std::shared_ptr<const T> latest() { return std::static_pointer_cast<const T>(latest_content()); }
};

/// The files of a process, so that what is shared between routes and configurations is parsed once.
class WatchedFiles {
 public:
  WatchedFiles() : WatchedFiles(WatchedFileBase::Tell{}) {}
  explicit WatchedFiles(WatchedFileBase::Tell tell)
      : tell_(std::make_shared<const WatchedFileBase::Tell>(std::move(tell))) {}

  /// A configuration is compiled: each of its files is looked at once.
  void begin();
  /// How often watch() and note() were called: whoever built something while it moved depends on a file.
  [[nodiscard]] std::uint64_t asked() const { return asked_; }
  /// Who hears of files that changed.
  [[nodiscard]] const std::shared_ptr<const WatchedFileBase::Tell>& tell() const { return tell_; }
  /// A file that was read and is not watched here.
  void note(const std::string& path, std::string_view bytes);
  /// What was read since begin(), by path: what the configuration was made of beside itself.
  [[nodiscard]] const std::map<std::string, crypto::Digest>& read() const { return read_; }

  template <typename T>
  std::shared_ptr<WatchedFile<T>> watch(const FileKind<T>& kind, const std::string& path, Place named_at,
                                        const std::string& option_path, Diagnostics& diagnostics);

 private:
  struct Entry {
    std::weak_ptr<void> file;
    std::uint64_t looked_at = 0;  // generation
    bool good = false;
  };

  std::shared_ptr<const WatchedFileBase::Tell> tell_;
  std::map<std::string, Entry> entries_;  // by kind and path
  std::uint64_t generation_ = 1;
  std::uint64_t asked_ = 0;
  std::map<std::string, crypto::Digest> read_;
};

/// The path as written in a file of the configuration: relative to that file's folder.
std::string path_beside(Place file, const std::string& path);

/// The file that an option names, watched from now on. \returns null after errors
template <typename T>
std::shared_ptr<WatchedFile<T>> watch_file(const FileKind<T>& kind, const std::string& path, Place named_at,
                                           const std::string& option_path, BuildContext& context) {
  WatchedFiles alone;
  WatchedFiles& files = context.files != nullptr ? *context.files : alone;
  return files.watch(kind, path_beside(named_at, path), named_at, option_path, context.diagnostics);
}

template <typename T>
std::shared_ptr<WatchedFile<T>> WatchedFiles::watch(const FileKind<T>& kind, const std::string& path, Place named_at,
                                                    const std::string& option_path, Diagnostics& diagnostics) {
  ++asked_;
  Entry& entry = entries_[std::string(kind.name) + ' ' + path];
  auto file = std::static_pointer_cast<WatchedFile<T>>(entry.file.lock());
  if (file == nullptr) {
    const auto parse = kind.parse;
    file = std::make_shared<WatchedFile<T>>(
        path,
        WatchedFileBase::Traits{.name = std::string(kind.name),
                                .bytes_max = kind.bytes_max,
                                .secret = kind.secret,
                                .parse = [parse](std::string_view bytes, FileReport& report)
                                    -> std::shared_ptr<const void> { return parse(bytes, report); }},
        tell_);
    entry = {.file = file};
  }
  if (entry.looked_at != generation_) {
    entry.looked_at = generation_;
    entry.good = file->refresh(named_at, option_path, diagnostics);
    read_[path] = file->digest();
  }
  return entry.good ? file : nullptr;
}

}  // namespace weir
