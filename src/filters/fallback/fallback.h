// Lets another service answer when what stands behind fails.
//
// Problem: when an upstream is gone, a client that gets 503 shows an error page, although an empty list, yesterday's
// file or another region would do.
// Idea: a filter around the rest of the chain, which holds a service of its own, written as a route writes its own:
//
//   - fallback: { respond: { status: 200, body: "[]" } }
//   - fallback: { proxy: shop-elsewhere, statuses: [503] }
//
// When the rest ends in an error that the gateway would answer with 502, 503 or 504, or an upstream answers with one of
// `statuses`, the service answers in its place. One that passes the request on gets it only if that cannot carry out
// twice what must be carried out once, and if the body can be sent from its beginning: the rule of upstream/retry.h.
//
// A request that has run out of time, or that nobody waits for any more, gets no other answer.
#pragma once

#include <vector>

#include "contracts/plugin.h"
#include "contracts/schema.h"

namespace weir {

struct FallbackOptions {
  std::vector<Status> statuses;
  std::vector<Node::Member> services;  ///< as written; one
  Place place;                         ///< of the rule
  static const Schema<FallbackOptions>& schema();
};

struct FallbackFacts {
  Error error;              ///< where there was no answer
  Status error_status = 0;  ///< that the gateway would give for it
  Status status = 0;        ///< of an answer that is one of `statuses`; 0: there was none
  bool forwards = false;    ///< the service passes the request on
  bool idempotent = false;
  bool body_replayable = true;
  unsigned attempts_made = 0;
};

struct FallbackVerdict {
  bool serve = false;
  std::string_view reason;  ///< static
};

/// Pure.
FallbackVerdict decide_fallback(const FallbackFacts& facts);

class Fallback final : public Filter {
 public:
  Fallback(FallbackOptions rule, std::unique_ptr<const Service> service)
      : rule_(std::move(rule)), service_(std::move(service)) {}

  Reply handle(Exchange& exchange, Next next) const override;
  Effect rehearse(ImaginedRequest& imagined) const override;

 private:
  [[nodiscard]] bool stands(const Result<Answer>& answer) const;

  FallbackOptions rule_;
  std::unique_ptr<const Service> service_;
};

const FilterKind& fallback_filter();

}  // namespace weir
