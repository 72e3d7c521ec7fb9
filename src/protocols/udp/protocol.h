// Datagrams towards an upstream: what app/upstream_protocol.cc knows of this folder.
//
// Idea: the conversation of one client with one server is a raw stream whose pieces are datagrams. A socket of its own
// for each tells answers apart, as a NAT does; nothing is sent to make it, so a server that is not there is noticed
// when it does not answer.
#pragma once

#include "contracts/session.h"

namespace weir::udp {

const ClientProtocol& client_protocol();

}  // namespace weir::udp
