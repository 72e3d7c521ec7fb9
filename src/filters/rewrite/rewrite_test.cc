// What rewriting makes of paths, as recorded in golden/NAME.txt: options in the first line, `---`, then a line for each
// path with what came of it. WEIR_BLESS=1 writes what comes of it now; then read the difference.
#include "filters/rewrite/rewrite.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "contracts/testing/conformance.h"

namespace weir {
namespace {

struct Outcome {
  std::string path;
  std::string authority;
  std::string host;
  std::string record;
  std::optional<Error> error;
  int calls = 0;
};

Outcome rewrite(std::string_view options, std::string_view target) {
  const auto built = build_plugin(rewrite_filter(), options);
  EXPECT_TRUE(built.plugin) << built.diagnostics.text();
  if (!built.plugin) return {};
  TestShard shard;
  TestExchange test(shard);
  test.request("GET", target, "example.com:8080");
  CountingService service;
  const auto answer = shard.run_to_end(built.plugin->handle(test.exchange, TestExchange::next(service)));
  const RequestHead& request = test.exchange.request;
  const DecisionRecord* record = test.last_record();
  return {.path = std::string(request.path) + (request.has_query ? "?" + std::string(request.query) : ""),
          .authority = std::string(request.authority),
          .host = std::string(request.host),
          .record = std::string(record->verdict) + ' ' + std::string(record->reason) + ' ' + record->place.text(),
          .error = answer ? std::nullopt : std::optional(answer.error()),
          .calls = service.calls};
}

std::string golden_line(const std::string& options, const std::string& path) {
  const Outcome outcome = rewrite(options, path);
  return path + " -> " + (outcome.error ? "500 " + std::string(name_of(outcome.error->code)) : outcome.path) + '\n';
}

TEST(RewriteGolden, paths_become_what_is_recorded) {
  const bool bless = std::getenv("WEIR_BLESS") != nullptr;
  std::size_t count = 0;
  for (const auto& entry :
       std::filesystem::directory_iterator(std::filesystem::path(__FILE__).parent_path() / "golden")) {
    SCOPED_TRACE(entry.path().filename().string());
    std::ifstream file(entry.path());
    std::string options;
    std::string separator;
    ASSERT_TRUE(std::getline(file, options) && std::getline(file, separator));
    ASSERT_EQ(separator, "---");
    std::string recorded;
    std::string made;
    for (std::string line; std::getline(file, line);) {
      recorded += line + '\n';
      made += golden_line(options, line.substr(0, line.find(" -> ")));
    }
    if (bless)
      std::ofstream(entry.path()) << options << "\n---\n" << made;
    else
      EXPECT_EQ(made, recorded);
    ++count;
  }
  EXPECT_GE(count, 5U);
}

TEST(Rewrite, conforms) {
  expect_conformance(rewrite_filter(), "{ strip_prefix: /cart, add_prefix: /v1, host: \"app.internal:8080\" }");
}

TEST(Rewrite, host_changes_what_the_upstream_is_asked_for) {
  const Outcome outcome = rewrite("{ host: \"App.Internal:9000\" }", "/a");
  EXPECT_EQ(outcome.authority, "app.internal:9000");
  EXPECT_EQ(outcome.host, "app.internal");
  EXPECT_EQ(outcome.path, "/a");
  EXPECT_EQ(rewrite("{ host: \"[::1]:80\" }", "/a").host, "::1");
}

TEST(Rewrite, query_stays_as_it_is) {
  EXPECT_EQ(rewrite("{ strip_prefix: /cart }", "/cart/1?x=%2F&y").path, "/1?x=%2F&y");
  EXPECT_EQ(rewrite("{ strip_prefix: /cart }", "/cart?").path, "/?");
}

TEST(Rewrite, leaves_a_record_with_its_place) {
  EXPECT_EQ(rewrite("{ strip_prefix: /cart }", "/cart/1").record, "applied path_rewritten test.yaml:1:1");
  EXPECT_EQ(rewrite("{ strip_prefix: /cart }", "/other").record, "applied path_unchanged test.yaml:1:1");
}

TEST(Rewrite, result_that_would_climb_is_our_fault_and_goes_nowhere) {
  const Outcome outcome = rewrite("{ replace: { pattern: \"^/a(.*)$\", to: /files/$1 } }", "/a../secret");
  ASSERT_TRUE(outcome.error);
  EXPECT_EQ(outcome.error->code, Code::internal);
  EXPECT_EQ(outcome.error->origin, Origin::gateway);
  EXPECT_EQ(outcome.calls, 0);
  EXPECT_EQ(outcome.path, "/a../secret");
  EXPECT_EQ(outcome.record, "failed not_canonical test.yaml:1:1");
}

TEST(Rewrite, asterisk_and_authority_targets_have_no_path_to_rewrite) {
  EXPECT_EQ(rewrite("{ add_prefix: /v1 }", "*").path, "*");
  EXPECT_EQ(rewrite("{ add_prefix: /v1 }", "").path, "");
}

TEST(Rewrite, complains_about_rules_that_cannot_work) {
  struct Case {
    std::string_view options;
    std::string_view said;
  };
  for (const auto& [options, said] : std::vector<Case>{
           {"{ }", "nothing to rewrite"},
           {"{ strip_prefix: / }", "changes nothing"},
           {"{ strip_prefix: /cart/ }", "write /cart; it stands for whole segments"},
           {"{ add_prefix: v1 }", "rewrite.add_prefix: \"v1\""},
           {"{ add_prefix: /a/../b }", "rewrite.add_prefix"},
           {"{ add_prefix: \"/a/*\" }", "rewrite.add_prefix"},
           {"{ add_prefix: \"/a?b\" }", "rewrite.add_prefix"},
           {"{ host: \"http://x\" }", "is no host name or address"},
           {"{ host: \"a b\" }", "is no host name or address"},
           {"{ replace: { pattern: \"(\", to: /x } }", "the regular expression is not valid"},
           {"{ replace: { pattern: \"^/a\", to: /$1 } }",
            "$1 asks for a group that the pattern does not have: it has 0"},
           {"{ replace: { pattern: \"^/a\", to: /$x } }", "a dollar sign is followed by"},
           {"{ replace: { pattern: \"^/a\", to: \"/b?c=d\" } }", "only a path can stand here"},
           {"{ replace: { pattern: \"^/a\", to: \"/b\\r\\nx\" } }", "only a path can stand here"},
           {"{ replace: { to: /x } }", "\"pattern\" is missing"},
       }) {
    EXPECT_TRUE(complaints_about(rewrite_filter(), options).contains(said))
        << options << "\n"
        << complaints_about(rewrite_filter(), options);
    EXPECT_FALSE(build_plugin(rewrite_filter(), options).plugin) << options;
  }
}

}  // namespace
}  // namespace weir
