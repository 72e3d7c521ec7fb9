// Any bytes as the answer of a page to a health check: safe to read, judged once, and the same at every cut.
//
// The first byte chooses what is expected of the answer.
#include "contracts/testing/health_answer.h"
#include "health_checks/http/answer.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  using namespace weir;
  if (size < 1 || size > 2 * 1024) return 0;
  HttpExpectation expected;
  if ((data[0] & 1U) != 0) expected.body = "ok";
  if ((data[0] & 2U) != 0) expected.fields = {{"x-role", "primary"}};
  if ((data[0] & 4U) != 0) expected.statuses = {{.first = 204, .last = 204}, {.first = 500, .last = 599}};
  expected.head = (data[0] & 8U) != 0;
  demand_steady_verdict({reinterpret_cast<const char*>(data) + 1, size - 1},
                        [&](std::string_view answer, bool ended) { return judge_answer(expected, answer, ended); });
  return 0;
}
