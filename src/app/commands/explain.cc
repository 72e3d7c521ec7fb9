// `weir explain`: asks a file, or the running process; about an imagined request, or one that is over.
#include "app/explain.h"

#include <fmt/format.h>

#include <cstdio>
#include <optional>

#include "app/commands/admin_client.h"
#include "app/commands/commands.h"
#include "app/commands/load.h"
#include "app/commands/terminal.h"
#include "base/text.h"
#include "http/request_id.h"

namespace weir {
namespace {

/// \returns  or else what is wrong with what was typed
std::expected<ExplainQuestion, std::string> read_question(const Arguments& arguments) {
  ExplainQuestion question;
  const std::vector<std::string>& words = arguments.positionals();
  if (words.empty()) return std::unexpected("which URL? weir explain GET https://host/path");
  question.url = words.back();
  if (words.size() == 2) question.method = words.front();
  for (const std::string& field : arguments.values_of("header")) {
    const std::size_t colon = field.find(':');
    if (colon == std::string::npos || colon == 0)
      return std::unexpected(fmt::format("\"{}\" is not a field: write 'name: value'", field));
    question.fields.emplace_back(field.substr(0, colon), text::trim(std::string_view(field).substr(colon + 1)));
  }
  if (const auto from = arguments.value_of("from")) {
    const auto address = IpAddress::parse(*from);
    if (!address) return std::unexpected(fmt::format("\"{}\" is not an IP address", *from));
    question.from = *address;
  }
  question.listener = arguments.value_of("listener").value_or(std::string_view());
  return question;
}

int explain_file(const std::string& file, const ExplainQuestion& question, bool as_json) {
  const LoadedConfiguration loaded = load_configuration(file);
  if (loaded.gateway == nullptr) {
    fmt::print(stderr, "{}{}: {}\n", loaded.diagnostics.text(), file, loaded.diagnostics.summary());
    return exit_failed;
  }
  Explanation explanation = explain(*loaded.gateway, question, loaded.listener_names);
  if (explanation.refused && explanation.status == 0) return usage_error("explain", explanation.sentence);
  foresee_as_configured(explanation);
  const Emphasis emphasis = emphasis_on(stdout);
  fmt::print("{}",
             as_json ? explanation_json(explanation) : explanation_text(explanation, emphasis.bold, emphasis.plain));
  return 0;
}

/// One word without a slash is no URL: the id of a request that is over.
bool asks_for_past_request(const Arguments& arguments) {
  const std::vector<std::string>& words = arguments.positionals();
  return words.size() == 1 && words.front().find('/') == std::string::npos && is_request_id(words.front());
}

int explain_past_request(const Arguments& arguments) {
  if (arguments.has("config"))
    return usage_error("explain", "a file knows no past requests: ask the process (--admin)");
  const std::string target = fmt::format("/story?id={}{}", percent_encoded(arguments.positionals().front()),
                                         arguments.has("json") ? "" : "&format=text");
  const auto reply = ask_admin(arguments.value_of("admin").value_or(std::string_view()), "GET", target);
  if (!reply) {
    fmt::print(stderr, "weir explain: {}\n", reply.error());
    return exit_failed;
  }
  const bool found = reply->status == 200;
  fmt::print(found || arguments.has("json") ? stdout : stderr, "{}", reply->body);
  return found ? 0 : exit_failed;
}

std::string target_of(const ExplainQuestion& question, bool as_json) {
  std::string target = fmt::format("/explain?method={}&url={}&from={}", percent_encoded(question.method),
                                   percent_encoded(question.url), percent_encoded(question.from.text()));
  for (const auto& [name, value] : question.fields)
    target += "&header=" + percent_encoded(fmt::format("{}: {}", name, value));
  if (!question.listener.empty()) target += "&listener=" + percent_encoded(question.listener);
  if (!as_json) target += "&format=text";
  return target;
}

}  // namespace

int explain_command(const Arguments& arguments) {
  if (asks_for_past_request(arguments)) return explain_past_request(arguments);
  const auto question = read_question(arguments);
  if (!question) return usage_error("explain", question.error());
  if (arguments.has("config") && arguments.has("admin"))
    return usage_error("explain", "ask a file (--config) or a process (--admin), not both");
  const bool as_json = arguments.has("json");
  if (arguments.has("config")) return explain_file(configuration_file(arguments, false), *question, as_json);
  const auto reply =
      ask_admin(arguments.value_of("admin").value_or(std::string_view()), "GET", target_of(*question, as_json));
  if (!reply) {
    fmt::print(stderr, "weir explain: {}\nTo ask a file instead: weir explain ... -c weir.yaml\n", reply.error());
    return exit_failed;
  }
  if (reply->status == 400) return usage_error("explain", reply->body.substr(0, reply->body.find('\n')));
  fmt::print(reply->status == 200 ? stdout : stderr, "{}", reply->body);
  return reply->status == 200 ? 0 : exit_failed;
}

}  // namespace weir
