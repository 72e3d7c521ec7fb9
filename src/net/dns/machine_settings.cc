// Two stat(2) on another thread, and what follows from them.
#include "net/dns/machine_settings.h"

#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>

#include <cstring>

#include "base/limits.h"
#include "runtime/elsewhere.h"

namespace weir::dns {
namespace {

std::string text_of_file(const std::string& path, ByteCount bytes_max, FileStamp& stamp) {
  stamp = {};
  if (path.empty()) return {};
  auto content = read_file(path, bytes_max);
  if (!content) return {};
  stamp = content->stamp;
  return std::move(content->bytes);
}

FileStamp stamp_of(const std::string& path) {
  return path.empty() ? FileStamp{} : stamp_of_file(path).value_or(FileStamp{});
}

bool is_link_local(const IpAddress& address) {
  return address.bytes()[0] == 0xFE && (address.bytes()[1] & 0xC0) == 0x80;
}

/// As AI_ADDRCONFIG of getaddrinfo(3): a kind of addresses is asked for when the machine has one of that kind, loopback
/// and link-local ones aside.
void find_kinds(Settings& settings) {
  ifaddrs* first = nullptr;
  if (::getifaddrs(&first) != 0) return;
  for (const ifaddrs* each = first; each != nullptr; each = each->ifa_next) {
    if (each->ifa_addr == nullptr || (each->ifa_flags & IFF_LOOPBACK) != 0) continue;
    SocketAddress address;
    const int family = each->ifa_addr->sa_family;
    if (family != AF_INET && family != AF_INET6) continue;
    address.length = family == AF_INET ? sizeof(sockaddr_in) : sizeof(sockaddr_in6);
    std::memcpy(&address.storage, each->ifa_addr, address.length);
    if (family == AF_INET) settings.has_v4 = true;
    if (family == AF_INET6 && !is_link_local(IpAddress::of(address))) settings.has_v6 = true;
  }
  ::freeifaddrs(first);
}

}  // namespace

MachineSettings::MachineSettings(Executor& executor, SettingsWishes wishes)
    : executor_(executor), wishes_(std::move(wishes)) {}

Task<Result<std::shared_ptr<const Settings>>> MachineSettings::latest(Reactor& reactor) {
  const std::int64_t now = reactor.now().time_since_epoch().count();
  if (now < look_at_.load(std::memory_order_relaxed)) {
    const std::lock_guard lock(mutex_);
    co_return latest_;
  }
  CO_TRY(Latest looked, co_await elsewhere<Latest>(reactor, [this](auto done) {
           executor_.run([this, done = std::move(done)]() mutable { done(look()); });
         }));
  look_at_.store(now + Duration{limits::resolver_files_interval}.count(), std::memory_order_relaxed);
  co_return looked;
}

MachineSettings::Latest MachineSettings::look() {
  const std::lock_guard lock(mutex_);
  const bool same = latest_ != nullptr && stamp_of(wishes_.resolver_file) == resolver_stamp_ &&
                    stamp_of(wishes_.hosts_file) == hosts_stamp_;
  if (!same) {
    auto settings = std::make_shared<Settings>();
    read_resolver_file(text_of_file(wishes_.resolver_file, limits::resolver_file_bytes, resolver_stamp_), *settings);
    read_hosts_file(text_of_file(wishes_.hosts_file, limits::hosts_file_bytes, hosts_stamp_), *settings);
    if (!wishes_.servers.empty()) settings->servers = wishes_.servers;
    if (wishes_.search) settings->search = *wishes_.search;
    settings->timeout = wishes_.timeout.value_or(settings->timeout);
    settings->attempts = wishes_.attempts.value_or(settings->attempts);
    find_kinds(*settings);
    latest_ = std::move(settings);
  }
  return latest_;
}

}  // namespace weir::dns
