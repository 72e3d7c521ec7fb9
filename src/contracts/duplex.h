// Bytes both ways, without messages: what an upgraded exchange becomes.
#pragma once

#include <memory>
#include <optional>
#include <string_view>

#include "base/result.h"
#include "base/units.h"
#include "runtime/task.h"

namespace weir {

class Duplex {
 public:
  virtual ~Duplex() = default;

  /// The next bytes, valid until the caller suspends; empty when the other side has finished sending.
  /// \errors  timed_out after `timeout` without bytes; peer_reset; canceled
  virtual Task<Result<std::string_view>> receive(Duration timeout) = 0;
  /// Sends all of `bytes`, which need to stay valid only until the call suspends.
  virtual Task<Result<void>> send(std::string_view bytes, Duration timeout) = 0;
  /// Says that nothing more will be sent this way.
  virtual void finish_sending() = 0;
  /// Both ways end with a reset when it is destroyed: what passed was not all. Where there is none, as an end.
  virtual void cut() {}
  /// What was wrong with what passed here, where somebody judges that, and ends it for that reason in an orderly way.
  [[nodiscard]] virtual std::optional<Error> complaint() const { return {}; }
  /// It is to end: `why` becomes the complaint where both sides can be told.
  /// \returns  false where they cannot: the end is all there is to say
  virtual bool wind_up(const Error& why) {
    (void)why;
    return false;
  }
};

}  // namespace weir
