// Any bytes as the first message of a PostgreSQL server: safe to read, judged once, and the same at every cut.
#include "contracts/testing/health_answer.h"
#include "health_checks/postgresql/postgresql.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  using namespace weir;
  if (size > 4 * 1024) return 0;
  demand_steady_verdict({reinterpret_cast<const char*>(data), size}, &PostgresqlCheck::judge);
  return 0;
}
