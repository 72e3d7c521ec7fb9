// What a chain of certificates is worth, in plain words: does it hold, whose fault is it if not, what is to be done.
//
// Problem: "certificate verify failed" costs an evening, because three different people may have to act: whoever runs
// the server, whoever runs the client, or whoever wrote the name. Idea: the library's verdict is taken apart with what
// the chain itself says: whether a link is missing in what the server sends, or only its root is unknown here; which
// names there are; which clock would make it right.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "base/units.h"

namespace weir::tls {

/// Who has to act.
enum class Fault : std::uint8_t { nobody, server, client, name };
std::string_view name_of(Fault fault);

struct Diagnosis {
  Fault fault = Fault::nobody;
  std::string what;
  std::string advice;
};

struct ShownCertificate {
  std::string subject;
  std::string issuer;
  std::string key;  ///< "ECDSA 256"
  std::vector<std::string> names;
  WallTime from{};
  WallTime until{};
};

struct Examination {
  std::vector<ShownCertificate> chain;  ///< as the server sends it, its own first
  std::string version;                  ///< of a live server
  std::string cipher;
  std::vector<Diagnosis> diagnoses;  ///< empty: all is well

  [[nodiscard]] bool good() const { return diagnoses.empty(); }
};

/// \param chain        PEM, in the order in which it is sent
/// \param host         that has to be named; empty: not looked at
/// \param authorities  PEM; empty: those of this machine
Examination examine_chain(std::string_view chain, const std::string& host, const std::string& authorities,
                          WallTime now);

/// Shakes hands over a socket that is connected and blocks (for commands only: a core never waits), and judges what the
/// server shows.
Examination examine_server(int socket, const std::string& host, const std::string& authorities, WallTime now);

}  // namespace weir::tls
