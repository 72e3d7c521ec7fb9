"""Connections, and the one loop that moves their bytes.

Problem: three parties talk at once, yet a page should read as one sequence without locks, barriers
or sleeps.
Idea: one thread plays all parties. A step that must see something waits in `Wire.wait`; while it
waits, everything that others have still to send flows on. The order on the page is therefore the
order of events, and the kernel's buffers keep what nobody has asked for yet. A connection is read
only while a step waits on it: a party that does not act is a reader that stalls.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import selectors
import socket
import ssl
import struct
import time
from typing import Callable, Iterator

from .text import show

READ_BYTES = 1 << 18
TOLD_BYTES = 1 << 12


class Failure(Exception):
    """What a step expected and what came instead."""

    def __init__(self, expected: str, came: str):
        super().__init__(f"expected {expected}, came {came}")
        self.expected, self.came = expected, came


@dataclasses.dataclass
class Told:
    """One line of the conversation, for the report of a failure."""
    seconds: float
    who: str
    arrow: str                     # `->` towards the gateway, `<-` from it, `--` an event
    data: bytes
    left_out: int = 0


class Wire:
    def __init__(self, step_seconds: float):
        self.step_seconds = step_seconds
        self.started = time.monotonic()
        self.told: list[Told] = []
        self.connections: list[Connection] = []
        self.cookies: dict[str, str] = {}                      # as answers set them last
        self.process_gone: Callable[[], str | None] = lambda: None
        self.always: dict[int, Callable[[], None]] = {}        # descriptors read in every wait

    def tell(self, who: str, arrow: str, data: bytes) -> None:
        """Notes what happened; of long runs only the first TOLD_BYTES are kept."""
        last = self.told[-1] if self.told else None
        if not (last and last.who == who and last.arrow == arrow != "--"):
            last = Told(time.monotonic() - self.started, who, arrow, b"")
            self.told.append(last)
        last.left_out += max(0, len(last.data) + len(data) - TOLD_BYTES)
        last.data = (last.data + data[:TOLD_BYTES])[:TOLD_BYTES]

    def wait(self, done: Callable[[], bool], expected: str, came: Callable[[], str],
             reading: list | tuple = (), seconds: float | None = None) -> None:
        """Moves bytes until `done`; reads only from `reading` (connections or listeners)."""
        seconds = seconds or self.step_seconds
        deadline = time.monotonic() + seconds
        while not done():
            gone = self.process_gone()
            if gone:
                self.pump(0, reading)                          # what it said last may still be on its way
                if done():
                    return
                raise Failure(expected, gone)
            left = deadline - time.monotonic()
            if left <= 0:
                raise Failure(expected, came() + f" (waited {seconds:g} s)")
            self.pump(min(left, 0.25), reading)

    def pump(self, seconds: float, reading: list | tuple = ()) -> None:
        with selectors.DefaultSelector() as selector:
            for connection in self.connections:
                events = (selectors.EVENT_READ if connection in reading and not connection.ended else 0) | (
                    selectors.EVENT_WRITE if connection.out else 0)
                if events:
                    selector.register(connection.socket, events, connection)
            for listener in reading:
                if not isinstance(listener, Connection):
                    selector.register(listener, selectors.EVENT_READ, None)
            for descriptor, read in self.always.items():
                selector.register(descriptor, selectors.EVENT_READ, read)
            for key, events in selector.select(seconds):
                if isinstance(key.data, Connection):
                    if events & selectors.EVENT_WRITE:
                        key.data.flush()
                    if events & selectors.EVENT_READ:
                        key.data.read()
                elif key.data:
                    key.data()

    def watch(self, descriptor: int, on_bytes: Callable[[bytes], None]) -> None:
        """Calls `on_bytes` with all that `descriptor` yields, in every wait, until its end."""
        os.set_blocking(descriptor, False)

        def read() -> None:
            try:
                data = os.read(descriptor, READ_BYTES)
            except BlockingIOError:
                return
            if data:
                on_bytes(data)
            else:
                self.always.pop(descriptor, None)

        self.always[descriptor] = read


class Connection:
    """One socket with its buffers.

    Invariants
      (1) `buffer` holds bytes read and not yet taken by a step.
      (2) `ended` is set at FIN or RST, `was_reset` only at RST; nothing is read afterwards.
    """

    def __init__(self, wire: Wire, sock: socket.socket, who: str):
        self.wire, self.socket, self.who = wire, sock, who
        self.buffer, self.out = bytearray(), bytearray()
        self.ended = self.was_reset = self.closed_by_us = self.ignored = self.held = False
        self.methods: list[str] = []               # requests sent whose response has not come
        self.body = None                           # BodyReader of the message being read
        self.body_taken = True
        self.asked = None                          # fastcgi.Asked of the request being read
        self.peer = None                           # http2.Peer of a client that speaks HTTP/2
        sock.setblocking(False)
        if sock.family != socket.AF_UNIX:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        wire.connections.append(self)
        wire.tell(who, "--", b"connected")

    def read(self) -> None:
        try:
            data = self.socket.recv(READ_BYTES)
            while isinstance(self.socket, ssl.SSLSocket) and self.socket.pending():
                data += self.socket.recv(READ_BYTES)   # what no wait would tell of
        except (BlockingIOError, ssl.SSLWantReadError):
            return
        except OSError:
            self.note_reset()
            return
        if data:
            self.buffer += data
            self.wire.tell(self.who, "<-", data)
        else:
            self.ended = True
            self.wire.tell(self.who, "--", b"the gateway closed the connection")

    def note_reset(self) -> None:
        self.ended = self.was_reset = True
        self.wire.tell(self.who, "--", b"the gateway reset the connection")

    def send(self, data: bytes) -> None:
        """Queues `data`; what the kernel does not take now flows during later waits."""
        self.wire.tell(self.who, "->", data)
        self.out += data
        if not self.held:
            self.flush()

    @contextlib.contextmanager
    def in_one_breath(self) -> Iterator[None]:
        """What is sent within leaves together: the gateway finds no time to answer in between."""
        self.held = True
        yield
        self.held = False
        self.flush()

    def send_slowly(self, data: bytes) -> None:
        """One byte a segment, with a pause that lets the gateway run between most of them."""
        for index in range(len(data)):
            self.send(data[index:index + 1])
            self.wire.pump(0.0002)

    def flush(self) -> None:
        try:
            while self.out:
                del self.out[: self.socket.send(self.out[:READ_BYTES])]
        except (BlockingIOError, ssl.SSLWantWriteError, ssl.SSLWantReadError):
            pass
        except OSError:
            self.out.clear()                       # the reading side says what happened

    def shut_down(self) -> None:
        self.drain_out()
        self.socket.shutdown(socket.SHUT_WR)
        self.wire.tell(self.who, "--", b"we half-close")

    def close(self, abort: bool = False) -> None:
        if self.closed_by_us:
            return
        if abort:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        else:
            self.drain_out()
        self.wire.tell(self.who, "--", b"we reset" if abort else b"we close")
        self.socket.close()
        self.ended = self.closed_by_us = True
        self.out.clear()
        self.wire.connections.remove(self)

    def drain_out(self) -> None:
        if self.out:
            self.wire.wait(lambda: not self.out,
                           f"{self.who} to send all its bytes", lambda: f"{len(self.out)} bytes left")

    def wait(self, done: Callable[[], bool], expected: str) -> None:
        """Waits on this connection alone; its end before `done` is a failure."""

        def came() -> str:
            return self.state()

        self.wire.wait(lambda: done() or self.ended, expected, came, [self])
        if not done():
            raise Failure(expected, self.state())

    def state(self) -> str:
        end = "a reset" if self.was_reset else "the end of the connection" if self.ended else "nothing more"
        if self.buffer:
            return f"{end} after\n{show(bytes(self.buffer))}"
        return end
