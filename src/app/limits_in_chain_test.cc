// Which limits of a chain are doubted, as pairs and as `weir check` says it.
#include "app/limits_in_chain.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "app/compile.h"
#include "app/config/include.h"
#include "app/config/source.h"

namespace weir {
namespace {

constexpr LimitInChain usual{.charges = true, .refuses = true};
constexpr LimitInChain in_flight{.charges = false, .refuses = true};
constexpr LimitInChain watching{.charges = false, .refuses = false};

std::vector<ChargedApart> pairs(const std::vector<std::optional<LimitInChain>>& filters) {
  return charged_apart(filters);
}

TEST(LimitsInChain, one_that_refuses_behind_one_that_charges_is_doubted) {
  EXPECT_EQ(pairs({usual, std::nullopt, usual}), (std::vector<ChargedApart>{{.first = 0, .second = 2}}));
  EXPECT_EQ(pairs({usual, in_flight}), (std::vector<ChargedApart>{{.first = 0, .second = 1}}));
  EXPECT_EQ(pairs({usual, usual, usual}),
            (std::vector<ChargedApart>{{.first = 0, .second = 1}, {.first = 1, .second = 2}}));
}

TEST(LimitsInChain, what_charges_nothing_or_refuses_nobody_is_left_alone) {
  EXPECT_TRUE(pairs({}).empty());
  EXPECT_TRUE(pairs({usual, std::nullopt}).empty());
  EXPECT_TRUE(pairs({in_flight, usual}).empty()) << "a place in flight is given back";
  EXPECT_TRUE(pairs({watching, usual}).empty());
  EXPECT_TRUE(pairs({usual, watching}).empty());
}

/// The warnings about a configuration, as `weir check` prints them.
std::string warnings(const std::string& text) {
  config::MemorySource source;
  config::FileCache cache;
  source.files["weir.yaml"] = text;
  Diagnostics told;
  const config::Document document =
      config::load_document("weir.yaml", source, plugin_names(), cache, config::HashKey{}, told);
  Compiler compiler;
  ListenerNumbers listeners;
  EXPECT_TRUE(compiler.compile(document, listeners, WallTime{}, told)) << told.text();
  return told.text();
}

std::string routes_with(const std::string& filters) {
  return "listeners: [{ address: 127.0.0.1:0 }]\ndefaults:\n  filters:\n    - limit: 100/s\nroutes:\n" + filters;
}

constexpr std::string_view guesses = "    filters: [{ limit: { name: guesses, rate: 5/m } }]\n    respond: 204\n";

TEST(LimitsInChain, one_that_charges_apart_is_told_where_and_what_to_write) {
  EXPECT_EQ(warnings(routes_with("  - match: { path: /a }\n" + std::string(guesses))),
            "weir.yaml:4:7: warning: defaults.filters[0].limit: charges what the limit behind it refuses (at "
            "weir.yaml:7:17); write both as `rules` of one limit, which charges all or none, or put that one in "
            "front\n");
}

// A limit of the defaults has one mistake, however many routes have their own behind it.
TEST(LimitsInChain, one_in_front_of_many_is_told_once) {
  const std::string text = warnings(routes_with("  - match: { path: /a }\n" + std::string(guesses) +
                                                "  - match: { path: /b }\n" + std::string(guesses)));
  EXPECT_EQ(std::ranges::count(text, '\n'), 1) << text;
}

TEST(LimitsInChain, dry_runs_bandwidths_and_defaults_that_are_off_are_not_told) {
  for (const std::string route :
       {"  - filters: [{ limit: { rate: 5/m, dry_run: true } }]\n", "  - filters: [{ limit: { bandwidth: 1MiB/s } }]\n",
        "  - defaults: off\n    filters: [{ limit: 5/m }]\n"})
    EXPECT_EQ(warnings(routes_with(route + "    respond: { status: 204 }\n")), "") << route;
}

// A chain that many routes use has one mistake, not many.
TEST(LimitsInChain, a_chain_is_told_once) {
  const std::string text = warnings(
      "listeners: [{ address: 127.0.0.1:0 }]\nchains:\n  both: [{ limit: 100/s }, { limit: { name: slow, rate: 5/m } "
      "}]\n"
      "routes:\n  - match: { path: /a }\n    filters: [{ use: both }]\n    respond: { status: 204 }\n"
      "  - match: { path: /b }\n    filters: [{ use: both }]\n    respond: { status: 204 }\n");
  EXPECT_EQ(std::ranges::count(text, '\n'), 1) << text;
}

}  // namespace
}  // namespace weir
