// Known answers, and the two encodings at their edges.
#include "base/crypto.h"

#include <gtest/gtest.h>

namespace weir::crypto {
namespace {

TEST(Crypto, sha256_of_abc) {
  // FIPS 180-2, appendix B.1.
  EXPECT_EQ(hexadecimal(sha256("abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(Crypto, keyed_digests_keep_parts_apart_and_depend_on_the_key) {
  const Key key = Key::random();
  EXPECT_EQ(key.digest({"a", "bc"}), key.digest({"a", "bc"}));
  EXPECT_NE(key.digest({"a", "bc"}), key.digest({"ab", "c"}));
  EXPECT_NE(key.digest({"a", "bc"}), Key::random().digest({"a", "bc"}));
}

TEST(Crypto, digests_are_read_back) {
  const Digest digest = sha256("x");
  EXPECT_TRUE(equal(*parse_digest(hexadecimal(digest)), digest));
  EXPECT_FALSE(parse_digest(hexadecimal(digest).substr(1)));
  EXPECT_FALSE(parse_digest(hexadecimal(digest).replace(3, 1, "g")));
  EXPECT_FALSE(parse_digest(hexadecimal(digest) + "00"));
}

TEST(Crypto, a_hash_key_gives_each_process_other_hashes) {
  const HashKey one = HashKey::random();
  const HashKey other = HashKey::random();
  EXPECT_EQ(one.hash("192.0.2.7"), one.hash("192.0.2.7"));
  EXPECT_NE(one.hash("192.0.2.7"), one.hash("192.0.2.8"));
  EXPECT_NE(one.hash("192.0.2.7"), other.hash("192.0.2.7"));
}

TEST(Crypto, base64_is_strict) {
  EXPECT_EQ(decode_base64("dXNlcjpwYXNz"), "user:pass");
  EXPECT_EQ(decode_base64("dTpw"), "u:p");
  EXPECT_EQ(decode_base64("dTo="), "u:");
  EXPECT_EQ(decode_base64(""), "");
  for (const std::string_view bad : {"dTo", "dTo=x", "d To=", "dTo==", "d", "dT-_"})
    EXPECT_FALSE(decode_base64(bad)) << bad;
}

TEST(Crypto, base64url_has_no_padding) {
  EXPECT_EQ(encode_base64url(std::array<std::uint8_t, 4>{0xFB, 0xEF, 0xFF, 0}), "--__AA");
}

TEST(Crypto, a_seal_opens_each_message_once_and_in_order) {
  const Digest key = Key::of("secret").digest({"one", "connection"});
  Seal sender(key);
  Seal receiver(key);
  const std::string first = sender.seal("first");
  const std::string second = sender.seal("second");
  EXPECT_FALSE(receiver.open(second)) << "not its turn";
  EXPECT_EQ(receiver.open(first), "first");
  EXPECT_FALSE(receiver.open(first)) << "replayed";
  std::string forged = second;
  forged[2] = static_cast<char>(forged[2] ^ 1);
  EXPECT_FALSE(receiver.open(forged));
  EXPECT_EQ(receiver.open(second), "second") << "what was refused has moved nothing";
  Seal stranger(Key::of("other secret").digest({"one", "connection"}));
  EXPECT_FALSE(stranger.open(first));
  EXPECT_FALSE(receiver.open("short"));
}

}  // namespace
}  // namespace weir::crypto
