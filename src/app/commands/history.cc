// `weir history`, `weir diff`, `weir rollback`: what ran before, what differs, and back.
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>

#include "app/commands/admin_client.h"
#include "app/commands/commands.h"
#include "app/history/file_system.h"
#include "app/history/history.h"
#include "app/history/past_source.h"
#include "app/history/report.h"
#include "app/meaning/difference.h"

namespace weir {
namespace {

std::string_view admin_of(const Arguments& arguments) {
  return arguments.value_of("admin").value_or(std::string_view());
}

int complain(std::string_view command, std::string_view sentence) {
  fmt::print(stderr, "weir {}: {}\n", command, sentence);
  return exit_failed;
}

/// One side of a comparison.
struct Side {
  std::string label;
  std::string main_file;
  std::vector<config::SourceFile> files;  // empty: those on the disk
  history::Beside beside;
};

using FoundSide = std::expected<Side, std::string>;

Side side_of(const history::Entry& entry, std::vector<config::SourceFile> files, history::Beside beside) {
  return {.label = entry.hash.substr(0, 7),
          .main_file = entry.source,
          .files = std::move(files),
          .beside = std::move(beside)};
}

/// From a state folder, with or without a gateway.
FoundSide side_in(const std::string& folder, const std::string& hash) {
  history::DiskFileSystem files;
  const auto history = history::History::look(folder, files);
  if (!history) return std::unexpected(history.error());
  bool ambiguous = false;
  const history::Entry* entry = history->find(hash, &ambiguous);
  if (entry == nullptr || ambiguous)
    return std::unexpected(
        fmt::format("{} configuration in {} begins with {}", ambiguous ? "more than one" : "no", folder, hash));
  auto texts = history->texts_of(*entry);
  if (!texts) return std::unexpected(texts.error());
  auto details = history->details_of(*entry);
  if (!details) return std::unexpected(details.error());
  return side_of(*entry, std::move(*texts), std::move(details->beside));
}

/// From the running process. \param hash  empty: what runs
FoundSide side_from_process(const Arguments& arguments, const std::string& hash) {
  const auto reply = ask_admin(admin_of(arguments), "GET", "/configuration?format=entry&hash=" + percent_encoded(hash));
  if (!reply) return std::unexpected(reply.error());
  if (reply->status != 200) return std::unexpected(std::string(reply->body.substr(0, reply->body.find('\n'))));
  const auto file = history::decode(reply->body);
  if (!file || file->details.files.size() != file->parts.size())
    return std::unexpected("what weir answered cannot be read");
  std::vector<config::SourceFile> texts;
  for (std::size_t at = 0; at < file->parts.size(); ++at) {
    texts.push_back(
        {.name = file->details.files[at].name, .text = std::make_shared<const std::string>(file->parts[at].bytes)});
  }
  return side_of(file->entry, std::move(texts), file->details.beside);
}

bool is_hash(std::string_view word) {
  return word.size() >= 4 && word.size() <= 32 && word.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

/// A file, or the beginning of a hash, or `running`.
FoundSide find_side(const Arguments& arguments, const std::string& word) {
  if (std::filesystem::is_regular_file(word)) return Side{.label = word, .main_file = word, .files = {}, .beside = {}};
  if (word != "running" && !is_hash(word))
    return std::unexpected(fmt::format("\"{}\" is neither a file nor the hash of a configuration", word));
  const std::string hash = word == "running" ? std::string() : word;
  if (const auto folder = arguments.value_of("state")) return side_in(std::string(*folder), hash);
  return side_from_process(arguments, hash);
}

std::expected<meaning::Meaning, std::string> meaning_of(const Side& side) {
  Diagnostics diagnostics;
  config::SystemSource machine;
  config::MemorySource nowhere;
  history::PastSource past(side.files, nowhere);
  config::Source& source = side.files.empty() ? static_cast<config::Source&>(machine) : past;
  meaning::Meaning meaning = meaning::meaning_of(side.main_file, source, diagnostics);
  if (diagnostics.has_errors()) return std::unexpected(diagnostics.text() + diagnostics.summary());
  return meaning;
}

}  // namespace

int history_command(const Arguments& arguments) {
  const bool as_json = arguments.has("json");
  if (const auto folder = arguments.value_of("state")) {
    history::DiskFileSystem files;
    const auto history = history::History::look(std::string(*folder), files);
    if (!history) return complain("history", history.error());
    const std::vector<history::Told> told = history->told();
    fmt::print("{}", as_json ? history::history_json(told, "") : history::history_text(told, ""));
    return 0;
  }
  const auto reply = ask_admin(admin_of(arguments), "GET", as_json ? "/history" : "/history?format=text");
  if (!reply)
    return complain("history", reply.error() + "\nWithout a running weir: weir history --state /var/lib/weir");
  fmt::print(reply->status == 200 ? stdout : stderr, "{}", reply->body);
  return reply->status == 200 ? 0 : exit_failed;
}

int diff_command(const Arguments& arguments) {
  const std::vector<std::string>& words = arguments.positionals();
  const FoundSide before = find_side(arguments, words.size() == 2 ? words[0] : "running");
  if (!before) return complain("diff", before.error());
  // Without words: what a reload would change.
  const FoundSide after = find_side(arguments, words.empty() ? before->main_file : words.back());
  if (!after) return complain("diff", after.error());
  const auto was = meaning_of(*before);
  if (!was) return complain("diff", was.error());
  const auto is = meaning_of(*after);
  if (!is) return complain("diff", is.error());
  std::vector<meaning::Change> changes = meaning::difference(*was, *is);
  for (const std::string& name : history::changed_beside(before->beside, after->beside))
    changes.push_back({.subject = name, .option = {}, .before = {}, .after = {}, .remark = "has another content"});
  if (arguments.has("json"))
    fmt::print("{}\n", meaning::json_of(changes));
  else
    fmt::print("{}", meaning::text_of(changes));
  return 0;
}

int rollback_command(const Arguments& arguments) {
  const std::string hash = arguments.positionals().empty() ? std::string() : arguments.positionals().front();
  if (!hash.empty() && !is_hash(hash))
    return usage_error("rollback", fmt::format("\"{}\" is not the hash of a configuration: see weir history", hash));
  const bool as_json = arguments.has("json");
  const auto reply =
      ask_admin(admin_of(arguments), "POST",
                fmt::format("/rollback?hash={}{}", percent_encoded(hash), as_json ? "" : "&format=text"));
  if (!reply) return complain("rollback", reply.error());
  const bool done = reply->status == 200;
  fmt::print(done || as_json ? stdout : stderr, "{}", reply->body);
  return done ? 0 : exit_failed;
}

}  // namespace weir
