// Which names are asked for, and which never are.
#include "services/files/names.h"

#include <gtest/gtest.h>

#include "base/block_pool.h"

namespace weir::files {
namespace {

/// `a/b`, `a/ directory`, or `refused hidden`.
std::string named(std::string_view path, std::string_view candidate = "$path", bool dotfiles = false) {
  EXPECT_EQ(Candidate::complaint_about(candidate), "");
  BlockPool pool(1);
  Arena arena(pool);
  const Candidate parsed = Candidate::parse(candidate);  // the name may be a view of it
  const NameDecision name = decide_name(path, parsed, dotfiles, arena);
  if (!name.usable) return "refused " + std::string(name.reason);
  return std::string(name.name) + (name.as_directory ? " directory" : "");
}

TEST(FileNames, are_the_path_without_its_escapes) {
  EXPECT_EQ(named("/"), " directory");
  EXPECT_EQ(named("/a/b.html"), "a/b.html");
  EXPECT_EQ(named("/a/"), "a directory");
  EXPECT_EQ(named("/with%20space/%C3%A4"), "with space/\xC3\xA4");
  EXPECT_EQ(named("/100%25"), "100%");
}

TEST(FileNames, never_climb_and_never_hold_an_escaped_slash) {
  EXPECT_EQ(named("/a%2Fb"), "refused escaped_slash");
  EXPECT_EQ(named("/a%2F..%2Fetc"), "refused escaped_slash");
  EXPECT_EQ(named("/a%00"), "refused escaped_slash");
  EXPECT_EQ(named(std::string_view("/a\0b", 4)), "refused nul_byte") << "no canonical path has one either";
  EXPECT_EQ(named("/.."), "refused dot_segment") << "no canonical path has one; if one came, it would end here";
  EXPECT_EQ(named("*"), "refused not_a_path");
}

TEST(FileNames, hide_what_begins_with_a_dot) {
  EXPECT_EQ(named("/.git/config"), "refused hidden");
  EXPECT_EQ(named("/a/.htpasswd"), "refused hidden");
  EXPECT_EQ(named("/.git/config", "$path", true), ".git/config");
  EXPECT_EQ(named("/.well-known/security.txt"), ".well-known/security.txt");
  EXPECT_EQ(named("/a/.well-known/x"), "refused hidden");
  EXPECT_EQ(named("/.well-known/.x"), "refused hidden");
}

TEST(FileNames, of_candidates) {
  EXPECT_EQ(named("/a", "$path/"), "a directory");
  EXPECT_EQ(named("/a/", "$path/"), "a directory");
  EXPECT_EQ(named("/", "$path/"), " directory");
  EXPECT_EQ(named("/a", "$path.html"), "a.html");
  EXPECT_EQ(named("/a/", "$path.html"), "refused no_name_to_extend");
  EXPECT_EQ(named("/a", "$path/index.php"), "a/index.php");
  EXPECT_EQ(named("/whatever", "/app/index.html"), "app/index.html");
  EXPECT_EQ(named("/whatever", "/"), " directory");
}

TEST(FileNames, candidates_that_are_none_are_refused_when_they_are_read) {
  for (const char* const text : {"", "index.html", "/$path", "$path$path", "/../x", "$path/../x", "$path/."}) {
    EXPECT_NE(Candidate::complaint_about(text), "") << text;
  }
}

}  // namespace
}  // namespace weir::files
