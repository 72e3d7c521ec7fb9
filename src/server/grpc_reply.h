// An error as a client of gRPC understands it.
//
// Problem: a client of gRPC looks for grpc-status and takes a status of HTTP for the sign of a proxy that knows no
// better; what is behind it, and whether to try again, it can only guess. Idea: the answer is 200 and nothing but
// fields ("Trailers-Only"), with the status that the published table makes of the status of HTTP. That the time which
// the client itself has set is over is said as such.
#pragma once

#include "contracts/exchange.h"
#include "http/grpc.h"

namespace weir {

/// Pure. \param status  that the error has in HTTP
GrpcStatus grpc_status_of(const Error& error, Status status);

/// Makes `answer`, which explains `error` to others, one for gRPC: fields stay, content goes.
void tell_in_grpc(Exchange& exchange, const Error& error, Answer& answer);

}  // namespace weir
