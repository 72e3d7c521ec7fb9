// What authorities say of certificates, fetched from them (OCSP over HTTP, RFC 6960 appendix A).
//
// Problem: an answer holds for some days, and somebody has to ask for the next one in time; an authority that is down,
// slow or wrong must not be noticed by anybody who asks Weir for something. Idea: one object for the process knows the
// questions, one for each certificate, what was said to each, and when to ask again: at half of an answer's time, and
// after a failure later and later. Whoever shows a certificate holds its question, so that it is asked as long as
// anybody does, and a configuration that comes and goes changes nothing. A core that looks at the files of its
// certificates (once a second, while connections come) asks whoever is due, beside what it serves. Answers are judged
// as those from files are, are found again after a reload by what was asked, and after a restart in the store.
//
// Invariants
//   (1) An answer that is no good never takes the place of one that is.
//   (2) Of each certificate one question is open at most, whatever core asks.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>

#include "contracts/kept_state.h"
#include "contracts/shard.h"
#include "net/tls/identity.h"
#include "net/tls/ocsp.h"
#include "net/tls/server_context.h"
#include "runtime/task.h"

namespace weir {

class OcspAnswers final : public KeptState, public std::enable_shared_from_this<OcspAnswers> {
 public:
  /// The one of a process.
  static std::shared_ptr<OcspAnswers> of(SharedStates& states);

  /// What is asked about one certificate.
  struct Question;
  /// Asks about a certificate as long as somebody holds the question.
  /// \returns  null: nobody can be asked, since it names no address or has no issuer here
  std::shared_ptr<Question> want(const std::shared_ptr<const tls::Identity>& identity, WallTime now);

  struct Word {
    tls::Staple staple;   ///< good when it came; empty: there is none
    std::string trouble;  ///< why not, or why there is no newer one, for people; empty: all is well
  };
  /// Never null; another one whenever it has changed.
  [[nodiscard]] std::shared_ptr<const Word> word(const Question& question) const;

  /// Asks about whatever is due, beside what the core does. \param now  of the core
  void ask_what_is_due(Shard& shard, WallTime now);

  [[nodiscard]] std::string_view kept_under() const override { return "ocsp/"; }
  void restore(const std::vector<StoreEntry>& entries, WallTime now) override;
  std::vector<StoreWrite> take_changes(std::size_t most) override;
  void not_written(const std::vector<StoreWrite>& writes, WallTime now) override;
  [[nodiscard]] bool is_over(const StoreEntry& entry, WallTime now) const override;

 private:
  static Task<void> ask_one(std::shared_ptr<OcspAnswers> self, std::shared_ptr<Question> question, Shard& shard);
  void take(Question& question, const std::string& answer, WallTime now);
  void take_failure(Question& question, std::string why, WallTime now);

  mutable std::mutex mutex_;  // of what follows, and of what changes in questions; held for a moment
  std::map<std::string, std::weak_ptr<Question>> questions_;  // by their names
  std::map<std::string, std::string> kept_;                   // from the store, until somebody wants it
  std::set<std::string> unwritten_;
};

}  // namespace weir
