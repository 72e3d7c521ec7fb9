// What a process does for certificates that authorities issue: finds what it had before, and begins to keep them young.
#include "app/acme/keeper.h"
#include "app/logging/error_log.h"
#include "app/process/process.h"
#include "app/wall_clock.h"

namespace weir {
namespace {

acme::Keeper::Tell telling(Surroundings& surroundings) {
  return [&surroundings](bool good, const std::string& sentence) {
    good ? surroundings.log().info(sentence) : surroundings.log().warning(sentence);
  };
}

}  // namespace

/// Before a client comes: whoever had a certificate in the last life has it in this one.
void Process::restore_certificates() {
  if (state_folder_.empty()) return;
  if (vault_ == nullptr) {
    vault_ = std::make_shared<const acme::Vault>(state_folder_ + "/acme");
    vault_->sweep(wall_now());
  }
  acme::restore_certificates(compiler_.shared_states(), vault_, wall_now(), telling(*surroundings_));
}

/// The talk with authorities is on the first core, for as long as that lives, once a configuration wants it.
void Process::keep_certificates(const Gateway& gateway) {
  if (gateway.challenges == nullptr) return;
  if (std::exchange(keeps_certificates_, true)) return acme::KeeperBell::of(compiler_.shared_states())->ring();
  if (vault_ == nullptr)
    surroundings_->log().warning(
        "state is off: certificates that are issued are gone with the process, and authorities count how many they "
        "issue");
  workers_.front()->call([&] {
    Shard& shard = workers_.front()->shard();
    const auto make = [&] {
      return std::make_unique<acme::Keeper>(shard, compiler_.shared_states(), vault_, telling(*surroundings_));
    };
    shard.state<acme::Keeper>(StateKey("acme"), make).start();
  });
}

}  // namespace weir
