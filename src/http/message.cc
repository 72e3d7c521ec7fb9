// The names of message.h's values.
#include "http/message.h"

namespace weir {

std::string_view name_of(Version version) {
  switch (version) {
    case Version::http_1_0:
      return "1.0";
    case Version::http_1_1:
      return "1.1";
    case Version::http_2:
      return "2";
    case Version::http_3:
      return "3";
  }
  return "1.1";
}

}  // namespace weir
