// Request methods and what they promise (RFC 9110 section 9, registry of RFC 9110 section 16.1).
#pragma once

#include <cstdint>
#include <string_view>

namespace weir {

enum class Method : std::uint8_t { other, get, head, post, put, delete_, connect, options, trace, patch };

/// The method a token names; `other` for tokens Weir has no opinion on. Methods are case-sensitive.
Method method_of(std::string_view token);

/// Safe or idempotent methods may be sent twice (RFC 9110 section 9.2.2).
constexpr bool is_idempotent(Method method) {
  switch (method) {
    case Method::get:
    case Method::head:
    case Method::put:
    case Method::delete_:
    case Method::options:
    case Method::trace:
      return true;
    default:
      return false;
  }
}

}  // namespace weir
