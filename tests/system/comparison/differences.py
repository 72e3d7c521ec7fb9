"""Every way in which Weir's answers are meant to differ from nginx', and why.

A difference is explained by the first row whose kind, request and aspect fit; what no row explains fails the test, and
so does a row that explains nothing: it has become untrue.
"""

from __future__ import annotations

import fnmatch
from dataclasses import dataclass

from .cases import Case


@dataclass(frozen=True)
class Difference:
    case: str  # a glob over Case.name()
    aspect: str  # "status", "body", or the name of a field; a glob
    why: str
    ours: str = "*"  # globs over what came
    theirs: str = "*"

    def explains(self, case: Case, aspect: str, ours: object, theirs: object) -> bool:
        return (fnmatch.fnmatchcase(case.name(), self.case.replace("[", "[[]")) and fnmatch.fnmatchcase(aspect,
                self.aspect)
                and fnmatch.fnmatchcase(str(ours), self.ours) and fnmatch.fnmatchcase(str(theirs), self.theirs))


EXPLAINED: list[Difference] = [
    # Errors.
    Difference("*", "cache-control", "no cache is to keep an error by guess", "no-store", "None"),
    Difference("method: *", "allow", "a 405 names the methods (RFC 9110 section 15.5.6); nginx leaves it out",
               "GET, HEAD", "None"),
    Difference("method: * /missing", "status", "the method is judged before the disk is asked", "405", "404"),
    # Ranges.
    Difference("range: *", "status", "a malformed Range is ignored (RFC 9110 section 14.2); nginx refuses it", "200",
               "416"),
    Difference("range: *bytes=0 -1*", "status", "white space inside a range makes it malformed", "200", "206"),
    Difference("range: *bytes=0- 1*", "status", "white space inside a range makes it malformed", "200", "206"),
    Difference("range: *,*", "status", "empty members of a list mean nothing (RFC 9110 section 5.6.1)", "206", "416"),
    Difference("range: *18446744073709551616*", "status", "a number beyond all lengths is the end, not an error",
               "206", "416"),
    Difference("range: * /empty.txt *", "status", "an empty file has no byte that a range could name (section 14.1.2)",
               "416", "200"),
    Difference("range: HEAD *", "*", "Range is defined for GET only (RFC 9110 section 14.2)"),
    # Conditions.
    Difference("condition: *If-Modified-Since: Fri, 31 Dec 2100*", "status",
               "a later date than the file's means unchanged (RFC 9110 section 13.1.3); nginx compares for equality",
               "304", "200"),
    Difference("condition: *If-Unmodified-Since: nonsense*", "status",
               "a date that cannot be read is ignored (RFC 9110 section 13.1.4)", "200", "412"),
    Difference("condition: *If-None-Match: {etag}|If-Modified-Since: *", "status",
               "If-Modified-Since is ignored beside If-None-Match (RFC 9110 section 13.1.3)", "304", "200"),
    Difference("condition: *If-Match: {etag}|If-Unmodified-Since: *", "status",
               "If-Unmodified-Since is ignored beside If-Match (RFC 9110 section 13.1.4)", "200", "412"),
    # Directories.
    Difference("directory: * /bare/", "status", "a directory without an index is as good as not there", "404", "403"),
    Difference("directory: * /list/", "*", "the listing is Weir's own page, and can be JSON"),
    Difference("try: GET /try/sub/", "status", "a directory without an index is passed over, the next place is tried",
               "200", "403"),
    # Encodings.
    Difference("encoding: *Accept-Encoding: ?]", "*", "the star stands for every coding (RFC 9110 section 12.5.3)"),
    Difference("encoding: *Accept-Encoding: x-gzip*", "*", "x-gzip is gzip (RFC 9110 section 8.4.1.3)"),
    Difference("encoding: * /gz/only.css *", "status",
               "a ready-made file belongs to a file; by itself it is asked for by its own name", "404", "200"),
    Difference("encoding: * /gz/only.css *", "vary", "nothing is there that could vary", "None", "*"),
    Difference("encoding: *Range: *", "*", "parts of a ready-made file can be asked for as well"),
    Difference("encoding: * /gz/both.js *", "accept-ranges", "parts of a ready-made file can be asked for as well",
               "bytes", "None"),
    # Paths.
    Difference("path: GET /..%5c..%5cetc", "status", "a backslash is refused: some servers take it for a slash", "400",
               "404"),
    Difference("path: *%2f*", "status", "an escaped slash separates nothing and is in no name; nginx decodes it"),
    Difference("path: GET */.*", "status", "what begins with a dot is hidden", "404", "200"),
    Difference("path: GET /loop", "status", "links that lead in a circle lead nowhere", "404", "403"),
    Difference("path: GET /link-*", "status", "a link that leads out of the root is not followed", "404", "200"),
]
