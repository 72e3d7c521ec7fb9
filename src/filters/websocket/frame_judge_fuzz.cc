// Any bytes, from either side: cut anywhere the verdict is the same, and what passes is a beginning of what came.
#include "base/testing/fuzz.h"
#include "filters/websocket/frame_judge.h"

#include <string>
#include <tuple>

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  using namespace weir::websocket;
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const FrameRules rules{.masked = (data[0] & 1) != 0,
                         .compressed = (data[0] & 2) != 0,
                         .message_bytes_max = (data[0] & 4) != 0 ? 100 : weir::unbounded};
  const unsigned messages_max = (data[0] & 8) != 0 ? 5 : FrameJudge::any_number;
  const auto read = [&](std::string_view input, std::size_t piece_bytes) {
    FrameJudge judge(rules);
    std::string passed;
    unsigned messages = 0;
    std::optional<Violation> violation;
    for (std::size_t at = 0; at < input.size() && !violation; at += piece_bytes) {
      std::string_view piece = input.substr(at, piece_bytes);
      while (!piece.empty() && !violation) {
        const Judged judged = judge.next(piece, messages_max - messages);
        weir::demand(judged.taken > 0 || judged.violation);
        passed += judged.passed;
        messages += judged.messages;
        violation = judged.violation;
        piece.remove_prefix(judged.taken);
      }
    }
    weir::demand(input.starts_with(passed));
    weir::demand(messages <= messages_max);
    // Of a frame that turns out bad in its content a part may have left: how much depends on how it was cut.
    if (violation) passed.clear();
    return std::tuple(violation ? violation->close_code : 0, std::string(violation ? violation->text : ""), passed,
                      messages);
  };
  weir::demand_same_in_pieces(bytes, read);
  return 0;
}
