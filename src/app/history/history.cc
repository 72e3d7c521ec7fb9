// Opening, adding, pruning: in each, what is new is on the disk before what is old goes.
#include "app/history/history.h"

#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <random>

#include "app/history/parts.h"
#include "base/text.h"

namespace weir::history {
namespace {

constexpr std::string_view key_name = "key";
constexpr std::size_t key_bytes = 32;

std::string hash_text(std::string_view bytes) {
  return config::hash_of(bytes).text();
}

/// The text of a file by its parts: what equal files have in common, wherever their parts lie.
std::string hash_of_text(std::string_view text) {
  std::string hashes;
  for (const std::string_view part : parts_of(text)) hashes += hash_text(part) + '\n';
  return hash_text(hashes);
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

std::string tree_of_files(const std::vector<FileAt>& files) {
  std::string whole;
  for (const FileAt& file : files) whole += fmt::format("{} {}\n", file.hash, file.name);
  return hash_text(whole);
}

}  // namespace

std::string tree_of(const std::vector<config::SourceFile>& texts) {
  std::vector<FileAt> files;
  for (const config::SourceFile& file : texts) files.push_back({.name = file.name, .hash = hash_of_text(*file.text)});
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
    auto entry = read(*number);
    if (entry)
      entries_.push_back(std::move(entry->file.entry));
    else
      damaged_.push_back(name);
  }
  return {};
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

std::string History::path_of(std::uint64_t number) const {
  return fmt::format("{}/{}", folder_, file_name_of(number));
}

Outcome<History::ReadFile> History::read(std::uint64_t number) const {
  auto bytes = files_->read(path_of(number));
  if (!bytes) return std::unexpected(bytes.error());
  auto kept = std::make_unique<const std::string>(std::move(*bytes));
  auto file = decode(*kept);
  if (!file || file->entry.number != number) return std::unexpected(fmt::format("{} is damaged", file_name_of(number)));
  return ReadFile{.bytes = std::move(kept), .file = std::move(*file)};
}

/// Where what lay in that entry lies now.
std::uint64_t History::heir_of(std::uint64_t number) const {
  return entries_.empty() ? number : std::max(number, entries_.front().number);
}

History::List History::list_in(std::string_view bytes) {
  List list;
  for (const std::string_view line : text::split(bytes, '\n')) {
    const std::size_t blank = line.find(' ');
    if (blank == std::string_view::npos) continue;
    list.push_back(
        {.hash = std::string(line.substr(0, blank)), .entry = text::parse_decimal(line.substr(blank + 1)).value_or(0)});
  }
  return list;
}

/// Reads each entry's file once. \param kind  lists or parts
Outcome<History::Objects> History::fetch(const Wanted& wanted, std::vector<Object> EntryFile::* kind) const {
  Objects found;
  for (const auto& [number, hashes] : wanted) {
    const auto read_file = read(number);
    if (!read_file) return std::unexpected(read_file.error());
    for (const Object& object : read_file->file.*kind) {
      if (hashes.contains(object.hash)) found.emplace(object.hash, object.bytes);
    }
    for (const std::string& hash : hashes) {
      if (!found.contains(hash)) return std::unexpected(fmt::format("a part of it ({}) is missing", hash));
    }
  }
  return found;
}

Outcome<History::Plan> History::plan_of(std::uint64_t number) const {
  auto entry = read(number);
  if (!entry) return std::unexpected(entry.error());
  Plan plan{.files = std::move(entry->file.details.files), .lists = {}};
  Wanted wanted;
  for (FileAt& file : plan.files) {
    file.entry = heir_of(file.entry);
    wanted[file.entry].insert(file.hash);
  }
  const auto lists = fetch(wanted, &EntryFile::lists);
  if (!lists) return std::unexpected(lists.error());
  for (const auto& [hash, bytes] : *lists) {
    List list = list_in(bytes);
    for (PartAt& part : list) part.entry = heir_of(part.entry);
    plan.lists.emplace(hash, std::move(list));
  }
  return plan;
}

Outcome<Details> History::details_of(const Entry& entry) const {
  auto file = read(entry.number);
  if (!file) return std::unexpected(file.error());
  return std::move(file->file.details);
}

std::vector<Told> History::told() const {
  std::vector<Told> all;
  all.reserve(entries_.size());
  for (const Entry& entry : entries_) {
    auto details = details_of(entry);
    if (!details) details = Details{.changes = {fmt::format("what it changed is lost: {}", details.error())}};
    all.push_back({.entry = entry, .details = std::move(*details)});
  }
  return all;
}

Outcome<std::vector<config::SourceFile>> History::texts_of(const Entry& entry) const {
  const auto plan = plan_of(entry.number);
  if (!plan) return std::unexpected(plan.error());
  Wanted wanted;
  for (const auto& [hash, list] : plan->lists) {
    for (const PartAt& part : list) wanted[part.entry].insert(part.hash);
  }
  const auto parts = fetch(wanted, &EntryFile::parts);
  if (!parts) return std::unexpected(parts.error());
  std::vector<config::SourceFile> texts;
  for (const FileAt& file : plan->files) {
    std::string text;
    for (const PartAt& part : plan->lists.at(file.hash)) text += parts->at(part.hash);
    if (hash_of_text(text) != file.hash) return std::unexpected(fmt::format("the text of {} is damaged", file.name));
    texts.push_back({.name = file.name, .text = std::make_shared<const std::string>(std::move(text))});
  }
  return texts;
}

Outcome<std::uint64_t> History::add(Entry entry, Details details, const std::vector<config::SourceFile>& texts) {
  entry.number = next_number_;
  // What the entry before has is not kept twice; when that cannot be read, all of this one is kept.
  std::map<std::string, std::uint64_t> known_lists;
  std::map<std::string, std::uint64_t> known_parts;
  if (const auto before = entries_.empty() ? Outcome<Plan>() : plan_of(entries_.back().number)) {
    for (const FileAt& file : before->files) known_lists.emplace(file.hash, file.entry);
    for (const auto& [hash, list] : before->lists) {
      for (const PartAt& part : list) known_parts.emplace(part.hash, part.entry);
    }
  }
  EntryFile file;
  std::deque<std::string> lists;  // objects view into them
  details.files.clear();
  for (const config::SourceFile& each : texts) {
    const std::string hash = hash_of_text(*each.text);
    const auto [place, is_new] = known_lists.emplace(hash, entry.number);
    details.files.push_back({.name = each.name, .hash = hash, .entry = place->second});
    if (!is_new) continue;
    std::string& list = lists.emplace_back();
    for (const std::string_view part : parts_of(*each.text)) {
      const auto [lies, is_new_part] = known_parts.emplace(hash_text(part), entry.number);
      if (is_new_part) file.parts.push_back({.hash = lies->first, .bytes = part});
      list += fmt::format("{} {}\n", lies->first, lies->second);
    }
    file.lists.push_back({.hash = hash, .bytes = list});
  }
  entry.tree = tree_of_files(details.files);
  file.entry = std::move(entry);
  file.details = std::move(details);
  const std::string bytes = encode(file);
  if (auto written = write_durably(*files_, folder_, file_name_of(file.entry.number), bytes); !written)
    return std::unexpected(written.error());
  ++next_number_;
  file.entry.bytes = bytes.size();
  entries_.push_back(std::move(file.entry));
  return entries_.back().number;
}

Outcome<std::size_t> History::prune(const Keep& keep, WallTime now) {
  std::size_t gone = 0;
  while (entries_.size() > 1) {
    std::uint64_t bytes = 0;
    for (const Entry& entry : entries_) bytes += entry.bytes;
    const bool too_old = now - entries_.front().when > keep.age;
    if (entries_.size() <= keep.entries && bytes <= keep.bytes && !too_old) break;
    if (auto removed = remove_oldest(); !removed) return std::unexpected(removed.error());
    ++gone;
  }
  return gone;
}

// What the next one shares with the oldest goes there, and its file is replaced whole, before the oldest is removed: a
// crash in between leaves both.
Outcome<void> History::remove_oldest() {
  const std::uint64_t oldest = entries_.front().number;
  if (auto moved = bequeath(oldest, entries_[1]); !moved) return moved;
  if (auto removed = files_->remove(path_of(oldest)); !removed) return removed;
  entries_.erase(entries_.begin());
  return files_->sync_folder(folder_);
}

Outcome<void> History::bequeath(std::uint64_t oldest, Entry& heir) {
  const auto from = read(oldest);
  if (!from) return {};  // nothing in it can be read any more
  auto to = read(heir.number);
  if (!to) return std::unexpected(to.error());
  const auto plan = plan_of(heir.number);
  std::set<std::string> needed;
  if (plan) {
    for (const auto& [hash, list] : plan->lists) {
      needed.insert(hash);
      for (const PartAt& part : list) needed.insert(part.hash);
    }
  }
  // After a crash it may have some already. Without a plan, a list of its own is lost: later ones may be better off.
  const auto move = [&](const std::vector<Object>& objects, std::vector<Object>& its_own) {
    std::set<std::string> has;
    for (const Object& object : its_own) has.insert(object.hash);
    for (const Object& object : objects) {
      if ((!plan || needed.contains(object.hash)) && !has.contains(object.hash)) its_own.push_back(object);
    }
  };
  EntryFile& file = to->file;
  const std::size_t before = file.lists.size() + file.parts.size();
  move(from->file.lists, file.lists);
  move(from->file.parts, file.parts);
  if (file.lists.size() + file.parts.size() == before) return {};
  const std::string bytes = encode(file);
  if (auto written = write_durably(*files_, folder_, file_name_of(heir.number), bytes); !written) return written;
  heir.bytes = bytes.size();
  return {};
}

std::vector<std::string> changed_beside(const Beside& before, const Beside& after) {
  std::vector<std::string> names;
  const std::map<std::string, std::string> known(before.begin(), before.end());
  for (const auto& [name, hash] : after) {
    const auto earlier = known.find(name);
    if (earlier != known.end() && earlier->second != hash) names.push_back(name);
  }
  return names;
}

}  // namespace weir::history
