// Names, questions, answers.
#include "filters/limit/redis/counting.h"

#include "base/crypto.h"

namespace weir::limit {
namespace {

/// 96 bits: among a thousand million keys, two meet with a probability of 10^-11.
constexpr std::size_t digest_bytes = 12;
constexpr std::size_t rule_digest_bytes = 6;
constexpr std::size_t numbers_each = 6;
constexpr std::size_t arguments_each = 10;

std::string short_digest(std::string_view bytes, std::size_t length) {
  const crypto::Digest digest = crypto::sha256(bytes);
  return crypto::encode_base64url(std::span(digest).first(length));
}

std::string_view kind_of(Algorithm algorithm) {
  switch (algorithm) {
    case Algorithm::token_bucket:
    case Algorithm::gcra:
      return "b";
    case Algorithm::fixed_window:
      return "f";
    case Algorithm::sliding_window:
      return "s";
    case Algorithm::sliding_log:
      return "l";
    case Algorithm::calendar:
      break;  // quotas are not counted in Redis
  }
  return "";
}

/// Bulk strings without the count of a command in front.
class Words {
 public:
  Words& text(std::string_view text) {
    bytes_ += '$' + std::to_string(text.size()) + "\r\n";
    bytes_ += text;
    bytes_ += "\r\n";
    return *this;
  }
  Words& number(std::int64_t number) { return text(std::to_string(number)); }
  Words& raw(std::string_view bytes) {
    bytes_ += bytes;
    return *this;
  }
  [[nodiscard]] std::string take() { return std::move(bytes_); }

 private:
  std::string bytes_;
};

Duration microseconds(std::int64_t count) {
  constexpr std::int64_t most = std::int64_t{10} * 366 * 24 * 3600 * 1'000'000;
  return std::chrono::microseconds{std::min(count, most)};
}

}  // namespace

RedisRule::RedisRule(const Budget& budget, bool dry_run, std::string_view prefix, std::string_view identity)
    : prefix_(std::string(prefix) + ":{"), suffix_("}:" + short_digest(identity, rule_digest_bytes)) {
  const auto number = [](std::uint64_t value) { return static_cast<std::int64_t>(value); };
  arguments_ = Words()
                   .text(kind_of(budget.algorithm))
                   .number(number(budget.limit))
                   .number(std::chrono::duration_cast<std::chrono::microseconds>(budget.window).count())
                   .number(number(budget.unit_nanoseconds()))
                   .number(number(budget.burst))
                   .number(number(budget.debt))
                   .number(budget.delay.count())
                   .number(dry_run ? 1 : 0)
                   .take();
}

std::string RedisRule::key_of(std::string_view values) const {
  return prefix_ + short_digest(values, digest_bytes) + suffix_;
}

redis::Request counting_request(RedisFunction function, std::span<const RedisAsked> asked) {
  Words words;
  words.number(static_cast<std::int64_t>(asked.size()));
  for (const RedisAsked& each : asked) words.text(each.key);
  for (const RedisAsked& each : asked) words.raw(each.rule->arguments()).number(each.cost).number(each.more);
  return {
      .function = static_cast<int>(function), .bytes = words.take(), .words = 1 + asked.size() * (1 + arguments_each)};
}

bool read_taken(const redis::Value& answer, std::span<RedisTaken> taken) {
  if (!answer.is_list() || answer.size() != taken.size() * numbers_each) return false;
  std::vector<std::int64_t> numbers;
  numbers.reserve(answer.size());
  answer.for_each([&](const redis::Value& value) {
    if (value.kind() == redis::Kind::integer) numbers.push_back(value.integer());
  });
  if (numbers.size() != answer.size()) return false;
  for (std::size_t at = 0; at < taken.size(); ++at) {
    const std::span<const std::int64_t> of = std::span(numbers).subspan(at * numbers_each, numbers_each);
    if (of[1] < 0 || of[2] < -1 || of[3] < 0 || of[4] < 0) return false;
    taken[at] = {.admitted = of[0] == 1,
                 .remaining = static_cast<std::uint64_t>(of[1]),
                 .wait = of[2] < 0 ? no_limit : microseconds(of[2]),
                 .reset = microseconds(of[3]),
                 .leased = static_cast<std::uint64_t>(of[4]),
                 .mark = of[5]};
  }
  return true;
}

}  // namespace weir::limit
