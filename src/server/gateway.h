// A configuration as the data path uses it: routes with their chains, compiled and immutable.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "contracts/certificate_source.h"
#include "contracts/challenge_answers.h"
#include "contracts/filter.h"
#include "contracts/service.h"
#include "contracts/snapshot.h"
#include "route/router.h"

namespace weir {

class Cluster;
struct RawListener;  // server/raw_listener.h

/// One route, ready to run. Shared between configurations when its file did not change.
struct Route {
  std::string name;  ///< as configured, or `routes[3]`; what logs and metrics call it
  Place place;
  std::vector<std::shared_ptr<const Filter>> owned_filters;
  std::vector<const Filter*> filters;  ///< in the order in which they run
  std::vector<std::string> filter_names;
  std::string filters_text;  ///< the same in one text, a space between two: stories keep it
  std::shared_ptr<const Service> service;
  std::string service_name;
  bool opens_tunnels = false;         ///< its service is asked by CONNECT
  std::vector<std::string> upgrades;  ///< lower-case protocols that may be switched to; "any" for all
  Duration request_timeout = no_limit;
  Duration tunnel_idle = no_limit;
  Duration tunnel_age = no_limit;

  [[nodiscard]] bool allows_upgrade(std::string_view protocol) const;
};

class Gateway final : public Snapshot {
 public:
  Router router;
  std::vector<std::shared_ptr<const Route>> routes;  ///< by the number the router gives
  std::vector<std::shared_ptr<const Cluster>> clusters;
  /// By a listener's number; null, or not there at all: it is plain.
  std::vector<std::shared_ptr<CertificateSource>> certificates;

  /// Who answers authorities; null: no certificate is asked for.
  std::shared_ptr<ChallengeAnswers> challenges;

  /// By a listener's number as well; null: it speaks HTTP.
  std::vector<std::shared_ptr<const RawListener>> raw_listeners;

  [[nodiscard]] const RawListener* raw_listener_of(std::uint16_t listener) const {
    return listener < raw_listeners.size() ? raw_listeners[listener].get() : nullptr;
  }
  [[nodiscard]] std::shared_ptr<CertificateSource> certificates_of(std::uint16_t listener) const {
    return listener < certificates.size() ? certificates[listener] : nullptr;
  }
};

}  // namespace weir
