// Two configurations, and what a person is told about their difference.
#include "app/meaning/difference.h"

#include <gtest/gtest.h>

namespace weir::meaning {
namespace {

Meaning meaning(const std::string& text) {
  config::MemorySource source;
  source.files["weir.yaml"] = text;
  Diagnostics diagnostics;
  Meaning made = meaning_of("weir.yaml", source, diagnostics);
  EXPECT_FALSE(diagnostics.has_errors()) << diagnostics.text();
  return made;
}

std::string told(const std::string& before, const std::string& after) {
  return text_of(difference(meaning(before), meaning(after)));
}

constexpr const char* base = R"(
listeners: [":8080"]
upstreams:
  shop: { endpoints: [10.0.0.1:80, 10.0.0.2:80], timeouts: { connect: 2s } }
routes:
  - name: cart
    match: { path: /cart/*, method: GET }
    filters: [{ body_limit: 1MiB }]
    proxy: shop
  - name: gone
    respond: 410
)";

std::string with(std::string_view from, std::string_view to) {
  std::string text = base;
  text.replace(text.find(from), from.size(), to);
  return text;
}

TEST(Difference, the_same_in_other_words_is_no_difference) {
  EXPECT_EQ(told(base, base), "no difference\n");
  EXPECT_EQ(told(base, with("[\":8080\"]", "\":8080\"  # a comment")), "no difference\n");
  EXPECT_EQ(told(base, with("[\":8080\"]", "[{ address: \":8080\" }]")), "no difference\n");
  EXPECT_EQ(told(base, with("method: GET", "method: [GET]")), "no difference\n");
  EXPECT_EQ(told(base, with("1MiB", "{ bytes: 1024KiB }")), "no difference\n");
  EXPECT_EQ(told(base, with("connect: 2s", "connect: 2000ms")), "no difference\n");
  EXPECT_EQ(told(base, with("timeouts: { connect: 2s }", "retries: { attempts: 3 }")), "no difference\n")
      << "defaults that are written, and not";
  EXPECT_EQ(told(base, with("respond: 410", "respond: { status: 410 }")), "no difference\n");
  EXPECT_EQ(told(base, std::string("stories: 16384KiB\n") + base), "no difference\n");
}

TEST(Difference, default_written_out_is_no_difference_and_its_absence_is_one) {
  const auto files = [](std::string_view options) {
    return with("respond: 410", "files: { root: /srv" + std::string(options) + " }");
  };
  for (const std::string_view written :
       {", index: [index.html]", ", index: index.html", ", try: [$path]", ", charset: utf-8", ", precompressed: []",
        ", cache_control: \"\"", ", types: {}"}) {
    EXPECT_EQ(told(files(""), files(written)), "no difference\n") << written;
  }
  EXPECT_EQ(told(files(""), files(", index: []")), "route gone: files.index [index.html] -> []\n");
  EXPECT_EQ(told(with("body_limit: 1MiB", "compress: {}"),
                 with("body_limit: 1MiB", "compress: { encodings: [zstd, br, gzip] }")),
            "no difference\n");
}

TEST(Difference, names_the_thing_and_the_option) {
  EXPECT_EQ(told(base, with("/cart/*", "/basket/*")), "route cart: path /cart/* -> /basket/*\n");
  EXPECT_EQ(told(base, with("connect: 2s", "connect: 5s")), "upstream shop: timeouts.connect 2s -> 5s\n");
  EXPECT_EQ(told(base, with("1MiB", "2MiB")), "route cart: filters.body_limit.bytes 1MiB -> 2MiB\n");
  EXPECT_EQ(told(base, with("10.0.0.2:80", "10.0.0.3:80")),
            "upstream shop: endpoints removed { address: 10.0.0.2:80 }\n"
            "upstream shop: endpoints added { address: 10.0.0.3:80 }\n");
  EXPECT_EQ(told(base, std::string("timeouts: { request: 60s }\n") + base), "timeouts: request none -> 1m\n");
}

TEST(Difference, says_what_came_and_went) {
  EXPECT_EQ(told(base, with("  - name: gone\n    respond: 410\n", "")), "route gone removed\n");
  EXPECT_EQ(told(base, std::string(base) + "  - name: new\n    respond: 204\n"),
            "route new added: { name: new, respond: 204 }\n");
  EXPECT_EQ(told(base, with("[\":8080\"]", "[\":8080\", \":8081\"]")), "listener :8081 added: { address: :8081 }\n");
}

TEST(Difference, order_matters_where_it_matters) {
  constexpr const char* one = "listeners: [\":1\"]\nroutes: [{name: a, respond: 200}, {name: b, respond: 201}]\n";
  constexpr const char* other = "listeners: [\":1\"]\nroutes: [{name: b, respond: 201}, {name: a, respond: 200}]\n";
  EXPECT_EQ(told(one, other), "route b stands further up\n");
}

TEST(Difference, secrets_are_never_looked_up) {
  const std::string before = with("respond: 410", "respond: { status: 410, body: \"${env:OLD}\" }");
  const std::string after = with("respond: 410", "respond: { status: 410, body: \"${env:NEW}\" }");
  EXPECT_EQ(told(before, after), "route gone: respond.body \"${env:OLD}\" -> \"${env:NEW}\"\n");
}

}  // namespace
}  // namespace weir::meaning
