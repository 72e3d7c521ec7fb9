// Printing diagnostics for people and for editors.
#include "contracts/diagnostics.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>
#include <unordered_map>
#include <utility>

#include "base/text.h"

namespace weir {
namespace {

std::string counted(std::size_t count, std::string_view noun) {
  return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

std::string_view name_of(Severity severity) {
  return severity == Severity::error ? "error" : "warning";
}

void append_member(std::string& out, std::string_view name, std::string_view value) {
  out += fmt::format(",\"{}\":", name);
  text::append_json_string(out, value);
}

void append_json(std::string& out, const Diagnostic& diagnostic) {
  out += fmt::format("{{\"severity\":\"{}\"", name_of(diagnostic.severity));
  append_member(out, "file", diagnostic.place.file());
  out += fmt::format(",\"line\":{},\"column\":{}", diagnostic.place.line, diagnostic.place.column);
  append_member(out, "path", diagnostic.path);
  append_member(out, "message", diagnostic.message);
  append_member(out, "suggestion", diagnostic.suggestion);
  out += '}';
}

}  // namespace

std::string Diagnostic::text() const {
  std::string line = place.known() ? place.text() + ": " : "";
  if (severity == Severity::warning) line += "warning: ";
  if (!path.empty()) line += path + ": ";
  line += message;
  if (!suggestion.empty()) line += "; " + suggestion;
  return line;
}

void Diagnostics::add(Diagnostic diagnostic) {
  if (diagnostic.severity == Severity::error) ++errors_;
  all_.push_back(std::move(diagnostic));
}

void Diagnostics::error(Place place, std::string path, std::string message, std::string suggestion) {
  add({Severity::error, place, std::move(path), std::move(message), std::move(suggestion)});
}

void Diagnostics::warning(Place place, std::string path, std::string message, std::string suggestion) {
  add({Severity::warning, place, std::move(path), std::move(message), std::move(suggestion)});
}

void Diagnostics::append(const Diagnostics& others) {
  for (const Diagnostic& diagnostic : others.all_) add(diagnostic);
}

void Diagnostics::sort() {
  std::unordered_map<const std::string*, std::size_t> order;
  for (const Diagnostic& diagnostic : all_) order.try_emplace(diagnostic.place.file_name, order.size());
  // The index as last key keeps the sort stable; std::stable_sort of libstdc++ 12 does not compile under -Werror.
  using Key = std::tuple<std::size_t, std::uint32_t, std::uint32_t, std::size_t>;
  std::vector<Key> keys;
  keys.reserve(all_.size());
  for (const Diagnostic& each : all_) {
    keys.emplace_back(order.at(each.place.file_name), each.place.line, each.place.column, keys.size());
  }
  std::ranges::sort(keys);
  std::vector<Diagnostic> sorted;
  sorted.reserve(all_.size());
  for (const Key& key : keys) sorted.push_back(std::move(all_[std::get<3>(key)]));
  all_ = std::move(sorted);
}

std::string Diagnostics::text() const {
  std::string lines;
  for (const Diagnostic& diagnostic : all_) lines += diagnostic.text() + '\n';
  return lines;
}

std::string Diagnostics::summary() const {
  std::string summary = errors_ == 0 ? "no errors" : counted(errors_, "error");
  if (warnings() > 0) summary += ", " + counted(warnings(), "warning");
  return summary;
}

std::string Diagnostics::json() const {
  std::string out = fmt::format("{{\"errors\":{},\"warnings\":{},\"diagnostics\":[", errors(), warnings());
  bool first = true;
  for (const Diagnostic& diagnostic : all_) {
    if (!first) out += ',';
    first = false;
    append_json(out, diagnostic);
  }
  out += "]}";
  return out;
}

std::string did_you_mean(std::string_view word, const std::vector<std::string_view>& candidates) {
  // Nobody mistypes a word of this length; edit distance is quadratic and the word may be anything.
  constexpr std::size_t word_bytes_max = 64;
  if (word.size() > word_bytes_max) return {};
  const std::string_view nearest = text::nearest(word, candidates);
  return nearest.empty() ? std::string() : fmt::format("did you mean \"{}\"?", nearest);
}

bool Reading::error(const Node& node, std::string message, std::string suggestion) const {
  return error(node.place(), std::move(message), std::move(suggestion));
}

bool Reading::error(Place place, std::string message, std::string suggestion) const {
  diagnostics_->error(place, path(), std::move(message), std::move(suggestion));
  return false;
}

void Reading::warning(Place place, std::string message, std::string suggestion) const {
  diagnostics_->warning(place, path(), std::move(message), std::move(suggestion));
}

std::string Reading::path() const {
  std::string path = parent_ == nullptr ? std::string() : parent_->path();
  if (index_ != no_index) return path + fmt::format("[{}]", index_);
  if (!path.empty() && !name_.empty()) path += '.';
  return path += name_;
}

}  // namespace weir
