// The token out of the path, the text under it.
#include "server/challenge_reply.h"

namespace weir {

bool may_be_challenge(const RequestHead& request, bool secured) {
  return !secured && (request.method == Method::get || request.method == Method::head) &&
         request.path.starts_with(ChallengeAnswers::path_prefix);
}

Reply answer_challenge(Exchange& exchange, ChallengeAnswers& answers, Reply (*otherwise)(Exchange&)) {
  const std::string_view token = exchange.request.path.substr(ChallengeAnswers::path_prefix.size());
  const std::optional<std::string> text = co_await answers.answer(exchange.shard, std::string(token));
  if (!text) co_return co_await otherwise(exchange);
  exchange.record({.room = "acme", .verdict = "answered", .subject = {}, .reason = "challenge", .place = {}});
  Answer answer(exchange.arena);
  const std::string_view content = exchange.arena.copy(*text);
  answer.head.fields.append("content-type", "application/octet-stream");
  answer.head.framing = {.kind = Framing::Kind::length, .length = content.size()};
  answer.body = BodyPointer(exchange.arena.make<FixedBody>(content));
  co_return answer;
}

}  // namespace weir
