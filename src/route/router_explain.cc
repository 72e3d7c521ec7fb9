// Why a request takes the route it takes, and why others that look like it lost.
//
// Idea: every rule is checked demand by demand; the fewer demands fail and the more of the path agrees, the more
// similar it is. A rule of which neither host nor path holds is no near miss and is left out.
#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "route/demands.h"
#include "route/index.h"
#include "route/router.h"

namespace weir {
namespace {

/// How a rule fared. Less is more similar.
struct Fate {
  const Candidate* candidate = nullptr;
  LostBy reason = LostBy::less_specific;
  unsigned failed = 0;          // demands that do not hold
  std::size_t path_agrees = 0;  // bytes that the rule's path and the request's share from the front

  friend bool operator<(const Fate& left, const Fate& right) {
    return std::tuple(left.failed, right.path_agrees, left.candidate->order) <
           std::tuple(right.failed, left.path_agrees, right.candidate->order);
  }
};

class Inquiry {
 public:
  Inquiry(const RouteIndex& index, const RouteFacts& facts) : index_(index), facts_(facts) {}

  [[nodiscard]] Fate fate_of(const Candidate& candidate, bool host_held, bool& near) const {
    Fate fate{.candidate = &candidate};
    const bool path_held = index_.path_holds(candidate, facts_.path);
    near = host_held || path_held;
    const Predicates* const more = index_.predicates_of(candidate);
    note(fate, index_.listener_holds(candidate, facts_.listener), LostBy::listener);
    note(fate, host_held, LostBy::host);
    note(fate, path_held, LostBy::path);
    note(fate, method_holds(candidate, more, facts_), LostBy::method);
    if (more != nullptr) {
      switch (failed_value(*more, facts_)) {
        case FailedValue::none:
          break;
        case FailedValue::header:
          note(fate, false, LostBy::header);
          break;
        case FailedValue::query:
          note(fate, false, LostBy::query);
          break;
        case FailedValue::client:
          note(fate, false, LostBy::client);
          break;
      }
    }
    const std::string_view text = index_.text_of(candidate);
    fate.path_agrees = static_cast<std::size_t>(std::ranges::mismatch(text, facts_.path).in1 - text.begin());
    return fate;
  }

  [[nodiscard]] std::string wanted(const Fate& fate) const {
    const Candidate& candidate = *fate.candidate;
    const Predicates* const more = index_.predicates_of(candidate);
    switch (fate.reason) {
      case LostBy::less_specific:
        return {};
      case LostBy::listener:
        return fmt::format("{}", fmt::join(index_.listeners_of(candidate), ", "));
      case LostBy::host:
        return host_text(candidate);
      case LostBy::path:
        return path_text(candidate);
      case LostBy::method:
        return methods_text(candidate, more);
      case LostBy::header:
        return std::ranges::find_if(more->headers,
                                    [&](const HeaderDemand& demand) { return !header_holds(demand, facts_.fields); })
            ->pattern.text(": ");
      case LostBy::query:
        return std::ranges::find_if(more->queries,
                                    [&](const ValuePattern& pattern) { return !query_holds(pattern, facts_.query); })
            ->text("=");
      case LostBy::client:
        return clients_text(*more);
    }
    return {};
  }

 private:
  static void note(Fate& fate, bool held, LostBy reason) {
    if (held) return;
    if (fate.failed++ == 0) fate.reason = reason;
  }

  [[nodiscard]] std::string host_text(const Candidate& candidate) const {
    const HostTable& host = index_.host_of(candidate);
    return HostPattern{host.kind, std::string(index_.text_of(host))}.text();
  }

  [[nodiscard]] std::string path_text(const Candidate& candidate) const {
    const Predicates* const more = index_.predicates_of(candidate);
    return PathPattern{candidate.path_kind, std::string(index_.text_of(candidate)),
                       more == nullptr ? nullptr : more->regex}
        .text();
  }

  static std::string methods_text(const Candidate& candidate, const Predicates* more) {
    std::vector<std::string_view> names;
    for (const std::string_view name :
         {"GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"}) {
      if ((candidate.methods >> static_cast<unsigned>(method_of(name)) & 1) != 0) names.push_back(name);
    }
    if (more != nullptr) names.insert(names.end(), more->other_methods.begin(), more->other_methods.end());
    return fmt::format("{}", fmt::join(names, ", "));
  }

  static std::string clients_text(const Predicates& more) {
    std::vector<std::string> blocks;
    for (const Cidr& block : more.clients) blocks.push_back(block.text());
    return fmt::format("{}", fmt::join(blocks, ", "));
  }

  const RouteIndex& index_;
  const RouteFacts& facts_;
};

}  // namespace

std::string_view name_of(LostBy reason) {
  switch (reason) {
    case LostBy::less_specific:
      return "less_specific";
    case LostBy::listener:
      return "listener";
    case LostBy::host:
      return "host";
    case LostBy::path:
      return "path";
    case LostBy::method:
      return "method";
    case LostBy::header:
      return "header";
    case LostBy::query:
      return "query";
    case LostBy::client:
      return "client";
  }
  return {};
}

RouteExplanation Router::explain(const RouteFacts& facts, std::size_t losers_max) const {
  RouteExplanation explanation{.decision = find(facts), .losers = {}};
  const RouteDecision& winner = explanation.decision;
  const Inquiry inquiry(*index_, facts);
  std::vector<Fate> fates;
  for (const HostTable& host : index_->hosts()) {
    const bool host_held = HostPattern{host.kind, std::string(index_->text_of(host))}.matches(facts.host);
    for (std::uint32_t at = host.candidates_begin; at < host.candidates_end; ++at) {
      const Candidate& candidate = index_->candidates()[at];
      if (winner.matched() && candidate.route == winner.route && candidate.match == winner.match) continue;
      bool near = false;
      const Fate fate = inquiry.fate_of(candidate, host_held, near);
      if (near) fates.push_back(fate);
    }
  }
  const std::size_t count = std::min(losers_max, fates.size());
  std::partial_sort(fates.begin(), fates.begin() + static_cast<std::ptrdiff_t>(count), fates.end());
  fates.resize(count);
  for (const Fate& fate : fates) {
    const Candidate& candidate = *fate.candidate;
    explanation.losers.push_back({.route = candidate.route,
                                  .match = candidate.match,
                                  .place = candidate.place,
                                  .reason = fate.reason,
                                  .wanted = inquiry.wanted(fate)});
  }
  return explanation;
}

}  // namespace weir
