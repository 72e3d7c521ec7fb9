"""What is asked of both servers: over 300 requests, by kind.

A request's fields may hold {etag}, {weak_etag} and {modified}: each server gets its own validators of that target, as
it told them in an answer without conditions. To add cases, add a function to KINDS.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Case:
    kind: str
    target: str
    fields: str = ""  # lines without their ends, separated by |
    method: str = "GET"

    def name(self) -> str:
        return f"{self.kind}: {self.method} {self.target}" + (f" [{self.fields}]" if self.fields else "")

    def lines(self, **validators: str) -> str:
        filled = self.fields
        for word, value in validators.items():
            filled = filled.replace("{" + word + "}", value)
        return "".join(line.strip() + "\r\n" for line in filled.split("|") if line.strip())


FILES = ["/digits.txt", "/page.html", "/large.bin", "/empty.txt"]

RANGES = [
    "0-0", "0-", "-1", "-0", "1-3", "0-9", "5-5", "9-9", "9-", "9-9999", "10-", "10-20", "999-", "-9999", "-10",
    "3-2", "a-b", "-",
    "", "0", "1-2-3", " 0-1", "0 -1", "0- 1", "0-0,2-2", "0-0, 2-2, 4-4", "2-2,0-0", "0-0,999999999-",
    "999999999-,888888888-",
    "0-0,-1", "0-4,5-9", "0-,0-", "0-5,3-8", ",0-0,", "0-0,,2-2", "0-0;2-2", "18446744073709551616-",
    "0-18446744073709551616",
    "-18446744073709551616", "0-0,1-1,2-2,3-3,4-4,5-5,6-6,7-7,8-8,9-9", "-5,-3", "0x1-0x2",
]


def ranges() -> Iterator[Case]:
    for target in FILES:
        for each in RANGES:
            yield Case("range", target, f"Range: bytes={each}")
    for unit in ("items=0-1", "BYTES=0-1", "bytes 0-1", "bytes=0-1 ", "none"):
        yield Case("range", "/digits.txt", f"Range: {unit}")
    yield Case("range", "/digits.txt", "Range: bytes=0-1", "HEAD")
    yield Case("range", "/large.bin", "Range: bytes=99999-100010")
    yield Case("range", "/large.bin", "Range: bytes=0-65535,65536-131071")
    yield Case("range", "/missing", "Range: bytes=0-1")


def if_range() -> Iterator[Case]:
    for condition in ("{etag}", "{weak_etag}", '"other"', "{modified}", "Thu, 01 Jan 1970 00:00:00 GMT",
                      "Fri, 31 Dec 2100 23:59:59 GMT", "nonsense", ""):
        for target in ("/digits.txt", "/large.bin"):
            yield Case("if-range", target, f"Range: bytes=1-3|If-Range: {condition}")
    yield Case("if-range", "/digits.txt", "If-Range: {etag}")
    yield Case("if-range", "/digits.txt", "Range: bytes=500-|If-Range: {etag}")


def conditions() -> Iterator[Case]:
    early, late = "Thu, 01 Jan 1970 00:00:00 GMT", "Fri, 31 Dec 2100 23:59:59 GMT"
    tags = ["{etag}", "{weak_etag}", "*", '"other"', '"other", {etag}', '{etag}, "other"', '"a","b"', "unquoted",
            '"open']
    dates = ["{modified}", early, late, "nonsense", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"]
    for target in ("/digits.txt", "/large.bin"):
        for tag in tags:
            yield Case("condition", target, f"If-None-Match: {tag}")
            yield Case("condition", target, f"If-Match: {tag}")
        for date in dates:
            yield Case("condition", target, f"If-Modified-Since: {date}")
            yield Case("condition", target, f"If-Unmodified-Since: {date}")
    for fields in (f'If-None-Match: "other"|If-Modified-Since: {late}',
                   "If-None-Match: {etag}|If-Modified-Since: " + early,
                   'If-Match: "other"|If-None-Match: {etag}', "If-Match: {etag}|If-Unmodified-Since: " + early,
                   "If-None-Match: {etag}|Range: bytes=0-1", 'If-None-Match: "other"|Range: bytes=0-1',
                   'If-Match: "other"|Range: bytes=0-1', "If-Match: {etag}|Range: bytes=0-1"):
        yield Case("condition", "/digits.txt", fields)
    for fields in ("If-None-Match: {etag}", "If-Modified-Since: {modified}", 'If-Match: "other"'):
        yield Case("condition", "/digits.txt", fields, "HEAD")
        yield Case("condition", "/missing", fields)
        yield Case("condition", "/", fields)


def directories() -> Iterator[Case]:
    for target in ("/", "/indexed/", "/indexed", "/indexed?x=1", "/bare/", "/bare", "/indexed/index.html",
                   "/indexed/index.html/",
                   "/digits.txt/", "/missing/", "/missing", "/indexed/missing", "/deep/er/", "/deep/er",
                   "/with%20space/",
                   "/with%20space", "/list/", "/list"):
        for method in ("GET", "HEAD"):
            yield Case("directory", target, method=method)


def tries() -> Iterator[Case]:
    for target in ("/try/", "/try/app.js", "/try/missing", "/try/a/b/c", "/try/sub/", "/try/sub", "/try/sub/there.txt",
                   "/try/missing.js", "/try/missing?x=1", "/try/%2e%2e/x", "/try"):
        yield Case("try", target)
    yield Case("try", "/try/missing", "Range: bytes=0-3")
    yield Case("try", "/try/missing", method="HEAD")


def encodings() -> Iterator[Case]:
    for target in ("/gz/both.js", "/gz/plain.js", "/gz/only.css"):
        for accepted in ("gzip", "gzip, deflate, br", "*", "identity", "gzip;q=0", "gzip;q=0.5",
                         "gzip;q=1.0, identity;q=0.5",
                         "deflate", "x-gzip", "", "gzip;q=0.001", "GZIP"):
            yield Case("encoding", target, f"Accept-Encoding: {accepted}")
    yield Case("encoding", "/gz/both.js")
    yield Case("encoding", "/gz/both.js", "Accept-Encoding: gzip", "HEAD")
    yield Case("encoding", "/gz/both.js", "Accept-Encoding: gzip|Range: bytes=0-9")
    yield Case("encoding", "/gz/both.js.gz")


# The last three name a weight that is none, a list with holes, and nothing at all.
ACCEPTED = [
    "gzip", "gzip, deflate, br", "br, gzip;q=0.5", "zstd, br;q=0.9, gzip;q=0.8", "*", "*;q=0", "identity",
    "gzip;q=0", "gzip;q=0, *", "identity;q=0", "identity;q=0, gzip", "identity;q=0, *;q=0", "gzip;q=0.5, identity;q=1",
    "*;q=0, gzip;q=1", "gzip;q=0.001", "x-gzip", "deflate", "GZIP", "gzip;q=1.5", "gzip, , br", "",
]


def live_encodings() -> Iterator[Case]:
    """What is compressed on the way."""
    for target in ("/live/page.html", "/live/data.json"):
        for accepted in ACCEPTED:
            yield Case("live", target, f"Accept-Encoding: {accepted}")
        yield Case("live", target)
        yield Case("live", target, "Accept-Encoding: br|Accept-Encoding: gzip")
    for target in ("/live/tiny.html", "/live/picture.png", "/live/empty.html", "/live/missing", "/live/"):
        for accepted in ("gzip", "identity"):
            yield Case("live", target, f"Accept-Encoding: {accepted}")
    for target in ("/live/page.html", "/live/tiny.html"):
        yield Case("live", target, "Accept-Encoding: gzip", "HEAD")
        yield Case("live", target, "Accept-Encoding: gzip|Range: bytes=0-9")
        yield Case("live", target, "Accept-Encoding: gzip|Range: bytes=0-9|If-Range: {etag}")
        yield Case("live", target, "Accept-Encoding: gzip|Cache-Control: no-transform")
        for condition in ("If-None-Match: {etag}", "If-None-Match: {weak_etag}", 'If-None-Match: "other"',
                          "If-Modified-Since: {modified}", "If-Match: {etag}", 'If-Match: "other"'):
            yield Case("live", target, f"Accept-Encoding: gzip|{condition}")
    yield Case("live", "/live/page.html", "Accept-Encoding: gzip|Via: 1.1 somebody")
    for accepted in ("gzip", "br", "identity"):
        yield Case("live", "/fixed/page.html", f"Accept-Encoding: {accepted}")


def many_codings() -> Iterator[Case]:
    """The same with all that Weir can write; nginx knows gzip alone."""
    for accepted in ("gzip", "br", "zstd", "gzip, br", "gzip, br, zstd", "br;q=0.1, gzip", "zstd;q=0, br, gzip;q=0.1",
                     "*", "br;q=0, *", "identity"):
        yield Case("codings", "/all/page.html", f"Accept-Encoding: {accepted}")


def ready_made() -> Iterator[Case]:
    """Precompressed siblings, asked for in every way."""
    for target in ("/gz/both.js", "/gz/plain.js"):
        for accepted in ACCEPTED:
            yield Case("ready", target, f"Accept-Encoding: {accepted}")
    for fields in ("If-None-Match: {etag}", "If-None-Match: {weak_etag}", "If-Modified-Since: {modified}",
                   "If-Match: {etag}", "Cache-Control: no-transform", "Range: bytes=0-9", "Range: bytes=900000-"):
        yield Case("ready", "/gz/both.js", f"Accept-Encoding: gzip|{fields}")
    yield Case("ready", "/gz/both.js", "Accept-Encoding: gzip", "HEAD")
    yield Case("ready", "/gz/both.js?x=1", "Accept-Encoding: gzip")
    yield Case("ready", "/gz/both.js/", "Accept-Encoding: gzip")


def error_pages() -> Iterator[Case]:
    """Pages of one's own for errors, by status."""
    for target in ("/errors/missing", "/errors/missing?x=1", "/errors/a/b/c", "/errors/.hidden", "/errors/bare/"):
        for method in ("GET", "HEAD"):
            yield Case("error page", target, method=method)
    for fields in ("Range: bytes=900000-", 'If-Match: "other"', "If-Unmodified-Since: Thu, 01 Jan 1970 00:00:00 GMT",
                   "Range: bytes=0-3", 'If-None-Match: "other"'):
        yield Case("error page", "/errors/there.txt", fields)
        yield Case("error page", "/errors/missing", fields)
    for method in ("POST", "PUT", "DELETE"):
        yield Case("error page", "/errors/there.txt", method=method)
        yield Case("error page", "/errors/missing", method=method)
    for accept in ("text/html", "*/*", "text/html, application/json;q=0.5", "application/json", "text/plain",
                   "image/png"):
        yield Case("error page", "/errors/missing", f"Accept: {accept}")
    for fields in ("Accept-Encoding: gzip", "If-None-Match: *", "If-Modified-Since: Fri, 31 Dec 2100 23:59:59 GMT"):
        yield Case("error page", "/errors/missing", fields)
    yield Case("error page", "/gone/")
    yield Case("error page", "/gone/x", method="HEAD")


def methods() -> Iterator[Case]:
    for method in ("HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "PROPFIND", "MADEUP"):
        for target in ("/digits.txt", "/missing", "/indexed/"):
            yield Case("method", target, method=method)


def odd_paths() -> Iterator[Case]:
    for target in (
            "/digits.txt?", "/digits.txt?a=b", "/digits%2etxt", "/digits%2Etxt", "//digits.txt", "/./digits.txt",
            "/a/../digits.txt",
            "/../digits.txt", "/..", "/../../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "/..%2f..%2fetc/passwd",
            "/..%5c..%5cetc",
            "/indexed/..%2fdigits.txt", "/indexed%2findex.html", "/digits.txt%00", "/digits.txt%00.html", "/%00",
            "/%", "/%zz", "/%2",
            "/with%20space/a%20b.txt", "/with+space/a+b.txt", "/umlaut-%C3%A4.txt", "/umlaut-%c3%a4.txt",
            "/umlaut-%E4.txt",
            "/percent%25.txt", "/percent%2525.txt", "/plus+plus.txt", "/plus%2Bplus.txt", "/a%3Fb.txt", "/a%23b.txt",
            "/a;b.txt",
            "/a:b.txt", "/.hidden", "/.git/config", "/.well-known/security.txt", "/indexed/.hidden", "/link-inside",
            "/link-outside",
            "/link-absolute", "/loop", "/link-directory/index.html", "/unreadable.txt", "/pipe", "/DIGITS.TXT",
            "/digits.txt.",
            "/digits.txt/..", "/digits.txt/x", "/" + "a" * 300, "/" + "a/" * 500, "/no-extension", "/unknown.xyz",
            "/style.css",
            "/data.json", "/page.HTML", "/archive.tar.gz", "/indexed//index.html", "/indexed/./index.html",
            "/indexed/../indexed/"):
        yield Case("path", target)


KINDS: list[Callable[[], Iterator[Case]]] = [ranges, if_range, conditions, directories, tries, encodings,
                                             live_encodings, many_codings, ready_made, error_pages, methods, odd_paths]


def all_cases() -> list[Case]:
    return [case for kind in KINDS for case in kind()]
