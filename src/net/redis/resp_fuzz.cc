// Any bytes as answers of Redis: safe to read, the same at every cut, and every text lies where it was written.
#include <optional>
#include <string>
#include <vector>

#include "base/testing/fuzz.h"
#include "net/redis/resp.h"

namespace {

using namespace weir;
using namespace weir::redis;

struct Outcome {
  std::vector<Reply> replies;
  std::optional<Code> error;
  friend bool operator==(const Outcome&, const Outcome&) = default;
};

std::size_t walk(const Value& value, int depth) {
  demand(depth < 64);
  std::size_t children = 0;
  value.for_each([&](const Value& child) {
    ++children;
    walk(child, depth + 1);
  });
  demand(value.kind() == Kind::attribute || children == value.size());
  return value.text().size();
}

Outcome read_all(std::string_view bytes, std::size_t piece) {
  Outcome outcome;
  Reader reader(64 * 1024);
  std::string unread;
  while (!bytes.empty()) {
    unread += bytes.substr(0, piece);
    bytes.remove_prefix(std::min(piece, bytes.size()));
    while (!unread.empty()) {
      const Result<std::size_t> taken = reader.read(unread);
      if (!taken) {
        outcome.error = taken.error().code;
        return outcome;
      }
      if (*taken == 0) break;
      demand(*taken <= unread.size());
      unread.erase(0, *taken);
      outcome.replies.push_back(reader.take());
      walk(outcome.replies.back().value(), 0);
    }
  }
  return outcome;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  if (size > 8 * 1024) return 0;
  demand_same_in_pieces({reinterpret_cast<const char*>(data), size}, &read_all);
  return 0;
}
