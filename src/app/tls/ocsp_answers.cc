// Who is asked when, and what becomes of what they say.
#include "app/tls/ocsp_answers.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "app/outgoing/http_client.h"
#include "app/outgoing/url.h"
#include "base/crypto.h"
#include "base/error_text.h"

namespace weir {
namespace {

/// Authorities are asked to be patient with clients, and clients with them: Apache waits 10 minutes after a failure.
constexpr auto after_failure = std::chrono::minutes{5};
constexpr auto after_failures_most = std::chrono::hours{2};
/// However short an answer's time is.
constexpr auto between_answers_least = std::chrono::minutes{5};
/// Real answers have 0.3 to 3 KiB; those that bring a responder's chain 8.
constexpr ByteCount answer_bytes_max = 64 * kibibyte;

tls::OcspVerdict judge(const tls::Identity& identity, std::string_view answer, WallTime now) {
  return tls::judge_ocsp(answer, identity.leaf(), identity.issuer(), now);
}

}  // namespace

struct OcspAnswers::Question {
  Question(std::string its_name, Url whom, std::string what)
      : name(std::move(its_name)), url(std::move(whom)), request(std::move(what)) {}

  /// What was said takes the place of what there was if it is good, or says that the certificate was revoked.
  void adopt(const tls::OcspVerdict& verdict, const std::string& answer) {
    if (verdict.status == tls::CertificateStatus::revoked) word = std::make_shared<Word>();
    if (verdict.status != tls::CertificateStatus::good) return;
    word = std::make_shared<Word>(Word{.staple = {.answer = answer, .until = verdict.until}, .trouble = {}});
    next = verdict.from + (verdict.until - verdict.from) / 2;
    failures = 0;
  }

  const std::string name;  // of what is asked: its answer is kept under that
  const Url url;
  const std::string request;
  std::shared_ptr<const tls::Identity> identity;  // as it was read last
  std::shared_ptr<const Word> word = std::make_shared<Word>();
  WallTime next{};  // when it is asked again
  unsigned failures = 0;
  bool open = false;
};

std::shared_ptr<OcspAnswers> OcspAnswers::of(SharedStates& states) {
  return states.find_or_make<OcspAnswers>("ocsp", [] { return std::make_shared<OcspAnswers>(); });
}

std::shared_ptr<OcspAnswers::Question> OcspAnswers::want(const std::shared_ptr<const tls::Identity>& identity,
                                                         WallTime now) {
  const auto url = parse_url(tls::ocsp_address(identity->leaf()));
  std::string request = tls::ocsp_request(identity->leaf(), identity->issuer());
  if (!url || request.empty()) return nullptr;
  const std::string name = crypto::encode_base64url(crypto::sha256(request));
  const std::lock_guard lock(mutex_);
  std::erase_if(questions_, [](const auto& each) { return each.second.expired(); });
  std::weak_ptr<Question>& place = questions_[name];
  std::shared_ptr<Question> question = place.lock();
  if (question == nullptr) place = question = std::make_shared<Question>(name, *url, std::move(request));
  question->identity = identity;
  if (const auto kept = kept_.extract(name)) question->adopt(judge(*identity, kept.mapped(), now), kept.mapped());
  return question;
}

std::shared_ptr<const OcspAnswers::Word> OcspAnswers::word(const Question& question) const {
  const std::lock_guard lock(mutex_);
  return question.word;
}

void OcspAnswers::ask_what_is_due(Shard& shard, WallTime now) {
  std::vector<std::shared_ptr<Question>> due;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [name, each] : questions_) {
      std::shared_ptr<Question> question = each.lock();
      if (question == nullptr || question->open || now < question->next) continue;
      question->open = true;
      due.push_back(std::move(question));
    }
  }
  for (std::shared_ptr<Question>& each : due) shard.scope.spawn(ask_one(shared_from_this(), std::move(each), shard));
}

Task<void> OcspAnswers::ask_one(std::shared_ptr<OcspAnswers> self, std::shared_ptr<Question> question, Shard& shard) {
  OutgoingRequest request{
      .url = question->url,
      .method = Method::post,
      .fields = {{"content-type", "application/ocsp-request"}, {"accept", "application/ocsp-response"}},
      .body = question->request,
      .answer_bytes_max = answer_bytes_max};
  const Result<OutgoingAnswer> answer = co_await ask(shard, std::move(request), nullptr);
  const WallTime now = shard.reactor.wall_now();
  if (answer && answer->status == 200) {
    self->take(*question, answer->body, now);
    co_return;
  }
  const std::lock_guard lock(self->mutex_);
  self->take_failure(*question,
                     answer ? fmt::format("it answered with status {}", answer->status) : text_of(answer.error()), now);
}

/// \pre the lock is held
void OcspAnswers::take_failure(Question& question, std::string why, WallTime now) {
  question.open = false;
  const auto wait = after_failure * (1U << std::min(question.failures++, 5U));
  question.next = now + std::min<Duration>(wait, after_failures_most);
  std::string trouble = fmt::format("{}: {}", question.url.text(), why);
  if (trouble == question.word->trouble) return;
  question.word = std::make_shared<Word>(Word{.staple = question.word->staple, .trouble = std::move(trouble)});
}

void OcspAnswers::take(Question& question, const std::string& answer, WallTime now) {
  std::unique_lock lock(mutex_);
  const std::shared_ptr<const tls::Identity> identity = question.identity;
  lock.unlock();  // signatures are verified
  const tls::OcspVerdict verdict = judge(*identity, answer, now);
  lock.lock();
  question.adopt(verdict, answer);
  const bool revoked = verdict.status == tls::CertificateStatus::revoked;
  const bool good = verdict.status == tls::CertificateStatus::good;
  if (good || revoked) unwritten_.insert(question.name);
  if (!good) return take_failure(question, verdict.what, now);
  question.open = false;
  question.next = std::max(question.next, now + between_answers_least);
}

void OcspAnswers::restore(const std::vector<StoreEntry>& entries, WallTime now) {
  const std::lock_guard lock(mutex_);
  for (const StoreEntry& entry : entries) {
    const std::string name = entry.key.substr(kept_under().size());
    const auto found = questions_.find(name);
    const std::shared_ptr<Question> question = found == questions_.end() ? nullptr : found->second.lock();
    if (question == nullptr)
      kept_[name] = entry.value;
    else if (question->word->staple.answer.empty())
      question->adopt(judge(*question->identity, entry.value, now), entry.value);
  }
}

std::vector<StoreWrite> OcspAnswers::take_changes(std::size_t most) {
  std::vector<StoreWrite> writes;
  const std::lock_guard lock(mutex_);
  while (!unwritten_.empty() && writes.size() < most) {
    const std::string name = std::move(unwritten_.extract(unwritten_.begin()).value());
    const auto found = questions_.find(name);
    const std::shared_ptr<Question> question = found == questions_.end() ? nullptr : found->second.lock();
    if (question == nullptr) continue;
    const std::string& answer = question->word->staple.answer;
    writes.push_back(
        {.key = std::string(kept_under()) + name, .value = answer.empty() ? std::nullopt : std::optional(answer)});
  }
  return writes;
}

void OcspAnswers::not_written(const std::vector<StoreWrite>& writes, WallTime) {
  const std::lock_guard lock(mutex_);
  for (const StoreWrite& write : writes) unwritten_.insert(write.key.substr(kept_under().size()));
}

bool OcspAnswers::is_over(const StoreEntry& entry, WallTime now) const {
  return tls::ocsp_ends(entry.value).value_or(now) <= now;
}

}  // namespace weir
