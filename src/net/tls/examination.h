// What a chain of certificates is worth, in plain words: does it hold, whose fault is it if not, what is to be done.
//
// Problem: "certificate verify failed" costs an evening, because three different people may have to act: whoever runs
// the server, whoever runs the client, or whoever wrote the name. Idea: the library's verdict is taken apart with what
// the chain itself says: whether a link is missing in what the server sends, or only its root is unknown here; which
// names there are; which clock would make it right. A handshake that fails is tried again as programs of 1999 would, so
// that it is known what is spoken there.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
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
  std::string key;                 ///< "ECDSA 256"
  std::vector<std::string> names;  ///< hosts, addresses and URIs; for people
  WallTime from{};
  WallTime until{};
};

/// What is asked.
struct Inquiry {
  std::string host;         ///< that has to be named; empty: not looked at
  std::string authorities;  ///< PEM; empty: those of this machine
  std::string revocation;   ///< PEM: lists of revoked certificates (CRL); empty: none is looked at
  WallTime now{};
  Duration patience = std::chrono::seconds{10};  ///< for a handshake as a whole: a server may say a byte a second
};

struct Examination {
  std::vector<ShownCertificate> chain;  ///< as the server sends it, its own first
  std::string version;                  ///< of a live server
  std::string cipher;
  std::string revocation;            ///< what was looked at, and until when it holds; for people
  std::vector<Diagnosis> diagnoses;  ///< empty: all is well

  [[nodiscard]] bool good() const { return diagnoses.empty(); }
};

/// \param chain   PEM, in the order in which it is sent
/// \param staple  what the server shows of its authority's word (OCSP, DER); empty: nothing
Examination examine_chain(std::string_view chain, const Inquiry& inquiry, std::string_view staple = {});

/// A socket that is connected to the server; negative: there is none.
using Connect = std::function<int()>;

/// Shakes hands (for commands only: a core never waits), and judges what the server shows.
Examination examine_server(const Connect& connect, const Inquiry& inquiry);

}  // namespace weir::tls
