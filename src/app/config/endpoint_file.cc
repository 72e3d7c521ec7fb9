// From lines or YAML to one tree, and from that to endpoints.
#include "app/config/endpoint_file.h"

#include <fmt/format.h>

#include "app/config/upstreams.h"
#include "app/config/yaml_reader.h"
#include "base/limits.h"
#include "base/text.h"

namespace weir::config {
namespace {

bool is_yaml(std::string_view file) {
  return file.ends_with(".yaml") || file.ends_with(".yml") || file.ends_with(".json");
}

/// The next word; nothing at the end of the line or before a remark. Moves `at` behind it.
std::string_view next_word(std::string_view line, std::size_t& at) {
  at = std::min(line.find_first_not_of(" \t\r", at), line.size());
  if (at < line.size() && line[at] == '#') at = line.size();
  const std::size_t begin = at;
  at = std::min(line.find_first_of(" \t\r", at), line.size());
  return line.substr(begin, at - begin);
}

/// `10.0.0.11:8080 weight=2` as `{ address: 10.0.0.11:8080, weight: 2 }`. Only its first word may be without a name.
Node node_of_line(std::string_view line, Place place) {
  std::vector<Node::Member> members;
  for (std::size_t at = 0; at < line.size();) {
    const std::string_view word = next_word(line, at);
    if (word.empty()) break;
    place.column = static_cast<std::uint32_t>(word.data() - line.data() + 1);
    const std::size_t equals = word.find('=');
    const bool named = equals != std::string_view::npos;
    const std::string name(named ? word.substr(0, equals) : members.empty() ? "address" : word);
    const std::string_view value = named ? word.substr(equals + 1) : members.empty() ? word : std::string_view();
    members.push_back({.name = name, .place = place, .value = Node::scalar(place, std::string(value))});
  }
  if (members.empty()) return {};
  place.column = members.front().place.column;
  return Node::map(place, std::move(members));
}

void read_lines(std::string_view bytes, FileReport& report, std::vector<EndpointDocument>& endpoints) {
  Place place = report.place();
  for (place.line = 1; !bytes.empty() && !report.full(); ++place.line) {
    const std::size_t end = std::min(bytes.find('\n'), bytes.size());
    const Node node = node_of_line(bytes.substr(0, end), place);
    if (!node.is_null()) read_endpoint(node, Reading(report.diagnostics(), ""), endpoints);
    bytes.remove_prefix(std::min(end + 1, bytes.size()));
  }
}

void read_tree(std::string_view bytes, FileReport& report, std::vector<EndpointDocument>& endpoints) {
  const std::optional<Node> root = read_yaml(bytes, report.place().file_name, report.diagnostics());
  if (!root || root->is_null()) return;
  const Reading reading(report.diagnostics(), "");
  if (!root->is_list()) {
    reading.error(*root, "is no list of endpoints", "write - 10.0.0.11:8080");
    return;
  }
  for (std::size_t index = 0; const Node& item : root->items()) {
    if (report.full()) return;
    read_endpoint(item, reading.item(index++), endpoints);
  }
}

std::shared_ptr<const EndpointList> parse(std::string_view bytes, FileReport& report) {
  constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
  if (bytes.starts_with(byte_order_mark)) bytes.remove_prefix(byte_order_mark.size());
  std::vector<EndpointDocument> written;
  (is_yaml(report.file_name()) ? read_tree : read_lines)(bytes, report, written);
  auto list = std::make_shared<EndpointList>();
  list->endpoints.reserve(written.size());
  for (const EndpointDocument& each : written) {
    if (each.file.empty()) {
      list->endpoints.push_back(endpoint_of(each));
    } else {
      Reading(report.diagnostics(), "").error(each.place, "a file of endpoints does not name another one");
    }
  }
  if (list->endpoints.empty() && !report.has_errors()) {
    report.error(0, "names no endpoint", "an upstream without endpoints is one that is not in the configuration");
  }
  return list;
}

}  // namespace

const FileKind<EndpointList>& endpoint_file_kind() {
  static constexpr FileKind<EndpointList> kind{
      .name = "endpoints", .bytes_max = limits::endpoint_file_bytes, .secret = false, .parse = &parse};
  return kind;
}

}  // namespace weir::config
