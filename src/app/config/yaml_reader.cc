// The handler of yaml-cpp's events.
#include "app/config/yaml_reader.h"

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <sstream>
#include <unordered_map>
#include <vector>

#include "http/characters.h"

namespace weir::config {
namespace {

/// Duplicates among few names are found by looking; among many by hashing.
constexpr std::size_t linear_search_max = 16;

class TreeBuilder final : public YAML::EventHandler {
 public:
  TreeBuilder(const std::string* file_name, Diagnostics& diagnostics)
      : file_name_(file_name), diagnostics_(diagnostics) {}

  [[nodiscard]] const Node& root() const { return root_; }
  [[nodiscard]] bool too_deep() const { return too_deep_; }
  /// Where the last scalar in quotes begins.
  [[nodiscard]] const YAML::Mark& last_quoted() const { return last_quoted_; }

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    refuse_anchor(mark, anchor);
    finish(Node::null(place_of(mark)), mark);
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    error(mark, "aliases (*name) are not part of Weir's configuration", "share filters by chains, files by include");
    finish(Node::null(place_of(mark)), mark);
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    refuse_anchor(mark, anchor);
    refuse_tag(mark, tag);
    if (tag == "!") last_quoted_ = mark;
    finish(Node::scalar(place_of(mark), value, tag == "!"), mark);
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(mark, tag, anchor, false);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(mark, tag, anchor, true);
  }
  void OnMapEnd() override { close(); }

 private:
  /// A list or map that is not closed yet. A map alternates between expecting a name and expecting its value.
  struct Frame {
    Place place;
    YAML::Mark mark;
    bool is_map = false;
    bool has_name = false;
    bool drop_value = false;  // of a name that cannot stand
    std::string name;
    Place name_place;
    std::vector<Node> items;
    std::vector<Node::Member> members;
    std::unordered_map<std::string, std::size_t> index;  // of members, once they are many
  };

  [[nodiscard]] Place place_of(const YAML::Mark& mark) const {
    return {.file_name = file_name_,
            .line = static_cast<std::uint32_t>(std::max(mark.line, 0)) + 1,
            .column = static_cast<std::uint32_t>(std::max(mark.column, 0)) + 1};
  }

  void error(const YAML::Mark& mark, std::string message, std::string suggestion = {}) {
    diagnostics_.error(place_of(mark), {}, std::move(message), std::move(suggestion));
  }
  void refuse_anchor(const YAML::Mark& mark, YAML::anchor_t anchor) {
    if (anchor == 0) return;
    error(mark, "anchors (&name) are not part of Weir's configuration", "share filters by chains, files by include");
  }
  void refuse_tag(const YAML::Mark& mark, const std::string& tag) {
    // "?" and "!" are the library's words for a plain and a quoted scalar without tag.
    if (tag.empty() || tag == "?" || tag == "!") return;
    error(mark, "tags (!name) are not part of Weir's configuration", "leave the tag out");
  }

  void open(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, bool is_map) {
    refuse_anchor(mark, anchor);
    refuse_tag(mark, tag);
    if (frames_.size() >= yaml_depth_max || ignored_ > 0) {
      if (!too_deep_) error(mark, fmt::format("lists and maps are nested more than {} deep", yaml_depth_max));
      too_deep_ = true;
      ++ignored_;
      return;
    }
    Frame& frame = frames_.emplace_back();
    frame.place = place_of(mark);
    frame.mark = mark;
    frame.is_map = is_map;
  }

  void close() {
    if (ignored_ > 0) {
      --ignored_;
      return;
    }
    Frame frame = std::move(frames_.back());
    frames_.pop_back();
    Node node = frame.is_map ? Node::map(frame.place, std::move(frame.members))
                             : Node::list(frame.place, std::move(frame.items));
    finish(std::move(node), frame.mark);
  }

  /// A complete node goes where it belongs: the root, a list, or the name or value of a map's member.
  void finish(Node node, const YAML::Mark& mark) {
    if (ignored_ > 0) return;
    if (frames_.empty()) {
      root_ = std::move(node);
      return;
    }
    Frame& frame = frames_.back();
    if (!frame.is_map)
      frame.items.push_back(std::move(node));
    else if (frame.has_name)
      take_value(frame, std::move(node));
    else
      take_name(frame, node, mark);
  }

  void take_name(Frame& frame, const Node& node, const YAML::Mark& mark) {
    frame.has_name = true;
    frame.drop_value = false;
    frame.name = node.text();
    frame.name_place = node.place();
    if (!node.is_scalar()) {
      error(mark, fmt::format("a name was expected before the colon, found {}", node.shown()));
      frame.drop_value = true;
    } else if (frame.name == "<<") {
      error(mark, "merge keys (<<) are not part of Weir's configuration", "share filters by chains, files by include");
      frame.drop_value = true;
    } else if (const Node::Member* earlier = find(frame, frame.name)) {
      error(mark, fmt::format("{} stands here a second time; the first is at {}", node.shown(), earlier->place.text()));
      frame.drop_value = true;
    }
  }

  void take_value(Frame& frame, Node node) {
    frame.has_name = false;
    if (frame.drop_value) return;
    if (frame.members.size() >= linear_search_max) {
      if (frame.index.empty()) {
        for (std::size_t at = 0; at < frame.members.size(); ++at) frame.index.emplace(frame.members[at].name, at);
      }
      frame.index.emplace(frame.name, frame.members.size());
    }
    frame.members.push_back({.name = std::move(frame.name), .place = frame.name_place, .value = std::move(node)});
  }

  static const Node::Member* find(const Frame& frame, const std::string& name) {
    if (frame.index.empty()) {
      const auto found = std::ranges::find(frame.members, name, &Node::Member::name);
      return found == frame.members.end() ? nullptr : &*found;
    }
    const auto found = frame.index.find(name);
    return found == frame.index.end() ? nullptr : &frame.members[found->second];
  }

  const std::string* file_name_;
  Diagnostics& diagnostics_;
  std::vector<Frame> frames_;
  Node root_;
  YAML::Mark last_quoted_ = YAML::Mark::null_mark();
  std::size_t ignored_ = 0;  // lists and maps open beyond the depth limit
  bool too_deep_ = false;
};

/// Whether the quoted scalar that begins at `mark` ends at all. yaml-cpp 0.7 takes the end of the file for a closing
/// quote, so that half a file would pass for a whole one; only the last quoted scalar can be such.
bool ends(std::string_view bytes, const YAML::Mark& mark) {
  if (mark.is_null() || mark.pos < 0 || static_cast<std::size_t>(mark.pos) >= bytes.size()) return true;
  std::size_t at = static_cast<std::size_t>(mark.pos);
  const char quote = bytes[at];
  if (quote != '"' && quote != '\'') return true;  // a block scalar
  while (++at < bytes.size()) {
    if (bytes[at] == '\\' && quote == '"')
      ++at;
    else if (bytes[at] == quote && quote == '\'' && at + 1 < bytes.size() && bytes[at + 1] == quote)
      ++at;
    else if (bytes[at] == quote)
      return true;
  }
  return false;
}

/// Tabs and stray control bytes give puzzling messages from the library; the commonest ones are explained.
std::string suggestion_for(std::string_view bytes, const YAML::Mark& mark) {
  if (mark.pos < 0 || static_cast<std::size_t>(mark.pos) >= bytes.size()) return {};
  const std::size_t position = static_cast<std::size_t>(mark.pos);
  const std::size_t line_end = bytes.substr(0, position).rfind('\n');
  const std::string_view line = bytes.substr(line_end == std::string_view::npos ? 0 : line_end + 1);
  const std::string_view before = line.substr(0, line.find_first_not_of(" \t"));
  return before.contains('\t') ? "indent with blanks, YAML takes no tabs" : "";
}

/// The first control character that is neither a tab nor a line's end: YAML has none (1.2, section 5.1), and the
/// library stumbles over them somewhere behind. A NUL in every second place is UTF-16.
std::size_t find_stray_control(std::string_view bytes) {
  const auto stray = [](char c) { return characters::is_control(c) && c != '\t' && c != '\n' && c != '\r'; };
  return static_cast<std::size_t>(std::ranges::find_if(bytes, stray) - bytes.begin());
}

Place place_at(std::string_view bytes, std::size_t position, const std::string* file_name) {
  const std::string_view before = bytes.substr(0, position);
  const std::size_t line_begin = before.rfind('\n') + 1;  // npos + 1 is 0
  return {.file_name = file_name,
          .line = static_cast<std::uint32_t>(std::ranges::count(before, '\n')) + 1,
          .column = static_cast<std::uint32_t>(position - line_begin) + 1};
}

void parse(std::string_view bytes, const std::string* file_name, TreeBuilder& builder, Diagnostics& diagnostics) {
  if (const std::size_t stray = find_stray_control(bytes); stray < bytes.size()) {
    diagnostics.error(place_at(bytes, stray, file_name), {},
                      fmt::format("not YAML: a control character (0x{:02x})", static_cast<unsigned char>(bytes[stray])),
                      bytes[stray] == '\0' ? "write the file in UTF-8, without NUL" : "in quotes, escape it");
    return;
  }
  std::istringstream stream{std::string(bytes)};
  try {
    YAML::Parser parser(stream);
    if (!parser.HandleNextDocument(builder)) return;
    if (!ends(bytes, builder.last_quoted())) {
      const YAML::Mark& mark = builder.last_quoted();
      diagnostics.error({.file_name = file_name,
                         .line = static_cast<std::uint32_t>(mark.line) + 1,
                         .column = static_cast<std::uint32_t>(mark.column) + 1},
                        {}, "not YAML: a quote that opens here is never closed");
    }
    TreeBuilder rest(file_name, diagnostics);
    if (parser.HandleNextDocument(rest)) {
      diagnostics.error(rest.root().place(), {}, "a second document (---) in one file",
                        "write two files and include one");
    }
  } catch (const YAML::Exception& exception) {
    if (builder.too_deep()) return;  // said already; the rest was not looked at
    Place place{.file_name = file_name, .line = 1, .column = 1};
    if (!exception.mark.is_null()) {
      place.line = static_cast<std::uint32_t>(exception.mark.line) + 1;
      place.column = static_cast<std::uint32_t>(exception.mark.column) + 1;
    }
    diagnostics.error(place, {}, "not YAML: " + exception.msg, suggestion_for(bytes, exception.mark));
  } catch (const std::exception& exception) {
    diagnostics.error({.file_name = file_name, .line = 1, .column = 1}, {},
                      fmt::format("not YAML: {}", exception.what()));
  }
}

}  // namespace

std::optional<Node> read_yaml(std::string_view bytes, const std::string* file_name, Diagnostics& diagnostics) {
  const std::size_t errors_before = diagnostics.errors();
  TreeBuilder builder(file_name, diagnostics);
  parse(bytes, file_name, builder, diagnostics);
  // Duplicate names and the like leave a tree that can be checked further; text that is not YAML does not.
  const bool not_yaml = diagnostics.errors() > errors_before && builder.root().is_null();
  if (not_yaml || builder.too_deep()) return {};
  return builder.root();
}

}  // namespace weir::config
