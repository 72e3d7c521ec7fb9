// Past requests and live ones, for operators.
//
//   GET /story?id=ID            the stories of requests whose id begins so, as JSON (?format=text for people); 404
//                               when none is remembered
//   GET /tail?status=&route=&upstream=&slower=&rate=   what ends from now on, a line each, until the client goes
//                               (JSON lines; ?format=text for people); 503 when limits::tail_followers do so already
#pragma once

#include <span>

#include "contracts/exchange.h"
#include "observers/stories/stories.h"

namespace weir {

Reply show_story(Exchange& exchange, Stories& stories, std::span<Shard* const> shards);
Reply follow_stories(Exchange& exchange, Stories& stories, std::span<Shard* const> shards);

}  // namespace weir
