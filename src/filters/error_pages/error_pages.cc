// Choosing a page, and putting it in the place of a body.
#include "filters/error_pages/error_pages.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

#include "contracts/packed_facts.h"
#include "http/accept.h"
#include "http/vary.h"

namespace weir {
namespace {

/// Best of `pages` among those that match `status` as `match` says; `best` and `wish` stay when none is better.
void consider(std::span<const ErrorPage> pages, Status status, ErrorPage::Match match, std::string_view accept,
              const ErrorPage*& best, MediaWish& wish) {
  for (const ErrorPage& page : pages) {
    if (page.match(status) != match) continue;
    // No Accept means that everything will do (RFC 9110 section 12.5.1).
    const MediaWish wanted =
        accept.empty() ? MediaWish{.quality = 1000, .exactness = 1} : wish_for(accept, page.media_type);
    if (!wanted.better_than(wish)) continue;
    best = &page;
    wish = wanted;
  }
}

/// How much the client wants one of the forms that Weir writes itself; only forms it names count, not wildcards.
MediaWish wish_for_built_in(std::string_view accept) {
  MediaWish best;
  for (const std::string_view type : {"application/problem+json", "application/json", "text/html", "text/plain"}) {
    const MediaWish wish = wish_for(accept, type);
    if (wish.exactness == 3 && wish.better_than(best)) best = wish;
  }
  return best;
}

/// What describes the body that goes, and not the answer.
void forget_old_body(Fields& fields) {
  static constexpr std::array<std::string_view, 14> of_the_body{
      "accept-ranges",    "content-digest", "content-disposition", "content-encoding", "content-language",
      "content-length",   "content-md5",    "content-range",       "content-type",     "digest",
      "content-location", "etag",           "last-modified",       "repr-digest"};
  fields.remove_if([](const Field& field) { return std::ranges::find(of_the_body, field.name) != of_the_body.end(); });
}

/// Reads what is already there of a body that nobody will see: an upstream connection whose answer was read to its end
/// stays in use.
void pass_over(Body& body) {
  constexpr unsigned pieces_max = 4;
  for (unsigned count = 0; count < pieces_max; ++count) {
    const std::optional<Result<Piece>> piece = body.try_read();
    if (!piece || !*piece || (*piece)->end) return;
  }
}

/// What an exchange carries to error_reply: this filter, then the one around it.
class Pages final : public ErrorPages {
 public:
  Pages(const ErrorPagesFilter& filter, const ErrorPages* outer) : filter_(filter), outer_(outer) {}
  void dress(Exchange& exchange, Answer& answer) const override {
    if (!filter_.replace_body(exchange, answer) && outer_ != nullptr) outer_->dress(exchange, answer);
  }

 private:
  const ErrorPagesFilter& filter_;
  const ErrorPages* outer_;
};

}  // namespace

ErrorPage::Match ErrorPage::match(Status status) const {
  if (std::ranges::find(statuses, status) != statuses.end()) return Match::by_name;
  const unsigned status_class = status / 100U;
  return (status_class == 4 && whole_4xx) || (status_class == 5 && whole_5xx) ? Match::by_class : Match::none;
}

std::string_view pack(const ErrorPageFacts& facts, Arena& arena) {
  FactsWriter writer;
  writer.value(facts.status);
  writer.text(facts.accept);
  return writer.kept_in(arena);
}

std::optional<ErrorPageFacts> unpack_error_page_facts(std::string_view bytes) {
  FactsReader reader(bytes);
  ErrorPageFacts facts;
  if (!reader.value(facts.status) || !reader.text(facts.accept) || !reader.at_end()) return {};
  return facts;
}

ErrorPageVerdict choose_error_page(std::span<const ErrorPage> pages, const ErrorPageFacts& facts) {
  using Match = ErrorPage::Match;
  const auto [status, accept] = facts;
  const auto has = [&](Match match) {
    return std::ranges::any_of(pages, [&](const ErrorPage& page) { return page.match(facts.status) == match; });
  };
  const Match match = has(Match::by_name) ? Match::by_name : Match::by_class;
  if (!has(match)) return {.page = nullptr, .reason = "no_page_for_status"};
  const ErrorPage* best = nullptr;
  MediaWish wish;
  consider(pages, status, match, accept, best, wish);
  if (best == nullptr || wish_for_built_in(accept).better_than(wish))
    return {.page = nullptr, .by_accept = true, .reason = "client_prefers_other_form"};
  return {.page = best, .by_accept = true, .reason = "own_page"};
}

Reply ErrorPagesFilter::handle(Exchange& exchange, Next next) const {
  exchange.error_pages = exchange.arena.make<Pages>(*this, exchange.error_pages);
  return watch_answers(exchange, std::move(next));
}

// Errors are dressed where they become answers; what is here is an answer that somebody gave with an error's status.
Reply ErrorPagesFilter::watch_answers(Exchange& exchange, Next next) const {
  CO_TRY(Answer answer, co_await std::move(next)(exchange));
  if (concerns(exchange, answer)) replace_body(exchange, answer);
  co_return answer;
}

bool ErrorPagesFilter::concerns(const Exchange& exchange, const Answer& answer) const {
  if (answer.head.status < 400) return false;
  const bool from_upstream = exchange.attempts > 0;
  // A service of ours that says something says it on purpose; `respond: 404` says nothing.
  return from_upstream ? upstream_ == ErrorPagesOptions::Upstream::replace : answer.body == nullptr;
}

bool ErrorPagesFilter::replace_body(Exchange& exchange, Answer& answer) const {
  const ErrorPageFacts facts{.status = answer.head.status, .accept = exchange.request.fields.get(FieldName::accept)};
  const ErrorPageVerdict verdict = choose_error_page(pages_, facts);
  exchange.record({.room = "error_pages",
                   .verdict = verdict.page != nullptr ? "replaced" : "kept",
                   .subject = {},
                   .reason = verdict.reason,
                   .place = verdict.page != nullptr ? verdict.page->place : Place{},
                   .facts = exchange.keeps_facts() ? pack(facts, exchange.arena) : ""});
  if (verdict.by_accept) add_vary(answer.head.fields, "accept");
  if (verdict.page == nullptr) return false;
  const ErrorPage& page = *verdict.page;
  Fields& fields = answer.head.fields;
  forget_old_body(fields);
  if (answer.body != nullptr) pass_over(*answer.body);
  fields.append(FieldName::content_type, page.content_type);
  answer.head.framing = {.kind = Framing::Kind::length, .length = page.text.size()};
  answer.body = BodyPointer(exchange.arena.make<FixedBody>(page.text));
  return true;
}

Effect ErrorPagesFilter::rehearse(ImaginedRequest&) const {
  std::vector<std::string> statuses;
  for (const ErrorPage& page : pages_) {
    for (const Status status : page.statuses) statuses.push_back(std::to_string(status));
    if (page.whole_4xx) statuses.emplace_back("4xx");
    if (page.whole_5xx) statuses.emplace_back("5xx");
  }
  std::ranges::sort(statuses);
  const auto doubled = std::ranges::unique(statuses);
  statuses.erase(doubled.begin(), doubled.end());
  const bool replaces = upstream_ == ErrorPagesOptions::Upstream::replace;
  return {.text = fmt::format("own pages for {}{}", fmt::join(statuses, ", "),
                              replaces ? ", also in place of what the upstream answers" : "")};
}

}  // namespace weir
