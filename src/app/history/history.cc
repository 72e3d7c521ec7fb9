// Opening, adding, pruning: in each, what is new is on the disk before what is old goes.
#include "app/history/history.h"

#include <fmt/format.h>

#include <algorithm>
#include <random>
#include <set>

#include "app/history/parts.h"
#include "base/text.h"

namespace weir::history {
namespace {

constexpr std::string_view key_name = "key";
constexpr std::size_t key_bytes = 32;

std::string hash_text(std::string_view bytes) {
  return config::hash_of(bytes).text();
}

/// The list of a file's parts, as it is stored: one hash per line.
std::string list_of_parts(std::string_view text) {
  std::string list;
  for (const std::string_view part : parts_of(text)) list += hash_text(part) + '\n';
  return list;
}

std::string random_key() {
  std::random_device device;
  std::string key;
  while (key.size() < key_bytes) {
    const std::uint32_t bits = device();
    key.append(reinterpret_cast<const char*>(&bits), sizeof(bits));
  }
  return key;
}

std::string tree_of_files(const std::vector<std::pair<std::string, std::string>>& files) {
  std::string whole;
  for (const auto& [name, hash] : files) whole += fmt::format("{} {}\n", hash, name);
  return hash_text(whole);
}

/// Every object that an entry needs but the parts themselves are found through these.
std::vector<std::string> parts_in(std::string_view list) {
  std::vector<std::string> hashes;
  for (const std::string_view line : text::split(list, '\n')) {
    if (!line.empty()) hashes.emplace_back(line);
  }
  return hashes;
}

}  // namespace

std::string tree_of(const std::vector<config::SourceFile>& texts) {
  std::vector<std::pair<std::string, std::string>> files;
  for (const config::SourceFile& file : texts) files.emplace_back(file.name, hash_text(list_of_parts(*file.text)));
  return tree_of_files(files);
}

Outcome<History> History::open(std::string folder, FileSystem& files) {
  if (auto made = files.make_folder(folder); !made) return std::unexpected(made.error());
  const auto alone = files.lock(folder + "/lock");
  if (!alone) return std::unexpected(alone.error());
  if (!*alone) return std::unexpected(fmt::format("another gateway keeps its history in {}", folder));
  History history(std::move(folder), files);
  if (auto read = history.read_folder(true); !read) return std::unexpected(read.error());
  if (auto key = history.make_key(); !key) return std::unexpected(key.error());
  return history;
}

Outcome<History> History::look(std::string folder, FileSystem& files) {
  History history(std::move(folder), files);
  if (auto read = history.read_folder(false); !read) return std::unexpected(read.error());
  return history;
}

Outcome<void> History::make_key() {
  const auto known = files_->read(fmt::format("{}/{}", folder_, key_name));
  if (known && known->size() == key_bytes) {
    key_.bytes = *known;
    return {};
  }
  key_.bytes = random_key();
  return write_durably(*files_, folder_, std::string(key_name), key_.bytes);
}

Outcome<void> History::read_folder(bool tidy) {
  const auto names = files_->list(folder_);
  if (!names) return std::unexpected(names.error());
  for (const std::string& name : *names) {
    const std::string file = fmt::format("{}/{}", folder_, name);
    if (name.ends_with(temporary_suffix)) {
      if (tidy) static_cast<void>(files_->remove(file));  // somebody was interrupted before it counted
      continue;
    }
    const auto number = number_of(name);
    if (!number) continue;
    next_number_ = std::max(next_number_, *number + 1);
    const auto bytes = files_->read(file);
    const auto decoded = bytes ? decode(*bytes) : std::nullopt;
    if (!decoded || decoded->entry.number != *number) {
      damaged_.push_back(name);
      continue;
    }
    index(*decoded, *bytes);
    entries_.push_back(decoded->entry);
  }
  return {};
}

void History::index(const EntryFile& file, std::string_view bytes) {
  sizes_[file.entry.number] = bytes.size();
  for (const Object& object : file.objects) {
    objects_[object.hash] = {.entry = file.entry.number,
                             .offset = static_cast<std::size_t>(object.bytes.data() - bytes.data()),
                             .size = object.bytes.size()};
  }
}

const Entry* History::find(std::string_view prefix, bool* ambiguous) const {
  const Entry* found = nullptr;
  for (const Entry& entry : entries_) {
    if (!entry.hash.starts_with(prefix)) continue;
    if (found != nullptr && found->hash != entry.hash && ambiguous != nullptr) *ambiguous = true;
    found = &entry;
  }
  return found;
}

const Entry* History::last_of(std::string_view source) const {
  const auto found = std::ranges::find(entries_.rbegin(), entries_.rend(), source, &Entry::source);
  return found == entries_.rend() ? nullptr : &*found;
}

Outcome<std::string> History::object(const std::string& hash) const {
  const auto found = objects_.find(hash);
  if (found == objects_.end()) return std::unexpected(fmt::format("a part of it ({}) is missing", hash));
  // Parts that belong together mostly lie in the same entry.
  if (last_read_.first != found->second.entry) {
    auto bytes = files_->read(fmt::format("{}/{}", folder_, file_name_of(found->second.entry)));
    if (!bytes) return std::unexpected(bytes.error());
    last_read_ = {found->second.entry, std::move(*bytes)};
  }
  const std::string& bytes = last_read_.second;
  const Location& place = found->second;
  std::string part = bytes.size() < place.offset ? std::string() : bytes.substr(place.offset, place.size);
  if (hash_text(part) != hash) return std::unexpected(fmt::format("a part of it ({}) is damaged", hash));
  return part;
}

Outcome<std::vector<config::SourceFile>> History::texts_of(const Entry& entry) const {
  std::vector<config::SourceFile> texts;
  for (const auto& [name, list_hash] : entry.files) {
    const auto list = object(list_hash);
    if (!list) return std::unexpected(list.error());
    auto text = std::make_shared<std::string>();
    for (const std::string& hash : parts_in(*list)) {
      const auto part = object(hash);
      if (!part) return std::unexpected(part.error());
      *text += *part;
    }
    texts.push_back({.name = name, .text = std::move(text)});
  }
  last_read_ = {};
  return texts;
}

Outcome<std::uint64_t> History::add(Entry entry, const std::vector<config::SourceFile>& texts) {
  std::vector<std::string> lists;
  lists.reserve(texts.size());  // objects view into them
  EntryFile file;
  std::set<std::string> taken;
  const auto take = [&](std::string_view bytes) {
    std::string hash = hash_text(bytes);
    if (!objects_.contains(hash) && taken.insert(hash).second) file.objects.push_back({.hash = hash, .bytes = bytes});
    return hash;
  };
  entry.files.clear();
  for (const config::SourceFile& each : texts) {
    for (const std::string_view part : parts_of(*each.text)) take(part);
    entry.files.emplace_back(each.name, take(lists.emplace_back(list_of_parts(*each.text))));
  }
  entry.tree = tree_of_files(entry.files);
  entry.number = next_number_;
  file.entry = std::move(entry);
  const std::string bytes = encode(file);
  if (auto written = write_durably(*files_, folder_, file_name_of(file.entry.number), bytes); !written)
    return std::unexpected(written.error());
  ++next_number_;
  index(*decode(bytes), bytes);
  entries_.push_back(std::move(file.entry));
  return entries_.back().number;
}

Outcome<std::size_t> History::prune(const Keep& keep, WallTime now) {
  std::size_t gone = 0;
  while (entries_.size() > 1) {
    std::uint64_t bytes = 0;
    for (const auto& [number, size] : sizes_) bytes += size;
    const bool too_old = now - entries_.front().when > keep.age;
    if (entries_.size() <= keep.entries && bytes <= keep.bytes && !too_old) break;
    if (auto removed = remove_oldest(); !removed) return std::unexpected(removed.error());
    ++gone;
  }
  return gone;
}

// What later entries need of the oldest goes into the next one, which is replaced whole, before the oldest is removed:
// a crash in between leaves both.
Outcome<void> History::remove_oldest() {
  const Entry oldest = entries_.front();
  std::set<std::string> needed;
  for (std::size_t at = 1; at < entries_.size(); ++at) {
    for (const auto& [name, list] : entries_[at].files) {
      if (!needed.insert(list).second) continue;
      const auto parts = object(list);
      if (!parts) continue;
      for (std::string& part : parts_in(*parts)) needed.insert(std::move(part));
    }
  }
  std::vector<std::pair<std::string, std::string>> moving;
  for (const auto& [hash, location] : objects_) {
    if (location.entry != oldest.number || !needed.contains(hash)) continue;
    auto bytes = object(hash);
    if (!bytes) return std::unexpected(bytes.error());
    moving.emplace_back(hash, std::move(*bytes));
  }
  const std::uint64_t heir = entries_[1].number;
  if (!moving.empty()) {
    const auto old_bytes = files_->read(fmt::format("{}/{}", folder_, file_name_of(heir)));
    if (!old_bytes) return std::unexpected(old_bytes.error());
    auto file = decode(*old_bytes);
    if (!file) return std::unexpected(fmt::format("{} is damaged", file_name_of(heir)));
    for (const auto& [hash, bytes] : moving) file->objects.push_back({.hash = hash, .bytes = bytes});
    const std::string bytes = encode(*file);
    if (auto written = write_durably(*files_, folder_, file_name_of(heir), bytes); !written) return written;
    index(*decode(bytes), bytes);
    last_read_ = {};
  }
  if (auto removed = files_->remove(fmt::format("{}/{}", folder_, file_name_of(oldest.number))); !removed)
    return removed;
  std::erase_if(objects_, [&](const auto& object) { return object.second.entry == oldest.number; });
  sizes_.erase(oldest.number);
  last_read_ = {};
  entries_.erase(entries_.begin());
  return files_->sync_folder(folder_);
}

}  // namespace weir::history
