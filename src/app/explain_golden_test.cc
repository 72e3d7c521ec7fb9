// Explanations as people read them: golden_explain/NAME.txt holds a configuration, then for each question a line
// `--- METHOD URL [-H 'name: value'] [--from ADDRESS] [--listener NAME]` with the answer behind it. WEIR_BLESS=1 writes
// what is said now; then read the difference.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "app/commands/load.h"
#include "app/explain.h"

namespace weir {
namespace {

std::filesystem::path folder() {
  return std::filesystem::path(__FILE__).parent_path() / "golden_explain";
}

/// Words as a shell would split them; quotes keep words together.
std::vector<std::string> words_of(std::string_view line) {
  std::vector<std::string> words(1);
  bool quoted = false;
  for (const char c : line) {
    if (c == '\'')
      quoted = !quoted;
    else if (c == ' ' && !quoted)
      words.emplace_back();
    else
      words.back() += c;
  }
  return words;
}

ExplainQuestion question_of(std::string_view line) {
  const std::vector<std::string> words = words_of(line);
  ExplainQuestion question{.method = words.at(0), .url = words.at(1), .fields = {}, .listener = {}};
  for (std::size_t at = 2; at + 1 < words.size(); at += 2) {
    const std::string& value = words[at + 1];
    if (words[at] == "-H")
      question.fields.emplace_back(value.substr(0, value.find(':')), value.substr(value.find(':') + 1));
    if (words[at] == "--from") question.from = IpAddress::parse(value).value();
    if (words[at] == "--listener") question.listener = value;
  }
  return question;
}

struct Golden {
  std::string configuration;
  std::vector<std::pair<std::string, std::string>> asked;  // question, answer
};

Golden read_golden(const std::filesystem::path& path) {
  Golden golden;
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("--- "))
      golden.asked.emplace_back(line.substr(4), std::string());
    else
      (golden.asked.empty() ? golden.configuration : golden.asked.back().second) += line + '\n';
  }
  return golden;
}

TEST(ExplainGolden, answers_are_as_recorded) {
  const bool bless = std::getenv("WEIR_BLESS") != nullptr;
  for (const auto& entry : std::filesystem::directory_iterator(folder())) {
    SCOPED_TRACE(entry.path().filename().string());
    const Golden golden = read_golden(entry.path());
    config::MemorySource source;
    source.files["weir.yaml"] = golden.configuration;
    const LoadedConfiguration loaded = load_configuration("weir.yaml", source);
    ASSERT_NE(loaded.gateway, nullptr) << loaded.diagnostics.text();
    std::string blessed = golden.configuration;
    for (const auto& [question, answer] : golden.asked) {
      Explanation explanation = explain(*loaded.gateway, question_of(question), loaded.listener_names);
      foresee_as_configured(explanation);
      const std::string said = explanation_text(explanation);
      if (!bless) EXPECT_EQ(said, answer) << question;
      blessed += "--- " + question + '\n' + said;
    }
    if (bless) std::ofstream(entry.path()) << blessed;
  }
}

}  // namespace
}  // namespace weir
