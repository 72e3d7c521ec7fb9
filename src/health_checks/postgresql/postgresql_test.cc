// The first message of a PostgreSQL server, and what it means.
#include "health_checks/postgresql/postgresql.h"

#include <gtest/gtest.h>

namespace weir {
namespace {

std::string message(char type, std::string_view content) {
  const auto length = static_cast<std::uint32_t>(content.size() + 4);
  std::string out(1, type);
  for (const unsigned shift : {24U, 16U, 8U, 0U}) out += static_cast<char>(length >> shift & 0xFFU);
  return out += content;
}

std::string error(std::string_view state) {
  std::string fields = "SFATAL";
  fields += '\0';
  fields += 'C';
  fields += state;
  fields += '\0';
  fields += '\0';
  return message('E', fields);
}

std::string judged(std::string_view answer, bool ended = false) {
  const auto result = PostgresqlCheck::judge(answer, ended);
  if (!result) return "more";
  return std::string(result->passed ? "passed " : "failed ") + std::string(result->reason);
}

TEST(PostgresqlCheck, server_that_asks_to_authenticate_takes_connections) {
  EXPECT_EQ(judged(message('R', std::string_view("\0\0\0\12", 4))), "passed asks_to_authenticate");
  EXPECT_EQ(judged(error("3D000")), "passed answers") << "there is no such database, says a server that is up";
}

TEST(PostgresqlCheck, server_that_takes_none_says_so) {
  EXPECT_EQ(judged(error("57P03")), "failed not_accepting_yet");
  EXPECT_EQ(judged(error("53300")), "failed too_many_connections");
}

TEST(PostgresqlCheck, what_is_no_postgresql_fails_and_what_is_cut_waits) {
  EXPECT_EQ(judged("HTTP/1.1 400"), "failed not_postgresql");
  EXPECT_EQ(judged(std::string_view("R\377\377\377\377", 5)), "failed not_postgresql");
  const std::string whole = error("57P03");
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_EQ(judged(std::string_view(whole).substr(0, size)), "more") << size;
  }
  EXPECT_EQ(judged("", true), "failed no_answer");
  EXPECT_EQ(judged("E", true), "failed not_postgresql");
}

}  // namespace
}  // namespace weir
