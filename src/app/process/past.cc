// The decisions of past.h.
#include "app/process/past.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <ranges>

#include "app/history/past_source.h"
#include "app/meaning/difference.h"

namespace weir {
namespace {

/// Beyond, saying what changed would hold up the control thread for seconds: `weir diff` does it elsewhere.
constexpr std::size_t compared_bytes_max = std::size_t{4} * 1024 * 1024;
/// Lines that one entry keeps.
constexpr std::size_t changes_max = 50;

std::size_t bytes_of(const std::vector<config::SourceFile>& texts) {
  std::size_t bytes = 0;
  for (const config::SourceFile& file : texts) bytes += file.text->size();
  return bytes;
}

/// Of each expansion that stands in both, whether it stands for something else now.
void add_changed_secrets(const std::vector<std::pair<std::string, std::string>>& before,
                         const std::vector<std::pair<std::string, std::string>>& after,
                         std::vector<std::string>& changes) {
  const std::map<std::string, std::string> known(before.begin(), before.end());
  for (const auto& [written, hash] : after) {
    const auto earlier = known.find(written);
    if (earlier != known.end() && earlier->second != hash)
      changes.push_back(fmt::format("the value of {} changed", written));
  }
}

}  // namespace

Past::Past(const std::string& source) : source_(history::absolute_name(source)) {}

std::string Past::open(const std::string& folder, const history::Keep& keep) {
  keep_ = keep;
  if (folder.empty()) return "there is no place for history: name one with state: /PATH; serving goes on without";
  files_ = std::make_unique<history::DiskFileSystem>();
  auto opened = history::History::open(folder, *files_);
  if (!opened) return fmt::format("no history is kept: {}; serving goes on without", opened.error());
  history_.emplace(std::move(*opened));
  if (history_->damaged().empty()) return {};
  return fmt::format("damaged entries in {} are left alone: {}", folder, fmt::join(history_->damaged(), ", "));
}

std::string Past::keep(const config::Document& document, const Occasion& occasion, WallTime now) {
  if (!history_) return {};
  const history::Entry* before = history_->entries().empty() ? nullptr : &history_->entries().back();
  const std::string hash = document.hash.text();
  const bool same = before != nullptr && before->hash == hash && before->source == source_ &&
                    before->instead_of == occasion.instead_of && beside(*before) == document.beside;
  if (same) return {};
  history::Entry entry;
  entry.hash = hash;
  entry.when = now;
  entry.by = occasion.by;
  entry.how = occasion.how;
  entry.source = source_;
  entry.instead_of = occasion.instead_of;
  history::Details details{
      .changes = changes_since_last(document), .secrets = document.secrets, .beside = document.beside, .files = {}};
  const auto added = history_->add(std::move(entry), std::move(details), history::with_absolute_names(document.files));
  if (!added) return fmt::format("the configuration runs, but could not be kept in the history: {}", added.error());
  if (const auto pruned = history_->prune(keep_, now); !pruned)
    return fmt::format("old history could not be removed: {}", pruned.error());
  return {};
}

std::vector<std::string> Past::changes_since_last(const config::Document& document) const {
  const history::Entry* before = last();
  if (before == nullptr) return {"the first from this file"};
  const auto texts = history_->texts_of(*before);
  const auto details = history_->details_of(*before);
  if (!texts || !details) return {"what was before it is damaged"};
  if (bytes_of(*texts) + bytes_of(document.files) > compared_bytes_max) return {"large: see weir diff"};
  Diagnostics ignored;
  config::MemorySource nowhere;
  history::PastSource old_source(*texts, nowhere);
  history::PastSource new_source(document.files, nowhere);
  std::vector<std::string> changes;
  for (const meaning::Change& change : meaning::difference(meaning::meaning_of(source_, old_source, ignored),
                                                           meaning::meaning_of(source_, new_source, ignored)))
    changes.push_back(change.text());
  add_changed_secrets(details->secrets, document.secrets, changes);
  for (const std::string& name : history::changed_beside(details->beside, document.beside))
    changes.push_back(fmt::format("the content of {} changed", name));
  if (changes.size() > changes_max) {
    const std::size_t more = changes.size() - changes_max;
    changes.resize(changes_max);
    changes.push_back(fmt::format("and {} more: see weir diff", more));
  }
  return changes;
}

const history::Entry* Past::last() const {
  return history_ ? history_->last_of(source_) : nullptr;
}

const history::Entry* Past::held_against(const config::Document& document) const {
  const history::Entry* entry = last();
  if (entry == nullptr || entry->instead_of.empty()) return nullptr;
  const bool unchanged = history::tree_of(history::with_absolute_names(document.files)) == entry->instead_of;
  return unchanged ? entry : nullptr;
}

std::expected<history::Entry, std::string> Past::target(std::string_view prefix, std::string_view running) const {
  if (!history_) return std::unexpected("no history is kept: there is nothing to go back to");
  if (!prefix.empty()) {
    bool ambiguous = false;
    const history::Entry* found = history_->find(prefix, &ambiguous);
    if (found == nullptr) return std::unexpected(fmt::format("no configuration {} is in the history", prefix));
    if (ambiguous) return std::unexpected(fmt::format("more than one configuration begins with {}", prefix));
    if (found->source != source_)
      return std::unexpected(fmt::format("{} ran from {}, and this weir runs from {}", prefix, found->source, source_));
    return *found;
  }
  for (const history::Entry& entry : history_->entries() | std::views::reverse) {
    if (entry.source == source_ && entry.hash != running) return entry;
  }
  return std::unexpected("nothing else has run from this file yet");
}

history::Beside Past::beside(const history::Entry& entry) const {
  auto details = history_->details_of(entry);
  return details ? std::move(details->beside) : history::Beside();
}

std::vector<history::Told> Past::told() const {
  return history_ ? history_->told() : std::vector<history::Told>();
}

}  // namespace weir
