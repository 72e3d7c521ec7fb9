// Every plug-in there is, in one table each: adding one is one new folder and one line here.
//
// Explicit tables, not static initialisers: a linker may drop what nobody names, and a reader could not find it.
#pragma once

#include <span>

#include "contracts/health_check.h"
#include "contracts/plugin.h"

namespace weir {

std::span<const FilterKind* const> filter_kinds();
std::span<const ServiceKind* const> service_kinds();
std::span<const BalancerKind* const> balancer_kinds();
std::span<const HealthCheckKind* const> health_check_kinds();

/// The kind of that name, or null.
const FilterKind* find_filter(std::string_view name);
const ServiceKind* find_service(std::string_view name);
const BalancerKind* find_balancer(std::string_view name);
const HealthCheckKind* find_health_check(std::string_view name);

}  // namespace weir
