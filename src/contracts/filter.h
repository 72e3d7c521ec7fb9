// A filter is one function around the rest of the chain.
//
// What stands before `co_await std::move(next)(exchange)` works on the request, what stands after on the response; to
// answer itself, a filter returns without calling next; to wait, it awaits. State of one request is a local variable.
// A filter is built from configuration and never changes; what it must remember sits in the shard (contracts/shard.h).
//
//   Reply Timing::handle(Exchange& exchange, Next next) const {
//     CO_TRY(Answer answer, co_await std::move(next)(exchange));
//     answer.head.fields.append("x-served-by", "weir");
//     co_return answer;
//   }
#pragma once

#include <span>

#include "contracts/exchange.h"
#include "contracts/rehearsal.h"
#include "contracts/service.h"

namespace weir {

class Next;

class Filter {
 public:
  virtual ~Filter() = default;

  virtual Reply handle(Exchange& exchange, Next next) const = 0;

  /// What handle() would do to an imagined request, without doing it: for `weir explain`. Uses the same decision
  /// functions; changes `imagined` as the request would be changed.
  virtual Effect rehearse(ImaginedRequest& imagined) const = 0;
};

/// The rest of the chain. Move-only and called at most once: whoever wants to try again is upstream/attempt.
class Next {
 public:
  Next(std::span<const Filter* const> rest, const Service& service) : rest_(rest), service_(&service) {}
  Next(Next&&) = default;
  Next& operator=(Next&&) = delete;

  Reply operator()(Exchange& exchange) && {
    exchange.enter_step();
    if (rest_.empty()) return service_->handle(exchange);
    return rest_.front()->handle(exchange, Next(rest_.subspan(1), *service_));
  }

 private:
  std::span<const Filter* const> rest_;
  const Service* service_;
};

}  // namespace weir
