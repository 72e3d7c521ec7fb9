// Who is asked when, and what becomes of what they say.
#include "app/tls/ocsp_answers.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "app/outgoing/http_client.h"
#include "base/crypto.h"
#include "base/error_text.h"
#include "net/tls/ocsp.h"

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

std::shared_ptr<OcspAnswers> OcspAnswers::of(SharedStates& states) {
  return states.find_or_make<OcspAnswers>("ocsp", [] { return std::make_shared<OcspAnswers>(); });
}

std::string OcspAnswers::want(const std::shared_ptr<const tls::Identity>& identity) {
  const auto url = parse_url(tls::ocsp_address(identity->leaf()));
  const std::string request = tls::ocsp_request(identity->leaf(), identity->issuer());
  if (!url || request.empty()) return {};
  std::string name = crypto::encode_base64url(crypto::sha256(request));
  const std::lock_guard lock(mutex_);
  std::erase_if(questions_, [](const auto& each) { return each.second.identity.expired() && !each.second.open; });
  Question& question = questions_[name];
  question.identity = identity;
  question.url = *url;
  question.request = request;
  if (const auto kept = kept_.find(name); kept != kept_.end()) {
    if (question.word.answer.empty()) question.word.answer = std::move(kept->second);
    kept_.erase(kept);
  }
  return name;
}

OcspAnswers::Word OcspAnswers::word(const std::string& question) const {
  const std::lock_guard lock(mutex_);
  const auto found = questions_.find(question);
  return found == questions_.end() ? Word{} : found->second.word;
}

std::uint64_t OcspAnswers::version() const {
  const std::lock_guard lock(mutex_);
  return version_;
}

void OcspAnswers::ask_what_is_due(Shard& shard, WallTime now) {
  std::vector<std::string> due;
  {
    const std::lock_guard lock(mutex_);
    for (auto& [name, question] : questions_) {
      if (question.open || now < question.next) continue;
      question.open = true;
      due.push_back(name);
    }
  }
  for (const std::string& name : due) shard.scope.spawn(ask_one(shared_from_this(), name, shard));
}

Task<void> OcspAnswers::ask_one(std::shared_ptr<OcspAnswers> self, std::string name, Shard& shard) {
  OutgoingRequest request{
      .method = Method::post,
      .fields = {{"content-type", "application/ocsp-request"}, {"accept", "application/ocsp-response"}},
      .answer_bytes_max = answer_bytes_max};
  {
    const std::lock_guard lock(self->mutex_);
    const Question& question = self->questions_.at(name);
    request.url = question.url;
    request.body = question.request;
  }
  Result<OutgoingAnswer> answer = co_await ask(shard, std::move(request), nullptr);
  const WallTime now = shard.reactor.wall_now();
  if (answer && answer->status == 200) {
    self->take(name, std::move(answer->body), now);
    co_return;
  }
  const std::lock_guard lock(self->mutex_);
  self->take_failure(self->questions_.at(name),
                     answer ? fmt::format("it answered with status {}", answer->status) : text_of(answer.error()), now);
}

/// \pre the lock is held
void OcspAnswers::take_failure(Question& question, std::string why, WallTime now) {
  question.open = false;
  const auto wait = after_failure * (1U << std::min(question.failures++, 5U));
  question.next = now + std::min<Duration>(wait, after_failures_most);
  std::string trouble = fmt::format("{}: {}", question.url.text(), why);
  if (trouble == question.word.trouble) return;
  question.word.trouble = std::move(trouble);
  ++version_;
}

void OcspAnswers::take(const std::string& name, std::string answer, WallTime now) {
  const std::lock_guard lock(mutex_);
  Question& question = questions_.at(name);
  const std::shared_ptr<const tls::Identity> identity = question.identity.lock();
  if (identity == nullptr) {  // nobody has the certificate any more
    question.open = false;
    return;
  }
  const tls::OcspVerdict verdict = judge(*identity, answer, now);
  if (verdict.status != tls::CertificateStatus::good) {
    if (verdict.status == tls::CertificateStatus::revoked) {
      question.word.answer.clear();
      unwritten_.insert(name);
    }
    return take_failure(question, verdict.what, now);
  }
  question.open = false;
  question.failures = 0;
  question.word = {.answer = std::move(answer), .trouble = {}};
  const WallTime half = verdict.from + (verdict.until - verdict.from) / 2;
  question.next = std::max(half, now + between_answers_least);
  unwritten_.insert(name);
  ++version_;
}

void OcspAnswers::restore(const std::vector<StoreEntry>& entries, WallTime now) {
  const std::lock_guard lock(mutex_);
  for (const StoreEntry& entry : entries) {
    const std::string name = entry.key.substr(kept_under().size());
    const auto found = questions_.find(name);
    if (found == questions_.end()) {
      kept_[name] = entry.value;
      continue;
    }
    Question& question = found->second;
    const std::shared_ptr<const tls::Identity> identity = question.identity.lock();
    if (!question.word.answer.empty() || identity == nullptr) continue;
    const tls::OcspVerdict verdict = judge(*identity, entry.value, now);
    if (verdict.status != tls::CertificateStatus::good) continue;
    question.word.answer = entry.value;
    question.next = verdict.from + (verdict.until - verdict.from) / 2;
  }
  ++version_;
}

std::vector<StoreWrite> OcspAnswers::take_changes(std::size_t most) {
  std::vector<StoreWrite> writes;
  const std::lock_guard lock(mutex_);
  while (!unwritten_.empty() && writes.size() < most) {
    const std::string name = std::move(unwritten_.extract(unwritten_.begin()).value());
    const auto found = questions_.find(name);
    if (found == questions_.end()) continue;
    const std::string& answer = found->second.word.answer;
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
