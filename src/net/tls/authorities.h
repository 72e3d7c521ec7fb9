// Certificates of those who are believed: a bundle of authorities, judged when it is read.
//
// Problem: an authority that has expired, or a file that holds something else, shuts everybody out, and what is seen of
// it is "certificate verify failed" at each client. Idea: a bundle is read as the library will read it, and whatever
// cannot be believed is told with the line it stands in.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/units.h"
#include "net/tls/identity.h"

struct x509_st;

namespace weir::tls {

/// What is wrong with a bundle (PEM). Errors: it holds no certificate, one cannot be read, or all have expired, so that
/// nobody would be believed. Warnings: one of several has expired, will soon, or may issue nothing.
std::vector<Finding> judge_authorities(std::string_view bundle, WallTime now);

/// Why clients refuse a certificate whoever issued it.
struct Weakness {
  enum class Of : std::uint8_t { key, signature };
  Of of = Of::key;
  std::string what;  ///< "an RSA key of 1024 bits is too weak"
};
/// \returns  nothing: they do not. At a signature by its own key nobody looks
std::optional<Weakness> weakness_of(const x509_st* certificate);

}  // namespace weir::tls
