// Errors as values, and the macros that pass them on.
#include "base/error.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <memory>
#include <string>

#include "base/result.h"
#include "base/units.h"

namespace weir {
namespace {

int evaluations = 0;

Result<std::unique_ptr<int>> make(bool works) {
  ++evaluations;
  if (!works) return fail(client_error(Code::bad_length, "no digits"));
  return std::make_unique<int>(7);
}

Result<void> check(bool works) {
  if (!works) return fail(Code::no_route, Origin::gateway);
  return {};
}

Result<std::string> caller(bool first_works, bool second_works) {
  TRY(const std::unique_ptr<int> value, make(first_works));
  TRY_VOID(check(second_works));
  return std::to_string(*value);
}

TEST(Result, try_binds_the_value_and_evaluates_once) {
  evaluations = 0;
  EXPECT_EQ(caller(true, true).value(), "7");
  EXPECT_EQ(evaluations, 1);
}

TEST(Result, try_passes_the_whole_error_on) {
  const Result<std::string> failed = caller(false, true);
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code, Code::bad_length);
  EXPECT_EQ(failed.error().origin, Origin::client);
  EXPECT_STREQ(failed.error().text, "no digits");
}

TEST(Result, try_void_passes_the_error_on) {
  const Result<std::string> failed = caller(true, false);
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code, Code::no_route);
}

TEST(Error, every_code_has_its_name_and_sentence) {
  EXPECT_EQ(name_of(Code::malformed_request_line), "malformed_request_line");
  EXPECT_EQ(name_of(Code::internal), "internal");
  for (std::size_t number = 0; number <= static_cast<std::size_t>(Code::internal); ++number) {
    const auto code = static_cast<Code>(number);
    EXPECT_FALSE(name_of(code).empty());
    EXPECT_FALSE(sentence_of(code).empty());
    EXPECT_NE(sentence_of(code).back(), '.') << name_of(code);
  }
}

TEST(Error, errno_becomes_a_code_and_is_kept) {
  EXPECT_EQ(os_error(ECONNRESET).code, Code::peer_reset);
  EXPECT_EQ(os_error(EPIPE).code, Code::peer_reset);
  EXPECT_EQ(os_error(ECONNREFUSED).code, Code::connect_refused);
  EXPECT_EQ(os_error(ENOENT).code, Code::connect_refused);
  EXPECT_EQ(os_error(EMFILE).code, Code::out_of_descriptors);
  EXPECT_EQ(os_error(ECANCELED).code, Code::canceled);
  const Error other = os_error(EINVAL, Origin::upstream);
  EXPECT_EQ(other.code, Code::io_failed);
  EXPECT_EQ(other.os_error, EINVAL);
  EXPECT_EQ(other.origin, Origin::upstream);
}

TEST(Error, changes_one_thing_at_a_time) {
  const Error error = upstream_error(Code::connect_refused).with(Retry::unsent);
  EXPECT_EQ(error.from(Origin::gateway).retry, Retry::unsent);
  EXPECT_EQ(error.as(Code::timed_out).origin, Origin::upstream);
  EXPECT_EQ(name_of(error.origin), "upstream");
}

TEST(Units, no_limit_never_passes) {
  EXPECT_EQ(deadline_after(Time{std::chrono::seconds{5}}, no_limit), never);
  EXPECT_EQ(deadline_after(Time{std::chrono::seconds{5}}, std::chrono::seconds{1}), Time{std::chrono::seconds{6}});
  EXPECT_EQ(deadline_after(Time{std::chrono::seconds{5}}, Duration::max()), never);
}

}  // namespace
}  // namespace weir
