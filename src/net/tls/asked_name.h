// Which name a hello asks for, before anybody answers it.
//
// Problem: a certificate that is had on demand has to be there before the handshake, and the handshake knows the name.
// Idea: the library reads the bytes as it would in a handshake, and is stopped where it asks its first question; what
// it was given is given to the real handshake again. So there is one reader, and nobody sees two names.
#pragma once

#include <string>
#include <string_view>

namespace weir::tls {

struct AskedName {
  bool whole = false;  ///< otherwise more must come before anything can be said
  std::string name;    ///< lower case; empty: none, a proof is looked for (challenge.h), or it is no hello
};

/// Pure. \param bytes  what has come, from the connection's first byte on
AskedName asked_name(std::string_view bytes);

}  // namespace weir::tls
