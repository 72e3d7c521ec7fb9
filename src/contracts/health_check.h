// A kind of health check: how one asks a server whether it is well.
//
// Idea: whoever watches an endpoint (upstream/prober.h) decides when to ask, and what many answers mean together; a
// kind only knows one conversation. It gets a connection that stands and says how the conversation went.
//
// Invariants
//   (1) probe() ends by the deadline: whatever it waits for, it waits no longer.
//   (2) What the server says is bounded by limits::health_answer_bytes and judged strictly: an answer that is not
//       understood is a failure.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/limits.h"
#include "base/units.h"
#include "contracts/node.h"
#include "net/stream.h"
#include "runtime/task.h"

namespace weir {

class BuildContext;  // contracts/plugin.h
class SchemaBase;    // contracts/schema.h

/// What one check came to.
struct ProbeResult {
  bool passed = false;
  std::string_view reason;   ///< static: "status", "connect_refused"
  std::uint32_t number = 0;  ///< that goes with it: the status; 0 when there is none
};

struct ProbeTarget {
  std::string_view authority;  ///< of the endpoint, `10.0.0.1:8080`
  Time deadline = never;
};

class HealthCheck {
 public:
  virtual ~HealthCheck() = default;
  /// Asks over a connection that was opened for it and is closed afterwards. \errors  none: all that fails is a result
  virtual Task<ProbeResult> probe(Stream& stream, const ProbeTarget& target) const = 0;
  /// For people: `GET /healthz`.
  [[nodiscard]] virtual std::string description() const = 0;
};

/// What an answer means as far as it has come; nothing: more is needed. Pure: a longer answer never changes a verdict.
/// \param ended  nothing follows: the server has closed, or this is as much as is read
using JudgeAnswer = std::function<std::optional<ProbeResult>(std::string_view answer, bool ended)>;

/// Sends the question (none when it is empty) and reads until `judge` knows, or the deadline.
Task<ProbeResult> converse(Stream& stream, std::string_view question, const JudgeAnswer& judge, Time deadline);

struct HealthCheckKind {
  std::string_view name;
  const SchemaBase& (*schema)();
  std::unique_ptr<const HealthCheck> (*build)(const Node& options, BuildContext& context);
};

}  // namespace weir
