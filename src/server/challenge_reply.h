// Answers an authority's question whether a name leads here, in front of everything else.
#pragma once

#include "contracts/exchange.h"
#include "server/gateway.h"

namespace weir {

/// Whether a request may be such a question: over plain HTTP, under the path that is theirs. Pure.
bool may_be_challenge(const RequestHead& request, bool secured);

/// The answer; `otherwise`, when the token is none of ours: then it is a request like others.
Reply answer_challenge(Exchange& exchange, ChallengeAnswers& answers, Reply (*otherwise)(Exchange&));

}  // namespace weir
