// One request on a connection of its own.
#include "health_checks/http/http.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "contracts/plugin.h"
#include "http/characters.h"

namespace weir {

std::string HttpCheck::request(std::string_view authority) const {
  const bool unix_socket = authority.starts_with("unix:");
  const std::string_view host = !options_.host.empty() ? options_.host : unix_socket ? "localhost" : authority;
  std::string out = fmt::format("{} {} HTTP/1.1\r\nhost: {}\r\n", method(), options_.path, host);
  const auto given = [&](std::string_view name) {
    return std::ranges::any_of(options_.headers,
                               [&](const auto& field) { return text::equal_ignoring_case(field.first, name); });
  };
  if (!given("user-agent")) out += "user-agent: weir-health\r\n";
  if (!given("accept")) out += "accept: */*\r\n";
  for (const auto& [name, value] : options_.headers) out += fmt::format("{}: {}\r\n", name, value);
  return out + "connection: close\r\n\r\n";
}

Task<ProbeResult> HttpCheck::probe(Stream& stream, const ProbeTarget& target) const {
  const std::string question = request(target.authority);
  const HttpExpectation& expected = options_.expected;
  const JudgeAnswer judge = [&expected](std::string_view answer, bool ended) {
    return judge_answer(expected, answer, ended);
  };
  co_return co_await converse(stream, question, judge, target.deadline);
}

std::string HttpCheck::description() const {
  return fmt::format("{} {}", method(), options_.path);
}

namespace {

/// 200, 2xx, 200-399
std::optional<StatusRange> parse_range(std::string_view word) {
  if (word.size() == 3 && word.ends_with("xx") && word.front() >= '1' && word.front() <= '5') {
    const auto first = static_cast<Status>((word.front() - '0') * 100);
    return StatusRange{.first = first, .last = static_cast<Status>(first + 99)};
  }
  const std::size_t dash = std::min(word.find('-'), word.size());
  const auto first = text::parse_decimal(word.substr(0, dash));
  const auto last = dash == word.size() ? first : text::parse_decimal(word.substr(dash + 1));
  if (!first || !last || *first < 100 || *last > 599 || *first > *last) return {};
  return StatusRange{.first = static_cast<Status>(*first), .last = static_cast<Status>(*last)};
}

bool read_statuses(const Node& node, const Reading& reading, HttpCheckOptions& options) {
  std::vector<std::string> words;
  if (!OptionType<std::vector<std::string>>::read(node, reading, words)) return false;
  options.expected.statuses.clear();
  for (const std::string& word : words) {
    const auto range = parse_range(word);
    if (!range) return reading.error(node, fmt::format("\"{}\" is no status", word), "write 200, 2xx or 200-399");
    options.expected.statuses.push_back(*range);
  }
  return !words.empty() || reading.error(node, "no status would ever be right", "write 200-399");
}

std::string path_complaint(const std::string& path) {
  const bool printable = std::ranges::all_of(path, [](char c) { return c > 0x20 && c < 0x7F && c != '#'; });
  return path.starts_with('/') && printable ? "" : "is not a path such as /healthz";
}

std::string host_complaint(const std::string& host) {
  const bool printable = std::ranges::all_of(host, [](char c) { return c > 0x20 && c < 0x7F; });
  return printable ? "" : "is not a host";
}

/// Names and values that could end their line would be a request of somebody else's making.
std::string fields_complaint(const std::vector<std::pair<std::string, std::string>>& fields) {
  for (const auto& [name, value] : fields) {
    if (!characters::is_token(name)) return fmt::format("\"{}\" is not a field name", name);
    if (std::ranges::any_of(value, [](char c) { return characters::is_control(c) && c != '\t'; })) {
      return fmt::format("the value of {} has a control character", name);
    }
    for (const std::string_view ours : {"host", "connection", "content-length", "transfer-encoding"}) {
      if (text::equal_ignoring_case(name, ours)) return fmt::format("{} is set by the check itself", ours);
    }
  }
  return "";
}

bool read_expected_fields(const Node& node, const Reading& reading, HttpCheckOptions& options) {
  if (!OptionType<std::vector<std::pair<std::string, std::string>>>::read(node, reading, options.expected.fields))
    return false;
  const std::string complaint = fields_complaint(options.expected.fields);
  return complaint.empty() || reading.error(node, complaint);
}

bool read_expected_body(const Node& node, const Reading& reading, HttpCheckOptions& options) {
  return OptionType<std::string>::read(node, reading, options.expected.body);
}

const Schema<HttpCheckOptions>& options_schema() {
  static const auto schema =
      Schema<HttpCheckOptions>("http", "A page answers with a status, and with what else is asked for.")
          .option("path", &HttpCheckOptions::path,
                  {.doc = "Of the page, with its query.", .example = "/healthz", .complaint = path_complaint})
          .choice("method", &HttpCheckOptions::method,
                  {{"GET", HttpCheckOptions::Method::get}, {"HEAD", HttpCheckOptions::Method::head}},
                  {.doc = "HEAD asks for no body.", .example = "GET"})
          .option("host", &HttpCheckOptions::host,
                  {.doc = "The Host field; without it the endpoint's address.",
                   .example = "shop.example.com",
                   .complaint = host_complaint})
          .option("headers", &HttpCheckOptions::headers,
                  {.doc = "More fields of the request.",
                   .example = "{ authorization: Bearer abc }",
                   .complaint = fields_complaint})
          .custom(
              "status", "list of statuses", read_statuses,
              {.doc = "Which are good: numbers, classes, ranges.", .example = "[2xx, 304]", .default_value = "200-399"})
          .custom("answer_headers", "map of text", read_expected_fields,
                  {.doc = "Fields the answer must have, with these values; an empty one: with any.",
                   .example = "{ x-role: primary }"})
          .custom("body", "text", read_expected_body,
                  {.doc = "A text that must be in the body, within its first 64 KiB.", .example = "ok"})
          .shorthand("path")
          .check([](const Node& node, const Reading& reading, const HttpCheckOptions& options) {
            const bool pointless = options.method == HttpCheckOptions::Method::head && !options.expected.body.empty();
            return !pointless || reading.error(node, "an answer to HEAD has no body", "write method: GET");
          });
  return schema;
}

std::unique_ptr<const HealthCheck> build(const Node& node, BuildContext& context) {
  auto options = options_schema().read(node, Reading(context.diagnostics, context.path));
  if (!options) return {};
  options->expected.head = options->method == HttpCheckOptions::Method::head;
  return std::make_unique<HttpCheck>(std::move(*options));
}

}  // namespace

const HealthCheckKind& http_check() {
  static constexpr HealthCheckKind kind{
      .name = "http", .schema = []() -> const SchemaBase& { return options_schema(); }, .build = &build};
  return kind;
}

}  // namespace weir
