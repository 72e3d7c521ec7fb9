// Shows: what a path could mean as a script, best first, and that nothing is guessed.
// How: a table of paths and candidates: `script|path_info`, those that add a slash with '>' in front.
#include "services/fastcgi/script_path.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/limits.h"

namespace weir {
namespace {

std::string candidates(std::string_view path, const ScriptRules& rules = {}) {
  BlockPool pool;
  Arena arena(pool);
  std::string all;
  for (const ScriptCandidate& each : script_candidates(path, rules, arena)) {
    if (!all.empty()) all += " ";
    if (each.then == ScriptCandidate::Then::add_slash) all += ">";
    all.append(each.script).append("|").append(each.path_info);
  }
  return all;
}

struct Case {
  std::string path;
  std::string candidates;
};

TEST(ScriptPath, lists_what_the_table_says) {
  const std::vector<Case> cases{
      {"/", "/index.php|"},
      {"/a.php", "/a.php|"},
      {"/blog/index.php/2026/hello", "/blog/index.php|/2026/hello >/blog/index.php/2026/hello/index.php|"},
      {"/a.php/", "/a.php|/ /a.php/index.php|"},
      {"/a.php/b.php", "/a.php|/b.php /a.php/b.php|"},
      {"/uploads/cat.jpg/x.php", "/uploads/cat.jpg/x.php|"},
      {"/blog", ">/blog/index.php|"},
      {"/blog/", "/blog/index.php|"},
      {"/a.phpx", ">/a.phpx/index.php|"},
      {"/a.PHP", ">/a.PHP/index.php|"},
      {"/.php", ""},
      {"/x.php.jpg", ">/x.php.jpg/index.php|"},
      {"/caf%C3%A9.php/%20x", "/caf\xC3\xA9.php|/ x >/caf\xC3\xA9.php/ x/index.php|"},
      // an escape hides what no file's name may hold
      {"/a%2Fb.php", ""},
      {"/a%0Ab.php", ""},
      {"/a.php/b%2Fc", "/a.php|/b/c"},
      {"/a.php%00", ""},
      {"*", ""},
  };
  for (const Case& each : cases) EXPECT_EQ(candidates(each.path), each.candidates) << each.path;
}

TEST(ScriptPath, front_controller_comes_last) {
  const ScriptRules rules{.front_controller = "/index.php"};
  EXPECT_EQ(candidates("/2026/hello", rules), ">/2026/hello/index.php| /index.php|");
  EXPECT_EQ(candidates("/wp-login.php", rules), "/wp-login.php| /index.php|");
  EXPECT_EQ(candidates("/a%2Fb.php", rules), "/index.php|");
}

TEST(ScriptPath, a_path_of_many_scripts_is_looked_for_a_few_times) {
  std::string path;
  for (int at = 0; at < 1000; ++at) path += "/a.php";
  BlockPool pool;
  Arena arena(pool);
  EXPECT_EQ(script_candidates(path, {}, arena).size(), limits::script_candidates);
}

}  // namespace
}  // namespace weir
