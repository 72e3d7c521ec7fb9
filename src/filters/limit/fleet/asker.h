// Asking the owners of small limits, and being one (owning.h): what to send, whom to believe, when to give up.
//
// Problem: a request of a small limit must be decided by its key's owner, soon; a message for each would cost as much
// as a store does, and an owner that is dead or slow must make nobody wait twice.
// Idea: no input or output here: questions, messages and the time come in; messages and outcomes go out. What waits for
// one peer goes out together: at once where nothing went out for a breath, otherwise when that is over. Whoever does
// not answer in time is suspected: from then on nobody waits for it, its keys are asked of the next in their order, and
// an empty question after 0.1, 0.2, 0.4 ... 2 s asks whether it is back. With nobody left a share is given out.
//
// An owner decides only while it belongs to a majority of the fleet (member.h), and in another's place only when it has
// itself asked that one in vain. So of a fleet that is cut in two one part has owners, and a wire that is bad between
// two members makes no third one an owner. Members that disagree about who is there, for the two seconds in which a
// lost owner is asked for again, may have two owners for a key: each gives out the limit.
//
// Invariants
//   (1) Every question ends exactly once: answered, late, or lost.
//   (2) To each peer at most one message of questions in a breath, and one of answers for each of its.
//   (3) At most `questions_max` questions are on their way.
#pragma once

#include <array>
#include <functional>
#include <string>
#include <vector>

#include "filters/limit/fleet/election.h"
#include "filters/limit/fleet/member.h"
#include "filters/limit/fleet/message.h"
#include "filters/limit/fleet/owning.h"

namespace weir::limit::fleet {

class Asker {
 public:
  /// Between two messages of questions to one peer.
  static constexpr Duration breath = std::chrono::milliseconds{2};
  static constexpr Duration first_pause = std::chrono::milliseconds{100};
  static constexpr Duration longest_pause = std::chrono::seconds{2};
  /// Who has said something within this time is there.
  static constexpr Duration there_for = std::chrono::milliseconds{300};
  static constexpr std::size_t questions_max = 4096;

  struct Surroundings {
    /// Gives a message to the transport. \returns  whether it will go out; false: there is no wire, or it is busy
    std::function<bool(MemberNumber to, std::string bytes)> send;
    /// Charges a key here, or gives back. \returns  nothing when there is no such rule
    std::function<std::optional<Answer>(const Question& question, Time now)> spend;
    /// A question has ended. \param answer  has no meaning but for `asked`
    std::function<void(std::uint64_t id, OwnedSource source, const Answer& answer)> done;
    /// A peer is suspected from now on, or not any more.
    std::function<void(MemberNumber peer, bool suspected)> changed;
  };

  /// \param names  of all members, sorted  \param longest_wait  for an answer
  Asker(const std::vector<std::string>& names, MemberNumber self, Duration longest_wait, Surroundings surroundings);

  /// Which thirds of the keys this one may decide about: those for which it belongs to a majority.
  void allow(const std::array<bool, slots>& whole) { whole_ = whole; }

  /// \param question  its number is given here
  void ask(const Question& question, std::uint64_t id, Time now);
  /// A message of questions or answers came; it is known who sent it.
  void hear(MemberNumber from, std::string_view bytes, Time now);
  /// There is a wire to it now.
  void meet(MemberNumber peer, Time now);
  /// There is none any more: what is not answered is asked again, over the next one.
  void lose(MemberNumber peer, Time now);
  /// None could be had.
  void miss(MemberNumber peer, Time now);
  /// At next_due(), or at any time.
  void tick(Time now);
  /// When something is to be sent or given up; never while nothing is.
  [[nodiscard]] Time next_due() const;
  /// Peers that something could not be sent to, since this was asked last.
  [[nodiscard]] std::vector<MemberNumber> take_wanted();

  [[nodiscard]] bool is_suspected(MemberNumber peer) const { return peers_[peer].suspected; }
  [[nodiscard]] std::size_t suspected() const;
  /// Whether next_due() may be a moment.
  [[nodiscard]] bool is_busy() const { return !busy_.empty(); }
  [[nodiscard]] std::size_t on_their_way() const { return asking_; }
  [[nodiscard]] const Traffic& traffic() const { return traffic_; }

 private:
  struct Asked {
    Question question;
    std::uint64_t id = 0;
    Time since{};
    std::uint8_t place = 0;
    [[nodiscard]] bool wants_answer() const { return question.cost > 0; }
  };
  struct Peer {
    std::vector<Asked> waiting;
    std::vector<Asked> out;  // in the order of their numbers
    Time said{};             // when questions went out last
    Time heard{};
    bool suspected = false;
    bool wanted = false;   // since take_wanted() was called: something could not be sent
    bool blocked = false;  // the last message could not be sent
    bool listed = false;   // in busy_
    Duration pause{};
    Time probe_at = never;
    Time probed{};
    Time checked{};  // since when it is being asked whether it is there, in whose place this one is to decide
  };

  void hear(MemberNumber from, const Questions& questions, Time now);
  void hear(MemberNumber from, const Answers& answers, Time now);
  Peer& busy(MemberNumber number);
  void route(Asked asked, Time now);
  void decide_here(const Asked& asked, Time now);
  void end(const Asked& asked, OwnedSource source, const Answer& answer);
  void flush(MemberNumber number, Time now);
  void give_up_late(MemberNumber number, Time now);
  void suspect(MemberNumber number, Time now);
  void probe(MemberNumber number, Time now);
  bool may_own(Fingerprint key, std::uint8_t place, Time now);
  bool is_gone(MemberNumber number, Time now);
  bool send(MemberNumber to, std::string bytes);

  const Election election_;
  const MemberNumber self_;
  const Duration patience_;
  const Surroundings surroundings_;
  std::array<bool, slots> whole_{};
  std::vector<Peer> peers_;
  std::vector<MemberNumber> busy_;  // those with questions, or suspected: few of many
  std::size_t asking_ = 0;
  std::uint32_t next_number_ = 1;
  Traffic traffic_;
};

}  // namespace weir::limit::fleet
