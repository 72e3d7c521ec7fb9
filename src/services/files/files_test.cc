// The whole service over a real directory: what is found, what is answered, what is never served.
#include "services/files/files.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "contracts/testing/conformance.h"
#include "http/date.h"

namespace weir {
namespace {

/// A directory of its own for each test. The simulated wall clock begins in 2026: all files are older than that or, as
/// far as the machine's own clock is ahead of it, not yet settled.
class FilesService : public testing::Test {
 protected:
  FilesService() {
    std::string pattern = (std::filesystem::temp_directory_path() / "weir-files-XXXXXX").string();
    root_ = ::mkdtemp(pattern.data());
  }
  ~FilesService() override { std::filesystem::remove_all(root_); }

  void write(const std::string& name, std::string_view content, long modified = 1'700'000'000) {
    const std::filesystem::path path = std::filesystem::path(root_) / name;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary) << content;
    const timespec times[2] = {{.tv_sec = modified, .tv_nsec = 0}, {.tv_sec = modified, .tv_nsec = 0}};
    ASSERT_EQ(::utimensat(AT_FDCWD, path.c_str(), times, 0), 0);
  }

  struct Came {
    std::string status;  // or the name of the error
    std::string fields;
    std::string body;
    std::string reason;  // of the decision
  };
  Came ask(std::string_view target, std::vector<std::pair<std::string_view, std::string_view>> fields = {},
           std::string_view method = "GET") {
    const auto built = build_plugin(files_service(), "{ root: " + root_ + options_ + " }");
    EXPECT_TRUE(built.plugin) << built.diagnostics.text();
    if (!built.plugin) return {};
    TestExchange test(shard_);
    test.request(method, target, "example.com");
    for (const auto& [name, value] : fields) test.field(name, value);
    Result<Answer> answer = shard_.run_to_end(built.plugin->handle(test.exchange));
    Came came;
    if (test.last_record() != nullptr) came.reason = test.last_record()->reason;
    if (!answer) {
      came.status = name_of(answer.error().code);
      return came;
    }
    came.status = std::to_string(answer->head.status);
    for (const Field& field : answer->head.fields) {
      came.fields += std::string(field.name) + ": " + std::string(field.value) + '\n';
    }
    if (answer->body != nullptr) came.body = shard_.run_to_end(read_all(*answer->body));
    answer->body.reset();
    return came;
  }

  static Task<std::string> read_all(Body& body) {
    std::string all;
    while (true) {
      const Result<Piece> piece = co_await body.read();
      if (!piece) co_return all + "<" + std::string(name_of(piece.error().code)) + ">";
      all += piece->bytes;
      if (piece->end) co_return all;
    }
  }
  Task<bool> pause() { co_return (co_await Sleep(shard_.shard().reactor, std::chrono::milliseconds{10})).has_value(); }

  static std::string field(const Came& came, const std::string& name) {
    const std::size_t at = came.fields.find(name + ": ");
    if (at == std::string::npos) return "";
    return came.fields.substr(at + name.size() + 2, came.fields.find('\n', at) - at - name.size() - 2);
  }

  std::string root_;
  std::string options_;
  TestShard shard_;
};

TEST_F(FilesService, conforms) {
  write("index.html", "hello");
  expect_conformance(files_service(), root_);
  expect_conformance(files_service(), "{ root: /nowhere/at/all, try: [$path, $path/, /index.html], listing: true }");
}

TEST_F(FilesService, serves_a_file_with_its_type_and_validators) {
  write("a/page.html", "<p>hello</p>");
  const Came came = ask("/a/page.html");
  EXPECT_EQ(came.status, "200");
  EXPECT_EQ(came.body, "<p>hello</p>");
  EXPECT_EQ(field(came, "content-type"), "text/html; charset=utf-8");
  EXPECT_EQ(field(came, "last-modified"), "Tue, 14 Nov 2023 22:13:20 GMT");
  EXPECT_EQ(field(came, "etag").size(), 34U);
  EXPECT_EQ(field(came, "accept-ranges"), "bytes");
}

TEST_F(FilesService, entity_tag_survives_a_copy_and_tells_contents_apart) {
  write("a.txt", "same", 1'600'000'000);
  write("b.txt", "same", 1'700'000'000);
  write("c.txt", "some", 1'600'000'000);
  EXPECT_EQ(field(ask("/a.txt"), "etag"), field(ask("/b.txt"), "etag"));
  EXPECT_NE(field(ask("/a.txt"), "etag"), field(ask("/c.txt"), "etag"));
}

TEST_F(FilesService, head_tells_and_sends_nothing) {
  write("a.txt", "hello");
  const Came came = ask("/a.txt", {}, "HEAD");
  EXPECT_EQ(came.status, "200");
  EXPECT_EQ(came.body, "");
  EXPECT_EQ(field(came, "etag"), field(ask("/a.txt"), "etag"));
}

TEST_F(FilesService, other_methods_are_refused_with_those_that_are_not) {
  write("a.txt", "hello");
  for (const char* const method : {"POST", "PUT", "DELETE", "OPTIONS"}) {
    const Came came = ask("/a.txt", {}, method);
    EXPECT_EQ(came.status, "405") << method;
    EXPECT_EQ(field(came, "allow"), "GET, HEAD");
  }
}

TEST_F(FilesService, directories_have_an_index_and_a_slash) {
  write("d/index.html", "index");
  write("e/other.txt", "other");
  EXPECT_EQ(ask("/d/").body, "index");
  const Came redirected = ask("/d?x=1");
  EXPECT_EQ(redirected.status, "301");
  EXPECT_EQ(field(redirected, "location"), "./d/?x=1");
  EXPECT_EQ(ask("/e/").status, "not_found");
  EXPECT_EQ(ask("/e/").reason, "no_index");
  EXPECT_EQ(ask("/d/index.html/").status, "not_found");
  options_ = ", index: [home.txt, other.txt]";
  EXPECT_EQ(ask("/e/").body, "other");
}

TEST_F(FilesService, try_goes_on_to_the_next_place) {
  write("index.html", "application");
  write("there.txt", "there");
  write("page.html", "page");
  std::filesystem::create_directory(root_ + "/assets");
  options_ = ", try: [$path, $path.html, /index.html]";
  EXPECT_EQ(ask("/there.txt").body, "there");
  EXPECT_EQ(ask("/page").body, "page");
  EXPECT_EQ(ask("/cart/7").body, "application");
  EXPECT_EQ(ask("/cart/7").reason, "try");
  EXPECT_EQ(ask("/.git/config").body, "application");
}

TEST_F(FilesService, links_are_followed_inside_the_root_and_never_out_of_it) {
  write("inside.txt", "inside");
  std::filesystem::create_symlink("inside.txt", root_ + "/link");
  std::filesystem::create_symlink("/etc/hostname", root_ + "/absolute");
  std::filesystem::create_symlink("../../../../../../etc/hostname", root_ + "/climbing");
  std::filesystem::create_symlink("loop", root_ + "/loop");
  EXPECT_EQ(ask("/link").body, "inside");
  for (const char* const target : {"/absolute", "/climbing", "/loop"}) EXPECT_EQ(ask(target).status, "not_found");
}

TEST_F(FilesService, what_is_no_file_is_not_served) {
  ASSERT_EQ(::mkfifo((root_ + "/pipe").c_str(), 0600), 0);
  EXPECT_EQ(ask("/pipe").status, "not_found");
  EXPECT_EQ(ask("/missing").status, "not_found");
  EXPECT_EQ(ask("/missing/below").status, "not_found");
  EXPECT_EQ(ask("/" + std::string(300, 'a')).status, "not_found");
}

TEST_F(FilesService, ranges_one_and_several) {
  write("digits.txt", "0123456789");
  const Came one = ask("/digits.txt", {{"range", "bytes=2-4"}});
  EXPECT_EQ(one.status, "206");
  EXPECT_EQ(one.body, "234");
  EXPECT_EQ(field(one, "content-range"), "bytes 2-4/10");
  const Came two = ask("/digits.txt", {{"range", "bytes=0-0,-2"}});
  EXPECT_EQ(two.status, "206");
  const std::string type = field(two, "content-type");
  ASSERT_TRUE(type.starts_with("multipart/byteranges; boundary="));
  const std::string boundary = "--" + type.substr(type.find('=') + 1);
  const std::string plain = "\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-range: bytes ";
  EXPECT_EQ(two.body,
            boundary + plain + "0-0/10\r\n\r\n0\r\n" + boundary + plain + "8-9/10\r\n\r\n89\r\n" + boundary + "--\r\n");
  const Came beyond = ask("/digits.txt", {{"range", "bytes=10-"}});
  EXPECT_EQ(beyond.status, "416");
  EXPECT_EQ(field(beyond, "content-range"), "bytes */10");
  EXPECT_EQ(ask("/digits.txt", {{"range", "bytes=2-4"}}, "HEAD").status, "200");
}

TEST_F(FilesService, conditions_are_judged_before_ranges) {
  write("a.txt", "hello");
  const std::string etag = field(ask("/a.txt"), "etag");
  const Came same = ask("/a.txt", {{"if-none-match", etag}, {"range", "bytes=0-1"}});
  EXPECT_EQ(same.status, "304");
  EXPECT_EQ(same.reason, "if_none_match");
  EXPECT_EQ(field(same, "etag"), etag);
  EXPECT_EQ(ask("/a.txt", {{"if-match", "\"other\""}}).status, "412");
  EXPECT_EQ(ask("/a.txt", {{"if-range", etag}, {"range", "bytes=0-1"}}).body, "he");
  EXPECT_EQ(ask("/a.txt", {{"if-range", "\"other\""}, {"range", "bytes=0-1"}}).body, "hello");
}

TEST_F(FilesService, variants_by_accept_encoding) {
  write("app.js", "the whole script");
  write("app.js.br", "brotli");
  write("app.js.gz", "gzip");
  write("old.js", "new");
  write("old.js.gz", "stale", 1'600'000'000);
  options_ = ", precompressed: [br, zstd, gzip]";
  const Came coded = ask("/app.js", {{"accept-encoding", "gzip, br"}});
  EXPECT_EQ(coded.body, "brotli");
  EXPECT_EQ(field(coded, "content-encoding"), "br");
  EXPECT_EQ(field(coded, "content-type"), "text/javascript; charset=utf-8");
  EXPECT_EQ(field(coded, "vary"), "accept-encoding");
  EXPECT_EQ(ask("/app.js", {{"accept-encoding", "gzip"}}).body, "gzip");
  const Came plain = ask("/app.js");
  EXPECT_EQ(plain.body, "the whole script");
  EXPECT_EQ(field(plain, "vary"), "accept-encoding");
  EXPECT_NE(field(plain, "etag"), field(coded, "etag"));
  EXPECT_EQ(ask("/old.js", {{"accept-encoding", "gzip"}}).body, "new");
}

TEST_F(FilesService, listing_is_escaped_and_hides_dotfiles) {
  write("d/<b>&.txt", "x");
  write("d/sub/x", "x");
  write("d/.hidden", "x");
  EXPECT_EQ(ask("/d/").status, "not_found") << "off unless asked for";
  options_ = ", listing: true";
  const Came page = ask("/d/");
  EXPECT_EQ(field(page, "content-type"), "text/html; charset=utf-8");
  EXPECT_TRUE(page.body.contains("<a href=\"./%3Cb%3E%26.txt\">&lt;b&gt;&amp;.txt</a>")) << page.body;
  EXPECT_TRUE(page.body.contains("<a href=\"./sub/\">sub/</a>"));
  EXPECT_FALSE(page.body.contains("hidden"));
  const Came data = ask("/d/", {{"accept", "application/json"}});
  EXPECT_EQ(field(data, "content-type"), "application/json");
  EXPECT_TRUE(data.body.starts_with("[{\"name\":\"sub\",\"type\":\"directory\"")) << data.body;
  EXPECT_TRUE(
      data.body.contains("{\"name\":\"<b>&.txt\",\"type\":\"file\",\"bytes\":1,\"modified\":\"2023-11-14T22:13:20Z\"}"))
      << data.body;
}

TEST_F(FilesService, options_change_types_and_caching) {
  write("a.foo", "x");
  write("b.txt", "x");
  write("c.unknown", "x");
  options_ = ", types: { FOO: application/x-foo }, charset: \"\", default_type: text/plain, cache_control: no-store";
  EXPECT_EQ(field(ask("/a.foo"), "content-type"), "application/x-foo");
  EXPECT_EQ(field(ask("/a.foo"), "cache-control"), "no-store");
  EXPECT_EQ(field(ask("/b.txt"), "content-type"), "text/plain");
  EXPECT_EQ(field(ask("/c.unknown"), "content-type"), "text/plain");
}

TEST_F(FilesService, large_files_are_read_in_pieces_and_cut_when_they_change) {
  std::string large(1'000'000, '\0');
  for (std::size_t at = 0; at < large.size(); ++at) large[at] = static_cast<char>(at * 31 >> 8 ^ at);
  write("large.bin", large);
  EXPECT_EQ(ask("/large.bin").body, large);
  EXPECT_EQ(ask("/large.bin", {{"range", "bytes=500000-999998"}}).body, large.substr(500'000, 499'999));

  const auto built = build_plugin(files_service(), "{ root: " + root_ + " }");
  TestExchange test(shard_);
  test.request("GET", "/large.bin", "example.com");
  Result<Answer> answer = shard_.run_to_end(built.plugin->handle(test.exchange));
  ASSERT_TRUE(answer);
  const auto first = shard_.run_to_end(answer->body->read());
  ASSERT_TRUE(first);
  std::filesystem::resize_file(root_ + "/large.bin", 100'000);
  shard_.run_to_end(pause());
  EXPECT_EQ(shard_.run_to_end(read_all(*answer->body)), "<content_changed>");
  answer->body.reset();
}

TEST_F(FilesService, complains_about_options_that_cannot_be) {
  const auto complaint = [](std::string_view options) { return complaints_about(files_service(), options); };
  EXPECT_TRUE(complaint("{ root: relative/path }").contains("is not absolute"));
  EXPECT_TRUE(complaint("{ index: [a] }").contains("root"));
  EXPECT_TRUE(complaint("{ root: /srv, try: [index.html] }").contains("begins neither with $path nor with a slash"));
  EXPECT_TRUE(complaint("{ root: /srv, try: [] }").contains("an empty list would find nothing"));
  EXPECT_TRUE(complaint("{ root: /srv, index: [../x] }").contains("dot segment"));
  EXPECT_TRUE(complaint("{ root: /srv, precompressed: [bzip2] }").contains("is none of br, zstd and gzip"));
  EXPECT_TRUE(complaint("{ root: /srv, types: { .foo: a/b } }").contains("is no type"));
}

}  // namespace
}  // namespace weir
