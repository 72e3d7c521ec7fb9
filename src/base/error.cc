// The tables behind error.h: names, sentences, and what errno means for a gateway.
#include "base/error.h"

#include <array>
#include <cerrno>

namespace weir {
namespace {

struct Entry {
  std::string_view name;
  std::string_view sentence;
};

constexpr std::array entries{
#define WEIR_CODE_ENTRY(name, sentence) Entry{#name, sentence},
    WEIR_ERROR_CODES(WEIR_CODE_ENTRY)
#undef WEIR_CODE_ENTRY
};

constexpr Code code_of_errno(int error_number) {
  switch (error_number) {
    case ECONNRESET:
    case EPIPE:
      return Code::peer_reset;
    case ECONNREFUSED:
    case ENOENT:  // a unix socket that is not there
      return Code::connect_refused;
    case EHOSTUNREACH:
    case ENETUNREACH:
    case EADDRNOTAVAIL:
      return Code::unreachable;
    case ETIMEDOUT:
      return Code::timed_out;
    case ECANCELED:
      return Code::canceled;
    case EMFILE:
    case ENFILE:
      return Code::out_of_descriptors;
    default:
      return Code::io_failed;
  }
}

}  // namespace

Error os_error(int error_number, Origin origin) {
  return {.code = code_of_errno(error_number), .origin = origin, .os_error = error_number};
}

std::string_view name_of(Code code) {
  return entries[static_cast<std::size_t>(code)].name;
}
std::string_view sentence_of(Code code) {
  return entries[static_cast<std::size_t>(code)].sentence;
}

std::string_view name_of(Origin origin) {
  switch (origin) {
    case Origin::client:
      return "client";
    case Origin::upstream:
      return "upstream";
    case Origin::gateway:
      return "gateway";
  }
  return "gateway";
}

}  // namespace weir
