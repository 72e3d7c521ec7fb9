// Route, send, match, suspect; and the answers of an owner.
#include "filters/limit/fleet/asker.h"

#include <algorithm>
#include <utility>

#include "base/fault.h"
#include "base/invariant.h"

namespace weir::limit::fleet {

Asker::Asker(const std::vector<std::string>& names, MemberNumber self, Duration longest_wait, Surroundings surroundings)
    : election_(names),
      self_(self),
      patience_(longest_wait),
      surroundings_(std::move(surroundings)),
      peers_(names.size()) {
  invariant(self_ < peers_.size(), "a member is one of the fleet");
}

// ---- asking ----

void Asker::ask(const Question& question, std::uint64_t id, Time now) {
  const Asked asked{.question = question, .id = id, .since = now};
  if (asking_ >= questions_max) return surroundings_.done(id, OwnedSource::late, {});
  ++asking_;
  route(asked, now);
}

Asker::Peer& Asker::busy(MemberNumber number) {
  Peer& peer = peers_[number];
  if (!std::exchange(peer.listed, true)) busy_.push_back(number);
  return peer;
}

/// To the first in the key's order that is not suspected.
void Asker::route(Asked asked, Time now) {
  const std::vector<MemberNumber> order = election_.heaviest(asked.question.key, owners_max);
  for (std::size_t place = 0; place < order.size(); ++place) {
    const MemberNumber owner = order[place];
    asked.place = static_cast<std::uint8_t>(place);
    if (owner == self_) return decide_here(asked, now);
    if (peers_[owner].suspected) continue;
    busy(owner).waiting.push_back(asked);
    return flush(owner, now);
  }
  end(asked, OwnedSource::lost, {});
}

void Asker::decide_here(const Asked& asked, Time now) {
  if (!may_own(asked.question.key, asked.place, now)) return end(asked, OwnedSource::lost, {});
  const std::optional<Answer> answer = surroundings_.spend(asked.question, now);
  end(asked, answer ? OwnedSource::asked : OwnedSource::lost, answer.value_or(Answer{}));
}

void Asker::end(const Asked& asked, OwnedSource source, const Answer& answer) {
  --asking_;
  if (asked.wants_answer()) surroundings_.done(asked.id, source, answer);
}

bool Asker::send(MemberNumber to, std::string bytes) {
  const std::size_t size = bytes.size();
  if (!surroundings_.send(to, std::move(bytes))) {
    peers_[to].wanted = true;
    peers_[to].blocked = true;
    return false;
  }
  peers_[to].blocked = false;
  ++traffic_.messages_sent;
  traffic_.bytes_sent += size;
  return true;
}

void Asker::flush(MemberNumber number, Time now) {
  Peer& peer = peers_[number];
  if (peer.waiting.empty() || peer.suspected || peer.blocked) return;
  if (peer.said != Time{} && now - peer.said < breath) return;
  // One place for all of a message; who asks in another's place waits for the next.
  Questions questions{.place = peer.waiting.front().place, .entries = {}};
  const auto goes_out = [&](const Asked& asked) {
    return asked.place == questions.place && questions.entries.size() < entries_max;
  };
  for (Asked& asked : peer.waiting) {
    if (!goes_out(asked)) break;
    asked.question.number = next_number_++;
    questions.entries.push_back(asked.question);
  }
  if (!send(number, write(questions))) return;
  peer.said = now;
  const auto end_of_them = peer.waiting.begin() + static_cast<std::ptrdiff_t>(questions.entries.size());
  const std::vector<Asked> out(peer.waiting.begin(), end_of_them);
  peer.waiting.erase(peer.waiting.begin(), end_of_them);
  for (const Asked& asked : out) {
    if (asked.wants_answer())
      peer.out.push_back(asked);
    else
      end(asked, OwnedSource::asked, {});
  }
}

void Asker::hear(MemberNumber from, std::string_view bytes, Time now) {
  ++traffic_.messages_received;
  traffic_.bytes_received += bytes.size();
  if (const std::optional<Questions> questions = read_questions(bytes)) {
    hear(from, *questions, now);
  } else if (const std::optional<Answers> answers = read_answers(bytes)) {
    hear(from, *answers, now);
  } else {
    ++traffic_.messages_refused;
  }
}

void Asker::hear(MemberNumber from, const Answers& answers, Time now) {
  Peer& peer = peers_[from];
  peer.heard = now;
  peer.checked = {};
  if (answers.entries.empty() && peer.suspected && now - peer.probed <= patience_) {
    peer.suspected = false;
    peer.pause = {};
    peer.probe_at = never;
    surroundings_.changed(from, false);
  }
  for (const Answer& answer : answers.entries) {
    const auto asked =
        std::ranges::find(peer.out, answer.number, [](const Asked& each) { return each.question.number; });
    if (asked == peer.out.end()) continue;  // it was given up
    const bool decided = answer.said == Said::admitted || answer.said == Said::refused;
    const Asked ended = *asked;
    peer.out.erase(asked);
    end(ended, decided ? OwnedSource::asked : OwnedSource::lost, answer);
  }
}

// ---- who is there ----

void Asker::meet(MemberNumber peer, Time now) {
  peers_[peer].wanted = false;
  peers_[peer].blocked = false;
  if (peers_[peer].suspected) peers_[peer].probe_at = now;
  if (peers_[peer].checked != Time{}) (void)send(peer, write(Questions{}));
  flush(peer, now);
}

void Asker::lose(MemberNumber number, Time now) {
  Peer& peer = peers_[number];
  peer.heard = Time{};
  peer.waiting.insert(peer.waiting.begin(), peer.out.begin(), peer.out.end());
  peer.out.clear();
  peer.said = Time{};
  flush(number, now);
}

void Asker::miss(MemberNumber number, Time now) {
  if (!peers_[number].waiting.empty() || peers_[number].checked != Time{}) suspect(number, now);
}

/// Nobody waits for it any more; who waits already is sent on.
void Asker::suspect(MemberNumber number, Time now) {
  Peer& peer = busy(number);
  peer.checked = {};
  if (!std::exchange(peer.suspected, true)) {
    peer.pause = first_pause;
    peer.probe_at = now + peer.pause;
    surroundings_.changed(number, true);
  }
  std::vector<Asked> all = std::exchange(peer.out, {});
  for (const Asked& asked : std::exchange(peer.waiting, {})) all.push_back(asked);
  for (const Asked& asked : all) {
    if (asked.wants_answer())
      route(asked, now);
    else
      end(asked, OwnedSource::lost, {});
  }
}

void Asker::give_up_late(MemberNumber number, Time now) {
  Peer& peer = peers_[number];
  std::vector<Asked> late;
  for (std::vector<Asked>* const list : {&peer.out, &peer.waiting}) {
    std::erase_if(*list, [&](const Asked& asked) {
      if (now - asked.since < patience_) return false;
      late.push_back(asked);
      return true;
    });
  }
  const bool checked_in_vain = peer.checked != Time{} && now - peer.checked >= patience_;
  if (late.empty() && !checked_in_vain) return;
  for (const Asked& asked : late) end(asked, OwnedSource::late, {});
  if (!fault(Fault::owner_lost_unseen)) suspect(number, now);
}

void Asker::probe(MemberNumber number, Time now) {
  Peer& peer = peers_[number];
  if (!peer.suspected || now < peer.probe_at) return;
  if (send(number, write(Questions{}))) peer.probed = now;
  peer.pause = std::min(2 * peer.pause, longest_pause);
  peer.probe_at = now + peer.pause;
}

void Asker::tick(Time now) {
  // Who is sent on may make others busy, behind those that are there.
  for (std::size_t at = 0; at < busy_.size(); ++at) {
    const MemberNumber number = busy_[at];
    give_up_late(number, now);
    probe(number, now);
    peers_[number].blocked = false;  // a wire that was busy may be free again
    flush(number, now);
  }
  std::erase_if(busy_, [&](MemberNumber number) {
    Peer& peer = peers_[number];
    peer.listed = peer.suspected || peer.checked != Time{} || !peer.waiting.empty() || !peer.out.empty();
    return !peer.listed;
  });
}

Time Asker::next_due() const {
  Time due = never;
  for (const MemberNumber number : busy_) {
    const Peer& peer = peers_[number];
    due = std::min(due, peer.probe_at);
    if (peer.checked != Time{}) due = std::min(due, peer.checked + patience_);
    for (const Asked& asked : peer.out) due = std::min(due, asked.since + patience_);
    for (const Asked& asked : peer.waiting) due = std::min(due, asked.since + patience_);
    if (!peer.waiting.empty() && !peer.blocked) due = std::min(due, peer.said + breath);
  }
  return due;
}

std::vector<MemberNumber> Asker::take_wanted() {
  std::vector<MemberNumber> wanted;
  for (const MemberNumber number : busy_) {
    if (std::exchange(peers_[number].wanted, false)) wanted.push_back(number);
  }
  return wanted;
}

std::size_t Asker::suspected() const {
  return static_cast<std::size_t>(
      std::ranges::count_if(busy_, [&](MemberNumber number) { return peers_[number].suspected; }));
}

// ---- being an owner ----

bool Asker::may_own(Fingerprint key, std::uint8_t place, Time now) {
  if (!whole_[Member::slot_of(key)] && !fault(Fault::owner_without_majority)) return false;
  const std::vector<MemberNumber> order = election_.heaviest(key, owners_max);
  if (place >= order.size() || order[place] != self_) return false;
  bool gone = true;
  for (std::size_t before = 0; before < place; ++before) gone = is_gone(order[before], now) && gone;
  return gone;
}

/// Whether it has been asked in vain. Who has not been heard lately is asked now; until that is over it counts as
/// there.
bool Asker::is_gone(MemberNumber number, Time now) {
  Peer& peer = peers_[number];
  if (peer.suspected) return true;
  if (peer.checked != Time{} || (peer.heard != Time{} && now - peer.heard <= there_for)) return false;
  busy(number).checked = now;
  (void)send(number, write(Questions{}));
  return false;
}

void Asker::hear(MemberNumber from, const Questions& questions, Time now) {
  peers_[from].heard = now;
  Answers answers;
  for (const Question& question : questions.entries) {
    if (question.cost < 0) {
      (void)surroundings_.spend(question, now);
      continue;
    }
    std::optional<Answer> answer = Answer{.said = Said::not_owner};
    if (may_own(question.key, questions.place, now)) answer = surroundings_.spend(question, now);
    if (!answer) answer = Answer{.said = Said::not_known};
    answer->number = question.number;
    answers.entries.push_back(*answer);
  }
  if (!answers.entries.empty() || questions.entries.empty()) (void)send(from, write(answers));
}

}  // namespace weir::limit::fleet
