// Shows: every path has one canonical form, and what could have two is refused.
// How: a table; properties over generated paths (the form is stable, and never climbs).
#include "http/path.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <string>
#include <vector>

namespace weir {
namespace {

std::string canonical(std::string_view path) {
  BlockPool pool;
  Arena arena(pool);
  const Result<std::string_view> result = canonical_path(path, arena);
  return result ? std::string(*result) : std::string(name_of(result.error().code));
}

struct Case {
  std::string path;
  std::string outcome;
};

TEST(Path, has_one_canonical_form) {
  const std::vector<Case> cases{
      {"/", "/"},
      {"/a/b.c/..d/e..", "/a/b.c/..d/e.."},
      {"/a/", "/a/"},
      {"//", "/"},
      {"//a///b//", "/a/b/"},
      {"/./a/./b/.", "/a/b/"},
      {"/a/../b", "/b"},
      {"/a/b/..", "/a/"},
      {"/a/b/../", "/a/"},
      {"/a//../b", "/b"},
      {"/%61%2D%2e%5F%7e", "/a-._~"},
      {"/a/%2e%2E/b", "/b"},
      {"/a/.%2e/b", "/b"},
      {"/a%2fb", "/a%2Fb"},
      {"/a/..%2fadmin", "/a/..%2Fadmin"},
      {"/%c3%a9", "/%C3%A9"},
      {"/%252e%252e/a", "/%252e%252e/a"},
      {"/a;v=1/b", "/a;v=1/b"},
      {"/a b", "bad_path"},
      {"/..", "bad_path"},
      {"/a/../..", "bad_path"},
      {"/%2e%2e/a", "bad_path"},
      {"/a\\b", "bad_path"},
      {"/a%5cb", "bad_path"},
      {"/a%00", "bad_path"},
      {"/a%", "bad_path"},
      {"/a%2", "bad_path"},
      {"/a%zz", "bad_path"},
      {"/\x01", "bad_path"},
      {"/\x7F", "bad_path"},
      {"/\xC3\xA9", "bad_path"},
      {"/a/..;/b", "bad_path"},
      {"/a/..%3bx/b", "bad_path"},
      {"/a/.;x/b", "bad_path"},
      {"", "bad_path"},
      {"a", "bad_path"},
  };
  for (const Case& each : cases) EXPECT_EQ(canonical(each.path), each.outcome) << each.path;
}

TEST(Path, canonical_input_is_not_copied) {
  BlockPool pool;
  Arena arena(pool);
  const std::string_view path = "/assets/app.3f2a.js";
  EXPECT_EQ(canonical_path(path, arena)->data(), path.data());
}

TEST(Path, canonical_form_is_stable_and_holds_no_dot_segment) {
  rc::check([] {
    const auto pieces = *rc::gen::container<std::vector<std::string>>(
        rc::gen::element<std::string>("/", ".", "..", "a", "%2e", "%2F", "%41", "%5B", ";", "%3b"));
    std::string path = "/";
    for (const std::string& piece : pieces) path += piece;
    const std::string once = canonical(path);
    if (once == "bad_path") return;
    RC_ASSERT(canonical(once) == once);
    RC_ASSERT(once.find("//") == std::string::npos);
    RC_ASSERT((once + "/").find("/../") == std::string::npos);
    RC_ASSERT((once + "/").find("/./") == std::string::npos);
  });
}

}  // namespace
}  // namespace weir
