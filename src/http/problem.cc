// Choosing and writing the bodies of problem.h.
#include "http/problem.h"

#include <fmt/format.h>

#include "base/text.h"
#include "http/accept.h"
#include "http/html.h"

namespace weir {
namespace {

std::string render_json(const Problem& problem, std::string_view title) {
  std::string body = "{\"type\":";
  text::append_json_string(body, problem.type.empty() ? std::string_view("about:blank") : problem.type);
  body += ",\"title\":";
  text::append_json_string(body, title);
  body += fmt::format(",\"status\":{},\"detail\":", problem.status);
  text::append_json_string(body, problem.detail.empty() ? problem.sentence : problem.detail);
  body += ",\"reason\":";
  text::append_json_string(body, problem.reason);
  if (!problem.request_id.empty()) {
    body += ",\"request_id\":";
    text::append_json_string(body, problem.request_id);
  }
  body += problem.members;
  body += "}\n";
  return body;
}

std::string render_html(const Problem& problem, std::string_view title) {
  const auto paragraph = [](std::string& body, std::string_view before, std::string_view value) {
    if (value.empty()) return;
    body += "<p>";
    body += before;
    append_html(body, value);
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
  MediaWish json = wish_for(accept, "application/problem+json");
  if (const MediaWish ordinary = wish_for(accept, "application/json"); ordinary.better_than(json)) json = ordinary;
  const MediaWish html = wish_for(accept, "text/html");
  const MediaWish plain = wish_for(accept, "text/plain");
  // Between formats that are named equally exactly programs come first; between mere wildcards, plain text does.
  const bool plain_first = plain.exactness < 3;
  ProblemFormat best = ProblemFormat::plain;
  MediaWish best_wish = plain_first ? plain : MediaWish{};
  const auto consider = [&](ProblemFormat format, MediaWish wish) {
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
