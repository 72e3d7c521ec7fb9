// What people type, and what they are told when it cannot be meant.
#include "app/commands/arguments.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>

#include "app/commands/admin_client.h"
#include "app/commands/commands.h"

namespace weir {
namespace {

constexpr std::array flags{
    FlagKind{.name = "config", .letter = 'c', .value_name = "FILE", .doc = {}},
    FlagKind{.name = "header", .letter = 'H', .value_name = "FIELD", .doc = {}},
    FlagKind{.name = "json", .value_name = {}, .doc = {}},
};

std::expected<Arguments, std::string> parse(std::vector<std::string_view> words) {
  return parse_arguments(words, flags, 2);
}
std::string complaint(std::vector<std::string_view> words) {
  const auto parsed = parse(std::move(words));
  return parsed ? "none" : parsed.error();
}

TEST(Arguments, flags_are_understood_in_every_usual_spelling) {
  for (const std::vector<std::string_view>& words : std::vector<std::vector<std::string_view>>{
           {"--config", "a.yaml"}, {"--config=a.yaml"}, {"-c", "a.yaml"}, {"-ca.yaml"}}) {
    const auto parsed = parse(words);
    ASSERT_TRUE(parsed) << parsed.error();
    EXPECT_EQ(parsed->value_of("config"), "a.yaml");
  }
}

TEST(Arguments, repeated_flags_keep_their_order_among_positionals) {
  const auto parsed = parse({"GET", "-H", "a: b", "http://x/", "--json", "-Hc: d"});
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->values_of("header"), (std::vector<std::string>{"a: b", "c: d"}));
  EXPECT_EQ(parsed->positionals(), (std::vector<std::string>{"GET", "http://x/"}));
  EXPECT_TRUE(parsed->has("json"));
  EXPECT_FALSE(parsed->value_of("config"));
}

TEST(Arguments, nothing_is_a_flag_behind_two_dashes) {
  const auto parsed = parse({"--", "--json"});
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->positionals(), std::vector<std::string>{"--json"});
}

TEST(Arguments, complaints_say_what_to_type_instead) {
  EXPECT_EQ(complaint({"--jsn"}), "unknown flag --jsn; did you mean --json?");
  EXPECT_EQ(complaint({"--cofnig=x"}), "unknown flag --cofnig; did you mean --config?");
  EXPECT_EQ(complaint({"-x"}), "unknown flag -x");
  EXPECT_EQ(complaint({"--json=1"}), "--json takes no value");
  EXPECT_EQ(complaint({"-c"}), "-c needs a value: -c FILE");
  EXPECT_EQ(complaint({"a", "b", "c"}), "\"c\" is one word too many");
}

TEST(Commands, aliases_and_names_are_unique) {
  for (const CommandKind& command : command_kinds()) {
    EXPECT_EQ(find_command(command.name), &command);
    if (!command.alias.empty()) EXPECT_EQ(find_command(command.alias), &command);
    EXPECT_FALSE(command.doc.empty()) << command.name;
  }
  EXPECT_EQ(find_command("nothing"), nullptr);
}

/// The words of a line, as a shell would make them: blanks part, single quotes keep together, `>` ends.
std::vector<std::string> shell_words(std::string_view line) {
  std::vector<std::string> words;
  std::string word;
  bool quoted = false;
  for (const char c : line) {
    if (c == '\'') {
      quoted = !quoted;
    } else if (c == ' ' && !quoted) {
      if (!word.empty()) words.push_back(std::move(word));
      word.clear();
    } else {
      word += c;
    }
  }
  if (!word.empty()) words.push_back(std::move(word));
  words.erase(std::ranges::find(words, ">"), words.end());
  words.erase(std::ranges::find(words, "|"), words.end());
  return words;
}

TEST(Commands, every_command_has_examples_that_can_be_typed) {
  for (const CommandKind& command : command_kinds()) {
    EXPECT_FALSE(command.examples.empty())
        << "weir " << command.name << " needs .examples in its entry in src/app/commands/commands.cc";
    for (const CommandExample& example : command.examples) {
      const std::vector<std::string> words = shell_words(example.line);
      ASSERT_GE(words.size(), 2U) << example.line;
      EXPECT_EQ(words[0], "weir") << example.line;
      EXPECT_EQ(words[1], command.name) << example.line;
      const std::vector<std::string_view> rest(words.begin() + 2, words.end());
      const auto parsed = parse_arguments(rest, command.flags, command.positionals_max);
      EXPECT_TRUE(parsed) << example.line << ": " << (parsed ? "" : parsed.error());
      EXPECT_FALSE(example.doc.empty() || example.doc.ends_with('.')) << example.line;
    }
  }
}

TEST(Commands, every_command_can_be_asked_for_help) {
  for (const CommandKind& command : command_kinds())
    EXPECT_TRUE(std::ranges::any_of(command.flags, [](const FlagKind& flag) { return flag.name == "help"; }))
        << command.name;
}

TEST(AdminClient, encodes_what_a_query_cannot_hold) {
  EXPECT_EQ(percent_encoded("a b&c=/~é"), "a%20b%26c%3D%2F~%C3%A9");
}

TEST(AdminClient, says_who_is_not_there) {
  const auto reply = ask_admin("unix:/nowhere/weir.sock", "GET", "/status");
  ASSERT_FALSE(reply);
  EXPECT_EQ(reply.error(),
            "cannot reach weir at unix:/nowhere/weir.sock: No such file or directory; is it running, and is this its "
            "`admin:` address?");
}

}  // namespace
}  // namespace weir
