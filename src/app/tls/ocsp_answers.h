// What authorities say of certificates, fetched from them (OCSP over HTTP, RFC 6960 appendix A).
//
// Problem: an answer holds for some days, and somebody has to ask for the next one in time; an authority that is down,
// slow or wrong must not be noticed by anybody who asks Weir for something. Idea: one object for the process knows the
// certificates, what was said of each, and when to ask again: at half of an answer's time, and after a failure later
// and later. A core that looks at the files of its certificates (once a second, while connections come) asks whoever is
// due, beside what it serves. Answers are judged as those from files are, are found again after a reload by what was
// asked, and after a restart in the store.
//
// Invariants
//   (1) An answer that is no good never takes the place of one that is.
//   (2) Of each certificate one question is open at most, whatever core asks.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>

#include "app/outgoing/url.h"
#include "contracts/kept_state.h"
#include "contracts/shard.h"
#include "net/tls/identity.h"
#include "runtime/task.h"

namespace weir {

class OcspAnswers final : public KeptState, public std::enable_shared_from_this<OcspAnswers> {
 public:
  /// The one of a process.
  static std::shared_ptr<OcspAnswers> of(SharedStates& states);

  /// Asks about a certificate from now on, as long as somebody has it.
  /// \returns  the name of the question; empty: nobody can be asked, since it names no address or has no issuer here
  std::string want(const std::shared_ptr<const tls::Identity>& identity);
  struct Word {
    std::string answer;   ///< DER; empty: there is none
    std::string trouble;  ///< why not, or why there is no newer one, for people; empty: all is well
  };
  [[nodiscard]] Word word(const std::string& question) const;
  /// Another number whenever a word has changed.
  [[nodiscard]] std::uint64_t version() const;

  /// Asks about whatever is due, beside what the core does. \param now  of the core
  void ask_what_is_due(Shard& shard, WallTime now);

  [[nodiscard]] std::string_view kept_under() const override { return "ocsp/"; }
  void restore(const std::vector<StoreEntry>& entries, WallTime now) override;
  std::vector<StoreWrite> take_changes(std::size_t most) override;
  void not_written(const std::vector<StoreWrite>& writes, WallTime now) override;
  [[nodiscard]] bool is_over(const StoreEntry& entry, WallTime now) const override;

 private:
  struct Question {
    std::weak_ptr<const tls::Identity> identity;
    Url url;
    std::string request;
    Word word;
    WallTime next{};  // when it is asked again
    unsigned failures = 0;
    bool open = false;
  };

  static Task<void> ask_one(std::shared_ptr<OcspAnswers> self, std::string name, Shard& shard);
  void take(const std::string& name, std::string answer, WallTime now);
  void take_failure(Question& question, std::string why, WallTime now);

  mutable std::mutex mutex_;  // of what follows; held for a moment
  std::map<std::string, Question> questions_;
  std::map<std::string, std::string> kept_;  // from the store, until somebody wants it
  std::set<std::string> unwritten_;
  std::uint64_t version_ = 0;
};

}  // namespace weir
