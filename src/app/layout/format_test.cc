// Whatever is laid out means the same and keeps its comments; what cannot be is left alone.
#include "app/layout/format.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "app/config/hash.h"
#include "app/config/yaml_reader.h"

namespace weir::layout {
namespace {

std::string formatted(std::string_view text) {
  const auto done = format(text);
  EXPECT_TRUE(done) << done.error() << text;
  return done.value_or("");
}

TEST(Format, puts_indentation_and_blanks_right) {
  EXPECT_EQ(formatted("listeners:   [ \":8080\",\":8081\" ]\n"
                      "routes:\n"
                      "- name:   cart\n"
                      "  match: {path: /cart/*,method: [ GET ]}\n"
                      "  filters:\n"
                      "      -   body_limit: 1MiB\n"
                      "  proxy: shop   \n"),
            "listeners: [\":8080\", \":8081\"]\n"
            "routes:\n"
            "  - name: cart\n"
            "    match: { path: /cart/*, method: [GET] }\n"
            "    filters:\n"
            "      - body_limit: 1MiB\n"
            "    proxy: shop\n");
}

TEST(Format, keeps_comments_where_they_belong) {
  EXPECT_EQ(formatted("\n\n# the top\nlisteners: [x] # one\nworkers: 2    # two\n\n\n\n"
                      "routes:\n# about a\n- name: a\n  # inside\n  respond: 204\n# behind\n"),
            "# the top\n"
            "listeners: [x] # one\n"
            "workers: 2    # two\n\n"
            "routes:\n"
            "  # about a\n"
            "  - name: a\n"
            "    # inside\n"
            "    respond: 204\n"
            "  # behind\n");
}

TEST(Format, leaves_texts_alone) {
  EXPECT_EQ(formatted("a: |\n     one\n       two  # no comment\n\n     three\nb: \"x  #y\"\nc: a#b\nd: it's\n"),
            "a: |\n  one\n    two  # no comment\n\n  three\nb: \"x  #y\"\nc: a#b\nd: it's\n");
  EXPECT_EQ(formatted("a:\n- |\n  text\n- >-\n    more\n"), "a:\n  - |\n    text\n  - >-\n    more\n");
}

TEST(Format, brackets_over_several_lines_keep_their_shape) {
  EXPECT_EQ(formatted("a:\n    b: [\n      x,  # why\n      y\n    ]\nc: 1\n"),
            "a:\n  b: [\n    x,    # why\n    y\n  ]\nc: 1\n");
}

TEST(Format, says_what_it_does_not_touch) {
  EXPECT_FALSE(format("a: [1, 2\n"));
  EXPECT_FALSE(format("a: 1\na: 2\n"));
}

std::string whole(const std::filesystem::path& path) {
  const std::ifstream file(path);
  std::ostringstream bytes;
  bytes << file.rdbuf();
  return bytes.str();
}

TEST(Format, every_example_has_the_layout_already) {
  const auto root = std::filesystem::path(__FILE__).parent_path().parent_path().parent_path().parent_path();
  ASSERT_TRUE(std::filesystem::exists(root / "examples"));
  for (const auto& entry : std::filesystem::recursive_directory_iterator(root / "examples")) {
    if (entry.path().extension() != ".yaml") continue;
    const std::string text = whole(entry.path());
    EXPECT_EQ(formatted(text), text) << entry.path() << ": weir fmt it";
  }
}

/// A tree written at random: indentation, blanks, quotes, comments and empty lines as they come.
class Scribe {
 public:
  std::string block_map(std::size_t column, int depth) {
    std::string out;
    const int members = *rc::gen::inRange(1, 4);
    for (int member = 0; member < members; ++member) {
      out += between(column) + std::string(column, ' ') + "k" + std::to_string(next_++) + ":";
      out += value(column, depth);
    }
    return out;
  }

 private:
  std::string value(std::size_t column, int depth) {
    switch (*rc::gen::inRange(0, depth > 0 ? 6 : 3)) {
      case 0:
        return blanks() + scalar() + comment() + "\n";
      case 1:
        return blanks() + flow(2) + comment() + "\n";
      case 2:
        return " |\n" + std::string(column + 3, ' ') + "text # of it\n\n" + std::string(column + 5, ' ') + "more\n";
      case 3:
        return comment() + "\n" + block_map(column + std::size_t(*rc::gen::inRange(1, 5)), depth - 1);
      default:
        return comment() + "\n" + block_list(column + std::size_t(*rc::gen::inRange(0, 4)), depth - 1);
    }
  }
  std::string block_list(std::size_t column, int depth) {
    std::string out;
    const int items = *rc::gen::inRange(1, 4);
    for (int item = 0; item < items; ++item) {
      const std::string dash = "-" + blanks();
      out += between(column) + std::string(column, ' ') + dash;
      const std::size_t inner = column + dash.size();
      // The first member of a map behind a dash stands in the dash's line.
      if (depth > 0 && *rc::gen::arbitrary<bool>())
        out += "first: 1\n" + block_map(inner, depth - 1);
      else
        out += scalar() + comment() + "\n";
    }
    return out;
  }
  std::string between(std::size_t column) {
    switch (*rc::gen::inRange(0, 8)) {
      case 0:
        return "\n";
      case 1:
        return std::string(column, ' ') + "#c" + std::to_string(next_++) + "\n";
      default:
        return "";
    }
  }
  std::string comment() { return *rc::gen::inRange(0, 4) == 0 ? blanks() + "# c" + std::to_string(next_++) : ""; }
  std::string blanks() { return std::string(std::size_t(*rc::gen::inRange(1, 4)), ' '); }
  std::string scalar() {
    return *rc::gen::element<std::string>("plain", "\"quo # ted: x\"", "'it''s'", "12", "/a/*", "a#b", "http://h:1/x",
                                          "${env:A:-b c}", "\"\\\" #\"", "two words");
  }
  std::string flow(int depth) {
    if (depth == 0) return scalar();
    std::string out = *rc::gen::arbitrary<bool>() ? "[" : "{";
    const bool map = out == "{";
    const int items = *rc::gen::inRange(0, 3);
    for (int item = 0; item < items; ++item) {
      if (item > 0) out += *rc::gen::element<std::string>(",", " , ", ", ");
      if (map) out += "f" + std::to_string(next_++) + ": ";
      out += flow(depth - 1);
    }
    return out + (map ? "}" : " ]");
  }
  int next_ = 0;
};

bool is_yaml(const std::string& text) {
  Diagnostics diagnostics;
  return config::read_yaml(text, intern_file_name("weir.yaml"), diagnostics).has_value() && !diagnostics.has_errors();
}

RC_GTEST_PROP(Format, means_the_same_and_is_stable, ()) {
  const std::string text = Scribe().block_map(0, 3);
  if (!is_yaml(text)) RC_DISCARD("not YAML");
  const auto once = format(text);
  // format() itself proves that the meaning is the same; here it must also dare.
  if (!once) RC_FAIL(once.error() + text);
  RC_ASSERT(format(*once).value_or("") == *once);
}

}  // namespace
}  // namespace weir::layout
