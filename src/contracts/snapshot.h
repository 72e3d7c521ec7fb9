// One configuration, compiled: immutable, shared by all cores, pinned by every request that started with it.
//
// Idea: what every floor may read of it stands here; what only the server knows (router, routes, services) is in the
// derived class (server/gateway.h). Each shard holds one reference; its exchanges count pins on the shard, without
// atomics; the last pin gives the shard's reference back to the control thread, which destroys old snapshots off the
// data path.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/fault.h"
#include "base/limits.h"
#include "net/address.h"

namespace weir {

/// What the gateway says about itself and the client to upstreams. `forwarded:` in the configuration.
struct ForwardedSettings {
  bool x_forwarded = true;         ///< X-Forwarded-For, -Proto, -Host, -Port
  bool forwarded = false;          ///< Forwarded (RFC 7239)
  bool via = true;                 ///< Via (RFC 9110 section 7.6.3) and CDN-Loop (RFC 8586): loops are refused
  bool request_id = true;          ///< X-Request-ID
  std::string pseudonym = "weir";  ///< our name in Via, CDN-Loop and Proxy-Status
};

/// What is remembered of requests that are over, and what responses tell about themselves. `stories:` in the
/// configuration.
struct StorySettings {
  enum class ProxyStatus : std::uint8_t { off, errors, all };

  /// Of the whole process, shared out among the cores; 0 remembers nothing. About 40,000 ordinary requests.
  ByteCount memory_bytes = 16 * mebibyte;
  Duration slow = std::chrono::seconds{1};         ///< from there on a story is kept longer, as errors are
  ProxyStatus proxy_status = ProxyStatus::errors;  ///< which responses carry Proxy-Status (RFC 9209)
  bool server_timing = false;                      ///< whether responses carry Server-Timing
};

class Snapshot {
 public:
  virtual ~Snapshot() = default;

  Limits limits;
  Timeouts timeouts;
  ForwardedSettings forwarded;
  StorySettings stories;
  std::vector<Cidr> trusted_proxies;
  std::string hash;    ///< content address, hexadecimal
  std::string source;  ///< the file it came from
  WallTime loaded_at{};
};

/// A shard's reference to a snapshot, with the pins of the exchanges that run on it.
class ShardSnapshot {
 public:
  using Release = std::function<void(std::shared_ptr<const Snapshot>)>;

  /// \param release  takes the reference when the last pin is gone: sends it to the control thread
  ShardSnapshot(std::shared_ptr<const Snapshot> snapshot, Release release)
      : snapshot_(std::move(snapshot)), release_(std::move(release)) {}

  [[nodiscard]] const Snapshot& operator*() const { return *snapshot_; }
  [[nodiscard]] const Snapshot* operator->() const { return snapshot_.get(); }
  [[nodiscard]] std::uint32_t pins() const { return pins_; }

 private:
  friend class SnapshotPin;
  std::shared_ptr<const Snapshot> snapshot_;
  Release release_;
  std::uint32_t pins_ = 0;
};

/// Keeps a configuration alive as long as somebody runs on it. Move-only; stays on its shard.
class SnapshotPin {
 public:
  SnapshotPin() = default;
  explicit SnapshotPin(ShardSnapshot& shared) : shared_(&shared) { ++shared.pins_; }
  SnapshotPin(SnapshotPin&& other) noexcept : shared_(std::exchange(other.shared_, nullptr)) {}
  SnapshotPin& operator=(SnapshotPin&& other) noexcept {
    if (this != &other) {
      reset();
      shared_ = std::exchange(other.shared_, nullptr);
    }
    return *this;
  }
  ~SnapshotPin() { reset(); }

  void reset() {
    ShardSnapshot* shared = std::exchange(shared_, nullptr);
    if (shared == nullptr) return;
    if (fault(Fault::snapshot_freed_early) && shared->pins_ > 1) shared->release_(shared->snapshot_);
    if (--shared->pins_ > 0) return;
    shared->release_(std::move(shared->snapshot_));
    delete shared;
  }

  [[nodiscard]] const Snapshot& operator*() const { return *shared_->snapshot_; }
  [[nodiscard]] const Snapshot* operator->() const { return shared_->snapshot_.get(); }
  [[nodiscard]] explicit operator bool() const { return shared_ != nullptr; }
  [[nodiscard]] SnapshotPin again() const { return SnapshotPin(*shared_); }

 private:
  ShardSnapshot* shared_ = nullptr;
};

}  // namespace weir
