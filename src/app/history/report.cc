// One paragraph for each configuration.
#include "app/history/report.h"

#include <fmt/format.h>

#include <ranges>

#include "app/json_writer.h"
#include "app/time_text.h"

namespace weir::history {

std::string history_text(const std::vector<Told>& entries, std::string_view running) {
  if (entries.empty()) return "nothing has been kept yet\n";
  std::string out;
  bool marked = false;
  for (const auto& [entry, details] : entries | std::views::reverse) {
    const bool runs = !marked && entry.hash == running;
    marked = marked || runs;
    out += fmt::format("{}  {}  {} by {}  from {}{}\n", entry.hash.substr(0, 7), time_text(entry.when), entry.how,
                       entry.by, entry.source, runs ? "  (running)" : "");
    for (const std::string& change : details.changes) out += fmt::format("         {}\n", change);
  }
  return out;
}

std::string history_json(const std::vector<Told>& entries, std::string_view running) {
  JsonWriter json;
  json.begin_object().member("running", running).key("configurations").begin_array();
  for (const auto& [entry, details] : entries | std::views::reverse) {
    json.begin_object().member("number", entry.number).member("hash", entry.hash);
    json.member("when", time_text(entry.when)).member("how", entry.how).member("by", entry.by);
    json.member("source", entry.source).member("tree", entry.tree).key("changes").begin_array();
    for (const std::string& change : details.changes) json.value(change);
    json.end_array().key("files").begin_array();
    for (const FileAt& file : details.files) json.value(file.name);
    json.end_array().end_object();
  }
  json.end_array().end_object();
  return json.take() + "\n";
}

}  // namespace weir::history
