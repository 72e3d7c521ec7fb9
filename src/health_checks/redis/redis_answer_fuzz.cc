// Any bytes as the answer of a Redis to AUTH and PING: safe to read, judged once, and the same at every cut.
//
// The first byte says whether AUTH was asked.
#include "contracts/testing/health_answer.h"
#include "health_checks/redis/redis.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  using namespace weir;
  if (size < 1 || size > 4 * 1024) return 0;
  const bool with_password = (data[0] & 1U) != 0;
  demand_steady_verdict({reinterpret_cast<const char*>(data) + 1, size - 1}, [&](std::string_view answer, bool ended) {
    return RedisCheck::judge(with_password, answer, ended);
  });
  return 0;
}
