// Which server, and what a redirection means.
#include "net/redis/client.h"

#include <algorithm>

namespace weir::redis {

Client::Client(Scope& scope, Resolver& resolver, tls::Workbench& bench, Settings settings, Events& events)
    : scope_(scope),
      resolver_(resolver),
      bench_(bench),
      settings_(std::move(settings)),
      events_(events),
      first_(std::make_shared<Node>(scope, resolver, bench, settings_, events, settings_.addresses)),
      slots_(settings_.cluster ? slot_count : 0) {}

Client::~Client() {
  stop();
}

void Client::stop() {
  if (std::exchange(stopped_, true)) return;
  first_->stop();
  for (const auto& [address, node] : nodes_) node->stop();
}

const Client::NodePointer& Client::node_of(std::uint16_t slot) {
  return slots_.empty() || slots_[slot] == nullptr ? first_ : slots_[slot];
}

Client::NodePointer Client::node_at(const Endpoint& endpoint) {
  const std::string address = endpoint.text();
  const auto found = nodes_.find(address);
  if (found != nodes_.end()) return found->second;
  if (stopped_ || nodes_.size() >= limits::redis_nodes) return first_;
  auto node = std::make_shared<Node>(scope_, resolver_, bench_, settings_, events_, std::vector{endpoint});
  nodes_.emplace(address, node);
  return node;
}

Task<Result<Reply>> Client::ask(const Request& request, std::uint16_t slot, Duration patience) {
  Reactor& reactor = scope_.reactor();
  const Time deadline = deadline_after(reactor.now(), patience);
  NodePointer node = node_of(slot);
  bool asking = false;
  if (settings_.cluster && (slots_[slot] == nullptr || !node->takes_questions())) refresh_soon();
  for (unsigned redirections = 0;; ++redirections) {
    const Duration left = time_left(reactor.now(), deadline);
    Node::Ask question(*node, request, left, asking);
    Result<Reply> reply = co_await question;
    if (!settings_.cluster || !reply) co_return reply;
    const auto redirection = read_redirection(reply->value(), node->address());
    if (!redirection) {
      if (reply->value().is_error("CLUSTERDOWN")) refresh_soon();
      co_return reply;
    }
    events_.happened(Event::redirected, node->address().text(), reply->value().text());
    if (redirections == limits::redis_redirections) co_return fail(upstream_error(Code::upstream_overloaded));
    node = node_at(redirection->to);
    asking = redirection->kind == Redirection::Kind::ask;
    if (asking) continue;
    slots_[redirection->slot] = node;
    refresh_soon();
  }
}

bool Client::tell(const Request& request, std::uint16_t slot) {
  return node_of(slot)->tell(request);
}

std::vector<NodeFacts> Client::nodes() const {
  std::vector<NodeFacts> facts;
  if (nodes_.empty()) facts.push_back(first_->facts());
  for (const auto& [address, node] : nodes_) facts.push_back(node->facts());
  return facts;
}

// ---- the table of slots ----

void Client::refresh_soon() {
  if (refreshing_ || stopped_) return;
  refreshing_ = true;
  scope_.spawn(refresh());
}

Task<void> Client::refresh() {
  Reactor& reactor = scope_.reactor();
  if (refreshed_ != Time{} && reactor.now() - refreshed_ < refresh_pause) {
    const Duration pause = refresh_pause - (reactor.now() - refreshed_);
    const Duration more = pause * static_cast<std::int64_t>(reactor.random().below(256)) / 1024;  // not all in step
    if (!co_await Sleep(reactor, pause + more)) {
      refreshing_ = false;
      co_return;
    }
  }
  refreshed_ = reactor.now();
  // Whoever is there may be asked; the configured ones are when nobody is known to be.
  std::vector<NodePointer> known;
  for (const auto& [address, node] : nodes_) {
    if (node->ready() && node->takes_questions()) known.push_back(node);
  }
  known.push_back(first_);
  bool done = false;
  for (std::size_t at = 0; at < known.size() && !done && !stopped_; ++at)
    done = co_await refresh_from(std::move(known[at]));
  refreshing_ = false;
}

Task<bool> Client::refresh_from(NodePointer node) {
  const Request question{.bytes = command({"CLUSTER", "SLOTS"})};
  Node::Ask ask(*node, question, settings_.answer_timeout);
  const Result<Reply> reply = co_await ask;
  if (!reply || stopped_) co_return false;
  const Result<std::vector<SlotRange>> ranges = read_slots(reply->value(), node->address());
  if (!ranges || ranges->empty()) co_return false;
  adopt(*ranges);
  events_.happened(Event::refreshed, node->address().text(), {});
  co_return true;
}

void Client::adopt(const std::vector<SlotRange>& ranges) {
  std::ranges::fill(slots_, nullptr);
  for (const SlotRange& range : ranges) {
    const NodePointer node = node_at(range.master);
    std::fill(slots_.begin() + range.first, slots_.begin() + range.last + 1, node);
  }
  forget_idle_nodes();
}

void Client::forget_idle_nodes() {
  std::erase_if(left_, [](const NodePointer& node) { return node->at_rest(); });
  std::erase_if(nodes_, [&](const auto& entry) {
    if (std::ranges::find(slots_, entry.second) != slots_.end()) return false;
    entry.second->stop();
    left_.push_back(entry.second);
    return true;
  });
}

}  // namespace weir::redis
