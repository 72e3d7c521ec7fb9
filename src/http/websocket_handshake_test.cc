// The example of RFC 6455, and keys that nobody can guess from the one before.
#include "http/websocket_handshake.h"

#include <gtest/gtest.h>

#include "base/crypto.h"

namespace weir::websocket {
namespace {

TEST(WebSocketHandshake, key_of_the_specification_is_answered_as_there) {
  EXPECT_EQ(accept_of("dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}

TEST(WebSocketHandshake, each_key_is_another_16_bytes) {
  Random random(7);
  const std::string first = make_key(random);
  EXPECT_EQ(crypto::decode_base64(first)->size(), 16U);
  EXPECT_NE(first, make_key(random));
}

}  // namespace
}  // namespace weir::websocket
