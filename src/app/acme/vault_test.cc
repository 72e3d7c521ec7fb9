// What is kept, who holds a lock, and what is swept: on a real folder, with the times of files set by hand.
#include "app/acme/vault.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "contracts/testing/temporary_folder.h"

namespace weir::acme {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

class AcmeVault : public testing::Test {
 protected:
  [[nodiscard]] std::vector<std::string> files() const {
    std::vector<std::string> found;
    for (const auto& each : fs::recursive_directory_iterator(folder.path("acme"))) {
      if (each.is_regular_file()) found.push_back(each.path().filename().string());
    }
    std::ranges::sort(found);
    return found;
  }
  void put(const std::string& name, std::chrono::hours old) {
    const fs::path file = folder.path("acme/" + name);
    std::ofstream(file) << "left";
    fs::last_write_time(file, fs::file_time_type::clock::from_sys(now - old));
  }

  const WallTime now{std::chrono::seconds{1'000'000'000}};  // long ago: what the test writes is younger
  TemporaryFolder folder;
  Vault vault{folder.path("acme")};
  Url authority = *parse_url("https://ca.test/directory");
};

TEST_F(AcmeVault, keeps_what_is_written_and_tells_without_reading) {
  EXPECT_FALSE(vault.has(authority, "shop.test.pem"));
  ASSERT_TRUE(vault.write(authority, "shop.test.pem", "a certificate"));
  EXPECT_TRUE(vault.has(authority, "shop.test.pem"));
  EXPECT_EQ(vault.read(authority, "shop.test.pem").value(), "a certificate");
  EXPECT_EQ(files(), std::vector<std::string>{"shop.test.pem"}) << "and nothing beside it";
}

TEST_F(AcmeVault, two_processes_write_beside_under_names_of_their_own) {
  const Vault other(folder.path("acme"));
  ASSERT_TRUE(vault.write(authority, "shop.test.pem", "a certificate"));
  // Whoever was killed in the middle has left the half of one, which is in nobody's way.
  const std::string left = folder.path("acme/ca.test_directory/shop.test.pem.tmp");
  fs::create_directory(left);
  EXPECT_TRUE(vault.write(authority, "shop.test.pem", "a newer one"));
  EXPECT_TRUE(other.write(authority, "shop.test.pem", "a newer one still"));
  EXPECT_EQ(vault.read(authority, "shop.test.pem").value(), "a newer one still");
}

TEST_F(AcmeVault, a_lock_has_one_holder_and_goes_with_its_last_reference) {
  auto held = vault.lock(authority, "shop.test").value();
  ASSERT_NE(held, nullptr);
  const Vault other(folder.path("acme"));
  EXPECT_EQ(other.lock(authority, "shop.test").value(), nullptr);
  EXPECT_NE(other.lock(authority, "other.test").value(), nullptr);
  const Vault::Lock also = held;
  held.reset();
  EXPECT_EQ(other.lock(authority, "shop.test").value(), nullptr) << "who writes holds it, too";
}

TEST_F(AcmeVault, sweeps_what_the_killed_have_left) {
  ASSERT_TRUE(vault.write(authority, "shop.test.pem", "a certificate"));
  ASSERT_TRUE(vault.write_challenge("fresh", "fresh.print"));
  put("challenges/old", 25h);
  put("challenges/older.0123.tmp", 49h);
  put("ca.test_directory/shop.test.pem.0123.tmp", 25h);
  put("ca.test_directory/new.test.pem.0123.tmp", 1h);
  put("ca.test_directory/old.test.pem", 24h * 80);
  vault.sweep(now);
  EXPECT_EQ(files(), (std::vector<std::string>{"fresh", "new.test.pem.0123.tmp", "old.test.pem", "shop.test.pem"}));
  Vault(folder.path("nowhere")).sweep(now);
}

}  // namespace
}  // namespace weir::acme
