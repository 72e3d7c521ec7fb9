// Files of endpoints, as lines and as YAML: what is read, and that each mistake is told with its place.
#include "app/config/endpoint_file.h"

#include <gtest/gtest.h>

#include <fmt/format.h>

namespace weir::config {
namespace {

struct Parsed {
  std::shared_ptr<const EndpointList> list;
  Diagnostics diagnostics;

  /// `10.0.0.1:80 weight 2 priority 1 zone eu`, one a line.
  [[nodiscard]] std::string text() const {
    std::string text;
    for (const ClusterEndpoint& each : list->endpoints) {
      text += fmt::format("{} {} {} {}\n", each.endpoint.text(), each.weight, each.priority, each.zone);
    }
    return text;
  }
};

Parsed parse(const std::string& file, std::string_view bytes) {
  Parsed parsed;
  FileReport report({.file_name = intern_file_name(file), .line = 0, .column = 0}, parsed.diagnostics);
  parsed.list = endpoint_file_kind().parse(bytes, report);
  return parsed;
}

TEST(EndpointFile, lines_and_yaml_and_json_say_the_same) {
  const std::string_view wanted =
      "10.0.0.1:80 1 0 \n[2001:db8::1]:80 2 0 eu-1a\nunix:/run/shop.sock 1 9 \nsrv:_http._tcp.shop.test 1 0 \n";
  const Parsed lines = parse("shop.endpoints",
                             "# the shop\r\n\n10.0.0.1:80\r\n[2001:db8::1]:80\tweight=2   zone=eu-1a # the fast one\n"
                             "unix:/run/shop.sock priority=9\nsrv=_http._tcp.shop.test");
  EXPECT_EQ(lines.text(), wanted) << lines.diagnostics.text();
  const Parsed yaml = parse("shop.yaml",
                            "- 10.0.0.1:80\n- { address: \"[2001:db8::1]:80\", weight: 2, zone: eu-1a }\n"
                            "- { address: unix:/run/shop.sock, priority: 9 }\n- srv: _http._tcp.shop.test\n");
  EXPECT_EQ(yaml.text(), wanted) << yaml.diagnostics.text();
  const Parsed json =
      parse("shop.json", R"(["10.0.0.1:80", {"address": "[2001:db8::1]:80", "weight": 2, "zone": "eu-1a"},)"
                         R"( {"address": "unix:/run/shop.sock", "priority": 9}, {"srv": "_http._tcp.shop.test"}])");
  EXPECT_EQ(json.text(), wanted) << json.diagnostics.text();
}

TEST(EndpointFile, mistakes_in_lines_are_told_by_line_and_column) {
  const Parsed lines =
      parse("shop.endpoints", "10.0.0.1:80 wieght=2\n  10.0.0.2\n10.0.0.3:80 weight=0\n10.0.0.4:80 fast\n");
  const std::string told = lines.diagnostics.text();
  EXPECT_NE(told.find("shop.endpoints:1:13: wieght: unknown option \"wieght\"; did you mean \"weight\"?"),
            std::string::npos)
      << told;
  EXPECT_NE(told.find("shop.endpoints:2:3"), std::string::npos) << told;
  EXPECT_NE(told.find("shop.endpoints:3:13: weight: \"0\" is too small"), std::string::npos) << told;
  EXPECT_NE(told.find("shop.endpoints:4:13: fast"), std::string::npos) << told;
  EXPECT_EQ(lines.diagnostics.errors(), 4U) << told;
}

TEST(EndpointFile, mistakes_in_yaml_are_told_by_line_and_column) {
  const std::string told =
      parse("shop.yaml", "- 10.0.0.1:80\n- { address: 10.0.0.2:80, weight: no }\n").diagnostics.text();
  EXPECT_NE(told.find("shop.yaml:2:35: [1].weight"), std::string::npos) << told;
  EXPECT_NE(parse("shop.yaml", "endpoints: [10.0.0.1:80]\n").diagnostics.text().find("is no list"), std::string::npos);
  EXPECT_TRUE(parse("shop.yaml", "- [10.0.0.1:80\n").diagnostics.has_errors()) << "half a file";
}

TEST(EndpointFile, that_names_nobody_is_a_mistake) {
  for (const std::string_view bytes : {"", "# nobody\n", "\n\n"}) {
    for (const std::string file : {"shop.endpoints", "shop.yaml"}) {
      EXPECT_NE(parse(file, bytes).diagnostics.text().find("names no endpoint"), std::string::npos) << file << bytes;
    }
  }
}

TEST(EndpointFile, does_not_name_another_file) {
  EXPECT_NE(parse("shop.endpoints", "file=other.endpoints\n").diagnostics.text().find("does not name another"),
            std::string::npos);
}

TEST(EndpointFile, a_flood_of_mistakes_is_cut_short) {
  std::string bytes;
  for (int line = 0; line < 10'000; ++line) bytes += "nonsense\n";
  EXPECT_LE(parse("shop.endpoints", bytes).diagnostics.errors(), limits::file_complaints + 2);
}

}  // namespace
}  // namespace weir::config
