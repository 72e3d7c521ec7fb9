// Choosing and writing the bodies of problem.h.
#include "http/problem.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"

namespace weir {
namespace {

/// How much a format is wanted: quality in thousandths, then how exactly it was named.
struct Wish {
  int quality = 0;
  int exactness = 0;  // 0 not named, 1 */*, 2 text/*, 3 text/html

  /// A more exact range overrides a less exact one, whatever its quality.
  void refine(Wish other) {
    if (other.exactness >= exactness) *this = other;
  }
  [[nodiscard]] bool better_than(Wish other) const {
    return quality != other.quality ? quality > other.quality : exactness > other.exactness;
  }
};

/// `0.5` as 500; malformed weights count as 1 (RFC 9110 section 12.4.2: up to three digits).
int parse_quality(std::string_view weight) {
  if (!weight.starts_with('0')) return 1000;
  int quality = 0;
  int unit = 100;
  for (std::size_t at = 2; at < weight.size() && unit > 0 && text::is_digit(weight[at]); ++at, unit /= 10) {
    quality += (weight[at] - '0') * unit;
  }
  return quality;
}

int quality_of(std::string_view parameters) {
  while (!parameters.empty()) {
    const std::size_t end = std::min(parameters.find(';'), parameters.size());
    const std::string_view parameter = text::trim(parameters.substr(0, end));
    if (parameter.starts_with("q=") || parameter.starts_with("Q=")) return parse_quality(parameter.substr(2));
    parameters.remove_prefix(std::min(end + 1, parameters.size()));
  }
  return 1000;
}

int exactness_of(std::string_view range, std::string_view type) {
  if (range == "*/*") return 1;
  if (text::equal_ignoring_case(range, type)) return 3;
  const bool whole_family = range.ends_with("/*") && text::equal_ignoring_case(range.substr(0, range.size() - 1),
                                                                               type.substr(0, type.find('/') + 1));
  return whole_family ? 2 : 0;
}

Wish wish_for(std::string_view accept, std::string_view type) {
  Wish wish;
  text::for_each_member(accept, [&](std::string_view member) {
    const std::size_t end = std::min(member.find(';'), member.size());
    const int exactness = exactness_of(text::trim(member.substr(0, end)), type);
    if (exactness != 0) wish.refine({.quality = quality_of(member.substr(end)), .exactness = exactness});
  });
  return wish;
}

void append_html_escaped(std::string& out, std::string_view value) {
  for (const char c : value) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        out += c;
    }
  }
}

std::string render_json(const Problem& problem, std::string_view title) {
  std::string body = "{\"type\":\"about:blank\",\"title\":";
  text::append_json_string(body, title);
  body += fmt::format(",\"status\":{},\"detail\":", problem.status);
  text::append_json_string(body, problem.detail.empty() ? problem.sentence : problem.detail);
  body += ",\"reason\":";
  text::append_json_string(body, problem.reason);
  if (!problem.request_id.empty()) {
    body += ",\"request_id\":";
    text::append_json_string(body, problem.request_id);
  }
  body += "}\n";
  return body;
}

std::string render_html(const Problem& problem, std::string_view title) {
  const auto paragraph = [](std::string& body, std::string_view before, std::string_view value) {
    if (value.empty()) return;
    body += "<p>";
    body += before;
    append_html_escaped(body, value);
    body += "</p>\n";
  };
  std::string body = fmt::format(
      "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" "
      "content=\"width=device-width\">\n"
      "<title>{0} {1}</title>\n<style>body{{font:16px/1.5 system-ui,sans-serif;max-width:40em;margin:15vh "
      "auto;padding:0 1em}}"
      "</style>\n<h1>{0} {1}</h1>\n",
      problem.status, title);
  paragraph(body, "", problem.sentence);
  paragraph(body, "", problem.detail);
  paragraph(body, "Reason: ", problem.reason);
  paragraph(body, "Request: ", problem.request_id);
  return body;
}

std::string render_plain(const Problem& problem, std::string_view title) {
  std::string body = fmt::format("{} {}: {}\n", problem.status, title, problem.sentence);
  if (!problem.detail.empty()) body += fmt::format("{}\n", problem.detail);
  body += fmt::format("reason: {}\n", problem.reason);
  if (!problem.request_id.empty()) body += fmt::format("request: {}\n", problem.request_id);
  return body;
}

}  // namespace

ProblemFormat choose_problem_format(std::string_view accept) {
  if (accept.empty()) return ProblemFormat::plain;
  Wish json = wish_for(accept, "application/problem+json");
  if (const Wish ordinary = wish_for(accept, "application/json"); ordinary.better_than(json)) json = ordinary;
  const Wish html = wish_for(accept, "text/html");
  const Wish plain = wish_for(accept, "text/plain");
  // Between formats that are named equally exactly programs come first; between mere wildcards, plain text does.
  const bool plain_first = plain.exactness < 3;
  ProblemFormat best = ProblemFormat::plain;
  Wish best_wish = plain_first ? plain : Wish{};
  const auto consider = [&](ProblemFormat format, Wish wish) {
    if (wish.quality == 0 || !wish.better_than(best_wish)) return;
    best = format;
    best_wish = wish;
  };
  consider(ProblemFormat::json, json);
  consider(ProblemFormat::html, html);
  if (!plain_first) consider(ProblemFormat::plain, plain);
  return best;
}

std::string_view content_type_of(ProblemFormat format) {
  switch (format) {
    case ProblemFormat::plain:
      return "text/plain; charset=utf-8";
    case ProblemFormat::html:
      return "text/html; charset=utf-8";
    case ProblemFormat::json:
      return "application/problem+json";
  }
  return "text/plain; charset=utf-8";
}

std::string render_problem(const Problem& problem, ProblemFormat format) {
  const std::string_view phrase = phrase_of(problem.status);
  const std::string_view title = phrase.empty() ? "Error" : phrase;
  switch (format) {
    case ProblemFormat::json:
      return render_json(problem, title);
    case ProblemFormat::html:
      return render_html(problem, title);
    case ProblemFormat::plain:
      break;
  }
  return render_plain(problem, title);
}

}  // namespace weir
