"""What the gateway wrote, read without mercy.

Problem: a lenient reader hides what a gateway gets wrong.
Idea: everything that comes from the gateway, on either side, must be in canonical form: CRLF line
ends, `name: value` with exactly one space, one framing, HTTP/1.1, chunk sizes without decoration.
A page that passes has therefore checked this for each message that it saw.
"""

from __future__ import annotations

import dataclasses
import re

from .text import quote, show

TOKEN = rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
FIELD = re.compile(rb"(" + TOKEN + rb"):(?: (.*))?$", re.S)
STATUS_LINE = re.compile(rb"HTTP/1\.1 (\d{3}) ([\t\x20-\x7e\x80-\xff]*)$")
REQUEST_LINE = re.compile(rb"(" + TOKEN + rb") (\S+) (HTTP/1\.1)$")

# Fields a gateway adds by itself. An exact comparison leaves them aside unless the page names
# them: the pages in forwarded/ do.
OWN_FIELDS = {
    "via", "forwarded", "x-forwarded-for", "x-forwarded-proto", "x-forwarded-host",
    "x-forwarded-port", "x-request-id", "cdn-loop", "date", "server",
}


class Malformed(Exception):
    """The gateway wrote something that is not canonical HTTP/1.1."""


@dataclasses.dataclass
class Head:
    first: bytes                          # request line or status line
    fields: list[tuple[str, bytes]]       # names in lower case, in the order they came
    raw: bytes

    def values(self, name: str) -> list[bytes]:
        return [value for field, value in self.fields if field == name.lower()]

    @property
    def status(self) -> int:
        return int(self.first[9:12])


def parse_head(raw: bytes, is_response: bool) -> Head:
    """`raw` ends with the empty line."""
    lines = raw[:-4].split(b"\r\n")
    first = lines[0]
    form = STATUS_LINE if is_response else REQUEST_LINE
    if not form.match(first):
        raise Malformed(f"a canonical {'status' if is_response else 'request'} line, not {quote(first)}")
    fields = parse_fields(lines[1:])
    head = Head(first, fields, raw)
    lengths, codings = head.values("content-length"), head.values("transfer-encoding")
    if len(lengths) + len(codings) > 1:
        raise Malformed("one framing, not\n" + show(raw))
    if lengths and not lengths[0].isdigit():
        raise Malformed(f"a content-length of digits, not {quote(lengths[0])}")
    if codings and codings[0].lower() != b"chunked":
        raise Malformed(f"transfer-encoding: chunked, not {quote(codings[0])}")
    return head


def parse_fields(lines: list[bytes]) -> list[tuple[str, bytes]]:
    fields = []
    for line in lines:
        found = FIELD.match(line)
        value = (found.group(2) or b"") if found else b""
        if not found or value != value.strip(b" \t") or re.search(rb"[\r\n\0]", value):
            raise Malformed(f"a canonical field line, not {quote(line)}")
        fields.append((found.group(1).decode().lower(), value))
    return fields


class BodyReader:
    """Takes one body from a growing buffer, in any of the three framings.

    Invariants
      (1) `data` holds what has been decoded and not yet been taken by a step.
      (2) once `complete`, no byte after the body has been consumed from the buffer.
    """

    def __init__(self, framing: str, length: int = 0):
        self.framing = framing                    # none, length, chunked, close
        self.left = length
        self.data = bytearray()
        self.trailers: list[tuple[str, bytes]] = []
        self.complete = framing == "none" or (framing == "length" and length == 0)
        self.in_trailers = False
        self.chunk_left = -1                      # -1: a size line comes next

    def feed(self, buffer: bytearray, ended: bool) -> None:
        if self.complete:
            return
        if self.framing == "length":
            self.take(buffer, self.left)
            self.complete = self.left == 0
        elif self.framing == "close":
            self.take(buffer, len(buffer))
            self.complete = ended
        else:
            self.feed_chunks(buffer)

    def take(self, buffer: bytearray, most: int) -> int:
        count = min(most, len(buffer))
        self.data += buffer[:count]
        del buffer[:count]
        self.left -= count
        return count

    def feed_chunks(self, buffer: bytearray) -> None:
        while not self.complete:
            if self.chunk_left > 0:
                self.chunk_left -= self.take(buffer, self.chunk_left)
                if self.chunk_left > 0:
                    return
            if self.chunk_left == 0:              # the CRLF after the data
                if len(buffer) < 2:
                    return
                if buffer[:2] != b"\r\n":
                    raise Malformed(f"CRLF after chunk data, not {quote(bytes(buffer[:2]))}")
                del buffer[:2]
                self.chunk_left = -1
            end = buffer.find(b"\r\n")
            if end < 0:
                return
            line = bytes(buffer[:end])
            del buffer[: end + 2]
            if self.in_trailers:
                if line:
                    self.trailers += parse_fields([line])
                else:
                    self.complete = True
            elif not re.fullmatch(rb"[0-9a-fA-F]{1,16}", line):
                raise Malformed(f"a bare chunk size, not {quote(line)}")
            elif int(line, 16) == 0:
                self.in_trailers = True
            else:
                self.chunk_left = int(line, 16)


def response_framing(head: Head, method: str) -> BodyReader:
    """RFC 9112 6.3, for a response to `method`."""
    if method == "HEAD" or head.status < 200 or head.status in (204, 304):
        return BodyReader("none")
    if method == "CONNECT" and head.status < 300:
        return BodyReader("none")
    return framing(head, "close")


def request_framing(head: Head) -> BodyReader:
    return framing(head, "none")


def framing(head: Head, otherwise: str) -> BodyReader:
    if head.values("transfer-encoding"):
        return BodyReader("chunked")
    if head.values("content-length"):
        return BodyReader("length", int(head.values("content-length")[0]))
    return BodyReader(otherwise)
