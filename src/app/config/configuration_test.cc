// Files become documents: expansion, includes, what a reload keeps, and what a route ends up with. No disk is touched;
// what is said about mistakes is in golden/.
#include <gtest/gtest.h>

#include "app/config/document.h"
#include "app/config/expand.h"
#include "app/config/include.h"
#include "app/config/source.h"
#include "app/config/yaml_reader.h"
#include "base/random.h"

namespace weir::config {
namespace {

const PluginNames names{.filters = {"headers", "rewrite", "access", "body_limit"},
                        .services = {"proxy", "respond", "redirect"},
                        .balancers = {"round_robin"}};

struct World {
  MemorySource source;
  FileCache cache;
  Diagnostics diagnostics;

  Document load(const HashKey& key = {}) {
    diagnostics = {};
    return load_document("weir.yaml", source, names, cache, key, diagnostics);
  }
  Document load(std::string text) {
    source.files["weir.yaml"] = std::move(text);
    return load();
  }
};

std::vector<std::string> filter_paths(const Document& document, std::size_t route) {
  std::vector<std::string> paths;
  for (const PluginUse* use : RouteFilters(document).of(*document.routes.at(route))) paths.push_back(use->path);
  return paths;
}

Node yaml(std::string_view text, Diagnostics& diagnostics) {
  return read_yaml(text, intern_file_name("t.yaml"), diagnostics).value_or(Node());
}

TEST(YamlReader, every_node_knows_line_and_column) {
  Diagnostics diagnostics;
  const Node root = yaml("a:\n  - b\n  - c: d\n", diagnostics);
  const Node& item = root.find("a")->items()[1];
  EXPECT_EQ(item.place().text(), "t.yaml:3:5");
  EXPECT_EQ(item.find_member("c")->place.text(), "t.yaml:3:5");
  EXPECT_EQ(item.find("c")->place().text(), "t.yaml:3:8");
  EXPECT_TRUE(diagnostics.empty()) << diagnostics.text();
}

TEST(YamlReader, words_stay_texts_and_quotes_are_remembered) {
  Diagnostics diagnostics;
  const Node root = yaml("a: no\nb: \"no\"\nc: ~\nd:\n", diagnostics);
  EXPECT_EQ(root.find("a")->text(), "no");
  EXPECT_FALSE(root.find("a")->quoted());
  EXPECT_TRUE(root.find("b")->quoted());
  EXPECT_TRUE(root.find("c")->is_null());
  EXPECT_TRUE(root.find("d")->is_null());
}

TEST(YamlReader, duplicate_is_found_among_many_names) {
  std::string text;
  for (int name = 0; name < 1000; ++name) text += "n" + std::to_string(name) + ": x\n";
  Diagnostics diagnostics;
  yaml(text + "n500: y\n", diagnostics);
  EXPECT_EQ(diagnostics.text(), "t.yaml:1001:1: \"n500\" stands here a second time; the first is at t.yaml:501:1\n");
}

TEST(YamlReader, control_characters_are_named_where_they_stand) {
  Diagnostics diagnostics;
  yaml(std::string_view("a: b\nc: d\0\n", 11), diagnostics);
  yaml("a: \"b\x01\"\n", diagnostics);
  EXPECT_EQ(diagnostics.text(),
            "t.yaml:2:5: not YAML: a control character (0x00); write the file in UTF-8, without NUL\n"
            "t.yaml:1:6: not YAML: a control character (0x01); in quotes, escape it\n");
  Diagnostics none;
  yaml("a: b\r\nc: \"d\te\"\r\n", none);
  EXPECT_TRUE(none.empty()) << none.text();
}

TEST(YamlReader, depth_is_complained_of_once) {
  Diagnostics diagnostics;
  yaml("a: " + std::string(10'000, '['), diagnostics);
  EXPECT_EQ(diagnostics.errors(), 1U);
  EXPECT_NE(diagnostics.text().find("nested more than 48 deep"), std::string::npos) << diagnostics.text();
}

TEST(YamlReader, file_cut_inside_quotes_is_refused) {
  for (const char* text : {"a: \"b\n", "a: \"b", "a: 'b''\n", "a: \"b\\\"\n"}) {
    Diagnostics diagnostics;
    yaml(text, diagnostics);
    EXPECT_TRUE(diagnostics.has_errors()) << text;
  }
}

TEST(YamlReader, byte_soup_is_only_ever_an_error) {
  constexpr std::string_view pieces = "{}[]:,-?&*!|>'\"%@`#\n\n  ab\t\\\x01\xff~<";
  Random random(1);
  for (int round = 0; round < 3000; ++round) {
    std::string text;
    for (std::uint64_t left = random.below(60); left > 0; --left) text += pieces[random.below(pieces.size())];
    Diagnostics diagnostics;
    yaml(text, diagnostics);
  }
  Diagnostics diagnostics;
  yaml(std::string(100'000, '['), diagnostics);
  yaml(std::string(100'000, '{'), diagnostics);
  EXPECT_TRUE(diagnostics.has_errors());
}

TEST(Expand, only_what_changes_is_new) {
  Diagnostics diagnostics;
  MemorySource source;
  source.variables["NAME"] = "value";
  source.files["/token"] = "secret\n";
  const Node root =
      yaml("a: [x, y]\nb: \"<${env:NAME}>${env:NONE:-d}\"\nc: ${file:/token}\nd: $${env:NAME}\n", diagnostics);
  const Node expanded = expand(root, source, Reading(diagnostics));
  EXPECT_TRUE(expanded.find("a")->same(*root.find("a")));
  EXPECT_EQ(expanded.find("b")->text(), "<value>d");
  EXPECT_TRUE(expanded.find("b")->is_secret());
  EXPECT_EQ(expanded.find("c")->text(), "secret");
  EXPECT_EQ(expanded.find("c")->shown(), "\"${file:/token}\"");
  EXPECT_EQ(expanded.find("d")->text(), "${env:NAME}");
  EXPECT_FALSE(expanded.find("d")->is_secret());
  EXPECT_TRUE(diagnostics.empty()) << diagnostics.text();
}

TEST(Document, smallest_has_all_defaults) {
  World world;
  const Document document = world.load("listeners: [\":8080\"]\nroutes:\n  - proxy: http://127.0.0.1:3000\n");
  EXPECT_TRUE(world.diagnostics.empty()) << world.diagnostics.text();
  ASSERT_EQ(document.listeners.size(), 1U);
  EXPECT_EQ(document.listeners[0].name, ":8080");
  ASSERT_EQ(document.admin.size(), 1U);
  EXPECT_EQ(document.admin[0].address.unix_path, "/run/weir/admin.sock");
  EXPECT_EQ(document.workers, 0U);
  EXPECT_EQ(document.limits.head_bytes, 32 * kibibyte);
  ASSERT_EQ(document.routes.size(), 1U);
  EXPECT_EQ(document.routes[0]->service.name, "proxy");
  EXPECT_EQ(document.routes[0]->service.path, "routes[0].proxy");
}

TEST(Document, alpn_offers_http2_where_it_is_spoken) {
  World world;
  const Document document = world.load(R"(listeners:
  - { address: ":443", tls: { certificates: [a.pem] } }
  - { address: ":444", http2: false, tls: { certificates: [a.pem] } }
  - { address: ":445", tls: { certificates: [a.pem], protocols: [http/1.1] } }
routes: [{ respond: 204 }]
)");
  ASSERT_EQ(document.listeners.size(), 3U);
  EXPECT_EQ(document.listeners[0].tls->protocols, (std::vector<std::string>{"h2", "http/1.1"}));
  EXPECT_EQ(document.listeners[1].tls->protocols, std::vector<std::string>{"http/1.1"});
  EXPECT_EQ(document.listeners[2].tls->protocols, std::vector<std::string>{"http/1.1"});
}

TEST(Document, filters_run_defaults_then_host_then_route) {
  World world;
  const Document document = world.load(R"(listeners: [":80"]
chains:
  outer: [{ use: inner }, rewrite]
  inner: [access]
defaults: { filters: [{ use: inner }] }
hosts: { "*.example.com": { filters: [headers] } }
routes:
  - { match: { host: a.b.example.com }, filters: [{ body_limit: 1MiB }, { use: outer }], respond: 204 }
  - { match: { host: example.com }, respond: 204 }
  - { match: { host: a.example.com }, defaults: off, filters: [rewrite], respond: 204 }
)");
  ASSERT_FALSE(world.diagnostics.has_errors()) << world.diagnostics.text();
  using Paths = std::vector<std::string>;
  EXPECT_EQ(filter_paths(document, 0),
            (Paths{"chains.inner[0].access", "hosts.*.example.com.filters[0].headers",
                   "routes[0].filters[0].body_limit", "chains.inner[0].access", "chains.outer[1].rewrite"}));
  EXPECT_EQ(filter_paths(document, 1), (Paths{"chains.inner[0].access"}));
  EXPECT_EQ(filter_paths(document, 2), (Paths{"routes[2].filters[0].rewrite"}));
}

TEST(Document, hash_is_of_what_is_said_and_not_of_how) {
  World world;
  const ContentHash plain = world.load("listeners: [\":80\"]\nroutes: [{ respond: 204 }]\n").hash;
  EXPECT_EQ(world.load("# a comment\nlisteners:\n  - \":80\"\nroutes:\n  - respond: 204\n").hash, plain);
  EXPECT_NE(world.load("listeners: [\":80\"]\nroutes: [{ respond: 205 }]\n").hash, plain);
}

TEST(Document, hash_of_a_secret_needs_the_key) {
  World world;
  world.source.variables["LOG"] = "/var/log/a";
  world.source.files["weir.yaml"] = "listeners: [\":80\"]\nerror_log: ${env:LOG}\nroutes: [{ respond: 204 }]\n";
  const ContentHash one = world.load({.bytes = "one"}).hash;
  EXPECT_EQ(world.load({.bytes = "one"}).hash, one);
  EXPECT_NE(world.load({.bytes = "two"}).hash, one);
  world.source.variables["LOG"] = "/var/log/b";
  EXPECT_NE(world.load({.bytes = "one"}).hash, one);
}

TEST(Reload, unchanged_file_is_neither_parsed_nor_read_again) {
  World world;
  world.source.files["a.yaml"] = "routes: [{ name: a, respond: 204 }]\n";
  world.source.files["b.yaml"] = "routes: [{ name: b, respond: 204 }]\n";
  const Document first = world.load("listeners: [\":80\"]\ninclude: [a.yaml, b.yaml]\n");
  EXPECT_EQ(world.cache.files_parsed(), 3U);
  world.source.files["b.yaml"] = "routes: [{ name: b, respond: 205 }]\n";
  const Document second = world.load();
  EXPECT_EQ(world.cache.files_parsed(), 4U);
  EXPECT_EQ(first.routes[0], second.routes[0]);  // the same object
  EXPECT_NE(first.routes[1], second.routes[1]);
  EXPECT_NE(first.hash, second.hash);
}

TEST(Reload, file_with_expansions_follows_the_environment) {
  World world;
  world.source.variables["NAME"] = "one";
  EXPECT_EQ(world.load("listeners: [\":80\"]\nroutes: [{ name: \"${env:NAME}\", respond: 204 }]\n").routes[0]->name,
            "one");
  world.source.variables["NAME"] = "two";
  EXPECT_EQ(world.load().routes[0]->name, "two");
  EXPECT_EQ(world.cache.files_parsed(), 1U);
}

TEST(Reload, mistake_is_told_each_time_and_costs_no_cache) {
  World world;
  world.source.files["a.yaml"] = "routes: [{ respnd: 204 }]\n";
  world.load("listeners: [\":80\"]\ninclude: a.yaml\n");
  const std::string said = world.diagnostics.text();
  EXPECT_TRUE(world.diagnostics.has_errors());
  world.load();
  EXPECT_EQ(world.diagnostics.text(), said);
}

TEST(Reload, file_no_longer_included_is_forgotten) {
  World world;
  world.source.files["a.yaml"] = "routes: [{ respond: 204 }]\n";
  world.load("listeners: [\":80\"]\ninclude: a.yaml\n");
  EXPECT_EQ(world.cache.size(), 2U);
  world.load("listeners: [\":80\"]\nroutes: [{ respond: 204 }]\n");
  EXPECT_EQ(world.cache.size(), 1U);
}

TEST(Document, include_is_relative_to_the_including_file) {
  World world;
  world.source.files["weir.yaml"] = "listeners: [\":80\"]\ninclude: sites/all.yaml\n";
  world.source.files["sites/all.yaml"] = "include: [\"parts/*.yaml\"]\n";
  world.source.files["sites/parts/b.yaml"] = "routes: [{ name: b, respond: 204 }]\n";
  world.source.files["sites/parts/a.yaml"] = "routes: [{ name: a, respond: 204 }]\n";
  const Document document = world.load();
  ASSERT_EQ(document.routes.size(), 2U) << world.diagnostics.text();
  EXPECT_EQ(document.routes[0]->name, "a");
  EXPECT_EQ(document.routes[1]->place.text(), "sites/parts/b.yaml:1:10");
}

}  // namespace
}  // namespace weir::config
