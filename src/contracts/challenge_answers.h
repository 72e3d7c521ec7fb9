// What is answered to an authority that looks whether a name leads here, before it issues a certificate for it
// (RFC 8555 section 8.3): a text under a path that nothing else may have.
//
// Such a question comes on a plain listener and is answered before routes, filters and redirects.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "contracts/shard.h"
#include "runtime/task.h"

namespace weir {

class ChallengeAnswers {
 public:
  static constexpr std::string_view path_prefix = "/.well-known/acme-challenge/";

  virtual ~ChallengeAnswers() = default;
  /// \returns  nothing when nobody here has asked for a certificate with this token: the request is one like others
  virtual Task<std::optional<std::string>> answer(Shard& shard, std::string token) = 0;
};

}  // namespace weir
