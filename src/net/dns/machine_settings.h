// The settings of this machine, as its files say now.
//
// Problem: /etc/resolv.conf changes while the process runs: a lease was renewed, a container got another network.
// Idea: one for all cores. Whoever resolves a name gets the settings that are there; once in a while one of them has
// the files looked at on the executor first, and read when they are others.
//
// Invariants
//   (1) Settings are immutable; a resolution under way goes on with those it began with.
//   (2) A file that cannot be read is an empty one: no search list, no hosts, the server on this machine.
#pragma once

#include <atomic>
#include <mutex>
#include <string>

#include "net/dns/resolver.h"
#include "runtime/executor.h"
#include "runtime/file_content.h"

namespace weir::dns {

/// What a configuration says in place of the machine's files.
struct SettingsWishes {
  std::vector<SocketAddress> servers;
  std::optional<std::vector<std::string>> search;
  std::optional<Duration> timeout;
  std::optional<unsigned> attempts;
  std::string resolver_file = "/etc/resolv.conf";
  std::string hosts_file = "/etc/hosts";  ///< empty: none
};

class MachineSettings final : public SettingsSource {
 public:
  MachineSettings(Executor& executor, SettingsWishes wishes);

  Task<Result<std::shared_ptr<const Settings>>> latest(Reactor& reactor) override;

 private:
  using Latest = std::shared_ptr<const Settings>;

  /// Blocks.
  Latest look();

  Executor& executor_;
  const SettingsWishes wishes_;
  std::atomic<std::int64_t> look_at_{0};  // nanoseconds of the reactors' clock
  std::mutex mutex_;                      // guards what follows
  Latest latest_;
  FileStamp resolver_stamp_;
  FileStamp hosts_stamp_;
};

}  // namespace weir::dns
