// Following includes, keeping what did not change, and merging sections.
#include "app/config/include.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <unordered_map>

#include "app/config/expand.h"
#include "app/config/yaml_reader.h"
#include "contracts/option_type.h"

namespace weir::config {

/// One load: walks the tree of includes, depth first.
class Loader {
 public:
  Loader(Source& source, FileCache& cache, const HashKey& key, Diagnostics& diagnostics)
      : source_(source), cache_(cache), key_(key), diagnostics_(diagnostics) {
    ++cache_.generation_;
  }

  LoadedFiles load(const std::string& file) {
    visit(std::filesystem::path(file).lexically_normal().string(), {});
    forget_unused();
    loaded_.hash = chain_.hash();
    return std::move(loaded_);
  }

 private:
  void visit(const std::string& file, Place included_from) {
    if (!may_include(file, included_from)) return;
    auto bytes = source_.read(file);
    if (!bytes) {
      // A main file has no place that names it, so it stands for itself.
      if (!included_from.known()) included_from.file_name = intern_file_name(file);
      diagnostics_.error(included_from, {}, fmt::format("cannot read {}: {}", file, bytes.error()));
      return;
    }
    const std::shared_ptr<FileCache::Entry> entry = parsed(file, *bytes);
    if (!entry) return;
    const Node root = expanded(*entry);
    if (!root.is_null() && !option::want_map(root, Reading(diagnostics_), "options such as listeners and routes"))
      return;
    chain_.add(entry->has_expansions ? hash_of(root, key_) : entry->canonical);
    loaded_.files.push_back({.file = file,
                             .root = root,
                             .entry = entry->has_expansions ? nullptr : entry,
                             .text = std::make_shared<const std::string>(std::move(*bytes))});
    open_.push_back(file);
    if (const Node* include = root.find("include")) follow(*include, file);
    open_.pop_back();
  }

  bool may_include(const std::string& file, Place from) {
    const auto refuse = [&](std::string message) {
      diagnostics_.error(from, "include", std::move(message));
      return false;
    };
    if (std::ranges::find(open_, file) != open_.end()) return refuse(fmt::format("{} includes itself", file));
    if (open_.size() >= include_depth_max)
      return refuse(fmt::format("includes are nested more than {} deep", include_depth_max));
    const auto [earlier, is_new] = included_.try_emplace(file, from);
    if (!is_new) {
      return refuse(fmt::format("{} is included a second time; the first is at {}", file, earlier->second.text()));
    }
    if (included_.size() > include_files_max) {
      if (included_.size() > include_files_max + 1) return false;  // said once
      return refuse(fmt::format("more than {} files", include_files_max));
    }
    return true;
  }

  /// The file's entry, parsed anew only when its bytes changed; nothing when it is not YAML.
  std::shared_ptr<FileCache::Entry> parsed(const std::string& file, const std::string& bytes) {
    const ContentHash hash = hash_of(bytes);
    const auto known = cache_.entries_.find(file);
    if (known != cache_.entries_.end() && known->second->bytes == hash) {
      known->second->generation = cache_.generation_;
      return known->second;
    }
    ++cache_.files_parsed_;
    Diagnostics found;
    auto root = read_yaml(bytes, intern_file_name(file), found);
    diagnostics_.append(found);
    if (!root) return {};
    auto entry = std::make_shared<FileCache::Entry>();
    entry->bytes = hash;
    entry->parsed = std::move(*root);
    entry->has_expansions = bytes.contains("${");
    entry->generation = cache_.generation_;
    if (!entry->has_expansions) entry->canonical = hash_of(entry->parsed, key_);
    // A tree with errors serves this load, so that more can be found, but is not kept for the next.
    if (found.empty()) cache_.entries_[file] = entry;
    return entry;
  }

  Node expanded(const FileCache::Entry& entry) {
    return entry.has_expansions ? expand(entry.parsed, source_, Reading(diagnostics_)) : entry.parsed;
  }

  void follow(const Node& include, const std::string& file) {
    std::vector<Node> patterns;
    const Reading root(diagnostics_);
    const Reading reading = root.member("include");
    if (!OptionType<std::vector<Node>>::read(include, reading, patterns)) return;
    for (const Node& pattern : patterns) {
      if (!option::want_scalar(pattern, reading, "a file name or pattern")) continue;
      const std::string whole = relative_to(file, pattern.text());
      const std::vector<std::string> matching = source_.match(whole);
      // A pattern may match nothing yet (an empty conf.d); a plain name that does not exist is a mistake.
      const bool is_pattern = whole.find_first_of("*?[") != std::string::npos;
      if (matching.empty() && !is_pattern) reading.error(pattern, fmt::format("there is no file {}", whole));
      for (const std::string& each : matching) visit(each, pattern.place());
    }
  }

  static std::string relative_to(const std::string& file, const std::string& name) {
    return (std::filesystem::path(file).parent_path() / name).lexically_normal().string();
  }

  void forget_unused() {
    // Only once the load worked: a typing error in the main file must not cost a hundred parsed includes.
    if (diagnostics_.has_errors()) return;
    std::erase_if(cache_.entries_, [&](const auto& entry) { return entry.second->generation != cache_.generation_; });
  }

  Source& source_;
  FileCache& cache_;
  const HashKey& key_;
  Diagnostics& diagnostics_;
  LoadedFiles loaded_;
  HashChain chain_;
  std::vector<std::string> open_;                    // the files between the main one and this
  std::unordered_map<std::string, Place> included_;  // each file, and where it was asked for
};

LoadedFiles load_files(const std::string& file, Source& source, FileCache& cache, const HashKey& key,
                       Diagnostics& diagnostics) {
  return Loader(source, cache, key, diagnostics).load(file);
}

std::vector<SourceFile> texts_of(const LoadedFiles& loaded) {
  std::vector<SourceFile> texts;
  texts.reserve(loaded.files.size());
  for (const LoadedFile& file : loaded.files) texts.push_back({.name = file.file, .text = file.text});
  return texts;
}

namespace {

/// A section while it is put together from several files.
struct Section {
  Node::Member first;
  std::vector<Node> items;                        // when lists append
  std::vector<Node::Member> members;              // when maps merge
  std::unordered_map<std::string, Place> places;  // of members
  bool joined = false;
};

void begin(Section& section, const Node::Member& member) {
  section.first = member;
  section.items.assign(member.value.items().begin(), member.value.items().end());
  section.members.assign(member.value.members().begin(), member.value.members().end());
  for (const Node::Member& each : section.members) section.places.emplace(each.name, each.place);
}

void defined_twice(Place place, const std::string& path, const std::string& name, Place first,
                   Diagnostics& diagnostics) {
  diagnostics.error(place, path,
                    fmt::format("\"{}\" is defined a second time; the first is at {}", name, first.text()));
}

void join(Section& section, const Node::Member& member, Diagnostics& diagnostics) {
  const Node& value = member.value;
  section.joined = true;
  if (value.is_list() && section.first.value.is_list()) {
    section.items.insert(section.items.end(), value.items().begin(), value.items().end());
    return;
  }
  if (!value.is_map() || !section.first.value.is_map()) {
    defined_twice(member.place, member.name, member.name, section.first.place, diagnostics);
    return;
  }
  for (const Node::Member& each : value.members()) {
    const auto [earlier, is_new] = section.places.try_emplace(each.name, each.place);
    if (is_new)
      section.members.push_back(each);
    else
      defined_twice(each.place, member.name + "." + each.name, each.name, earlier->second, diagnostics);
  }
}

Node::Member finished(Section& section) {
  if (!section.joined) return section.first;
  const Place place = section.first.value.place();
  if (section.first.value.is_list())
    section.first.value = Node::list(place, std::move(section.items));
  else if (section.first.value.is_map())
    section.first.value = Node::map(place, std::move(section.members));
  return section.first;
}

}  // namespace

Node merge_sections(const std::vector<LoadedFile>& files, Diagnostics& diagnostics) {
  std::vector<Section> sections;
  std::unordered_map<std::string, std::size_t> index;
  for (const LoadedFile& file : files) {
    for (const Node::Member& member : file.root.members()) {
      if (member.name == "include" || member.name == "routes") continue;
      const auto [at, is_new] = index.try_emplace(member.name, sections.size());
      if (is_new)
        begin(sections.emplace_back(), member);
      else
        join(sections[at->second], member, diagnostics);
    }
  }
  std::vector<Node::Member> members;
  members.reserve(sections.size());
  for (Section& section : sections) members.push_back(finished(section));
  return Node::map(files.empty() ? Place{} : files.front().root.place(), std::move(members));
}

}  // namespace weir::config
