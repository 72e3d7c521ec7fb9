// Which hashes are taken, which passwords they match, and what is said of the others.
#include "base/password_hash.h"

#include <gtest/gtest.h>

#include "base/crypto.h"

namespace weir {
namespace {

bool matches(std::string_view hash, std::string_view password) {
  const auto parsed = PasswordHash::parse(hash);
  EXPECT_TRUE(parsed) << hash << ": " << parsed.error();
  return parsed && parsed->matches(password);
}

std::string complaint(std::string_view hash) {
  const auto parsed = PasswordHash::parse(hash);
  return parsed ? "" : parsed.error();
}

// What `htpasswd -nbB -C 4 u secret` and the argon2 tool of the reference implementation made.
constexpr std::string_view from_htpasswd = "$2y$04$0wo81.kP9vhkA6DiuRtBbuIPbiFLDec7bHp.ohXfK1fbZlaffQlBm";
constexpr std::string_view from_argon2 =
    "$argon2id$v=19$m=1024,t=1,p=1$c2FsdHNhbHRzYWx0$GMv1V/a9uBNqF+93SqBH3JLZiqfe1V1xP9SfOSAqqRE";
constexpr std::string_view from_argon2_lanes =
    "$argon2id$v=19$m=1024,t=2,p=4$c2FsdHNhbHRzYWx0$7qyqHOoaUUcH8aJn/rg+kgkANeGEAZLbZyC0SHj5NYU";

TEST(PasswordHash, knows_the_hashes_that_other_tools_make) {
  for (const std::string_view hash : {from_htpasswd, from_argon2, from_argon2_lanes}) {
    EXPECT_TRUE(matches(hash, "secret"));
    EXPECT_FALSE(matches(hash, "Secret"));
    EXPECT_FALSE(matches(hash, ""));
  }
}

TEST(PasswordHash, knows_the_hashes_that_weir_makes) {
  const auto made = bcrypt("s\xc3\xa9same", 4);
  ASSERT_TRUE(made);
  EXPECT_TRUE(matches(*made, "s\xc3\xa9same"));
  EXPECT_FALSE(matches(*made, "sesame"));
  const auto argon = crypto::argon2id("secret", {.memory_bytes = 64 * 1024, .passes = 1});
  ASSERT_TRUE(argon);
  EXPECT_TRUE(matches(*argon, "secret"));
}

TEST(PasswordHash, byte_after_nul_is_not_overlooked) {
  EXPECT_FALSE(matches(from_htpasswd, std::string_view("secret\0x", 8)));
  EXPECT_FALSE(matches(from_argon2, std::string_view("secret\0x", 8)));
  EXPECT_FALSE(bcrypt(std::string("secret\0x", 8), 4));
}

TEST(PasswordHash, bcrypt_is_not_made_of_what_it_would_not_look_at) {
  EXPECT_TRUE(bcrypt(std::string(72, 'a'), 4));
  EXPECT_FALSE(bcrypt(std::string(73, 'a'), 4));
}

TEST(PasswordHash, weak_and_foreign_formats_are_refused_by_name) {
  struct Case {
    std::string_view hash;
    std::string_view said;
  };
  for (const auto& [hash, said] : std::vector<Case>{
           {"$apr1$x$y", "MD5"},
           {"$1$x$y", "MD5"},
           {"{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=", "SHA-1"},
           {"$5$x$y", "sha256-crypt"},
           {"$6$x$y", "sha512-crypt"},
           {"$y$x$y", "yescrypt"},
           {"$2x$10$abcdefghijklmnopqrstuuABCDEFGHIJKLMNOPQRSTUVWXYZ01234", "known mistake"},
           {"$argon2i$v=19$m=65536,t=3,p=1$c2FsdHNhbHQ$aGFzaGhhc2hoYXNoaGFzaA", "Argon2i hash"},
           {"rqXexS6ZhobKA", "DES"},
           {"secret", "neither"},
           {"", "neither"},
           {"$2y$10$short", "cut short"},
           {"$2y$10$abcdefghijklmnopqrstuuABCDEFGHIJKLMNOPQRSTUVWXYZ0123!5", "cut short"},
           {"$2y$31$abcdefghijklmnopqrstuuABCDEFGHIJKLMNOPQRSTUVWXYZ01234", "cost 31"},
           {"$argon2id$v=19$m=65536,t=3$c2FsdHNhbHQ$aGFzaGhhc2hoYXNoaGFzaA", "cut short"},
           {"$argon2id$v=16$m=65536,t=3,p=1$c2FsdHNhbHQ$aGFzaGhhc2hoYXNoaGFzaA", "cut short"},
           {"$argon2id$v=19$m=4294967295,t=3,p=1$c2FsdHNhbHQ$aGFzaGhhc2hoYXNoaGFzaA", "out of bounds"},
           {"$argon2id$v=19$m=65536,t=99999,p=1$c2FsdHNhbHQ$aGFzaGhhc2hoYXNoaGFzaA", "out of bounds"},
       }) {
    EXPECT_TRUE(complaint(hash).contains(said)) << hash << ": " << complaint(hash);
    if (hash.size() > 4) EXPECT_FALSE(complaint(hash).contains(hash.substr(4))) << "a hash is not repeated";
  }
}

TEST(PasswordHash, low_costs_are_taken_and_told_about) {
  EXPECT_TRUE(PasswordHash::parse(from_htpasswd)->weakness().contains("cost 4"));
  EXPECT_EQ(PasswordHash::parse("$2y$12$abcdefghijklmnopqrstuuABCDEFGHIJKLMNOPQRSTUVWXYZ01234")->weakness(), "");
}

}  // namespace
}  // namespace weir
