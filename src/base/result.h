// A value, or the error that kept it from being one.
//
// Idea: std::expected with one error type for the whole program, and two macros that pass an error on.
// TRY is for plain functions, CO_TRY for coroutines; both evaluate the expression once and either bind
// its value to the declaration or return the error to the caller.
//
//   TRY(const Head head, parse_head(bytes));
//   CO_TRY(Lease slot, co_await attempt.lease());
//   CO_TRY_VOID(co_await stream.send(bytes));
#pragma once

#include <expected>
#include <utility>

#include "base/error.h"

namespace weir {

template <typename T>
using Result = std::expected<T, Error>;

using Failure = std::unexpected<Error>;

/// `return fail(client_error(Code::bad_length));`
constexpr Failure fail(Error error) {
  return Failure(error);
}
constexpr Failure fail(Code code, Origin origin) {
  return Failure(Error{.code = code, .origin = origin});
}

#define WEIR_JOIN_(a, b) a##b
#define WEIR_JOIN(a, b) WEIR_JOIN_(a, b)

#define WEIR_TRY_(ret, holder, declaration, ...) \
  auto&& holder = __VA_ARGS__;                   \
  if (!holder) [[unlikely]]                      \
    ret ::weir::fail((holder).error());          \
  declaration = std::move(*holder)

#define WEIR_TRY_VOID_(ret, holder, ...)                 \
  if (auto&& holder = __VA_ARGS__; !holder) [[unlikely]] \
  ret ::weir::fail((holder).error())

#define TRY(declaration, ...) WEIR_TRY_(return, WEIR_JOIN(try_, __LINE__), declaration, __VA_ARGS__)
#define TRY_VOID(...) WEIR_TRY_VOID_(return, WEIR_JOIN(try_, __LINE__), __VA_ARGS__)
#define CO_TRY(declaration, ...) WEIR_TRY_(co_return, WEIR_JOIN(try_, __LINE__), declaration, __VA_ARGS__)
#define CO_TRY_VOID(...) WEIR_TRY_VOID_(co_return, WEIR_JOIN(try_, __LINE__), __VA_ARGS__)

}  // namespace weir
