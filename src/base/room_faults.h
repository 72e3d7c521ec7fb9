// Mistakes we could have made in single rooms: a second list beside fault.h.
//
// Nearly everything includes fault.h, and would be built again for each new mistake; these are asked for by one file
// each. They are planted, named and found as those are.
#pragma once

#include "base/fault.h"

namespace weir {

#define WEIR_ROOM_FAULTS(X)                                                                                \
  /* HTTP/2 sessions */                                                                                    \
  X(stream_credit_twice, "content of a stream that is read is counted back twice")                         \
  X(stream_credit_astray, "content of a stream that is read is counted back to the one asked before")      \
  X(h2_end_only_announced, "a connection that is to end says so, and goes on when the client has heard")   \
  X(h2_last_stream_passed, "a request is served although the GOAWAY says that it is not")                  \
  X(h2_goaway_unheard, "requests go on being sent on a connection that its upstream is about to end")      \
  /* PROXY headers */                                                                                      \
  X(proxy_header_not_awaited, "a connection that has to begin with a PROXY header is served without")      \
  X(proxy_client_forgotten, "whom a PROXY header names is not taken over")                                 \
  X(proxy_tail_lost, "bytes that come in one piece with a PROXY header are lost with it")                  \
  X(introduction_forgotten, "a connection to an upstream does not begin with the header that it should")   \
  X(introduction_shared, "a connection that was introduced as one client's carries another's request")     \
  /* upstreams */                                                                                          \
  X(family_race_forgotten, "when the way of one address family is silent, the other is not asked")         \
  X(quickest_report_ignored, "of the servers that reported their load the slowest is picked")              \
  X(standing_unheard, "what checks found is not told to whoever picks, when failures are looked at first") \
  /* gRPC, and owners of small limits */                                                                   \
  X(grpc_told_in_http, "an error is told to a client of gRPC as a page of HTTP")                           \
  X(owner_lost_unseen, "an owner of small limits that answers nobody goes on being asked")                 \
  X(owner_without_majority, "an owner of small limits decides although it belongs to no majority")

/// Their numbers go on where those of Fault end.
enum class RoomFault : std::uint16_t {
  none = fault_count,
#define WEIR_ROOM_FAULT_ENUM(name, sentence) name,
  WEIR_ROOM_FAULTS(WEIR_ROOM_FAULT_ENUM)
#undef WEIR_ROOM_FAULT_ENUM
};

/// Of both lists; faults are numbered from 1 on.
inline constexpr std::size_t all_faults_count = fault_count
#define WEIR_ROOM_FAULT_COUNT(name, sentence) +1
    WEIR_ROOM_FAULTS(WEIR_ROOM_FAULT_COUNT)
#undef WEIR_ROOM_FAULT_COUNT
    ;

constexpr Fault fault_of(RoomFault point) {
  return static_cast<Fault>(point);
}
[[nodiscard]] inline bool fault(RoomFault point) {
  return fault(fault_of(point));
}

}  // namespace weir
