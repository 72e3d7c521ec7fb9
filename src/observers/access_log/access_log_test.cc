// What a line says, what it never says, and that nothing is lost or waited for on its way to the file.
#include "observers/access_log/access_log.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "contracts/testing/test_exchange.h"
#include "observers/access_log/line.h"
#include "observers/access_log/redact.h"

namespace weir {
namespace {

using namespace std::chrono_literals;

class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "weir-log-XXXXXX").string();
    path_ = ::mkdtemp(name.data());
  }
  ~TemporaryFolder() { std::filesystem::remove_all(path_); }
  [[nodiscard]] std::string operator/(std::string_view name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

std::string text_of_file(const std::string& path) {
  const std::ifstream file(path);
  std::ostringstream bytes;
  bytes << file.rdbuf();
  return bytes.str();
}

std::string json_line(const TestExchange& test, const Delivery& delivery = {.status = 200, .complete = true}) {
  std::string out;
  LineBuffer line(out);
  append_json_line(line, test.exchange, delivery, "T");
  return out;
}

TEST(Redaction, replaces_values_of_telling_names_and_nothing_else) {
  EXPECT_EQ(redacted("/a?token=x&b=1"), "/a?token=REDACTED&b=1");
  EXPECT_EQ(redacted("/a?b=1&ACCESS_TOKEN=x"), "/a?b=1&ACCESS_TOKEN=REDACTED");
  EXPECT_EQ(redacted("/a?x-amz-signature=x;key=y"), "/a?x-amz-signature=REDACTED;key=REDACTED");
  EXPECT_EQ(redacted("/a?api-key="), "/a?api-key=REDACTED");
  EXPECT_EQ(redacted("/token=x"), "/token=x") << "a path has no parameters";
  EXPECT_EQ(redacted("/a?tokens=1&monkey=2&key&="), "/a?tokens=1&monkey=2&key&=");
  EXPECT_EQ(redacted("/a?"), "/a?");
  EXPECT_EQ(redacted("/a?q=1?password=x"), "/a?q=1?password=x") << "a second question mark is a value";
}

TEST(Redaction, is_not_fooled_by_escapes) {
  EXPECT_EQ(redacted("/a?%74oken=x"), "/a?%74oken=REDACTED");
  EXPECT_EQ(redacted("/a?pass%77ord=x&t%=1"), "/a?pass%77ord=REDACTED&t%=1");
}

TEST(AccessLogLine, json_has_flat_keys_and_escapes_what_came_from_outside) {
  TestShard shard;
  TestExchange test(shard);
  test.request("GET", "/a\"b?x=1&token=s3cret", "shop.example.com").client("10.0.0.1");
  test.field("user-agent", "a\\b\x80\tc").field("authorization", "Bearer hunter2").field("cookie", "s=hunter2");
  test.field("referer", "http://r/?password=hunter2");
  test.connection.listener_name = "web";
  test.exchange.route_name = "cart";
  test.exchange.upstream_name = "shop";
  test.exchange.upstream_endpoint = "10.0.0.2:80";
  test.exchange.attempts = 2;
  test.exchange.record({.room = "route", .verdict = "matched", .subject = {}, .reason = {}, .place = {}});
  test.exchange.record({.room = "pool", .verdict = "reused", .subject = {}, .reason = {}, .place = {}});
  const Time start = Time{} + 5s;
  test.exchange.timings = {.head_started = start,
                           .head_read = start + 1ms,
                           .upstream_leased = start + 2ms,
                           .upstream_sent = start + 2ms,
                           .response_head = start + 52ms,
                           .finished = start + 1250us + 1s};
  const Error error = upstream_error(Code::upstream_idle_timeout);
  EXPECT_EQ(
      json_line(test, {.status = 502,
                       .complete = false,
                       .request_body_bytes = 7,
                       .response_body_bytes = 12345678901,
                       .error = &error}),
      "{\"time\":\"T\",\"client\":\"10.0.0.1\",\"peer\":\"::\",\"listener\":\"web\",\"method\":\"GET\","
      "\"host\":\"shop.example.com\",\"path\":\"/a\\\"b?x=1&token=REDACTED\",\"version\":\"1.1\",\"route\":\"cart\","
      "\"upstream\":\"shop\",\"endpoint\":\"10.0.0.2:80\",\"attempts\":2,\"status\":502,\"bytes_in\":7,"
      "\"bytes_out\":12345678901,\"duration_s\":1.001250,\"head_s\":0.001000,\"upstream_connect_s\":0.001000,"
      "\"upstream_send_s\":0.000000,\"first_byte_s\":0.050000,\"response_s\":0.949250,\"complete\":false,"
      "\"reason\":\"upstream_idle_timeout\",\"origin\":\"upstream\",\"decisions\":\"route:matched pool:reused\","
      "\"user_agent\":\"a\\\\b\xEF\xBF\xBD\\tc\",\"referer\":\"http://r/?password=REDACTED\"}\n");
}

TEST(AccessLogLine, exchange_that_let_go_of_its_configuration_is_logged) {
  TestShard shard;
  TestExchange test(shard);
  std::string name = "cart";
  test.exchange.route_name = name;
  test.exchange.release_snapshot();
  name = "gone";
  EXPECT_NE(json_line(test, {.status = 101}).find("\"route\":\"cart\""), std::string::npos);
}

TEST(AccessLogLine, request_that_could_not_be_read_has_a_line_too) {
  TestShard shard;
  TestExchange test(shard);
  test.exchange.request = RequestHead(test.exchange.arena);
  const Error error = client_error(Code::malformed_request_line);
  const std::string line = json_line(test, {.status = 400, .complete = true, .error = &error});
  EXPECT_NE(line.find("\"status\":400"), std::string::npos) << line;
  EXPECT_NE(line.find("\"reason\":\"malformed_request_line\""), std::string::npos) << line;
  EXPECT_EQ(line.find("\"method\""), std::string::npos) << line;
}

TEST(AccessLogLine, combined_is_what_apache_writes) {
  TestShard shard;
  TestExchange test(shard);
  test.request("GET", "/a?key=1", "a").client("2001:db8::1").field("user-agent", "x\"y");
  std::string out;
  LineBuffer line(out);
  append_combined_line(line, test.exchange, {.status = 200, .response_body_bytes = 5}, "20/Nov/2026:16:00:00 +0000");
  EXPECT_EQ(out,
            "2001:db8::1 - - [20/Nov/2026:16:00:00 +0000] \"GET /a?key=REDACTED HTTP/1.1\" 200 5 \"-\" \"x\\\"y\"\n");
}

TEST(LogClock, writes_utc_with_milliseconds) {
  LogClock clock;
  const WallTime time{std::chrono::seconds{1'795'190'400} + 7ms};
  EXPECT_EQ(clock.rfc3339(time), "2026-11-20T16:00:00.007Z");
  EXPECT_EQ(clock.rfc3339(time + 990ms), "2026-11-20T16:00:00.997Z");
  EXPECT_EQ(clock.rfc3339(time + 1s), "2026-11-20T16:00:01.007Z");
  EXPECT_EQ(clock.apache(time), "20/Nov/2026:16:00:00 +0000");
}

TEST(AccessLog, lines_reach_the_file_after_ten_milliseconds) {
  const TemporaryFolder folder;
  LogWriter writer(folder / "access.log");
  AccessLog log(writer, AccessLogFormat::json);
  TestShard shard;
  {
    TestExchange test(shard);
    test.finish({.status = 200});
    log.ended(test.exchange, {.status = 200});
  }
  ASSERT_TRUE(writer.flush(5s));
  EXPECT_EQ(text_of_file(folder / "access.log"), "");
  shard.world().run_for(20ms);
  ASSERT_TRUE(writer.flush(5s));
  EXPECT_NE(text_of_file(folder / "access.log").find("\"status\":200"), std::string::npos);
}

TEST(AccessLog, a_shard_that_ends_hands_over_what_is_left) {
  const TemporaryFolder folder;
  LogWriter writer(folder / "access.log");
  AccessLog log(writer, AccessLogFormat::combined);
  for (int turn = 0; turn < 2; ++turn) {
    TestShard shard;
    TestExchange test(shard);
    log.ended(test.exchange, {.status = 200});
  }
  log.set_format(AccessLogFormat::off);
  TestShard shard;
  TestExchange test(shard);
  log.ended(test.exchange, {.status = 200});
  ASSERT_TRUE(writer.flush(5s));
  const std::string text = text_of_file(folder / "access.log");
  EXPECT_EQ(std::ranges::count(text, '\n'), 2);
}

TEST(LogWriter, opens_anew_when_the_file_was_moved_away) {
  const TemporaryFolder folder;
  LogWriter writer(folder / "a");
  std::string line = "one\n";
  writer.give(line, 1);
  ASSERT_TRUE(writer.flush(5s));
  std::filesystem::rename(folder / "a", folder / "b");
  writer.reopen();
  line = "two\n";
  writer.give(line, 1);
  ASSERT_TRUE(writer.flush(5s));
  EXPECT_EQ(text_of_file(folder / "b"), "one\n");
  EXPECT_EQ(text_of_file(folder / "a"), "two\n");
}

TEST(LogWriter, counts_lines_that_a_full_disk_does_not_take) {
  LogWriter writer("/dev/full");
  std::string lines = "one\ntwo\n";
  writer.give(lines, 2);
  ASSERT_TRUE(writer.flush(5s));
  EXPECT_EQ(writer.lines_dropped(), 2U);
  EXPECT_NE(writer.problem(), "");
}

TEST(LogWriter, keeps_the_old_file_when_the_new_one_cannot_be_had) {
  const TemporaryFolder folder;
  LogWriter writer(folder / "a");
  ASSERT_TRUE(writer.flush(5s));
  writer.redirect(folder / "missing/b");
  std::string line = "one\n";
  writer.give(line, 1);
  ASSERT_TRUE(writer.flush(5s));
  EXPECT_EQ(text_of_file(folder / "a"), "one\n");
  EXPECT_NE(writer.problem(), "");
}

// A pipe that nobody reads: giving never waits, the queue has an end, and the writer can still be stopped.
TEST(LogWriter, drops_and_counts_what_a_stalled_reader_does_not_take) {
  const TemporaryFolder folder;
  const std::string name = folder / "pipe";
  ASSERT_EQ(::mkfifo(name.c_str(), 0600), 0);
  const int reader = ::open(name.c_str(), O_RDONLY | O_NONBLOCK);
  ASSERT_GE(reader, 0);
  {
    LogWriter writer(name);
    const std::string chunk(std::size_t{1} << 20U, '\n');
    for (int given = 0; given < 20; ++given) {
      std::string copy = chunk;
      writer.give(copy, 1000);
    }
    EXPECT_GE(writer.lines_dropped(), 11'000U);
    EXPECT_LE(writer.lines_dropped(), 12'000U);
  }
  ::close(reader);
}

}  // namespace
}  // namespace weir
