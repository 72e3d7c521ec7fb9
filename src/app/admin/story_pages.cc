// Asking all cores, and the body that never ends by itself.
#include "app/admin/story_pages.h"

#include <fmt/format.h>

#include <memory>
#include <string>

#include "app/admin/page.h"
#include "app/admin/query.h"
#include "app/json_writer.h"
#include "app/story_text.h"
#include "app/time_text.h"
#include "base/limits.h"
#include "base/text.h"
#include "runtime/elsewhere.h"
#include "server/gateway.h"

namespace weir {
namespace {

/// Shorter beginnings would meet strangers.
constexpr std::size_t id_bytes_min = 6;
/// An empty line, so that a client that went away without a word is noticed.
constexpr Duration heartbeat = std::chrono::seconds{5};
constexpr unsigned rate_default = 200;
constexpr unsigned rate_max = 100'000;

std::string nothing_found(const FoundStories& found, std::string_view id) {
  if (!found.kept) return "stories are off: write stories: 16MiB into the configuration\n";
  std::string text =
      fmt::format("no story of {}: it is not over yet, another process served it, or it is forgotten\n", id);
  if (found.remembered == 0) return text + "nothing is remembered yet\n";
  return text + fmt::format("{} requests are remembered; ordinary ones since {} at the latest\n", found.remembered,
                            time_text(found.since));
}

std::string found_text(const FoundStories& found, const Gateway& gateway) {
  std::string text;
  for (const std::string& bytes : found.stories) {
    const Story story = read_story(bytes);
    if (!text.empty()) text += '\n';
    text += story_text(story, today(gateway, story));
  }
  return text;
}

std::string found_json(const FoundStories& found, const Gateway& gateway) {
  JsonWriter json;
  json.begin_object().key("stories").begin_array();
  for (const std::string& bytes : found.stories) {
    const Story story = read_story(bytes);
    const StoryToday now = today(gateway, story);
    json.raw(story_json(story, &now));
  }
  json.end_array().member("remembered", found.remembered).end_object();
  return json.take() + "\n";
}

/// Lines of what ends, for as long as somebody reads them.
class TailBody final : public Body {
 public:
  TailBody(Exchange& exchange, std::shared_ptr<StoryFeed> feed, bool as_text)
      : exchange_(exchange), feed_(std::move(feed)), as_text_(as_text) {}
  TailBody(const TailBody&) = delete;
  TailBody& operator=(const TailBody&) = delete;
  ~TailBody() override { feed_->close(); }

  Task<Result<Piece>> read() override {
    // Whoever watches for hours must not keep an old configuration.
    if (exchange_.snapshot) exchange_.release_snapshot();
    CO_TRY(const StoryParcel parcel, co_await StoryFeed::Next(*feed_, heartbeat));
    lines_.clear();
    for_each_story(parcel.stories, [this](std::string_view bytes) { add(read_story(bytes)); });
    if (parcel.skipped > 0) add_skipped(parcel.skipped);
    if (lines_.empty()) lines_ = "\n";
    co_return Piece{.bytes = lines_};
  }

 private:
  void add(const Story& story) {
    if (as_text_)
      lines_ += story_line(story);
    else
      (lines_ += story_json(story, nullptr)) += '\n';
  }
  void add_skipped(std::uint64_t count) {
    if (as_text_)
      lines_ += fmt::format("# {} more like these are not shown\n", count);
    else
      lines_ += fmt::format("{{\"skipped\":{}}}\n", count);
  }

  Exchange& exchange_;
  std::shared_ptr<StoryFeed> feed_;
  bool as_text_;
  std::string lines_;
};

Answer enough_follow(Exchange& exchange) {
  Answer answer =
      problem_page(exchange, 503, "too_many_followers",
                   fmt::format("{} follow live requests already, and more may not at once", limits::tail_followers),
                   "end one of them; one whose reader went away without a word is forgotten within seconds");
  answer.head.fields.append(FieldName::retry_after, "5");  // the heartbeat, by which the dead are known
  return answer;
}

struct TailQuestion {
  StoryFilter filter;
  unsigned rate = rate_default;
};

/// \returns  or else what is wrong with the question
std::expected<TailQuestion, std::string> read_question(std::string_view query) {
  TailQuestion question;
  if (const auto status = query_value(query, "status")) {
    auto ranges = parse_statuses(*status);
    if (!ranges) return std::unexpected(std::move(ranges.error()));
    question.filter.statuses = std::move(*ranges);
  }
  question.filter.route = query_value(query, "route").value_or("");
  question.filter.upstream = query_value(query, "upstream").value_or("");
  if (const auto slower = query_value(query, "slower")) {
    const auto duration = duration_of(*slower);
    if (!duration) return std::unexpected(fmt::format("\"{}\" is not a duration: write 200ms or 1s", *slower));
    question.filter.slower = *duration;
  }
  if (const auto rate = query_value(query, "rate")) {
    const auto number = text::parse_decimal(*rate);
    if (!number || *number == 0 || *number > rate_max)
      return std::unexpected(fmt::format("\"{}\" is not a rate: write a number of lines a second", *rate));
    question.rate = static_cast<unsigned>(*number);
  }
  return question;
}

}  // namespace

Reply show_story(Exchange& exchange, Stories& stories, std::span<Shard* const> shards) {
  std::string id = query_value(exchange.request.query, "id").value_or("");
  if (id.size() < id_bytes_min) {
    co_return page(exchange, 400, plain_text, "id= is the request id, or its beginning: at least 6 characters\n");
  }
  auto asked =
      elsewhere<FoundStories>(exchange.shard.reactor, [&](auto done) { stories.find(shards, id, std::move(done)); });
  CO_TRY(const FoundStories found, co_await asked);
  const Status status = found.stories.empty() ? 404 : 200;
  const auto& gateway = static_cast<const Gateway&>(*exchange.snapshot);
  if (!wants_text(exchange)) co_return page(exchange, status, json_text, found_json(found, gateway));
  co_return page(exchange, status, plain_text,
                 found.stories.empty() ? nothing_found(found, id) : found_text(found, gateway));
}

Reply follow_stories(Exchange& exchange, Stories& stories, std::span<Shard* const> shards) {
  auto question = read_question(exchange.request.query);
  if (!question) co_return page(exchange, 400, plain_text, question.error() + "\n");
  const auto feed =
      std::make_shared<StoryFeed>(exchange.shard.reactor, std::move(question->filter), question->rate, shards.size());
  if (!stories.follow(shards, feed)) co_return enough_follow(exchange);
  Answer answer(exchange.arena);
  const bool as_text = wants_text(exchange);
  answer.head.fields.append(FieldName::content_type, as_text ? plain_text : std::string_view("application/jsonl"));
  answer.head.fields.append(FieldName::cache_control, "no-store");
  answer.head.framing = {.kind = Framing::Kind::until_close};
  answer.body = BodyPointer(exchange.arena.make<TailBody>(exchange, feed, as_text));
  co_return answer;
}

}  // namespace weir
