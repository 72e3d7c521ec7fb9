// What would happen to a request, and why, without sending it.
//
// Idea: the question goes through the same functions as a request does (the codec's strict reading of a head, the
// trusted proxies, the loop check, the router, each filter's own decision), and the answer is a value: `weir explain`
// prints it for people or as JSON, for a file or for the running process. Which endpoint the request would meet is the
// last step (app/explain_upstream.h): it needs to know of endpoints what only a core knows.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "app/explain_upstream.h"
#include "base/result.h"
#include "contracts/node.h"
#include "http/status.h"
#include "net/address.h"
#include "server/gateway.h"

namespace weir {

struct ExplainQuestion {
  std::string method = "GET";
  std::string url;                                          ///< absolute, or a path with the host in a field
  std::vector<std::pair<std::string, std::string>> fields;  ///< as given, in order
  IpAddress from = IpAddress::parse("127.0.0.1").value_or(IpAddress());  ///< the other end of the socket
  std::string listener;                                                  ///< by name; empty: the first that fits
  WallTime now{};                                                        ///< 1970: no cookie is too old
};

/// One filter, or the service, and what it would do.
struct ExplainedStep {
  std::string name;
  std::string effect;
  bool runs = true;  ///< false: something in front of it has answered already
  bool answers = false;
  Status status = 0;  ///< of that answer; 0 when it is the upstream's
};

/// A rule that looks like the request and did not get it.
struct ExplainedLoser {
  std::string route;
  Place place;
  std::string reason;  ///< name_of(LostBy)
  std::string wanted;  ///< the demand that failed
};

struct Explanation {
  std::string method;
  std::string host;  ///< as rules see it
  std::string path;  ///< canonical
  std::string query;
  std::string path_as_written;
  std::string listener;
  std::string client;  ///< as rules see it
  std::string peer;    ///< differs from client behind trusted proxies

  bool refused = false;  ///< the request does not get as far as a filter
  std::string refusal;   ///< machine-readable: `no_route`, `bad_path`
  std::string sentence;  ///< the same for people
  Status status = 0;     ///< of the refusal

  bool matched = false;
  std::string route;
  Place place;        ///< of the route
  Place match_place;  ///< of the one of its matches that held
  std::vector<ExplainedStep> filters;
  ExplainedStep service;
  std::vector<ExplainedUpstream> upstreams;  ///< to one of which the service sends the request; see foresee()
  std::string upgrade;                       ///< what becomes of the protocol asked for; empty when none was
  std::vector<ExplainedLoser> losers;        ///< the most similar first
};

/// Pure. \param listener_names  by the ids that the gateway's rules were compiled with
/// Looks at every rule: milliseconds for 100,000 routes, so not on a core that serves.
Explanation explain(const Gateway& gateway, const ExplainQuestion& question,
                    std::span<const std::string> listener_names);

/// Says for each upstream of the explanation which endpoint the request would meet. \param lineups  in the same order
void foresee(Explanation& explanation, std::span<const Lineup> lineups);
/// The same as the configuration has it, where nobody has looked at the endpoints.
void foresee_as_configured(Explanation& explanation);

/// \param bold, plain  what switches emphasis on and off on a terminal; empty elsewhere
std::string explanation_text(const Explanation& explanation, std::string_view bold = {}, std::string_view plain = {});
std::string explanation_json(const Explanation& explanation);

}  // namespace weir
