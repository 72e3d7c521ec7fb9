// The conversation that most kinds have: one question, and an answer that is judged as it grows.
#include "contracts/health_check.h"

namespace weir {

Task<ProbeResult> converse(Stream& stream, std::string_view question, const JudgeAnswer& judge, Time deadline) {
  Reactor& reactor = stream.reactor();
  const auto left = [&] { return std::max(deadline - reactor.now(), Duration::zero()); };
  if (!question.empty()) {
    const Result<void> sent = co_await stream.send(question, left());
    // A server that closes before it has read the question may have said why.
    if (!sent && sent.error().code == Code::timed_out) co_return ProbeResult{.reason = name_of(Code::timed_out)};
  }
  std::string answer;
  while (true) {
    const Result<std::span<char>> received = co_await stream.receive(left());
    if (!received) co_return ProbeResult{.reason = name_of(received.error().code)};
    const bool ended = received->empty();
    answer.append(received->data(), std::min(received->size(), limits::health_answer_bytes - answer.size()));
    if (const auto verdict = judge(answer, ended || answer.size() >= limits::health_answer_bytes)) co_return *verdict;
    if (ended) co_return ProbeResult{.reason = "no_answer"};
  }
}

}  // namespace weir
