// Of one upstream that an imagined request would be sent on to: by what it would be remembered there, and which
// endpoint it would meet.
//
// Idea: what the request brings (the key of the policy, the sticky cookie) is known with the request; what is known of
// the endpoints comes later, from a core or from the configuration (upstream/lineup.h), and upstream/foresight.h says
// what follows. Here both become words. The value of a key is shown as the access log would show it: no cookie, no
// credentials, no secrets of a query.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "app/json_writer.h"
#include "contracts/selector.h"
#include "upstream/cluster.h"
#include "upstream/foresight.h"

namespace weir {

/// What the policy remembers the request by.
struct ExplainedKey {
  std::string name;        ///< `header: x-user`; empty: the policy has no keys
  std::string value;       ///< as it may be shown; empty: the request has none
  bool imaginable = true;  ///< false: only the real request has one (its id)
};

/// An endpoint as it stands.
struct ExplainedEndpoint {
  std::string address;
  EndpointStanding standing = EndpointStanding::available;
  std::uint32_t in_flight = 0;  ///< requests, on the core that was asked
};

struct ExplainedUpstream {
  std::shared_ptr<const Cluster> cluster;
  ForeseenRequest request{};
  ExplainedKey key{};
  // What foresee() says.
  bool foreseen = false;
  bool live = false;           ///< by a core that runs; otherwise all are taken to be well
  std::size_t unresolved = 0;  ///< names whose addresses are not known
  bool table_pending = false;
  GroupVerdict group{};
  Foresight foresight{};
  std::vector<ExplainedEndpoint> endpoints{};  ///< by number
};

/// What the request would bring to the upstream.
ExplainedUpstream imagined_at(std::shared_ptr<const Cluster> cluster, const SelectorFacts& facts, WallTime now,
                              Arena& arena);

void foresee(ExplainedUpstream& upstream, const Lineup& lineup);

/// A value as the access log would show it.
std::string shown(const Selector& selector, std::string_view value);

struct ExplainedRow {
  std::string_view label;  ///< static
  std::string text;
};
/// For people. \param several  the request may be sent to others: say which is meant
std::vector<ExplainedRow> rows_of(const ExplainedUpstream& upstream, bool several);
/// For programs: one object.
void write_upstream(JsonWriter& json, const ExplainedUpstream& upstream);

}  // namespace weir
