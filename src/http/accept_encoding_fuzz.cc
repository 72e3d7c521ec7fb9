// Any bytes as accept-encoding: the choice is one of the offered codings or none, never one that was refused, and it
// does not depend on what stands around the members.
#include <string>

#include "base/testing/fuzz.h"
#include "http/accept_encoding.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  using weir::AcceptedCodings;
  using weir::ContentCoding;
  const std::string value(reinterpret_cast<const char*>(data), size);
  const AcceptedCodings accepted = AcceptedCodings::parse(value);
  constexpr std::array offered{ContentCoding::zstd, ContentCoding::brotli, ContentCoding::gzip};
  const ContentCoding chosen = accepted.best_of(offered);
  weir::demand(chosen == ContentCoding::identity || accepted.accepts(chosen));
  for (const ContentCoding coding : offered) weir::demand(accepted.quality(coding) <= 1000);
  const bool quoted = value.find('"') != std::string::npos;
  if (!quoted) weir::demand(AcceptedCodings::parse(", " + value + " ,\t").best_of(offered) == chosen);
  return 0;
}
