// How the story of a past request is printed: for a tired person, as one line among many, and for a program.
#pragma once

#include <string>
#include <string_view>

#include "observers/stories/story.h"
#include "server/gateway.h"

namespace weir {

/// What the configuration that runs now has to say about a past request.
struct StoryToday {
  std::string configuration;  ///< its hash
  /// Where its router sends the request's recorded facts; empty when they were not kept, or lead nowhere.
  std::string route;
  Place place;
  bool decided = false;  ///< the facts were there to be decided again
};

/// Decides the route of a story again. Pure.
StoryToday today(const Gateway& gateway, const Story& story);

/// A page. \param bold, plain  what switches emphasis on and off on a terminal; empty elsewhere
std::string story_text(const Story& story, const StoryToday& now, std::string_view bold = {},
                       std::string_view plain = {});
/// `16:00:00.123  502    45.2 ms  GET shop.test/cart/7  cart > shop 10.0.0.2:3000  peer_reset  7d8059fc038e`, with its
/// line end.
std::string story_line(const Story& story);
/// One object, without a line end. \param now  may be null
std::string story_json(const Story& story, const StoryToday* now);

}  // namespace weir
