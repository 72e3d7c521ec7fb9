// Answers of Redis: each type, what is no answer, and that it does not matter where the bytes are cut.
#include "net/redis/resp.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace weir::redis {
namespace {

constexpr std::size_t bytes_max = 64 * 1024;

/// All answers of the bytes, which come in pieces; the error behind them, if there is one.
struct Read {
  std::vector<Reply> replies;
  std::optional<Code> error;
  std::size_t left = 0;
  friend bool operator==(const Read&, const Read&) = default;
};

Read read_in_pieces(std::string_view bytes, std::size_t piece) {
  Read read;
  Reader reader(bytes_max);
  std::string unread;
  while (!bytes.empty()) {
    unread += bytes.substr(0, piece);
    bytes.remove_prefix(std::min(piece, bytes.size()));
    while (!unread.empty()) {
      const Result<std::size_t> taken = reader.read(unread);
      if (!taken) {
        read.error = taken.error().code;
        return read;
      }
      if (*taken == 0) break;
      unread.erase(0, *taken);
      read.replies.push_back(reader.take());
    }
  }
  read.left = unread.size();
  return read;
}

Reply one(std::string_view bytes) {
  Read read = read_in_pieces(bytes, bytes.size());
  EXPECT_EQ(read.replies.size(), 1U) << bytes;
  EXPECT_FALSE(read.error) << bytes;
  return read.replies.empty() ? Reply() : read.replies.front();
}

TEST(Resp, reads_every_type) {
  EXPECT_EQ(one("+OK\r\n").value().text(), "OK");
  EXPECT_EQ(one(":-42\r\n").value().integer(), -42);
  EXPECT_EQ(one("$5\r\nhe\r\no\r\n").value().text(), "he\r\no");
  EXPECT_EQ(one("$0\r\n\r\n").value().text(), "");
  EXPECT_EQ(one("$-1\r\n").value().kind(), Kind::null);
  EXPECT_EQ(one("*-1\r\n").value().kind(), Kind::null);
  EXPECT_EQ(one("_\r\n").value().kind(), Kind::null);
  EXPECT_EQ(one("#t\r\n").value().integer(), 1);
  EXPECT_EQ(one(",1.5e3\r\n").value().text(), "1.5e3");
  EXPECT_EQ(one(",-inf\r\n").value().kind(), Kind::real);
  EXPECT_EQ(one("(12345678901234567890123\r\n").value().text(), "12345678901234567890123");
  EXPECT_EQ(one("=7\r\ntxt:abc\r\n").value().text(), "abc");
  EXPECT_TRUE(one("!9\r\nERR wrong\r\n").value().is_error("ERR"));
  EXPECT_EQ(one("%1\r\n+key\r\n:1\r\n").value().size(), 2U);
  EXPECT_EQ(one("~2\r\n:1\r\n:2\r\n").value().size(), 2U);
  EXPECT_EQ(one(">2\r\n+message\r\n+hello\r\n").value().kind(), Kind::push);
}

TEST(Resp, an_error_is_known_by_its_first_word) {
  const Reply moved = one("-MOVED 3999 127.0.0.1:6381\r\n");
  EXPECT_TRUE(moved.value().is_error("MOVED"));
  EXPECT_FALSE(moved.value().is_error("MOVE"));
  EXPECT_FALSE(one("+MOVED 3999\r\n").value().is_error("MOVED"));
}

TEST(Resp, lists_within_lists_keep_their_places) {
  const Reply reply = one("*3\r\n*2\r\n:1\r\n*0\r\n$1\r\nx\r\n*1\r\n_\r\n");
  const Value list = reply.value();
  ASSERT_EQ(list.size(), 3U);
  EXPECT_EQ(list.at(0)->at(0)->integer(), 1);
  EXPECT_EQ(list.at(0)->at(1)->size(), 0U);
  EXPECT_EQ(list.at(1)->text(), "x");
  EXPECT_EQ(list.at(2)->at(0)->kind(), Kind::null);
  EXPECT_FALSE(list.at(3));
  EXPECT_FALSE(list.at(0)->at(2));
}

TEST(Resp, attributes_are_passed_over) {
  const Reply outside = one("|1\r\n+ttl\r\n:5\r\n+OK\r\n");
  EXPECT_EQ(outside.value().text(), "OK");
  const Reply inside = one("*2\r\n|1\r\n+a\r\n*1\r\n:7\r\n:1\r\n:2\r\n");
  EXPECT_EQ(inside.value().at(0)->integer(), 1);
  EXPECT_EQ(inside.value().at(1)->integer(), 2);
}

TEST(Resp, what_is_no_answer_is_an_error) {
  for (const std::string_view bytes : {"OK\r\n",
                                       "\r\n",
                                       ":\r\n",
                                       ":1x\r\n",
                                       ":99999999999999999999\r\n",
                                       ":+-1\r\n",
                                       "$-2\r\n",
                                       "$x\r\n",
                                       "$1\r\nab\r\n",
                                       "$+1\r\na\r\n",
                                       "*-2\r\n",
                                       "#x\r\n",
                                       ",1.5f\r\n",
                                       ",infinity\r\n",
                                       ",\r\n",
                                       "(1.5\r\n",
                                       "_x\r\n",
                                       "+a\nb\r\n",
                                       "+a\rb\r\n",
                                       "=3\r\nabc\r\n",
                                       "*1\r\n>1\r\n:1\r\n",
                                       "$?\r\n",
                                       "*99999999\r\n",
                                       "$70000\r\n"}) {
    EXPECT_TRUE(read_in_pieces(bytes, bytes.size()).error) << bytes;
    EXPECT_EQ(read_in_pieces(bytes, 1), read_in_pieces(bytes, bytes.size())) << bytes;
  }
}

TEST(Resp, an_answer_is_bounded_in_bytes_lines_and_depth) {
  std::string deep;
  for (int level = 0; level < 40; ++level) deep += "*1\r\n";
  EXPECT_TRUE(read_in_pieces(deep, deep.size()).error);
  EXPECT_TRUE(read_in_pieces("+" + std::string(5000, 'a'), 100).error) << "no end of a line";
  std::string long_list = "*60000\r\n";
  for (int item = 0; item < 30000; ++item) long_list += ":1\r\n";
  EXPECT_EQ(read_in_pieces(long_list, long_list.size()).error, Code::body_too_large);
}

/// A made-up answer, as Redis would write it.
std::string made_up(int depth) {
  const auto line = [](std::string_view type) {
    return std::string(type) + *rc::gen::container<std::string>(rc::gen::inRange(' ', '~')) + "\r\n";
  };
  switch (*rc::gen::inRange(0, depth > 0 ? 8 : 5)) {
    case 0:
      return line("+");
    case 1:
      return line("-");
    case 2:
      return ":" + std::to_string(*rc::gen::arbitrary<std::int64_t>()) + "\r\n";
    case 3: {
      const auto text = *rc::gen::arbitrary<std::string>();
      return "$" + std::to_string(text.size()) + "\r\n" + text + "\r\n";
    }
    case 4:
      return "_\r\n";
    case 5: {
      const int count = *rc::gen::inRange(0, 4);
      std::string map = "%" + std::to_string(count) + "\r\n";
      for (int item = 0; item < 2 * count; ++item) map += made_up(depth - 1);
      return map;
    }
    case 6:
      return "|1\r\n" + made_up(0) + made_up(depth - 1) + made_up(0);
    default: {
      const int count = *rc::gen::inRange(0, 5);
      std::string list = "*" + std::to_string(count) + "\r\n";
      for (int item = 0; item < count; ++item) list += made_up(depth - 1);
      return list;
    }
  }
}

RC_GTEST_PROP(Resp, every_cut_reads_the_same, ()) {
  std::string bytes;
  const int count = *rc::gen::inRange(1, 5);
  for (int answer = 0; answer < count; ++answer) bytes += made_up(3);
  const Read whole = read_in_pieces(bytes, bytes.size());
  RC_ASSERT(!whole.error);
  RC_ASSERT(whole.replies.size() == static_cast<std::size_t>(count));
  RC_ASSERT(whole.left == 0U);
  for (const std::size_t piece : {1U, 2U, 3U, 7U, 64U}) RC_ASSERT(read_in_pieces(bytes, piece) == whole);
}

TEST(Resp, commands_are_arrays_of_bulk_strings) {
  EXPECT_EQ(command({"GET", "a\r\nb"}), "*2\r\n$3\r\nGET\r\n$4\r\na\r\nb\r\n");
  std::string out;
  CommandWriter(out, 2).word("x").number(-12);
  EXPECT_EQ(out, "*2\r\n$1\r\nx\r\n$3\r\n-12\r\n");
}

}  // namespace
}  // namespace weir::redis
