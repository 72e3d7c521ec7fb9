// The runner's part in small limits: questions from the desk to their owners, and answers for the others.
#include <fmt/format.h>

#include <algorithm>

#include "filters/limit/fleet/runner.h"

namespace weir::limit::fleet {
namespace {

/// For how long a machine that heard of a majority may own keys. Where nothing is reported it hears every 100 ms.
constexpr Duration majority_life = std::chrono::milliseconds{500};

}  // namespace

void Runner::take_questions(std::vector<Desk::Left> left) {
  const Time now = shard_.reactor.now();
  for (Desk::Left& each : left) {
    const std::uint64_t id = next_question_++;
    if (each.done) asked_.emplace(id, std::move(each.done));
    asker_.ask(each.question, id, now);
  }
  go_on_asking(now);
}

std::optional<Answer> Runner::answer(const Question& question, Time now) {
  auto found = owned_.find(question.rule);
  // A configuration may have come a moment ago.
  if (found == owned_.end() && now - rules_found_ >= interval) {
    find_rules();
    found = owned_.find(question.rule);
  }
  return found == owned_.end() ? std::nullopt : std::optional(found->second->answer(question, now));
}

void Runner::answered(std::uint64_t id, OwnedSource source, const Answer& answer) {
  auto asked = asked_.extract(id);
  if (!asked.empty()) asked.mapped()(source, answer);
}

void Runner::hear(MemberNumber from, std::string_view bytes) {
  const Time now = shard_.reactor.now();
  const std::optional<MessageKind> kind = kind_of(bytes);
  if (kind != MessageKind::questions && kind != MessageKind::answers) return member_.hear(from, bytes, now);
  asker_.hear(from, bytes, now);
  go_on_asking(now);
}

void Runner::tick_owners(Time now) {
  std::array<bool, slots> whole{};
  for (std::uint8_t slot = 0; slot < slots; ++slot) {
    if (member_.mode_of(slot, now) == Mode::whole) whole_at_[slot] = now;
    whole[slot] = whole_at_[slot] != Time{} && now - whole_at_[slot] <= majority_life;
    desk_->allow(slot, whole[slot]);
  }
  asker_.allow(whole);
  asker_.tick(now);
  go_on_asking(now);
}

void Runner::fire(Time now) {
  asker_.tick(now);
  go_on_asking(now);
}

void Runner::go_on_asking(Time now) {
  if (stopping_) return;
  dial_wanted(asker_.take_wanted());
  flush_all();
  const Time due = asker_.next_due();
  if (due == never) return shard_.reactor.timers().disarm(*this);
  shard_.reactor.timers().arm(*this, std::max(due, now + std::chrono::microseconds{100}));
}

/// At most a line in a while: an owner that comes and goes does not fill the log.
void Runner::tell_of_owner(MemberNumber peer, bool suspected) {
  constexpr Duration between_lines = std::chrono::seconds{1};
  const Time now = shard_.reactor.now();
  if (shard_.notices == nullptr || (told_of_owners_ != Time{} && now - told_of_owners_ < between_lines)) return;
  told_of_owners_ = now;
  const std::string& name = settings_.members[peer].name;
  shard_.notices->warning(
      suspected ? fmt::format(
                      "fleet {}: {} does not answer as the owner of small limits; the next in each key's order decides",
                      settings_.name, name)
                : fmt::format("fleet {}: {} answers again as the owner of small limits", settings_.name, name));
}

}  // namespace weir::limit::fleet
