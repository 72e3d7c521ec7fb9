// The name of one request in every log it leaves a line in.
//
// Idea: 128 random bits as 32 hexadecimal digits, unless somebody trusted in front of us named the request already. It
// tells requests apart and protects nothing, so the shard's ordinary random source is good enough.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "base/random.h"

namespace weir {

using RequestId = std::array<char, 32>;

RequestId make_request_id(Random& random);

inline std::string_view view_of(const RequestId& id) {
  return {id.data(), id.size()};
}

/// Whether an inbound x-request-id may be taken over: 1 to 128 token characters, so that it needs quoting nowhere.
bool is_request_id(std::string_view text);

}  // namespace weir
