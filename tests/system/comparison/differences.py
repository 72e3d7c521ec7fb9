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
    # Compression on the way, and ready-made files asked for in every way.
    Difference("live: * [*Accept-Encoding: ?]", "*", "the star stands for every coding (RFC 9110 section 12.5.3)"),
    Difference("ready: * [*Accept-Encoding: ?]", "*", "the star stands for every coding (RFC 9110 section 12.5.3)"),
    Difference("*Accept-Encoding: x-gzip]", "*", "x-gzip is gzip (RFC 9110 section 8.4.1.3)"),
    Difference("*Accept-Encoding: gzip;q=0.5, identity;q=1]", "*",
               "the client likes the plain form better (RFC 9110 section 12.5.3); nginx asks whether gzip will do"),
    Difference("live: *br|Accept-Encoding: gzip]", "*",
               "two lines are one list (RFC 9110 section 5.3); nginx reads one"),
    Difference("*Accept-Encoding: gzip|Cache-Control: no-transform]", "*",
               "no-transform of the client is kept (RFC 9111 section 5.2.1.6)"),
    Difference("live: GET /fixed/page.html *", "*", "no-transform of the server is kept (RFC 9111 section 5.2.2.6)"),
    Difference("live: GET *", "content-length", "what is compressed in one piece has a length, and is not chunked",
               "*", "None"),
    Difference("live: *", "etag strength", "each coding has a strong tag of its own; nginx weakens the plain one", '"*',
               "W/"),
    Difference("live: *If-Match: {etag}]", "status", "a strong tag still names what it came with", "200", "412"),
    Difference("live: *If-None-Match: {etag}]", "vary", "a 304 varies as its 200 would (RFC 9110 section 15.4.5)",
               "accept-encoding", "None"),
    Difference("live: *Range: bytes=0-9]", "status",
               "a part of the plain form is served in its plain form; nginx compresses all of it", "206", "200"),
    Difference("live: * /live/ *", "status", "a directory without an index is as good as not there", "404", "403"),
    Difference("codings: *", "*", "nginx knows gzip alone: Weir writes what the client likes best"),
    Difference("ready: * /gz/both.js*", "accept-ranges", "parts of a ready-made file can be asked for as well", "bytes",
               "None"),
    Difference("ready: *Range: *", "status", "parts of a ready-made file can be asked for as well"),
    # Error pages.
    Difference("error page: *", "etag", "a page for an error is no representation: it has no tag", "None", "*"),
    Difference("error page: *", "allow", "a 405 names the methods (RFC 9110 section 15.5.6)", "GET, HEAD", "None"),
    Difference("error page: *", "vary", "which form it has depends on what the client accepts", "accept", "None"),
    Difference("error page: POST /errors/missing", "status", "the method is judged before the disk is asked", "405",
               "404"),
    Difference("error page: * /errors/.hidden", "status", "what begins with a dot is hidden", "404", "200"),
    Difference("error page: * /errors/bare/", "status", "a directory without an index is as good as not there", "404",
               "403"),
    Difference("error page: *Accept: *]", "*", "who likes another form better gets the error in that form: here there "
               "is a page in HTML alone"),
    # Paths.
    Difference("path: GET /..%5c..%5cetc", "status", "a backslash is refused: some servers take it for a slash", "400",
               "404"),
    Difference("path: *%2f*", "status", "an escaped slash separates nothing and is in no name; nginx decodes it"),
    Difference("path: GET */.*", "status", "what begins with a dot is hidden", "404", "200"),
    Difference("path: GET /loop", "status", "links that lead in a circle lead nowhere", "404", "403"),
    Difference("path: GET /link-*", "status", "a link that leads out of the root is not followed", "404", "200"),
]
