// A schema reads, complains and describes from one declaration; each test reads one small tree.
#include "contracts/schema.h"

#include <gtest/gtest.h>

namespace weir {
namespace {

enum class Colour { red, green };

struct Inner {
  std::uint16_t port = 80;
  static const Schema<Inner>& schema() {
    static const auto schema =
        Schema<Inner>("inner", "Something inside.")
            .option("port", &Inner::port, {.doc = "Where it listens.", .example = "8080", .minimum = 1});
    return schema;
  }
};

struct Sample {
  std::string name;
  bool enabled = true;
  std::uint32_t count = 7;
  Duration wait = std::chrono::seconds{30};
  ByteCount size = 10 * mebibyte;
  ByteCount room = 0;
  std::optional<Rate> rate;
  std::vector<Cidr> allow;
  std::vector<std::pair<std::string, std::string>> set;
  Colour colour = Colour::red;
  Inner inner;
  std::vector<Inner> inners;

  static const Schema<Sample>& schema() {
    static const auto schema =
        Schema<Sample>("sample", "Everything at once.")
            .option("name", &Sample::name, {.doc = "What it is called.", .example = "shop", .required = true})
            .option("enabled", &Sample::enabled, {.doc = "Whether it runs."})
            .option("count", &Sample::count, {.doc = "How many.", .minimum = 1, .maximum = 100})
            .option("wait", &Sample::wait, {.doc = "How long.", .minimum = std::chrono::milliseconds{1}})
            .bytes("size", &Sample::size, {.doc = "How large.", .maximum = 1024 * mebibyte})
            .bytes("room", &Sample::room, {.doc = "How much more."})
            .option("rate", &Sample::rate, {.doc = "How often."})
            .option("allow", &Sample::allow, {.doc = "Who may."})
            .option("set", &Sample::set, {.doc = "Fields."})
            .choice("colour", &Sample::colour, {{"red", Colour::red}, {"green", Colour::green}}, {.doc = "Taste."})
            .option("inner", &Sample::inner, {.doc = "Nested."})
            .option("inners", &Sample::inners, {.doc = "Several."})
            .shorthand("name");
    return schema;
  }
};

Place at(std::uint32_t line) {
  return {.file_name = intern_file_name("t.yaml"), .line = line, .column = 1};
}

/// A map of plain scalars, one per line.
Node map_of(std::vector<std::pair<std::string, std::string>> members) {
  std::vector<Node::Member> made;
  std::uint32_t line = 1;
  for (auto& [name, value] : members) {
    made.push_back({.name = name, .place = at(line), .value = Node::scalar(at(line), value)});
    ++line;
  }
  return Node::map(at(1), std::move(made));
}

struct Outcome {
  std::optional<Sample> sample;
  Diagnostics diagnostics;
};

Outcome read(const Node& node) {
  Outcome outcome;
  outcome.sample = Sample::schema().read(node, Reading(outcome.diagnostics, "sample"));
  return outcome;
}

std::string complaint(const std::string& name, const std::string& value) {
  return read(map_of({{"name", "x"}, {name, value}})).diagnostics.text();
}

TEST(Schema, reads_every_type) {
  const Outcome outcome = read(map_of({{"name", "shop"},
                                       {"enabled", "false"},
                                       {"count", "100"},
                                       {"wait", "500ms"},
                                       {"size", "1MiB"},
                                       {"rate", "100/s"},
                                       {"allow", "10.0.0.0/8"},
                                       {"colour", "green"}}));
  ASSERT_TRUE(outcome.sample) << outcome.diagnostics.text();
  EXPECT_EQ(outcome.sample->name, "shop");
  EXPECT_FALSE(outcome.sample->enabled);
  EXPECT_EQ(outcome.sample->count, 100U);
  EXPECT_EQ(outcome.sample->wait, std::chrono::milliseconds{500});
  EXPECT_EQ(outcome.sample->size, mebibyte);
  EXPECT_EQ(outcome.sample->rate, (Rate{.count = 100, .per = std::chrono::seconds{1}}));
  ASSERT_EQ(outcome.sample->allow.size(), 1U);
  EXPECT_EQ(outcome.sample->colour, Colour::green);
}

TEST(Schema, none_means_no_limit) {
  const Outcome outcome = read(map_of({{"name", "x"}, {"wait", "none"}, {"room", "none"}, {"rate", "none"}}));
  ASSERT_TRUE(outcome.sample) << outcome.diagnostics.text();
  EXPECT_EQ(outcome.sample->wait, no_limit);
  EXPECT_EQ(outcome.sample->room, unbounded);
  EXPECT_FALSE(outcome.sample->rate);
}

TEST(Schema, shorthand_stands_for_its_option) {
  const Outcome outcome = read(Node::scalar(at(1), "shop"));
  ASSERT_TRUE(outcome.sample);
  EXPECT_EQ(outcome.sample->name, "shop");
}

TEST(Schema, nested_path_is_spelled_out) {
  const Node inners = Node::list(at(3), {map_of({{"port", "1"}}), map_of({{"port", "0"}})});
  const Node node = Node::map(at(1), {{.name = "name", .place = at(1), .value = Node::scalar(at(1), "x")},
                                      {.name = "inners", .place = at(2), .value = inners}});
  EXPECT_EQ(read(node).diagnostics.text(), "t.yaml:1:1: sample.inners[1].port: \"0\" is too small; write at least 1\n");
}

TEST(Schema, all_errors_are_reported_at_once) {
  const Outcome outcome = read(map_of({{"count", "0"}, {"wait", "30"}, {"colr", "red"}}));
  EXPECT_FALSE(outcome.sample);
  EXPECT_EQ(outcome.diagnostics.errors(), 4U) << outcome.diagnostics.text();  // and the missing name
}

TEST(Schema, unit_is_mandatory_and_suggested) {
  EXPECT_EQ(complaint("size", "1MB"),
            "t.yaml:2:1: sample.size: \"1MB\" has no unit Weir knows; write 1MiB (1,048,576 bytes) or 1000000B\n");
  EXPECT_EQ(complaint("size", "1000"), "t.yaml:2:1: sample.size: \"1000\" has no unit Weir knows; write 1000B\n");
  EXPECT_EQ(complaint("size", "5mib"), "t.yaml:2:1: sample.size: \"5mib\" has no unit Weir knows; write 5MiB\n");
  EXPECT_EQ(complaint("wait", "30"), "t.yaml:2:1: sample.wait: \"30\" has no unit Weir knows; write 30s or 30ms\n");
  EXPECT_EQ(complaint("wait", "5min"), "t.yaml:2:1: sample.wait: \"5min\" has no unit Weir knows; write 5m\n");
  EXPECT_EQ(complaint("wait", "5 s"), "t.yaml:2:1: sample.wait: \"5 s\" has no unit Weir knows; write 5s\n");
  EXPECT_EQ(complaint("rate", "100"), "t.yaml:2:1: sample.rate: \"100\" has no unit Weir knows; write 100/s\n");
}

TEST(Schema, quantity_too_large_to_hold_is_refused) {
  EXPECT_NE(complaint("wait", "99999999999999999d"), "");
  EXPECT_NE(complaint("wait", "999999999999999999999999s"), "");
  EXPECT_NE(complaint("size", "18446744073709551615TiB"), "");
  EXPECT_NE(complaint("count", "4294967296"), "");
}

TEST(Schema, boolean_takes_only_true_and_false) {
  EXPECT_EQ(complaint("enabled", "no"), "t.yaml:2:1: sample.enabled: \"no\" is not true or false; write false\n");
  EXPECT_EQ(complaint("enabled", "Yes"), "t.yaml:2:1: sample.enabled: \"Yes\" is not true or false; write true\n");
}

TEST(Schema, bounds_are_named) {
  EXPECT_EQ(complaint("count", "101"), "t.yaml:2:1: sample.count: \"101\" is too large; write 1 to 100\n");
  EXPECT_EQ(complaint("size", "2GiB"), "t.yaml:2:1: sample.size: \"2GiB\" is too large; write at most 1GiB\n");
  EXPECT_EQ(complaint("size", "none"), "t.yaml:2:1: sample.size: there must be a limit here; write at most 1GiB\n");
}

TEST(Schema, unknown_option_and_word_get_did_you_mean) {
  EXPECT_EQ(complaint("colur", "red"),
            "t.yaml:2:1: sample.colur: unknown option \"colur\"; did you mean \"colour\"?\n");
  EXPECT_EQ(complaint("colour", "gren"),
            "t.yaml:2:1: sample.colour: \"gren\" is not red or green; did you mean \"green\"?\n");
}

TEST(Schema, secret_is_never_printed) {
  const Node node =
      Node::map(at(1), {{.name = "name", .place = at(1), .value = Node::scalar(at(1), "x")},
                        {.name = "count", .place = at(2), .value = Node::secret(at(2), "hunter2", "${env:PASSWORD}")}});
  const std::string text = read(node).diagnostics.text();
  EXPECT_EQ(text.find("hunter2"), std::string::npos);
  EXPECT_NE(text.find("${env:PASSWORD}"), std::string::npos);
}

TEST(Schema, describes_itself) {
  EXPECT_EQ(describe(Sample::schema()),
            "sample: Everything at once.\n"
            "sample.name: text, required. What it is called. Example: shop\n"
            "sample.enabled: true or false = true. Whether it runs.\n"
            "sample.count: number = 7 (1 to 100). How many.\n"
            "sample.wait: duration = 30s (at least 1ms). How long.\n"
            "sample.size: size = 10MiB (at most 1GiB). How large.\n"
            "sample.room: size = 0B. How much more.\n"
            "sample.rate: rate or none = none. How often.\n"
            "sample.allow: list of block of addresses = []. Who may.\n"
            "sample.set: map of text = {}. Fields.\n"
            "sample.colour: red or green = red. Taste.\n"
            "sample.inner: inner. Nested.\n"
            "sample.inner.port: number = 80 (at least 1). Where it listens. Example: 8080\n"
            "sample.inners: list of inner = []. Several.\n"
            "sample.inners.port: number = 80 (at least 1). Where it listens. Example: 8080\n");
}

TEST(Diagnostics, json_holds_every_field) {
  Diagnostics diagnostics;
  diagnostics.error(at(3), "a.b", "what \"is\" this", "write x");
  EXPECT_EQ(diagnostics.json(),
            R"({"errors":1,"warnings":0,"diagnostics":[{"severity":"error","file":"t.yaml","line":3,"column":1,)"
            R"("path":"a.b","message":"what \"is\" this","suggestion":"write x"}]})");
}

TEST(Diagnostics, sorts_by_place_within_files) {
  Diagnostics diagnostics;
  diagnostics.error(at(3), "", "third");
  diagnostics.warning(at(1), "", "first");
  diagnostics.sort();
  EXPECT_EQ(diagnostics.text(), "t.yaml:1:1: warning: first\nt.yaml:3:1: third\n");
  EXPECT_EQ(diagnostics.summary(), "1 error, 1 warning");
}

TEST(Node, copy_is_the_same_node) {
  const Node node = map_of({{"a", "b"}});
  const Node copy = node;  // NOLINT(performance-unnecessary-copy-initialization): the copy is what is tested
  EXPECT_TRUE(copy.same(node));
  EXPECT_FALSE(node.same(map_of({{"a", "b"}})));
}

TEST(Node, shown_is_one_short_printable_line) {
  EXPECT_EQ(Node::scalar(at(1), "a\nb").shown(), "\"a\\x0ab\"");
  EXPECT_LT(Node::scalar(at(1), std::string(5000, 'x')).shown().size(), 100U);
}

}  // namespace
}  // namespace weir
