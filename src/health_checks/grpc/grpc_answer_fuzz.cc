// Any bytes as the answer of a gRPC server: safe to read, judged once, and the same at every cut; and any bytes as its
// message.
#include "contracts/testing/health_answer.h"
#include "health_checks/grpc/call.h"
#include "health_checks/grpc/message.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  using namespace weir;
  if (size > 1024) return 0;  // each prefix is a connection of its own
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  demand_steady_verdict(bytes, grpc::Call::judge_bytes);
  static_cast<void>(grpc::health_answer(bytes));
  return 0;
}
