// The library's side of it: SSL_read_early_data(3).
#include "net/tls/early_data.h"

#include <algorithm>
#include <cstring>

#include "net/tls/openssl.h"

namespace weir::tls {
namespace {

void let_go(void*, void* kept, CRYPTO_EX_DATA*, int, long, void*) {
  delete static_cast<EarlyData*>(kept);
}

int slot() {
  static const int number = SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, &let_go);
  return number;
}

}  // namespace

void EarlyData::expect(ssl_st* ssl) {
  SSL_set_ex_data(ssl, slot(), new EarlyData);
}

EarlyData* EarlyData::of(ssl_st* ssl) {
  return static_cast<EarlyData*>(SSL_get_ex_data(ssl, slot()));
}

int EarlyData::shake(ssl_st* ssl, std::span<char> room) {
  if (stage_ == Stage::awaited) {
    std::size_t count = 0;
    switch (SSL_read_early_data(ssl, room.data(), room.size(), &count)) {
      case SSL_READ_EARLY_DATA_SUCCESS:
        bytes_.assign(room.data(), count);
        stage_ = Stage::reading;
        return 1;
      case SSL_READ_EARLY_DATA_FINISH:
        stage_ = Stage::over;  // nothing came early
        break;
      default:
        return 0;
    }
  }
  return SSL_do_handshake(ssl);
}

int EarlyData::read_on(ssl_st* ssl, std::span<char> room) {
  while (stage_ == Stage::reading) {
    std::size_t count = 0;
    switch (SSL_read_early_data(ssl, room.data(), room.size(), &count)) {
      case SSL_READ_EARLY_DATA_SUCCESS:
        bytes_.append(room.data(), count);
        break;
      case SSL_READ_EARLY_DATA_FINISH:
        stage_ = Stage::finishing;
        break;
      default:
        return 0;
    }
  }
  const int outcome = SSL_do_handshake(ssl);
  if (outcome == 1) stage_ = Stage::over;
  return outcome;
}

std::size_t EarlyData::take(std::span<char> room) {
  const std::size_t count = std::min(room.size(), bytes_.size());
  std::memcpy(room.data(), bytes_.data(), count);
  if (count == bytes_.size())
    std::string().swap(bytes_);
  else
    bytes_.erase(0, count);
  return count;
}

}  // namespace weir::tls
