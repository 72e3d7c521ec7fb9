// From left to right over the segments.
#include "services/fastcgi/script_path.h"

#include <algorithm>

#include "base/limits.h"
#include "base/text.h"
#include "contracts/packed_facts.h"
#include "http/characters.h"

namespace weir {
namespace {

constexpr Error script_missing = client_error(Code::not_found, "there is no such script");

/// Whether what an escape hides may be part of a file's name.
bool names_a_file(std::string_view segment) {
  for (std::size_t at = segment.find('%'); at != std::string_view::npos; at = segment.find('%', at + 1)) {
    const std::string_view decoded = segment.substr(at + 1, 2);
    const int code = text::hex_value(decoded[0]) * 16 + text::hex_value(decoded[1]);
    if (code < 0x20 || code == 0x7F || code == '/') return false;
  }
  return true;
}

class Candidates {
 public:
  explicit Candidates(Arena& arena)
      : arena_(arena), room_(arena.make_array<ScriptCandidate>(limits::script_candidates + 2)) {}

  void add(const ScriptCandidate& candidate) { room_[size_++] = candidate; }
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] std::span<const ScriptCandidate> all() const { return room_.first(size_); }
  [[nodiscard]] Arena& arena() { return arena_; }

 private:
  Arena& arena_;
  std::span<ScriptCandidate> room_;
  std::size_t size_ = 0;
};

/// Adds each prefix that names a script. \returns whether the whole path could name files
bool add_prefixes(std::string_view path, const ScriptRules& rules, Candidates& candidates) {
  std::size_t begin = 1;
  while (begin < path.size()) {
    const std::size_t end = std::min(path.find('/', begin), path.size());
    const std::string_view segment = path.substr(begin, end - begin);
    if (!names_a_file(segment)) return false;
    const bool is_script = segment.size() > rules.split.size() && segment.ends_with(rules.split);
    if (is_script && candidates.size() < limits::script_candidates) {
      candidates.add({.script = decoded_path(path.substr(0, end), candidates.arena()),
                      .path_info = decoded_path(path.substr(end), candidates.arena()),
                      .reason = "path"});
    }
    begin = end + 1;
  }
  return true;
}

void add_index(std::string_view path, const ScriptRules& rules, Candidates& candidates) {
  const bool has_slash = path.ends_with('/');
  if (!has_slash && path.ends_with(rules.split)) return;
  const std::string_view folder = decoded_path(path, candidates.arena());
  candidates.add({.script = candidates.arena().join(folder, has_slash ? "" : "/", rules.index),
                  .path_info = {},
                  .reason = "index",
                  .then = has_slash ? ScriptCandidate::Then::run : ScriptCandidate::Then::add_slash});
}

/// Where nobody can look: what is written in the path, else the front controller, else a folder's index.
const ScriptCandidate* choose_unchecked(std::span<const ScriptCandidate> candidates) {
  const ScriptCandidate* chosen = nullptr;
  for (const ScriptCandidate& candidate : candidates) {
    if (candidate.then != ScriptCandidate::Then::run) continue;
    const bool index_gives_way = chosen != nullptr && chosen->reason == "index";
    if (chosen == nullptr || index_gives_way) chosen = &candidate;
  }
  return chosen;
}

}  // namespace

std::string_view decoded_path(std::string_view canonical, Arena& arena) {
  if (!canonical.contains('%')) return canonical;
  const std::span<char> room = arena.make_array<char>(canonical.size());
  std::size_t size = 0;
  for (std::size_t at = 0; at < canonical.size(); ++at) {
    char c = canonical[at];
    if (c == '%' && canonical.size() - at > 2) {
      c = static_cast<char>(text::hex_value(canonical[at + 1]) * 16 + text::hex_value(canonical[at + 2]));
      at += 2;
    }
    room[size++] = c;
  }
  return {room.data(), size};
}

std::span<const ScriptCandidate> script_candidates(std::string_view path, const ScriptRules& rules, Arena& arena) {
  Candidates candidates(arena);
  if (path.starts_with('/') && add_prefixes(path, rules, candidates) && !rules.index.empty()) {
    add_index(path, rules, candidates);
  }
  if (!rules.front_controller.empty()) {
    candidates.add({.script = rules.front_controller, .path_info = {}, .reason = "front_controller"});
  }
  return candidates.all();
}

Result<ScriptCandidate> choose_script(std::string_view path, std::span<const ScriptCandidate> candidates,
                                      const ScriptFacts& facts, Arena& arena) {
  switch (facts.look) {
    case ScriptFacts::Look::for_none:
      return ScriptCandidate{.script = {}, .path_info = decoded_path(path, arena), .reason = "application"};
    case ScriptFacts::Look::forbidden:
      if (const ScriptCandidate* const chosen = choose_unchecked(candidates)) return *chosen;
      return fail(script_missing);
    case ScriptFacts::Look::found:
      if (facts.position < candidates.size()) return candidates[facts.position];
      return fail(script_missing);
    case ScriptFacts::Look::missing:
      return fail(script_missing);
    case ScriptFacts::Look::impossible:
      return fail(facts.failure);
  }
  return fail(script_missing);
}

std::string_view pack(std::string_view path, const ScriptFacts& facts, Arena& arena) {
  FactsWriter writer;
  writer.value(facts);
  writer.text(path);
  return writer.kept_in(arena);
}

std::optional<ScriptFacts> unpack_script_facts(std::string_view bytes, std::string_view& path) {
  FactsReader reader(bytes);
  ScriptFacts facts;
  if (!reader.value(facts) || !reader.text(path) || !reader.at_end()) return {};
  return facts;
}

}  // namespace weir
