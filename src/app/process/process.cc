// Start, reload, drain, end: the life of the process in the order in which it happens.
#include "app/process/process.h"

#include <fmt/format.h>
#include <pthread.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <random>
#include <unordered_set>

#include "app/logging/error_log.h"
#include "app/protocols.h"
#include "app/wall_clock.h"
#include "filters/limit/fleet/runner.h"
#include "stores/sqlite/sqlite_store.h"
#include "upstream/cluster.h"

namespace weir {
namespace {

/// What handshakes that have begun are given to end before a listener closes: a round trip across an ocean.
constexpr Duration handshake_patience = std::chrono::milliseconds{200};
/// What a job elsewhere (a look-up of a name, a disk, a hash) is given when all else is over.
constexpr std::chrono::milliseconds job_patience{1000};
/// What the state's disk is given for an answer, at the start and at the end.
constexpr std::chrono::milliseconds store_patience{1000};
/// What all of an end is given that was asked for twice; supervisors kill after ten seconds and more.
constexpr std::chrono::seconds forced_patience{5};

sigset_t handled_signals() {
  sigset_t set;
  ::sigemptyset(&set);
  for (const int number : {SIGTERM, SIGINT, SIGQUIT, SIGHUP, SIGUSR1}) ::sigaddset(&set, number);
  return set;
}

// A gateway holds two descriptors per request in flight; the default of 1,024 is for shells.
void raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

std::string random_key() {
  std::random_device device;
  std::string key;
  for (int word = 0; word < 8; ++word) {
    const std::uint32_t bits = device();
    key.append(reinterpret_cast<const char*>(&bits), sizeof(bits));
  }
  return key;
}

/// Those that the new configuration does not name any more.
std::vector<const Cluster*> clusters_missing(const Gateway& before, const Gateway& now) {
  std::unordered_set<std::string_view> keys;
  for (const auto& cluster : now.clusters) keys.insert(cluster->key());
  std::vector<const Cluster*> missing;
  for (const auto& cluster : before.clusters) {
    if (!keys.contains(cluster->key())) missing.push_back(cluster.get());
  }
  return missing;
}

void remove_socket_file(const SocketAddress& address) {
  if (address.family() == AF_UNIX) ::unlink(unix_path_of(address));
}

Time steady_now() {
  return Time{std::chrono::steady_clock::now().time_since_epoch()};
}

}  // namespace

Process::Process(ProcessOptions options)
    : options_(std::move(options)),
      hash_key_{random_key()},
      past_(options_.configuration_file),
      compiler_([this](bool good, std::string sentence) {
        control_.post([this, good, sentence = std::move(sentence)] { note_file(good, sentence); });
      }) {
  // Before the first thread is made: threads inherit the mask, and only watch_signals() takes signals.
  const sigset_t signals = handled_signals();
  ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  ::signal(SIGPIPE, SIG_IGN);
  executor_ = std::make_unique<ThreadExecutor>();
}

Process::~Process() {
  if (signals_.joinable()) signals_.join();
}

ExitCode Process::run() {
  raise_descriptor_limit();

  Candidate candidate = load(source_);
  open_past(candidate);
  candidate = choose_start(std::move(candidate));
  fmt::print(stderr, "{}", candidate.diagnostics.text());
  if (candidate.gateway == nullptr) {
    fmt::print(stderr, "{}. Nothing was started.\n", candidate.diagnostics.summary());
    return ExitCode::startup_failed;
  }
  if (!start(candidate)) return ExitCode::startup_failed;
  signals_ = std::thread([this] { watch_signals(); });
  control_.run();
  return drain_and_end();
}

Process::Candidate Process::load(config::Source& source) {
  Candidate candidate;
  candidate.asked = steady_now();
  candidate.document = config::load_document(options_.configuration_file, source, plugin_names(), files_, hash_key_,
                                             candidate.diagnostics);
  candidate.validated = steady_now();
  candidate.gateway = compiler_.compile(candidate.document, listener_numbers_, wall_now(), candidate.diagnostics);
  hash_beside(candidate.document);
  if (candidate.gateway != nullptr) candidate.listeners = plan_listeners(candidate.document, candidate.diagnostics);
  if (candidate.diagnostics.has_errors()) candidate.gateway = nullptr;
  candidate.diagnostics.sort();
  return candidate;
}

/// Of the files that were read for what was compiled last.
void Process::hash_beside(config::Document& document) const {
  document.beside.clear();
  for (const auto& [name, digest] : compiler_.files_read())
    document.beside.emplace_back(name, config::hash_of(hash_key_.bytes + crypto::hexadecimal(digest)).text());
}

void Process::open_store() {
  if (state_folder_.empty()) return;
  keeper_ = std::make_unique<StateKeeper>(
      compiler_.shared_states(), std::make_unique<SqliteStore>(state_folder_ + "/weir.db", *executor_), store_patience,
      &wall_now, [this](bool good, const std::string& sentence) {
        good ? surroundings_->log().info(sentence) : surroundings_->log().warning(sentence);
      });
  keeper_->restore();
  keeper_->start();
}

std::unique_ptr<Resolver> Process::make_resolver(const config::ResolverDocument& wanted) {
  if (wanted.use == config::ResolverDocument::Use::system) return std::make_unique<SystemResolver>(*executor_);
  if (resolver_settings_ == nullptr) {
    dns::SettingsWishes wishes{.servers = wanted.servers,
                               .search = wanted.search,
                               .timeout = wanted.timeout,
                               .attempts = wanted.attempts,
                               .resolver_file = wanted.resolver_file,
                               .hosts_file = wanted.hosts_file == "off" ? "" : wanted.hosts_file};
    resolver_settings_ = std::make_unique<dns::MachineSettings>(*executor_, std::move(wishes));
  }
  return std::make_unique<dns::DnsResolver>(*resolver_settings_);
}

bool Process::start(Candidate& candidate) {
  surroundings_ = std::make_unique<Surroundings>(candidate.document, *this);
  open_store();
  restore_certificates();
  const ShardServer::Parts parts{.traffic = surroundings_->traffic(),
                                 .admin = surroundings_->admin(),
                                 .protocol = client_protocols(),
                                 .raw_streams = &surroundings_->raw_streams(),
                                 .census = census_};
  for (unsigned number = 0; number < worker_count(candidate.document); ++number) {
    resolvers_.push_back(make_resolver(candidate.document.resolver));
    workers_.push_back(std::make_unique<Worker>(number, candidate.document.runtime.wake_coalescing, *executor_,
                                                *resolvers_.back(), parts));
    shards_.push_back(&workers_.back()->shard());
    shards_.back()->notices = &surroundings_->log();
  }
  for (const auto& worker : workers_) {
    worker->start();
    worker->call([&] { configure(*worker, candidate.gateway); });
  }
  Diagnostics diagnostics;
  if (!open_new_listeners(candidate.listeners, diagnostics)) {
    surroundings_->log().error(diagnostics.text());
    workers_.clear();
    return false;
  }
  open_listeners_ = std::move(candidate.listeners);
  join_fleet(candidate.document.fleet);
  keep_certificates(*candidate.gateway);
  {
    const std::lock_guard lock(mutex_);
    status_.started_at = wall_now();
    status_.workers = static_cast<unsigned>(workers_.size());
    status_.state = "running";
  }
  publish(candidate);
  for (const ListenerStatus& listener : bound_) {
    surroundings_->log().info(fmt::format("listening on {} ({})", listener.address, listener.name));
  }
  if (!past_warning_.empty()) surroundings_->log().warning(past_warning_);
  if (!candidate.remark.empty()) surroundings_->log().error(candidate.remark);
  if (const std::string problem = keep(candidate); !problem.empty()) surroundings_->log().warning(problem);
  surroundings_->log().info(fmt::format("ready: {} with {} routes, configuration {}", options_.configuration_file,
                                        candidate.gateway->routes.size(), candidate.document.hash.brief()));
  ready_.store(true, std::memory_order_release);
  surroundings_->report_log_problems();
  surroundings_->tell_supervisor(SupervisorNews::ready);
  return true;
}

/// The exchange with other machines lives on the first core, for as long as that does.
void Process::join_fleet(const FleetSettings& fleet) {
  if (!fleet.configured()) return;
  workers_.front()->call([&] {
    Shard& shard = workers_.front()->shard();
    const auto make = [&] { return std::make_unique<limit::fleet::Runner>(shard, fleet, compiler_.shared_states()); };
    shard.state<limit::fleet::Runner>(StateKey("fleet"), make).start();
  });
}

void Process::close_everywhere(const ListenerPlan& plan) {
  for (const auto& worker : workers_) worker->call([&] { worker->server().close(plan); });
  remove_socket_file(plan.address);
}

// A close resets whoever came since the last accept, and every handshake that is half done. So no more of them begin
// before; those that have begun get their time. \returns whether there is something to wait for
bool Process::begin_no_handshakes(std::span<const ListenerPlan> plans) {
  bool any = false;
  for (const ListenerPlan& plan : plans) {
    if (plan.use != ListenerUse::traffic || plan.address.family() == AF_UNIX) continue;
    any = true;
    for (const auto& worker : workers_) worker->begin_no_handshake(plan);
  }
  return any;
}

void Process::configure(Worker& worker, const std::shared_ptr<const Gateway>& gateway) {
  worker.server().configure(gateway, [this](std::shared_ptr<const Snapshot> old) {
    control_.post([kept = std::move(old)]() mutable { kept.reset(); });
  });
  for (const auto& cluster : gateway->clusters) cluster->state(worker.shard());
}

std::string Process::keep(const Candidate& candidate) {
  return past_.keep(candidate.document, candidate.occasion, candidate.gateway->loaded_at);
}

ReloadOutcome Process::apply(Candidate candidate) {
  ReloadOutcome outcome;
  if (candidate.gateway != nullptr && !open_new_listeners(candidate.listeners, candidate.diagnostics)) {
    candidate.gateway = nullptr;
  }
  if (candidate.gateway == nullptr) return refused(candidate.diagnostics);
  if (keeper_) keeper_->restore();
  restore_certificates();
  const std::shared_ptr<const Gateway> before = gateway();
  const std::vector<const Cluster*> retired = clusters_missing(*before, *candidate.gateway);
  for (const auto& worker : workers_) {
    const Duration pause = worker->call([&] {
      const Time begin = steady_now();
      for (const ListenerPlan& plan : candidate.listeners) worker->server().rename(plan);
      configure(*worker, candidate.gateway);
      for (const Cluster* cluster : retired) cluster->retire(worker->shard());
      return steady_now() - begin;
    });
    outcome.longest_pause = std::max(outcome.longest_pause, pause);
  }
  outcome.live_in = steady_now() - candidate.validated;
  std::vector<ListenerPlan> gone;
  std::ranges::copy_if(open_listeners_, std::back_inserter(gone), [&](const ListenerPlan& open) {
    return std::ranges::none_of(candidate.listeners, [&](const ListenerPlan& plan) { return plan.same_socket(open); });
  });
  if (begin_no_handshakes(gone)) std::this_thread::sleep_for(handshake_patience);  // tidy: allow sleep, no core waits
  for (const ListenerPlan& open : gone) close_everywhere(open);
  open_listeners_ = std::move(candidate.listeners);
  surroundings_->configure(candidate.document);
  publish(candidate);
  keep_certificates(*candidate.gateway);
  // Before anybody is told that it was applied: what was reported must survive a crash.
  if (const std::string problem = keep(candidate); !problem.empty()) candidate.diagnostics.warning({}, {}, problem);
  outcome.applied = true;
  outcome.how = candidate.occasion.how;
  outcome.validated_in = candidate.validated - candidate.asked;
  outcome.hash = candidate.gateway->hash;
  outcome.diagnostics = candidate.diagnostics.text();
  outcome.json = candidate.diagnostics.json();
  return outcome;
}

void Process::publish(const Candidate& candidate) {
  std::vector<std::string> names;
  for (const ListenerPlan& plan : open_listeners_) {
    if (names.size() <= plan.id) names.resize(plan.id + std::size_t{1});
    names[plan.id] = plan.name;
  }
  const std::lock_guard lock(mutex_);
  gateway_ = candidate.gateway;
  listener_names_ = std::move(names);
  status_.hash = candidate.gateway->hash;
  status_.source = candidate.gateway->source;
  status_.origin = candidate.remark.empty() ? "file" : candidate.occasion.how;
  status_.remark = candidate.remark;
  status_.loaded_at = candidate.gateway->loaded_at;
  status_.listeners = bound_;
}

void Process::reload(ReloadRequest request, std::move_only_function<void(ReloadOutcome)> done) {
  change_configuration([this, request = std::move(request)] { return read_again(request); }, std::move(done));
}

// Asked again it is the same wish: only a second signal means that what is in flight shall be cut.
void Process::stop() {
  unsigned nobody = 0;
  if (!ends_asked_.compare_exchange_strong(nobody, 1, std::memory_order_relaxed)) return;
  control_.post([this] { control_.stop(); });
}

void Process::ask_to_end() {
  const bool again = ends_asked_.fetch_add(1, std::memory_order_relaxed) > 0;
  control_.post([this, again] {
    if (again) forced_ = true;
    control_.stop();
  });
}

void Process::watch_signals() {
  const sigset_t signals = handled_signals();
  while (true) {
    int number = 0;
    if (::sigwait(&signals, &number) != 0) continue;
    if (number == SIGQUIT && !workers_running_.load(std::memory_order_acquire)) return;
    if (number == SIGHUP || number == SIGUSR1) {
      control_.post([this, number] { on_signal(number); });
      continue;
    }
    ask_to_end();
    if (ends_asked_.load(std::memory_order_relaxed) > 1) return end_within_patience();
  }
}

// Whoever asks twice means it, whatever hangs: the control thread may itself wait for a disk.
void Process::end_within_patience() {
  sigset_t ended;
  ::sigemptyset(&ended);
  ::sigaddset(&ended, SIGQUIT);
  const Time deadline = steady_now() + forced_patience;
  while (steady_now() < deadline) {
    const timespec slice{.tv_sec = 0, .tv_nsec = 100'000'000};
    if (::sigtimedwait(&ended, nullptr, &slice) == SIGQUIT && !workers_running_.load(std::memory_order_acquire)) return;
  }
  surroundings_->log().error("forced to end: something hangs and is left behind");
  surroundings_->flush_logs();
  std::_Exit(static_cast<int>(ExitCode::forced));
}

void Process::on_signal(int number) {
  if (number == SIGHUP) return reload({.by = "SIGHUP", .force = false}, {});
  surroundings_->reopen_logs();
}

// Readiness goes first, so that a balancer in front stops sending; then listeners close and what is in flight ends.
ExitCode Process::drain_and_end() {
  draining_ = true;
  ready_.store(false, std::memory_order_release);
  {
    const std::lock_guard lock(mutex_);
    status_.state = "draining";
  }
  surroundings_->tell_supervisor(SupervisorNews::stopping);
  surroundings_->log().info("draining");
  const Duration configured = gateway()->timeouts.drain;
  const Duration patience = configured < Duration::zero() ? std::chrono::hours{24 * 365} : configured;
  const Time deadline = steady_now() + patience;
  if (begin_no_handshakes(open_listeners_)) {
    control_.run_until([&] { return forced_; }, std::min(handshake_patience, patience / 4));
  }
  std::size_t drained = 0;
  for (const auto& worker : workers_) {
    worker->post([this, &drained, server = &worker->server()] {
      server->drain([this, &drained] { control_.post([&drained] { ++drained; }); });
    });
  }
  control_.run_until([&] { return drained == workers_.size() || forced_; },
                     std::max(deadline - steady_now(), Duration::zero()));
  // Who only lingers has had its answer, and nobody cuts it.
  const auto busy = [](const auto& worker) { return worker->call([&] { return worker->server().busy(); }); };
  const bool clean = drained == workers_.size() || std::ranges::none_of(workers_, busy);
  for (const auto& worker : workers_) worker->stop();
  if (keeper_) keeper_->stop();
  for (const ListenerPlan& plan : open_listeners_) remove_socket_file(plan.address);
  workers_running_.store(false, std::memory_order_release);
  ::pthread_kill(signals_.native_handle(), SIGQUIT);
  signals_.join();
  control_.run_until([] { return true; }, {});  // configurations that are still to be destroyed
  surroundings_->log().info(clean ? "stopped" : "stopped with requests in flight");
  surroundings_->flush_logs();
  if (forced_) return leave(ExitCode::forced);
  return leave(clean ? ExitCode::clean : ExitCode::unclean);
}

// All that clients and operators were promised is done. A look-up or a disk that hangs would hold up a destructor for
// as long as it likes, so it gets none.
ExitCode Process::leave(ExitCode code) {
  if (executor_->stop(job_patience)) return code;
  surroundings_->log().warning("a look-up of a name, a disk or a hash did not end in time: left behind");
  surroundings_->flush_logs();
  std::_Exit(static_cast<int>(code));
}

}  // namespace weir
