// Entity tags of compressed answers, and the fields that stop being true.
//
// Problem: a compressed answer is another representation and may not carry the tag of the plain one (RFC 9110 section
// 8.8.3.3); yet what the client sends back later must mean something to the upstream, which knows only its own tags.
// Idea: the coding is written into the tag, "abc" becomes "abc-gzip", and taken off again where the client shows it:
// If-None-Match and If-Match get the upstream's tag beside the client's. The other way, W/"abc", would be one tag for
// all codings, and would break If-Match, which compares strongly: whoever fetched a page compressed could not save it.
// A tag that is weak already says only "means the same" and stays.
//
// The price: two answers under one strong tag may differ in bytes when they were compressed with different effort. Only
// ranges could tell, and of a compressed answer none are served: accept-ranges goes, and If-Range is not translated, so
// that it never holds.
#pragma once

#include <string_view>

#include "http/accept_encoding.h"
#include "http/fields.h"

namespace weir {

/// Adds to If-None-Match and If-Match, beside each tag that carries one of our suffixes, the tag without it.
void add_plain_tags(Fields& request);

/// The tag of a 304 in the words of the client: the coding goes back on when the client showed the tag that way.
/// \param shown   If-None-Match as the client sent it
/// \param wanted  the coding the client would get now; it is tried first
/// \returns whether the tag was changed
bool restore_tag(Fields& answer, std::string_view shown, ContentCoding wanted);

/// Makes the fields those of a compressed answer: content-encoding, the tag, and without lengths, ranges and digests
/// of the plain one.
void mark_as_coded(Fields& answer, ContentCoding coding);

/// Whether cache-control has no-transform.
bool forbids_transforming(const Fields& message);

}  // namespace weir
