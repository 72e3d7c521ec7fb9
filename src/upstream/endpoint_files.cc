// Looking once a second.
#include "upstream/endpoint_files.h"

namespace weir {

void EndpointFiles::adopt(const ClusterSettings& settings) {
  written_ = settings.endpoints;
  files_ = settings.endpoint_files;
  seen_.assign(files_.size(), nullptr);
  rest();
  if (files_.empty()) return;
  look();
  shard_.reactor.timers().arm(*this, shard_.reactor.now() + limits::watched_file_interval);
}

std::vector<ClusterEndpoint> EndpointFiles::endpoints() const {
  std::vector<ClusterEndpoint> all = written_;
  for (const auto& list : seen_) all.insert(all.end(), list->endpoints.begin(), list->endpoints.end());
  return all;
}

bool EndpointFiles::look() {
  bool changed = false;
  for (std::size_t at = 0; at < files_.size(); ++at) {
    files_[at]->on(shard_);  // sends somebody to the disk when it is time
    auto latest = files_[at]->latest();
    changed |= latest != seen_[at];
    seen_[at] = std::move(latest);
  }
  return changed;
}

void EndpointFiles::fire(Time now) {
  shard_.reactor.timers().arm(*this, now + limits::watched_file_interval);
  if (look()) changed_();
}

}  // namespace weir
