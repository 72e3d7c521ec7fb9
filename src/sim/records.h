// Raw FastCGI as the simulated applications speak it.
//
// Idea: as with sim/wire.h, not one line of the gateway's own codec is used here, so that a mistake in it cannot be
// made twice and cancel out.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "sim/wire.h"

namespace weir::sim {

/// The numbers of FastCGI 1.0 section 8.
struct RecordTypes {
  static constexpr unsigned begin_request = 1;
  static constexpr unsigned end_request = 3;
  static constexpr unsigned params = 4;
  static constexpr unsigned input = 5;
  static constexpr unsigned output = 6;
  static constexpr unsigned errors = 7;
};

struct Record {
  unsigned type = 0;
  std::string content;
};

/// Variables of a request by their names.
using Variables = std::map<std::string, std::string>;

/// \param longest  to wait for its first byte
Task<Ending> read_record(Wire& wire, Record& record, Duration longest = patience);
/// BEGIN_REQUEST and all PARAMS. `malformed` when anything else comes, or a name twice.
Task<Ending> read_variables(Wire& wire, Variables& variables, Duration longest);

/// \param padding  bytes behind the content, which mean nothing
std::string record_of(unsigned type, std::string_view content, unsigned padding = 0);
std::string end_request(unsigned application_status = 0);

}  // namespace weir::sim
