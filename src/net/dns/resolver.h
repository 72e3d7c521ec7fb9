// Names to addresses by asking name servers, without a thread that waits.
//
// Problem: the system's resolver blocks a thread for each name, tells nobody how long its answer holds, and gives up in
// ways of its own.
// Idea: one resolver for each core, over the core's own reactor. A name is looked for in the hosts file, then for each
// candidate of the search list, for both kinds of addresses at once; each question goes to one server after the other
// until one knows. Answers are remembered for as long as they hold, also that there is none; whoever asks the same
// while it is being asked waits for that answer.
//
// What is not here: serving an answer after its time. Who used it last keeps it when nothing newer can be had
// (upstream/cluster_state.h).
//
// Invariants
//   (1) No question is open twice at a time; at most limits::dns_questions are open.
//   (2) An answer that cannot be had leaves no trace: the next one asks again.
//
// Source: RFC 1034 section 5, RFC 2308, RFC 2782.
#pragma once

#include <map>
#include <memory>
#include <optional>

#include "net/dns/message.h"
#include "net/dns/settings.h"
#include "net/resolver.h"
#include "runtime/gate.h"

namespace weir::dns {

/// Where a resolver learns how this machine resolves names: it may change while the process runs.
class SettingsSource {
 public:
  virtual ~SettingsSource() = default;
  /// \errors  canceled
  virtual Task<Result<std::shared_ptr<const Settings>>> latest(Reactor& reactor) = 0;
};

/// The targets to use of a service, as addresses rank them. Pure.
///
/// Priorities become 0, 1, 2 ... in their order; a weight of 0 counts as 1. Equal targets and those beyond
/// limits::dns_targets are left out. \returns empty when the service says of itself that it is not there
std::vector<Service> rank_services(const std::vector<Record>& records);

class DnsResolver final : public Resolver {
 public:
  explicit DnsResolver(SettingsSource& source);
  DnsResolver(const DnsResolver&) = delete;
  DnsResolver& operator=(const DnsResolver&) = delete;
  ~DnsResolver() override;

  Task<Result<ResolvedAddresses>> resolve(Reactor& reactor, const Endpoint& endpoint) override;

  [[nodiscard]] std::size_t answers_kept() const { return answers_.size(); }
  [[nodiscard]] std::uint64_t questions_sent() const { return questions_sent_; }

 private:
  struct Answer;
  struct Found {
    std::vector<IpAddress> addresses;
    Duration holds = no_limit;
  };

  Task<Result<ResolvedAddresses>> resolve_service(const Endpoint& endpoint, const Settings& settings);
  Task<Result<Found>> addresses_of(std::string name, const Settings& settings);
  Task<Result<Finding>> addresses_of_candidate(const std::string& name, const Settings& settings);
  /// Through aliases, from memory or from a server.
  Task<Result<Finding>> find(Question question, const Settings& settings);
  Task<void> find_into(Question question, const Settings& settings, std::optional<Result<Finding>>& finding);
  Task<Result<Finding>> find_one(const Question& question, const Settings& settings);
  Task<Result<Finding>> ask_servers(const Question& question, const Settings& settings);
  Task<Result<Response>> ask_server(std::size_t server, const Question& question, const Settings& settings);
  Task<void> resolve_target(const Service& service, const Settings& settings, ResolvedAddresses& resolved);

  Answer& remembered(const Question& question);
  void forget_some();

  SettingsSource& source_;
  Reactor* reactor_ = nullptr;  // of the core that asks, from its first question on
  std::optional<Gate> open_questions_;
  std::map<Question, std::unique_ptr<Answer>> answers_;
  std::size_t good_server_ = 0;  // the one that answered last is asked first
  bool without_edns_ = false;    // a server was met that knows none
  std::uint64_t questions_sent_ = 0;
};

}  // namespace weir::dns
