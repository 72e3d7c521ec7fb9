// Refuses what is more than a key may have.
//
// Problem: one client must not take what is meant for all, and whoever is refused must know when to come back.
// Idea: all rules are asked first and charged only when all agree, so that a refused request costs nobody anything. The
// answer tells what is left (draft-ietf-httpapi-ratelimit-headers-11); a refusal says by which rule, and when it would
// pass. What is counted outlives this filter and is shared by all cores (rule.h).
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "contracts/plugin.h"
#include "filters/limit/redis/rules.h"
#include "filters/limit/rule.h"
#include "filters/limit/terms.h"

namespace weir::limit {

/// What the older fields are called.
struct ToldNames {
  std::string_view limit;
  std::string_view remaining;
  std::string_view reset;
};

class Limit final : public Filter {
 public:
  /// \param redis  of those rules that Redis decides about; null when there are none
  Limit(LimitOptions options, std::vector<std::unique_ptr<const Rule>> rules, std::unique_ptr<const RedisRules> redis,
        KeptTerms terms);

  Reply handle(Exchange& exchange, Next next) const override;
  Effect rehearse(ImaginedRequest& imagined) const override;

  [[nodiscard]] const LimitOptions& options() const { return options_; }
  [[nodiscard]] std::span<const std::unique_ptr<const Rule>> rules() const { return rules_; }
  /// Whether a request may be refused by it.
  [[nodiscard]] bool refuses() const;
  /// Whether it takes something from a client that stays taken when a filter behind it refuses.
  [[nodiscard]] bool charges() const;

 private:
  /// Of several rules that refuse, the one that does so longest; null when all agree.
  [[nodiscard]] const Rule* refusing(std::span<const Judged> judged) const;
  /// Charges all rules or none. \returns  the rule that refuses after all, or null
  const Rule* charge(Exchange& exchange, std::span<Judged> judged) const;
  /// Of rules that are not decided by what is known here, asks those who decide. \returns  the rule that refuses, or
  /// null
  Task<Result<const Rule*>> ask_others(Exchange& exchange, std::span<Judged> judged) const;
  /// \param charged  whether all rules agreed
  void record(Exchange& exchange, std::span<Judged> judged, bool charged) const;
  void record_one(Exchange& exchange, const Rule& rule, const Judged& judged, bool charged) const;
  [[nodiscard]] Error refuse_by(Exchange& exchange, const Rule& rule, std::span<const Judged> judged) const;
  /// Puts those that slow content of that direction down in front of it.
  void pace(Exchange& exchange, BodyPointer& body, Direction direction) const;
  /// RateLimit and its kin. The fields live as long as the arena.
  void tell(Fields& fields, std::span<const Judged> judged) const;

  /// The three older fields, of the rule that is nearest to its end.
  void tell_nearest(Fields& fields, std::span<const Judged> judged, const ToldNames& names) const;

  LimitOptions options_;
  std::vector<std::unique_ptr<const Rule>> rules_;  // those that pace stand behind
  std::size_t judges_ = 0;                          // of the rules: the first so many
  std::unique_ptr<const RedisRules> redis_;
  KeptTerms terms_;  // for operators
  bool has_owners_ = false;
  std::string policies_;  // the value of RateLimit-Policy
  bool settles_ = false;
};

}  // namespace weir::limit

namespace weir {

const FilterKind& limit_filter();

}  // namespace weir
