// Members by their names, with the library's DOM behind one small reader.
#include "app/acme/messages.h"

#include <simdjson.h>

#include <algorithm>
#include <array>

#include "app/outgoing/url.h"
#include "app/printable.h"
#include "app/time_text.h"
#include "base/limits.h"
#include "base/text.h"

namespace weir::acme {
namespace {

using simdjson::dom::element;
using simdjson::dom::object;

constexpr std::string_view error_prefix = "urn:ietf:params:acme:error:";
constexpr std::array<std::string_view, 8> status_names{"pending", "ready",       "processing", "valid",
                                                       "invalid", "deactivated", "expired",    "revoked"};

/// One answer, parsed: its outermost value has to be an object.
class Message {
 public:
  explicit Message(std::string_view json) {
    element root;
    good_ = json.size() <= limits::fetched_body_bytes && !parser_.parse(json.data(), json.size()).get(root) &&
            !root.get(object_);
  }
  [[nodiscard]] bool good() const { return good_; }
  [[nodiscard]] const object& members() const { return object_; }

 private:
  simdjson::dom::parser parser_;
  object object_;
  bool good_ = false;
};

/// A text; empty when it is not there, or something else.
std::string text_in(const object& members, std::string_view name) {
  std::string_view found;
  if (members[name].get(found) != simdjson::SUCCESS || found.size() > limits::acme_text_bytes) return {};
  return std::string(found);
}

/// A URL; empty when it is not there, or none.
std::string url_in(const object& members, std::string_view name) {
  std::string found = text_in(members, name);
  return parse_url(found) ? found : std::string();
}

Status status_in(const object& members) {
  const std::string word = text_in(members, "status");
  return static_cast<Status>(std::ranges::find(status_names, word) - status_names.begin());
}

Problem problem_of(const object& members) {
  Problem problem{.type = text_in(members, "type"), .detail = text_in(members, "detail")};
  if (problem.type.starts_with(error_prefix)) problem.type.erase(0, error_prefix.size());
  // The first of several says more than "some are wrong" (section 6.7.1).
  simdjson::dom::array several;
  if (members["subproblems"].get(several) != simdjson::SUCCESS) return problem;
  for (const element each : several) {
    object one;
    if (each.get(one) != simdjson::SUCCESS) continue;
    const std::string detail = text_in(one, "detail");
    if (!detail.empty()) problem.detail += (problem.detail.empty() ? "" : ": ") + detail;
    break;
  }
  return problem;
}

std::optional<Problem> error_in(const object& members) {
  object error;
  if (members["error"].get(error) != simdjson::SUCCESS) return {};
  return problem_of(error);
}

std::optional<Challenge> challenge_of(const object& members) {
  Challenge challenge{.type = text_in(members, "type"),
                      .url = url_in(members, "url"),
                      .token = text_in(members, "token"),
                      .status = status_in(members),
                      .error = error_in(members)};
  if (challenge.type.empty() || challenge.url.empty()) return {};
  if (!is_token(challenge.token)) challenge.token.clear();
  return challenge;
}

}  // namespace

std::string_view name_of(Status status) {
  const auto at = static_cast<std::size_t>(status);
  return at < status_names.size() ? status_names[at] : std::string_view("unknown");
}

std::string text_of(const Problem& problem) {
  constexpr std::size_t shown = 300;
  std::string text = problem.type.empty() ? "no reason given" : problem.type;
  if (!problem.detail.empty()) text += ": " + problem.detail;
  if (text.size() > shown) text = text.substr(0, shown) + "...";
  return printable(text);
}

std::optional<Directory> parse_directory(std::string_view json) {
  const Message message(json);
  if (!message.good()) return {};
  const object& members = message.members();
  Directory directory{.new_nonce = url_in(members, "newNonce"),
                      .new_account = url_in(members, "newAccount"),
                      .new_order = url_in(members, "newOrder"),
                      .renewal_info = url_in(members, "renewalInfo")};
  if (directory.new_nonce.empty() || directory.new_account.empty() || directory.new_order.empty()) return {};
  object meta;
  if (members["meta"].get(meta) != simdjson::SUCCESS) return directory;
  bool wants = false;
  if (meta["externalAccountRequired"].get(wants) == simdjson::SUCCESS) directory.wants_external_account = wants;
  object profiles;
  if (meta["profiles"].get(profiles) == simdjson::SUCCESS) {
    for (const auto& [name, description] : profiles) {
      if (directory.profiles.size() < limits::acme_list) directory.profiles.emplace_back(name);
    }
  }
  return directory;
}

std::optional<Challenge> parse_challenge(std::string_view json) {
  const Message message(json);
  if (!message.good()) return {};
  return challenge_of(message.members());
}

std::optional<Authorization> parse_authorization(std::string_view json) {
  const Message message(json);
  if (!message.good()) return {};
  const object& members = message.members();
  Authorization authorization{.name = {}, .status = status_in(members), .challenges = {}};
  object identifier;
  if (members["identifier"].get(identifier) != simdjson::SUCCESS) return {};
  authorization.name = text::to_lower(text_in(identifier, "value"));
  simdjson::dom::array challenges;
  if (authorization.name.empty() || members["challenges"].get(challenges) != simdjson::SUCCESS) return {};
  for (const element each : challenges) {
    object one;
    if (each.get(one) != simdjson::SUCCESS || authorization.challenges.size() == limits::acme_list) return {};
    if (auto challenge = challenge_of(one)) authorization.challenges.push_back(std::move(*challenge));
  }
  return authorization;
}

std::optional<Order> parse_order(std::string_view json) {
  const Message message(json);
  if (!message.good()) return {};
  const object& members = message.members();
  Order order{.status = status_in(members),
              .authorizations = {},
              .finalize = url_in(members, "finalize"),
              .certificate = url_in(members, "certificate"),
              .error = error_in(members)};
  simdjson::dom::array authorizations;
  if (order.finalize.empty() || members["authorizations"].get(authorizations) != simdjson::SUCCESS) return {};
  for (const element each : authorizations) {
    std::string_view url;
    if (each.get(url) != simdjson::SUCCESS || !parse_url(url)) return {};
    if (order.authorizations.size() == limits::acme_list) return {};
    order.authorizations.emplace_back(url);
  }
  return order;
}

std::optional<RenewalWindow> parse_renewal_window(std::string_view json) {
  const Message message(json);
  object window;
  if (!message.good() || message.members()["suggestedWindow"].get(window) != simdjson::SUCCESS) return {};
  const auto start = parse_time(text_in(window, "start"));
  const auto end = parse_time(text_in(window, "end"));
  // RFC 9773 section 4.2: one that ends before it begins is to be taken for none.
  if (!start || !end || *end <= *start) return {};
  return RenewalWindow{.start = *start, .end = *end, .explanation = text_in(message.members(), "explanationURL")};
}

Problem parse_problem(std::string_view json) {
  const Message message(json);
  return message.good() ? problem_of(message.members()) : Problem{};
}

bool is_token(std::string_view text) {
  const auto fits = [](char c) { return text::is_alpha(c) || text::is_digit(c) || c == '-' || c == '_'; };
  return !text.empty() && text.size() <= limits::acme_token_bytes && std::ranges::all_of(text, fits);
}

}  // namespace weir::acme
