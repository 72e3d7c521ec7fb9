// A disk that hangs: how many jobs strangers can cause, and who holds the lock while nobody waits any more.
#include <gtest/gtest.h>

#include "app/acme/keeper.h"
#include "app/acme/on_demand.h"
#include "app/acme/testing/fake_authority.h"
#include "app/acme/testing/slow_disk_world.h"
#include "contracts/testing/temporary_folder.h"

namespace weir::acme {
namespace {

using namespace std::chrono_literals;

class AcmeSlowDisk : public testing::Test {
 protected:
  AcmeSlowDisk() {
    authority->name = "test";
    authority->settings.directory = *parse_url("http://10.0.0.1:14000/directory");
    authority->settings.context = tls::ClientContext::make({.verify = false}).value();
  }
  /// So many strangers at once, each with a name of his own, until all have had enough.
  void crowd(const std::function<Task<void>(std::string name)>& one, unsigned count) {
    Scope strangers(there.shard.reactor);
    for (unsigned number = 0; number < count; ++number) strangers.spawn(one("n" + std::to_string(number)));
    ASSERT_TRUE(there.world.run_until([&] { return strangers.running() == 0; }, 1min));
  }

  SlowDiskWorld there;
  TemporaryFolder folder;
  std::shared_ptr<const Vault> vault = std::make_shared<const Vault>(folder.path("acme"));
  std::shared_ptr<Authority> authority = std::make_shared<Authority>();
  SharedStates states;
};

Task<void> ask_for(OnDemand& on_demand, Shard& shard, std::string name) {
  co_await on_demand.certificate_for(shard, name + ".shop.test");
}
Task<void> ask_for_token(ProofTable& proofs, Shard& shard, std::string token) {
  co_await proofs.answer(shard, token);
}

TEST_F(AcmeSlowDisk, unknown_names_cause_no_more_looks_than_so_many) {
  OnDemand on_demand({.patterns = {"*.shop.test"}}, ChallengeKind::http_01, authority, states);
  on_demand.share(vault);
  there.disk.hangs = true;
  for (int time = 0; time < 3; ++time)
    crowd([&](std::string name) { return ask_for(on_demand, there.shard, std::move(name)); }, 200);
  EXPECT_EQ(there.disk.held.size(), limits::acme_asking_at_once) << "also when those who asked have given up";
  EXPECT_TRUE(on_demand.all().empty());
  for (auto& job : std::exchange(there.disk.held, {})) job();
  there.disk.hangs = false;
  crowd([&](std::string name) { return ask_for(on_demand, there.shard, "x" + name); }, 1);
  EXPECT_EQ(on_demand.all().size(), 1U) << "when the disk is back, so is everything";
}

TEST_F(AcmeSlowDisk, that_nothing_is_there_is_remembered_for_a_moment) {
  OnDemand on_demand({.patterns = {"*.shop.test"}, .per_hour = 1}, ChallengeKind::http_01, authority, states);
  on_demand.share(vault);
  const auto again = [&](std::string) { return ask_for(on_demand, there.shard, "late"); };
  crowd([&](std::string) { return ask_for(on_demand, there.shard, "first"); }, 1);
  for (int time = 0; time < 20; ++time) crowd(again, 1);
  EXPECT_EQ(there.disk.jobs, 2U);
  there.world.run_for(11s);
  ASSERT_TRUE(vault->write(authority->settings.directory, "late.shop.test.pem", "of another process"));
  crowd(again, 1);
  EXPECT_EQ(there.disk.jobs, 3U);
  EXPECT_EQ(on_demand.all().size(), 2U);
}

TEST_F(AcmeSlowDisk, unknown_tokens_cause_no_more_looks_than_so_many) {
  ProofTable proofs;
  proofs.share(vault);
  there.disk.hangs = true;
  for (int time = 0; time < 3; ++time)
    crowd([&](std::string token) { return ask_for_token(proofs, there.shard, std::move(token)); }, 50);
  EXPECT_EQ(there.disk.held.size(), ProofTable::looks_at_once);
}

TEST_F(AcmeSlowDisk, a_write_that_nobody_waits_for_still_holds_the_lock) {
  FakeAuthority fake{there.shard.reactor, "10.0.0.1:14000", [this] { return there.shard.reactor.wall_now(); }};
  const auto shop =
      std::make_shared<ManagedCertificate>(std::vector<std::string>{"shop.test"}, ChallengeKind::http_01, authority);
  states.find_or_make<ManagedCertificate>("acme shop.test", [&] { return shop; });
  fake.look = [this](const std::string&) {
    there.disk.hangs = true;
    return std::string();
  };
  std::string said;
  Keeper keeper(there.shard, states, vault, [&](bool, const std::string& sentence) { said += sentence + "\n"; });
  keeper.start();
  enum { proof_removed, written, shown };
  EXPECT_TRUE(there.world.run_until([&] { return there.disk.held.size() > shown; }, 1min)) << said;
  there.disk.held[shown]();
  EXPECT_TRUE(there.world.run_until([&] { return said.contains("a restart will not find it"); }, 1min)) << said;
  const auto is_locked = [&] { return vault->lock(authority->settings.directory, "shop.test").value() == nullptr; };
  EXPECT_TRUE(is_locked()) << "nobody else writes that file now";
  there.disk.held[written]();
  there.disk.held.clear();
  EXPECT_FALSE(is_locked());
  EXPECT_EQ(vault->read(authority->settings.directory, "shop.test.pem").value(), shop->text());
  fake.server.stop();
  there.shard.scope.cancel(gateway_error(Code::draining));
  there.world.run_until([&] { return fake.server.stopped() && there.shard.scope.running() == 0; });
}

}  // namespace
}  // namespace weir::acme
