// The endpoints of an upstream on one core: those its configuration names, and those of the files that it names.
//
// Problem: an orchestrator changes endpoints every minute; a reload for each is too much. Idea: the files are watched
// (contracts/watched_file.h). Once a second each core that serves the upstream has a look at what the others found, and
// takes a new version over as a reload would: who is still there keeps its connections, who is gone is drained.
//
// A file with mistakes changes nothing and is told about; so is one that names nobody, since an empty file is what a
// writer that died leaves behind.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "contracts/watched_file.h"
#include "upstream/cluster.h"

namespace weir {

class EndpointFiles final : private Timer {
 public:
  using Files = std::vector<std::shared_ptr<WatchedFile<EndpointList>>>;

  /// \param changed  called by the core's timer when endpoints() would say something else than before
  EndpointFiles(Shard& shard, std::function<void()> changed) : shard_(shard), changed_(std::move(changed)) {}
  EndpointFiles(const EndpointFiles&) = delete;
  EndpointFiles& operator=(const EndpointFiles&) = delete;
  ~EndpointFiles() { rest(); }

  /// Takes over what a configuration says.
  void adopt(const ClusterSettings& settings);
  /// All there are, those written in the configuration first.
  [[nodiscard]] std::vector<ClusterEndpoint> endpoints() const;
  [[nodiscard]] bool any() const { return !files_.empty(); }
  /// Nobody new will come, until adopt(): nobody looks.
  void rest() { shard_.reactor.timers().disarm(*this); }

 private:
  void fire(Time now) override;
  /// \returns  whether one of the files has another version than before
  bool look();

  Shard& shard_;
  std::function<void()> changed_;
  std::vector<ClusterEndpoint> written_;
  Files files_;
  std::vector<std::shared_ptr<const EndpointList>> seen_;  // in the order of files_
};

}  // namespace weir
