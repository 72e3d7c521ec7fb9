// The tables. In alphabetical order, so that two branches that add one merge cleanly.
#include "app/catalog.h"

#include <array>

#include "balancers/jump/jump.h"
#include "balancers/least_request/least_request.h"
#include "balancers/maglev/maglev.h"
#include "balancers/peak_ewma/peak_ewma.h"
#include "balancers/random/random.h"
#include "balancers/rendezvous/rendezvous.h"
#include "balancers/reported_load/reported_load.h"
#include "balancers/ring_hash/ring_hash.h"
#include "balancers/round_robin/round_robin.h"
#include "filters/access/access.h"
#include "filters/api_key/api_key.h"
#include "filters/basic_auth/basic_auth.h"
#include "filters/body_limit/body_limit.h"
#include "filters/circuit_breaker/circuit_breaker.h"
#include "filters/compress/compress.h"
#include "filters/concurrency/concurrency.h"
#include "filters/decompress/decompress.h"
#include "filters/error_pages/error_pages.h"
#include "filters/fallback/fallback.h"
#include "filters/fault_injection/fault_injection.h"
#include "filters/forward_auth/forward_auth.h"
#include "filters/grpc_web/grpc_web.h"
#include "filters/headers/headers.h"
#include "filters/hsts/hsts.h"
#include "filters/limit/limit.h"
#include "filters/priority/priority.h"
#include "filters/redirect/redirect.h"
#include "filters/rewrite/rewrite.h"
#include "filters/websocket/websocket.h"
#include "health_checks/grpc/grpc.h"
#include "health_checks/http/http.h"
#include "health_checks/postgresql/postgresql.h"
#include "health_checks/redis/redis.h"
#include "health_checks/tcp/tcp.h"
#include "services/connect/connect.h"
#include "services/fastcgi/fastcgi.h"
#include "services/files/files.h"
#include "services/proxy/proxy.h"
#include "services/redirect/redirect.h"
#include "services/respond/respond.h"

namespace weir {
namespace {

template <typename Kind>
const Kind* find(std::span<const Kind* const> kinds, std::string_view name) {
  for (const Kind* kind : kinds) {
    if (kind->name == name) return kind;
  }
  return nullptr;
}

}  // namespace

std::span<const FilterKind* const> filter_kinds() {
  // clang-format off: one to a line, however many there are
  static const std::array kinds{
      &access_filter(),
      &api_key_filter(),
      &basic_auth_filter(),
      &body_limit_filter(),
      &circuit_breaker_filter(),
      &compress_filter(),
      &concurrency_filter(),
      &decompress_filter(),
      &error_pages_filter(),
      &fallback_filter(),
      &fault_injection_filter(),
      &forward_auth_filter(),
      &grpc_web_filter(),
      &headers_filter(),
      &hsts_filter(),
      &limit_filter(),
      &priority_filter(),
      &redirect_filter(),
      &rewrite_filter(),
      &websocket_filter(),
  };
  // clang-format on
  return kinds;
}

std::span<const ServiceKind* const> service_kinds() {
  static const std::array kinds{
      &connect_service(), &fastcgi_service(),  &files_service(),
      &proxy_service(),   &redirect_service(), &respond_service(),
  };
  return kinds;
}

std::span<const BalancerKind* const> balancer_kinds() {
  static const std::array kinds{
      &jump_balancer(),          &least_request_balancer(), &maglev_balancer(),
      &peak_ewma_balancer(),     &random_balancer(),        &rendezvous_balancer(),
      &reported_load_balancer(), &ring_hash_balancer(),     &round_robin_balancer(),
  };
  return kinds;
}

std::span<const HealthCheckKind* const> health_check_kinds() {
  static const std::array kinds{
      &grpc_check(), &http_check(), &postgresql_check(), &redis_check(), &tcp_check(),
  };
  return kinds;
}

const FilterKind* find_filter(std::string_view name) {
  return find(filter_kinds(), name);
}
const ServiceKind* find_service(std::string_view name) {
  return find(service_kinds(), name);
}
const BalancerKind* find_balancer(std::string_view name) {
  return find(balancer_kinds(), name);
}
const HealthCheckKind* find_health_check(std::string_view name) {
  return find(health_check_kinds(), name);
}

}  // namespace weir
