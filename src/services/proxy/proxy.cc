// Forwarding one exchange.
#include "services/proxy/proxy.h"

#include <numeric>

#include "http/max_forwards.h"
#include "server/proxy_status.h"
#include "upstream/attempt.h"
#include "upstream/forwarding.h"

namespace weir {
namespace {

std::uint64_t total_weight(const std::vector<ProxyTarget>& targets) {
  return std::accumulate(targets.begin(), targets.end(), std::uint64_t{0},
                         [](std::uint64_t sum, const ProxyTarget& target) { return sum + target.weight; });
}

/// `shop (2 endpoints)`
std::string described(const Cluster& cluster) {
  const std::size_t count = cluster.endpoints().size();
  return cluster.name() + " (" + std::to_string(count) + (count == 1 ? " endpoint)" : " endpoints)");
}

/// For whom the request goes no further (RFC 9110 section 7.6.2): Weir is asked, and says that it is there.
Result<Answer> answer_here(const RequestHead& request, Arena& arena) {
  if (request.method == Method::trace) {
    return fail(client_error(Code::method_not_supported, "Max-Forwards is 0, and Weir itself answers no TRACE"));
  }
  Answer answer(arena);
  answer.head.framing = {.kind = Framing::Kind::length, .length = 0};
  return answer;
}

}  // namespace

const ProxyTarget& pick_target(const std::vector<ProxyTarget>& targets, std::uint64_t draw) {
  if (targets.size() == 1) return targets.front();
  std::uint64_t left = draw % total_weight(targets);
  for (const ProxyTarget& target : targets) {
    if (left < target.weight) return target;
    left -= target.weight;
  }
  return targets.back();
}

Reply Proxy::handle(Exchange& exchange) const {
  const std::uint64_t draw = targets_.size() == 1 ? 0 : exchange.shard.reactor.random().next();
  const ProxyTarget& target = pick_target(targets_, draw);
  if (targets_.size() > 1) {
    exchange.record(
        {.room = "proxy", .verdict = "picked", .subject = target.cluster->name(), .reason = "by_weight", .place = {}},
        draw);
  }
  // A raw stream has no head: what it would say of the client stands in a PROXY header, or nowhere.
  if (exchange.connection.raw) {
    co_return co_await send_to(*target.cluster, exchange, exchange.request);
  }
  if (forwards_left(exchange.request) == 0) co_return answer_here(exchange.request, exchange.arena);
  const RequestHead& head = compose_upstream_head(exchange.request, exchange, exchange.arena, exchange.upgrade_allowed);
  exchange.expectation_forwarded = head.expects_continue;
  Result<Answer> answer = co_await send_to(*target.cluster, exchange, head);
  if (answer) tell_proxied(exchange, answer->head.status, answer->head);
  if (answer && exchange.snapshot->forwarded.via) {
    append_via(answer->head.fields, answer->head.version, exchange.snapshot->forwarded.pseudonym);
  }
  co_return answer;
}

Effect Proxy::rehearse(ImaginedRequest& imagined) const {
  if (forwards_left(imagined.head) == 0) {
    return {.text = "answers itself, since Max-Forwards is 0",
            .answers = true,
            .status = imagined.head.method == Method::trace ? Status{405} : Status{200}};
  }
  Effect effect{.text = {}, .answers = true};
  for (const ProxyTarget& target : targets_) effect.upstreams.push_back(target.cluster);
  if (targets_.size() == 1) {
    effect.text = "forwards to upstream " + described(*targets_.front().cluster);
    return effect;
  }
  const std::string total = std::to_string(total_weight(targets_));
  effect.text = "forwards to one of";
  std::string_view separator = " ";
  for (const ProxyTarget& target : targets_) {
    effect.text += separator;
    effect.text += described(*target.cluster) + ", " + std::to_string(target.weight) + " of " + total;
    separator = "; ";
  }
  return effect;
}

}  // namespace weir
