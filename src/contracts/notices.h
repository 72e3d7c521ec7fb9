// How a core tells the people who run Weir something: what stands behind it is the error log.
#pragma once

#include <string_view>

namespace weir {

class Notices {
 public:
  /// Never blocks; may be called from any thread. Whoever passes on what others wrote bounds it first: length and rate.
  virtual void warning(std::string_view text) = 0;

 protected:
  ~Notices() = default;
};

}  // namespace weir
