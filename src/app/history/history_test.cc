// What history promises: nothing that was reported is lost, whatever moment the power goes, and equal parts are kept
// once. The disk is a model that loses what was not synced.
#include "app/history/history.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <malloc.h>
#include <rapidcheck/gtest.h>

#include <map>
#include <memory>
#include <random>

#include "app/history/parts.h"

namespace weir::history {
namespace {

/// A disk whose plug is pulled at a step. Names and bytes that were not synced may be lost or half there.
class MortalDisk final : public FileSystem {
 public:
  std::size_t steps = 0;
  std::size_t dies_at = ~std::size_t{0};
  unsigned seed = 0;

  Outcome<void> make_folder(const std::string&) override { return step(); }
  Outcome<void> write_synced(const std::string& file, std::string_view bytes) override {
    const bool alive = step().has_value();
    if (!alive && died_before_) return dead();
    died_before_ = !alive;
    const std::size_t kept = alive ? bytes.size() : bytes.size() * (seed % 3) / 2;  // nothing, half, all
    change([file, bytes = std::string(bytes.substr(0, kept))](auto& names) { names[file] = bytes; });
    return alive ? Outcome<void>() : dead();
  }
  Outcome<void> rename(const std::string& from, const std::string& to) override {
    if (!step()) return dead();
    change([from, to](auto& names) {
      if (const auto found = names.find(from); found != names.end()) names[to] = found->second;
      names.erase(from);
    });
    return {};
  }
  Outcome<void> sync_folder(const std::string&) override {
    if (!step()) return dead();
    durable_ = names_;
    pending_.clear();
    return {};
  }
  Outcome<void> remove(const std::string& file) override {
    if (!step()) return dead();
    change([file](auto& names) { names.erase(file); });
    return {};
  }
  Outcome<std::string> read(const std::string& file) override {
    if (dead_) return std::unexpected("dead");
    const auto found = names_.find(file);
    if (found == names_.end()) return std::unexpected("no such file");
    return found->second;
  }
  Outcome<std::vector<std::string>> list(const std::string& folder) override {
    std::vector<std::string> names;
    for (const auto& [name, bytes] : names_) names.push_back(name.substr(folder.size() + 1));
    return names;
  }
  Outcome<bool> lock(const std::string&) override { return true; }

  /// The same disk after the machine is up again: of the changes since the last sync any may have made it.
  [[nodiscard]] MortalDisk revived() const {
    MortalDisk disk;
    disk.names_ = durable_;
    std::minstd_rand random(seed);
    for (const Change& each : pending_) {
      if (seed == 0 || (seed != 1 && random() % 2 == 0)) each(disk.names_);
    }
    disk.durable_ = disk.names_;
    return disk;
  }
  [[nodiscard]] bool alive() const { return !dead_; }
  [[nodiscard]] std::size_t bytes() const {
    std::size_t sum = 0;
    for (const auto& [name, content] : names_) sum += content.size();
    return sum;
  }
  std::map<std::string, std::string>& names() { return names_; }

 private:
  using Names = std::map<std::string, std::string>;
  using Change = std::function<void(Names&)>;

  Outcome<void> step() {
    dead_ = dead_ || steps == dies_at;
    ++steps;
    if (dead_) return std::unexpected("dead");
    return {};
  }
  static Outcome<void> dead() { return std::unexpected("dead"); }
  void change(Change what) {
    what(names_);
    pending_.push_back(std::move(what));
  }

  Names names_;
  Names durable_;
  std::vector<Change> pending_;
  bool dead_ = false;
  bool died_before_ = false;
};

std::vector<config::SourceFile> texts(const std::string& text) {
  return {{.name = "/etc/weir.yaml", .text = std::make_shared<const std::string>(text)}};
}

std::string configuration(int number) {
  std::string text = "listeners: [\":8080\"]\nroutes:\n";
  for (int route = 0; route < 60; ++route)
    text += "  - name: r" + std::to_string(route) + "\n    match: { path: /" +
            (route == number ? "changed" : std::to_string(route)) + " }\n    respond: 204\n";
  return text;
}

Entry entry(int number) {
  Entry made;
  made.hash = config::hash_of(std::to_string(number)).text();
  made.when = WallTime{std::chrono::seconds{1000 + number}};
  made.by = "uid 0";
  made.how = "reload";
  made.source = "/etc/weir.yaml";
  return made;
}

Details details() {
  return {.changes = {"route r: path /a -> /b", "two\nlines \\ and a backslash"},
          .secrets = {{"${env:TOKEN}", "abc"}},
          .files = {}};
}

/// Ten configurations with pruning between them. \returns those that were reported as kept
std::vector<int> live(MortalDisk& disk) {
  std::vector<int> reported;
  auto history = History::open("/state", disk);
  if (!history) return reported;
  for (int number = 1; number <= 10; ++number) {
    if (!history->add(entry(number), details(), texts(configuration(number)))) return reported;
    reported.push_back(number);
    if (!history->prune({.entries = 4}, WallTime{})) return reported;
  }
  return reported;
}

TEST(History, nothing_reported_is_lost_whenever_the_power_goes) {
  MortalDisk immortal;
  ASSERT_EQ(live(immortal).size(), 10U);
  for (std::size_t dies_at = 0; dies_at <= immortal.steps; ++dies_at) {
    for (unsigned seed = 0; seed < 8; ++seed) {
      SCOPED_TRACE(testing::Message() << "dies at step " << dies_at << ", seed " << seed);
      MortalDisk disk;
      disk.dies_at = dies_at;
      disk.seed = seed;
      const std::vector<int> reported = live(disk);
      MortalDisk again = disk.revived();
      auto history = History::open("/state", again);
      ASSERT_TRUE(history) << history.error();
      EXPECT_TRUE(history->damaged().empty());
      // The last four are kept; the fifth may be on its way out.
      for (std::size_t at = reported.size() > 4 ? reported.size() - 4 : 0; at < reported.size(); ++at) {
        const Entry* found = history->find(entry(reported[at]).hash);
        ASSERT_NE(found, nullptr) << "configuration " << reported[at] << " was reported and is gone";
        const auto kept = history->texts_of(*found);
        ASSERT_TRUE(kept) << kept.error();
        EXPECT_EQ(*kept->front().text, configuration(reported[at]));
      }
      EXPECT_TRUE(history->add(entry(99), details(), texts("x")));
    }
  }
}

TEST(History, remembers_all_that_was_said) {
  MortalDisk disk;
  {
    auto history = History::open("/state", disk);
    ASSERT_TRUE(history);
    ASSERT_TRUE(history->add(entry(1), details(), texts("no line end")));
  }
  auto history = History::open("/state", disk);
  ASSERT_TRUE(history);
  ASSERT_EQ(history->entries().size(), 1U);
  const Entry& kept = history->entries().front();
  EXPECT_EQ(kept.hash, entry(1).hash);
  EXPECT_EQ(kept.when, entry(1).when);
  const auto told = history->details_of(kept);
  ASSERT_TRUE(told) << told.error();
  EXPECT_EQ(told->changes, details().changes);
  EXPECT_EQ(told->secrets, details().secrets);
  EXPECT_EQ(kept.tree, tree_of(texts("no line end")));
  EXPECT_EQ(*history->texts_of(kept)->front().text, "no line end");
}

TEST(History, equal_parts_are_kept_once) {
  MortalDisk disk;
  auto history = History::open("/state", disk);
  ASSERT_TRUE(history);
  ASSERT_TRUE(history->add(entry(1), details(), texts(configuration(1))));
  const std::size_t one = disk.bytes();
  for (int number = 2; number <= 20; ++number)
    ASSERT_TRUE(history->add(entry(number), details(), texts(configuration(number))));
  EXPECT_LT(disk.bytes(), one * 9) << "twenty that differ in a line each cost less than nine whole ones";
}

/// What the process has taken from the heap and not given back.
std::size_t heap_bytes() {
  const struct mallinfo2 now = ::mallinfo2();
  return now.uordblks + now.hblkhd;
}

/// Memory per entry of a history in which every configuration changed that much.
std::size_t bytes_of_memory_per_entry(std::size_t changes, std::size_t routes) {
  constexpr int entries = 100;
  MortalDisk disk;
  {
    auto history = History::open("/state", disk);
    for (int number = 1; number <= entries; ++number) {
      Details much = details();
      much.changes.assign(changes, "route r: path /a/rather/long/path -> /another/long/path");
      std::string text = "routes:\n";
      for (std::size_t route = 0; route < routes; ++route)
        text += fmt::format("  - match: {{ path: /{}/{} }}\n    respond: 204\n", number, route);
      EXPECT_TRUE(history->add(entry(number), much, texts(text)));
    }
  }
  const std::size_t before = heap_bytes();
  const auto history = History::look("/state", disk);
  const std::size_t after = heap_bytes();
  EXPECT_EQ(history->entries().size(), entries);
  return (after - before) / entries;
}

TEST(History, memory_of_an_entry_does_not_depend_on_what_it_changed) {
  const std::size_t little = bytes_of_memory_per_entry(1, 1);
  const std::size_t much = bytes_of_memory_per_entry(200, 500);
  if (little == 0) GTEST_SKIP() << "a sanitizer's allocator does not tell what is in use";
  EXPECT_LE(much, little + 32) << "rounding";
  EXPECT_LT(much, 600U);
  RecordProperty("bytes", static_cast<int>(much));
}

// Random edits, steps back and restarts under a history that is too short for them: what is offered is there whole.
RC_GTEST_PROP(HistoryProperty, every_configuration_it_offers_can_be_had, ()) {
  MortalDisk disk;
  std::map<std::uint64_t, std::vector<config::SourceFile>> kept;
  auto history = History::open("/state", disk);
  std::vector<int> answers(60, 0);
  const std::size_t steps = *rc::gen::inRange<std::size_t>(1, 25);
  for (std::size_t step = 0; step < steps; ++step) {
    const auto edited = *rc::gen::container<std::vector<std::size_t>>(rc::gen::inRange<std::size_t>(0, answers.size()));
    for (const std::size_t route : edited) answers[route] = *rc::gen::inRange(0, 3);  // 0 may be a step back
    std::vector<config::SourceFile> files;
    for (std::size_t file = 0; file < 3; ++file) {
      std::string text = "routes:\n";
      for (std::size_t route = file * 20; route < file * 20 + 20; ++route)
        text +=
            fmt::format("  - match: {{ path: /some/where/{} }}\n    respond: \"answer {}\"\n", route, answers[route]);
      files.push_back({.name = fmt::format("/etc/{}.yaml", file), .text = std::make_shared<const std::string>(text)});
    }
    const auto number = history->add(entry(static_cast<int>(step)), details(), files);
    RC_ASSERT(number.has_value());
    kept[*number] = files;
    RC_ASSERT(history->prune({.entries = *rc::gen::inRange<std::size_t>(1, 9)}, WallTime{}).has_value());
    if (*rc::gen::arbitrary<bool>()) history = History::open("/state", disk);
    for (const Entry& each : history->entries()) {
      const auto texts = history->texts_of(each);
      RC_ASSERT(texts.has_value());
      RC_ASSERT(each.tree == tree_of(*texts));
      for (std::size_t file = 0; file < 3; ++file) RC_ASSERT(*(*texts)[file].text == *kept[each.number][file].text);
    }
  }
}

TEST(History, a_damaged_entry_does_not_hurt_the_others) {
  MortalDisk disk;
  {
    auto history = History::open("/state", disk);
    for (int number = 1; number <= 3; ++number)
      ASSERT_TRUE(history->add(entry(number), details(), texts(std::to_string(number))));
  }
  disk.names()["/state/00000002.entry"][40] ^= 1;
  auto history = History::open("/state", disk);
  ASSERT_TRUE(history);
  EXPECT_EQ(history->damaged(), std::vector<std::string>{"00000002.entry"});
  EXPECT_EQ(history->entries().size(), 2U);
  EXPECT_TRUE(history->texts_of(history->entries()[1]));
}

TEST(History, goes_by_age_and_size_and_keeps_the_youngest) {
  MortalDisk disk;
  auto history = History::open("/state", disk);
  for (int number = 1; number <= 5; ++number)
    ASSERT_TRUE(history->add(entry(number), details(), texts(configuration(number))));
  ASSERT_TRUE(history->prune({.age = std::chrono::seconds{10}}, WallTime{std::chrono::seconds{1012}}));
  EXPECT_EQ(history->entries().size(), 4U);  // the one of second 1001 went
  ASSERT_TRUE(history->prune({.bytes = 1}, WallTime{}));
  ASSERT_EQ(history->entries().size(), 1U);
  EXPECT_EQ(*history->texts_of(history->entries().front())->front().text, configuration(5));
}

TEST(History, finds_by_the_beginning_of_a_hash) {
  MortalDisk disk;
  auto history = History::open("/state", disk);
  ASSERT_TRUE(history->add(entry(1), details(), texts("a")));
  ASSERT_TRUE(history->add(entry(2), details(), texts("b")));
  EXPECT_EQ(history->find(entry(1).hash.substr(0, 7))->number, 1U);
  EXPECT_EQ(history->find("nothing"), nullptr);
  bool ambiguous = false;
  EXPECT_NE(history->find("", &ambiguous), nullptr);
  EXPECT_TRUE(ambiguous);
}

RC_GTEST_PROP(Parts, put_together_give_the_text, ()) {
  const auto lines = *rc::gen::container<std::vector<std::string>>(rc::gen::element<std::string>(
      "listeners: [x]", "routes:", "  - a: b", "    c: d", "# words", "", "- item", "    - deep", "upstreams:"));
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  if (!text.empty() && *rc::gen::arbitrary<bool>()) text.pop_back();
  std::string together;
  for (const std::string_view part : parts_of(text)) {
    RC_ASSERT(!part.empty());
    together += part;
  }
  RC_ASSERT(together == text);
}

TEST(HistoryEntry, files_beside_it_are_known_by_their_hash) {
  EntryFile file{.entry = {.number = 7, .hash = "0123"}, .details = {}, .lists = {}, .parts = {}};
  file.details.beside = {{"/etc/weir/a file", "aa"}, {"/etc/weir/users", "bb"}};
  const std::string bytes = encode(file);
  const auto read = decode(bytes);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->details.beside, file.details.beside);
}

TEST(HistoryEntry, changed_files_are_those_that_both_have) {
  const Beside before{{"gone", "1"}, {"kept", "1"}, {"other", "1"}};
  EXPECT_EQ(changed_beside(before, {{"kept", "1"}, {"new", "2"}, {"other", "2"}}), std::vector<std::string>{"other"});
  EXPECT_TRUE(changed_beside({}, before).empty());
}

}  // namespace
}  // namespace weir::history
