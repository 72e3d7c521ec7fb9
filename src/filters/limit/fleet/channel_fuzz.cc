// Whatever somebody on the wire does to sealed messages, the receiver takes what was sent, in the order in which it was
// sent, or nothing any more.
//
// The input is a list of actions of three bytes: what, and two numbers. A message is as long as the first number says
// and filled with its place in the row.
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/testing/fuzz.h"
#include "filters/limit/fleet/channel.h"

using namespace weir;
using namespace weir::limit::fleet;

namespace {

enum class Action : std::uint8_t { send, replay, hold_back, change, reflect, from_another, raw, count };

/// Two connections of the same two members, and what came through the first.
class Wire {
 public:
  void act(Action action, std::uint8_t one, std::uint8_t other) {
    switch (action) {
      case Action::send:
        return arrive(frame(one));
      case Action::replay:
        return arrive(recorded_.empty() ? "" : recorded_[one % recorded_.size()]);
      case Action::hold_back:
        return (void)frame(one);
      case Action::change: {
        std::string changed = frame(one);
        changed[other % changed.size()] = static_cast<char>(changed[other % changed.size()] ^ (one | 1));
        return arrive(changed);
      }
      case Action::reflect:
        return arrive(called_.frame(std::string(one, 'r')));
      case Action::from_another:
        return arrive(other_caller_.frame(std::string(one, 'o')));
      case Action::raw:
      case Action::count:
        return;
    }
  }
  /// What the receiver takes is the next message that was sent, or it takes nothing for ever.
  void arrive(std::string_view bytes) {
    if (broken_) return;
    received_ += bytes;
    std::string_view left = received_;
    while (true) {
      const Channel::Taken taken = called_.take(left);
      if (taken.what == Channel::Taken::What::incomplete) break;
      broken_ = taken.what == Channel::Taken::What::refused;
      if (broken_) return;
      demand(taken_ < sent_.size() && taken.message == sent_[taken_]);
      ++taken_;
    }
    received_ = std::string(left);
  }

 private:
  std::string frame(std::uint8_t bytes) {
    sent_.push_back(std::string(bytes, static_cast<char>(sent_.size())));
    recorded_.push_back(caller_.frame(sent_.back()));
    return recorded_.back();
  }

  const KeyRing ring_{"edge", {"0123456789abcdef0123456789abcdef"}};
  const Hello dialed_ = ring_.hello();
  const Hello accepted_ = ring_.answer(dialed_).value();
  Channel caller_{ring_, Channel::Side::dials, dialed_, accepted_};
  Channel called_{ring_, Channel::Side::accepts, dialed_, accepted_};
  const Hello other_dialed_ = ring_.hello();
  Channel other_caller_{ring_, Channel::Side::dials, other_dialed_, accepted_};
  std::vector<std::string> sent_;
  std::vector<std::string> recorded_;
  std::string received_;
  std::size_t taken_ = 0;
  bool broken_ = false;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view bytes(reinterpret_cast<const char*>(data), size);
  if (const auto hello = read_hello(bytes)) demand(write(*hello) == bytes);
  Wire wire;
  while (bytes.size() >= 3) {
    const auto action = static_cast<Action>(static_cast<std::uint8_t>(bytes[0]) % static_cast<int>(Action::count));
    const auto one = static_cast<std::uint8_t>(bytes[1]);
    const auto other = static_cast<std::uint8_t>(bytes[2]);
    bytes.remove_prefix(3);
    wire.act(action, one, other);
    if (action != Action::raw) continue;
    const std::string_view raw = bytes.substr(0, one);
    bytes.remove_prefix(raw.size());
    wire.arrive(raw);
  }
  return 0;
}
