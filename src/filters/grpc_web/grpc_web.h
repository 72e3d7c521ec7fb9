// Lets browsers speak gRPC: what comes as gRPC-Web goes on as gRPC, and what is answered comes back.
//
// Problem: a page cannot read trailers, and gRPC says in them how a call went; some cannot read binary streams either.
// Idea (PROTOCOL-WEB.md): trailers become the last frame of the content, and all of it base64 where the client asked in
// it. Requests that are not of gRPC-Web pass untouched, so that one route serves both.
//
// Invariants
//   (1) A message is passed on when it comes: nothing is held for the next.
//   (2) Text that is no base64 is refused; the upstream never sees a cut message that looks whole.
#pragma once

#include "contracts/plugin.h"
#include "contracts/schema.h"
#include "filters/grpc_web/translation.h"

namespace weir {

struct GrpcWebOptions {
  static const Schema<GrpcWebOptions>& schema();
};

class GrpcWeb final : public Filter {
 public:
  Reply handle(Exchange& exchange, Next next) const override;
  Effect rehearse(ImaginedRequest& imagined) const override;
};

const FilterKind& grpc_web_filter();

}  // namespace weir
