// An exchange that nobody asked for: a request of Weir's own, to an endpoint or to an authority.
#pragma once

#include <string_view>

#include "contracts/exchange.h"

namespace weir {

/// There is no client who could be told something.
class NoClient final : public ExchangeHost {
 public:
  Task<Result<void>> interim(const ResponseHead&) override { co_return Result<void>{}; }
  void limit_time(Time) override {}
};

/// What such an exchange knows of its client's connection.
inline const ConnectionFacts& no_connection() {
  static const ConnectionFacts none{};
  return none;
}

/// \param target  path and query as they are to be sent; stays put as long as the head
inline void aim(RequestHead& head, std::string_view target) {
  head.target = target;
  head.path = target.substr(0, target.find('?'));
  head.has_query = head.path.size() < target.size();
  if (head.has_query) head.query = target.substr(head.path.size() + 1);
}

}  // namespace weir
