// The table of contents of the data path: what happens to a request between its head and its answer.
#pragma once

#include <span>

#include "contracts/observer.h"
#include "contracts/session.h"
#include "server/gateway.h"

namespace weir {

/// Everything that is decided about a request, in the order in which it is decided.
class Serve final : public Handler {
 public:
  /// \param observers  told about every exchange at its end; must outlive this
  explicit Serve(std::span<Observer* const> observers) : observers_(observers) {}

  void begin(Exchange& exchange) override;
  Reply handle(Exchange& exchange) override;
  Answer error_answer(Exchange& exchange, const Error& error) override;

 private:
  std::span<Observer* const> observers_;
};

/// What the router asks, from a request as it stands.
RouteFacts route_facts(const RequestHead& request, const ClientAddress& client, std::uint16_t listener);

}  // namespace weir
