// How an upstream's `retries` and `hedge` are written.
#pragma once

#include "contracts/schema.h"
#include "upstream/hedge.h"
#include "upstream/retry.h"

namespace weir::config {

const Schema<RetrySettings>& retries_schema();
const Schema<HedgeSettings>& hedge_schema();

/// Says what is wrong with the name of a field that upstreams are told something in; empty when nothing is.
std::string field_name_complaint(const std::string& name);

}  // namespace weir::config
