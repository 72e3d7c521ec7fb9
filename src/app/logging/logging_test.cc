// One line per message, and one datagram per piece of news.
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "app/logging/error_log.h"
#include "app/logging/systemd.h"

namespace weir {
namespace {

constexpr WallTime sample_time{std::chrono::seconds{1'795'190'400} + std::chrono::milliseconds{7}};

TEST(ErrorLog, a_line_has_time_level_configuration_and_text) {
  EXPECT_EQ(log_line(sample_time, LogLevel::warning, "7f3a91c", "low on luck"),
            "2026-11-20T16:00:00.007Z warning  7f3a91c  low on luck\n");
  EXPECT_EQ(log_line(sample_time, LogLevel::info, "7f3a91c", "hello"),
            "2026-11-20T16:00:00.007Z info     7f3a91c  hello\n");
}

TEST(ErrorLog, a_text_cannot_forge_a_line) {
  EXPECT_EQ(log_line(sample_time, LogLevel::error, "7f3a91c", "a\nb\r\033[1mc\n"),
            "2026-11-20T16:00:00.007Z error    7f3a91c  a\n    b  [1mc\n");
}

TEST(ErrorLog, says_what_its_level_lets_through) {
  const std::string path =
      (std::filesystem::temp_directory_path() / ("weir-error-log-" + std::to_string(::getpid()))).string();
  {
    ErrorLog log(path, LogLevel::warning);
    log.runs_under("7f3a91c");
    log.info("quiet");
    log.error("loud");
    log.configure(path, LogLevel::debug);
    log.debug("all");
  }
  std::ifstream file(path);
  std::string text((std::istreambuf_iterator<char>(file)), {});
  std::filesystem::remove(path);
  EXPECT_EQ(text.find("quiet"), std::string::npos);
  EXPECT_NE(text.find("error    7f3a91c  loud\n"), std::string::npos);
  EXPECT_NE(text.find("debug    7f3a91c  all\n"), std::string::npos);
}

class Supervisor {
 public:
  Supervisor()
      : path_((std::filesystem::temp_directory_path() / ("weir-notify-" + std::to_string(::getpid()))).string()) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path_.c_str(), sizeof(address.sun_path) - 1);
    EXPECT_EQ(::bind(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
    ::setenv("NOTIFY_SOCKET", path_.c_str(), 1);
  }
  ~Supervisor() {
    ::unsetenv("NOTIFY_SOCKET");
    ::close(socket_);
    std::filesystem::remove(path_);
  }
  std::string heard() {
    std::array<char, 512> buffer{};
    const ssize_t size = ::recv(socket_, buffer.data(), buffer.size(), MSG_DONTWAIT);
    return size < 0 ? std::string() : std::string(buffer.data(), static_cast<std::size_t>(size));
  }

 private:
  std::string path_;
  int socket_ = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
};

TEST(Systemd, tells_what_notify_reload_asks_for) {
  Supervisor supervisor;
  EXPECT_TRUE(systemd::ready("serving"));
  EXPECT_EQ(supervisor.heard(), "READY=1\nSTATUS=serving");
  EXPECT_TRUE(systemd::reloading());
  EXPECT_TRUE(supervisor.heard().starts_with("RELOADING=1\nMONOTONIC_USEC="));
  EXPECT_TRUE(systemd::stopping("draining"));
  EXPECT_EQ(supervisor.heard(), "STOPPING=1\nSTATUS=draining");
}

TEST(Systemd, without_a_supervisor_nothing_is_sent) {
  ::unsetenv("NOTIFY_SOCKET");
  EXPECT_FALSE(systemd::ready("serving"));
}

}  // namespace
}  // namespace weir
