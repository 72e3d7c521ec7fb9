// Shows: what `weir fmt --explicit` prints means what it was made of, is complete, and is its own explicit form.
// How: over every example and golden configuration without mistakes, and over every option of every filter and service
// as its documentation shows it. Meaning is compared twice: as `weir diff` does, and by what `weir explain` says.
#include "app/layout/explicit.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "app/catalog.h"
#include "app/commands/load.h"
#include "app/config/default_value.h"
#include "app/explain.h"
#include "app/layout/format.h"
#include "app/meaning/difference.h"
#include "contracts/testing/conformance.h"

namespace weir::layout {
namespace {

std::string explicitly(std::string_view text) {
  const auto done = explicit_text(text);
  EXPECT_TRUE(done) << done.error() << text;
  return done.value_or("");
}

config::MemorySource source_of(const std::string& text) {
  config::MemorySource source;
  source.files["weir.yaml"] = text;
  return source;
}

std::string difference_of(const std::string& before, const std::string& after) {
  config::MemorySource one = source_of(before);
  config::MemorySource other = source_of(after);
  Diagnostics ignored;
  return meaning::text_of(meaning::difference(meaning::meaning_of("weir.yaml", one, ignored),
                                              meaning::meaning_of("weir.yaml", other, ignored)));
}

/// `weir.yaml:14:7` without the numbers: lines move when defaults are written between them.
std::string without_places(std::string_view text) {
  constexpr std::string_view place = "weir.yaml:";
  std::string out;
  while (true) {
    const std::size_t next = text.find(place);
    out += text.substr(0, next);
    if (next == std::string_view::npos) return out;
    text.remove_prefix(next + place.size());
    text.remove_prefix(std::min(text.find_first_not_of("0123456789:"), text.size()));
  }
}

/// Everything that would happen, without where it is written.
std::string outcome_of(const Explanation& explanation) {
  std::string out = fmt::format("{} {}: {} {} {}\n", explanation.method, explanation.path, explanation.route,
                                explanation.refusal, explanation.upgrade);
  for (const ExplainedStep& step : explanation.filters)
    out += fmt::format("  {} {} {}\n", step.name, step.runs, without_places(step.effect));
  const ExplainedStep& service = explanation.service;
  out += fmt::format("  {} {} {}\n", service.name, without_places(service.effect), service.status);
  for (const ExplainedLoser& loser : explanation.losers)
    out += fmt::format("  not {}: {} {}\n", loser.route, loser.reason, loser.wanted);
  return out;
}

/// What would become of a few requests; nothing when the configuration needs files that are not here.
std::string explained(const std::string& text) {
  config::MemorySource source = source_of(text);
  const LoadedConfiguration loaded = load_configuration("weir.yaml", source);
  if (loaded.gateway == nullptr) return {};
  std::string said;
  for (const std::string_view url : {"http://a.example.com/", "http://shop.example.com/cart/7?x=1", "http://a/old/b",
                                     "http://a/static/x.css", "http://a/app/x", "http://a/api/orders"}) {
    for (const std::string_view method : {"GET", "POST"}) {
      const ExplainQuestion question{.method = std::string(method),
                                     .url = std::string(url),
                                     .fields = {{"accept-encoding", "gzip"}},
                                     .listener = {}};
      said += outcome_of(explain(*loaded.gateway, question, loaded.listener_names));
    }
  }
  return said;
}

void expect_faithful(const std::string& text) {
  const std::string all = explicitly(text);
  SCOPED_TRACE(text + "\n--- explicitly ---\n" + all);
  EXPECT_EQ(difference_of(text, all), "no difference\n");
  EXPECT_EQ(explained(text), explained(all));
  EXPECT_EQ(explicitly(all), all) << "it is its own explicit form";
  EXPECT_EQ(format(all).value_or(""), all) << "and laid out";
}

std::string read_whole(const std::filesystem::path& path) {
  std::ostringstream bytes;
  bytes << std::ifstream(path).rdbuf();
  return bytes.str();
}

std::filesystem::path source_folder() {
  return std::filesystem::path(__FILE__).parent_path().parent_path();  // src/app
}

TEST(Explicit, examples_mean_the_same_written_out) {
  std::size_t count = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(source_folder() / "../../examples")) {
    if (entry.path().extension() != ".yaml") continue;
    expect_faithful(read_whole(entry.path()));
    ++count;
  }
  EXPECT_GE(count, 12U);
}

TEST(Explicit, golden_configurations_mean_the_same_written_out) {
  for (const std::string_view name : {"ordinary.txt", "smallest.txt", "unused_upstream.txt"}) {
    const std::string whole = read_whole(source_folder() / "config/golden" / name);
    expect_faithful(whole.substr(0, whole.rfind("\n---\n") + 1));
  }
}

/// One route, with a filter or a service as given.
std::string configuration_with(std::string_view key, std::string_view options) {
  return fmt::format("listeners: [\":8080\"]\nroutes:\n  - {}: {}\n{}", key, options,
                     key == "filters" ? "    respond: 204\n" : "");
}

TEST(Explicit, every_option_means_the_same_written_out) {
  const auto each = [](const auto& kinds, const auto& written) {
    for (const auto* kind : kinds) {
      conformance::for_each_example(kind->schema(), "", "", "", [&](const std::string& options) {
        expect_faithful(written(std::string(kind->name), options));
      });
    }
  };
  each(filter_kinds(), [](const std::string& name, const std::string& options) {
    return configuration_with("filters", "[{ " + name + ": " + options + " }]");
  });
  each(service_kinds(),
       [](const std::string& name, const std::string& options) { return configuration_with(name, options); });
}

TEST(Explicit, every_default_that_says_something_is_there) {
  for (const ServiceKind* kind : service_kinds()) {
    std::string required;
    for (const OptionInfo& option : kind->schema().options()) {
      if (option.required) required += option.name + ": " + option.example + ", ";
    }
    const std::string all = explicitly(configuration_with(kind->name, "{ " + required + " }"));
    for (const OptionInfo& option : kind->schema().options()) {
      const auto value = config::default_of(kind->schema(), option);
      if (!value || (value->text().empty() && value->items().empty())) continue;
      EXPECT_TRUE(all.contains("\n      " + option.name + ":")) << kind->name << '.' << option.name << "\n" << all;
    }
  }
  const std::string all = explicitly("listeners: [\":8080\"]\n");
  for (const std::string_view line : {"stories:\n  memory: 16MiB\n", "state:\n  entries: 1000\n", "limits:\n"}) {
    EXPECT_TRUE(all.contains(line)) << line << all;
  }
}

TEST(Explicit, default_that_hangs_on_something_else_is_left_to_it) {
  constexpr const char* parameter_only =
      "listeners: [\":8080\"]\nroutes: [{ filters: [{ api_key: { keys: k, query: key } }], respond: 204 }]\n";
  EXPECT_FALSE(explicitly(parameter_only).contains("x-api-key")) << "who names a parameter alone wants no header";
  constexpr const char* php = "upstreams:\n  php: { endpoints: [127.0.0.1:9000], protocol: fastcgi }\n";
  EXPECT_FALSE(explicitly(php).contains("idle_max")) << "connections to FastCGI are not kept";
  EXPECT_NE(difference_of(php,
                          "upstreams:\n  php:\n    endpoints: [127.0.0.1:9000]\n    protocol: fastcgi\n"
                          "    connections: { idle_max: 256 }\n"),
            "no difference\n");
}

}  // namespace
}  // namespace weir::layout
