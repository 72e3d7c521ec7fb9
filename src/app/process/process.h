// The running gateway: cores, listeners, the present configuration, and how each of them changes.
//
// Idea: the control thread compiles off the data path and then tells each core what should be so. A reload is atomic:
// new listeners are opened first (the step that can fail), then every core takes the new configuration, then listeners
// that are no longer wanted empty their queues and close. Connections are not touched.
//
// Invariants
//   (1) Only the control thread calls the private functions; what other threads read is behind mutex_ or atomic.
//   (2) A reload that fails leaves configuration and listeners as they were.
//   (3) A configuration is destroyed on the control thread, whoever used it last.
#pragma once

#include <atomic>
#include <csignal>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "app/acme/vault.h"
#include "app/compile.h"
#include "app/config/include.h"
#include "app/process/control.h"
#include "app/process/operations.h"
#include "app/process/past.h"
#include "app/process/state_keeper.h"
#include "app/process/surroundings.h"
#include "app/process/worker.h"
#include "net/dns/machine_settings.h"

namespace weir {

struct ProcessOptions {
  std::string configuration_file;
  std::string state;           ///< goes before what the configuration says; may be empty
  bool refuse_broken = false;  ///< end with 1 where the last good configuration could be started from
};

/// What a process ends with (facts: Caddy's table).
enum class ExitCode : int { clean = 0, startup_failed = 1, forced = 2, unclean = 3 };

class Process final : public Operations {
 public:
  explicit Process(ProcessOptions options);
  ~Process() override;

  /// Runs until it is told to stop.
  ExitCode run();

  [[nodiscard]] bool ready() const override { return ready_.load(std::memory_order_acquire); }
  [[nodiscard]] ProcessStatus status() const override;
  [[nodiscard]] std::shared_ptr<const Gateway> gateway() const override;
  [[nodiscard]] std::vector<std::string> listener_names() const override;
  [[nodiscard]] SharedStates* shared_states() const override { return &compiler_.shared_states(); }
  [[nodiscard]] std::span<Shard* const> shards() const override { return shards_; }
  void reload(ReloadRequest request, std::move_only_function<void(ReloadOutcome)> done) override;
  void rollback(RollbackRequest request, std::move_only_function<void(ReloadOutcome)> done) override;
  void history(std::move_only_function<void(HistoryAnswer)> done) override;
  void past_configuration(std::string hash, std::move_only_function<void(PastConfiguration)> done) override;
  void order_endpoint(EndpointOrder order, std::move_only_function<void(EndpointOutcome)> done) override;
  void stop() override;

 private:
  struct Candidate {
    config::Document document;
    std::shared_ptr<const Gateway> gateway;
    std::vector<ListenerPlan> listeners;
    Diagnostics diagnostics;
    Occasion occasion{.how = "start", .by = "start", .instead_of = {}};
    std::string remark;  // when it is not what the file says
    Time asked{};
    Time validated{};
  };

  Candidate load(config::Source& source);
  void hash_beside(config::Document& document) const;
  // recall.cc
  void open_past(Candidate& candidate);
  Candidate load_past(const history::Entry& entry);
  Candidate choose_start(Candidate candidate);
  std::string tree_of_files();
  /// On the control thread, with everybody told; refused while a drain is under way.
  void change_configuration(std::move_only_function<ReloadOutcome()> change,
                            std::move_only_function<void(ReloadOutcome)> done);
  ReloadOutcome roll_back(const RollbackRequest& request);
  ReloadOutcome read_again(const ReloadRequest& request);
  ReloadOutcome refused(const std::string& why);

  std::vector<ListenerPlan> plan_listeners(const config::Document& document, Diagnostics& diagnostics);
  void open_store();
  bool start(Candidate& candidate);
  void join_fleet(const FleetSettings& fleet);
  // certificates.cc
  void restore_certificates();
  void keep_certificates(const Gateway& gateway);
  ReloadOutcome apply(Candidate candidate);
  ReloadOutcome refused(const Diagnostics& diagnostics);
  std::string keep(const Candidate& candidate);
  bool open_new_listeners(std::vector<ListenerPlan>& plans, Diagnostics& diagnostics);
  /// \param just_opened  those of the same configuration
  std::optional<SocketAddress> open_or_explain(const ListenerPlan& plan, std::span<const ListenerPlan> just_opened,
                                               Diagnostics& diagnostics);
  Result<SocketAddress> open_everywhere(const ListenerPlan& plan, std::span<const ListenerPlan> just_opened);
  void close_everywhere(const ListenerPlan& plan);
  bool begin_no_handshakes(std::span<const ListenerPlan> plans);
  void configure(Worker& worker, const std::shared_ptr<const Gateway>& gateway);
  std::unique_ptr<Resolver> make_resolver(const config::ResolverDocument& wanted);
  void publish(const Candidate& candidate);
  void note_reload(const ReloadOutcome& outcome);
  void note_file(bool good, const std::string& sentence);
  void watch_signals();
  void ask_to_end();
  void end_within_patience();
  void on_signal(int number);
  ExitCode leave(ExitCode code);
  ExitCode drain_and_end();

  ProcessOptions options_;
  Control control_;
  config::SystemSource source_;
  config::FileCache files_;
  config::HashKey hash_key_;
  Past past_;
  std::string past_warning_;
  std::string state_folder_;  // empty: there is none
  Compiler compiler_;
  ListenerNumbers listener_numbers_;
  Census census_;
  std::unique_ptr<Surroundings> surroundings_;
  std::unique_ptr<dns::MachineSettings> resolver_settings_;  // null where the system resolves
  std::vector<std::unique_ptr<Resolver>> resolvers_;         // one for each core
  std::vector<std::unique_ptr<Worker>> workers_;
  std::vector<Shard*> shards_;
  // Behind the cores, so that it ends before them: its jobs answer to them, and to everything above.
  std::unique_ptr<ThreadExecutor> executor_;
  std::unique_ptr<StateKeeper> keeper_;       // null without a state folder
  std::shared_ptr<const acme::Vault> vault_;  // likewise
  bool keeps_certificates_ = false;
  std::vector<ListenerPlan> open_listeners_;  // as configured; ports as bound
  std::vector<ListenerStatus> bound_;
  std::thread signals_;
  std::atomic<bool> ready_{false};
  std::atomic<bool> workers_running_{true};
  std::atomic<unsigned> ends_asked_{0};
  bool draining_ = false;
  bool forced_ = false;

  mutable std::mutex mutex_;
  std::shared_ptr<const Gateway> gateway_;
  ProcessStatus status_;
  std::vector<std::string> listener_names_;
};

}  // namespace weir
