"""HTTP/1.1 as plain as it gets, for both of Weir's neighbours: a peer reads heads and bodies from a socket.

It is exact where the tests look (lengths, chunks, ends) and has no opinion elsewhere; tests/wire looks at every byte.
"""

from __future__ import annotations

import socket
from dataclasses import dataclass, field
from collections.abc import Callable, Iterator

from .waiting import STEP_SECONDS

PIECE_BYTES = 1 << 18


class Cut(Exception):
    """The connection ended (EOF) where more of a message had to come; `begun` says whether anything had."""

    def __init__(self, begun: bool):
        super().__init__("the connection ended in the middle of a message" if begun else "the connection ended")
        self.begun = begun


@dataclass
class Head:
    line: str
    fields: dict[str, str] = field(default_factory=dict)  # names in lower case; repeated ones joined by comma

    @property
    def status(self) -> int:
        return int(self.line.split(" ", 2)[1])

    @property
    def target(self) -> str:
        return self.line.split(" ")[1]

    @property
    def method(self) -> str:
        return self.line.split(" ")[0]

    def says_close(self) -> bool:
        return "close" in self.fields.get("connection", "").lower()


@dataclass
class Response:
    head: Head
    body: bytes

    @property
    def status(self) -> int:
        return self.head.status

    @property
    def fields(self) -> dict[str, str]:
        return self.head.fields

    def text(self) -> str:
        return self.body.decode("utf-8", "replace")


def parse_head(raw: bytes) -> Head:
    first, *lines = raw.decode("latin-1").split("\r\n")
    head = Head(first)
    for line in lines:
        name, _, value = line.partition(":")
        name = name.lower()
        head.fields[name] = f"{head.fields[name]}, {value.strip()}" if name in head.fields else value.strip()
    return head


class Peer:
    """One end of a connection."""

    def __init__(self, connected: socket.socket, seconds: float = STEP_SECONDS):
        self.socket = connected
        self.socket.settimeout(seconds)
        self.unread = bytearray()
        self.begun = False

    def __enter__(self) -> Peer:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self.socket.close()

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def receive(self) -> bytes:
        """The next bytes; empty at the end."""
        if self.unread:
            data, self.unread = bytes(self.unread), bytearray()
            return data
        return self.socket.recv(PIECE_BYTES)

    def fill(self) -> None:
        data = self.socket.recv(PIECE_BYTES)
        if not data:
            raise Cut(self.begun)
        self.begun = True
        self.unread += data

    def line(self) -> bytes:
        while (at := self.unread.find(b"\r\n")) < 0:
            self.fill()
        data = bytes(self.unread[:at])
        del self.unread[:at + 2]
        return data

    def read_head(self) -> Head:
        self.begun = bool(self.unread)
        while (at := self.unread.find(b"\r\n\r\n")) < 0:
            self.fill()
        raw = bytes(self.unread[:at])
        del self.unread[:at + 4]
        return parse_head(raw)

    def exactly(self, count: int) -> Iterator[bytes]:
        while count > 0:
            if not self.unread:
                self.fill()
            data = bytes(self.unread[:count])
            del self.unread[:count]
            count -= len(data)
            yield data

    def take(self, count: int) -> bytes:
        return b"".join(self.exactly(count))

    def body(self, head: Head, until_close: bool = False) -> Iterator[bytes]:
        if "chunked" in head.fields.get("transfer-encoding", "").lower():
            while size := int(self.line().split(b";")[0], 16):
                yield from self.exactly(size)
                self.line()
            while self.line():
                pass
        elif "content-length" in head.fields:
            yield from self.exactly(int(head.fields["content-length"]))
        elif until_close:
            while data := self.receive():
                yield data

    def at_end(self) -> bool:
        """Waits for the other side; whether it ended the connection in an orderly way and without another byte."""
        return not self.unread and self.socket.recv(1) == b""


class Client(Peer):
    """A client's connection to "host:port" or to a unix socket's path."""

    def __init__(self, address: str, seconds: float = STEP_SECONDS, receive_buffer: int = 0):
        if address.startswith("/"):
            connected = socket.socket(socket.AF_UNIX)
        else:
            connected = socket.socket(socket.AF_INET)
            connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if receive_buffer:
            connected.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        connected.settimeout(seconds)
        try:
            connected.connect(address if address.startswith("/") else place(address))
        except BaseException:
            connected.close()
            raise
        super().__init__(connected, seconds)

    def request(self, target: str, method: str = "GET", fields: str = "", body: bytes = b"") -> None:
        length = f"Content-Length: {len(body)}\r\n" if body or method == "POST" else ""
        self.send(f"{method} {target} HTTP/1.1\r\nHost: weir.test\r\n{length}{fields}\r\n".encode() + body)

    def response(self, to_head: bool = False) -> Response:
        while (head := self.read_head()).status < 200 and head.status != 101:
            pass
        bodiless = to_head or head.status in (101, 204, 304)
        return Response(head, b"" if bodiless else b"".join(self.body(head, until_close=True)))

    def ask(self, target: str, method: str = "GET", fields: str = "", body: bytes = b"") -> Response:
        self.request(target, method, fields, body)
        return self.response(method == "HEAD")


def place(address: str) -> tuple[str, int]:
    host, _, port = address.rpartition(":")
    return host, int(port)


def ask(address: str, target: str, method: str = "GET", fields: str = "", body: bytes = b"") -> Response:
    """One request on a connection of its own."""
    with Client(address) as client:
        return client.ask(target, method, fields + "Connection: close\r\n", body)


Handler = Callable[[Peer, Head], None]
