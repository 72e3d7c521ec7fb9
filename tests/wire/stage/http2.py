"""A client that speaks HTTP/2: frames in, frames out, streams in the order in which they are begun.

Idea: `request`, `begin`, `data` and `expect` are the usual conversation; `head` and `frame` write whatever a page
likes, so that it can break each rule of RFC 9113 in its own place. Steps are about the stream begun last, or the one
that `on 3` turns to. What the gateway sends is sorted by stream as it is read; settings and pings are answered, and
credit for content is given back unless the page says `stingy`. Heads are written as literals, so that a page knows
their bytes; the gateway's are read with an independent decoder (hpack).
"""

from __future__ import annotations

import dataclasses
import struct
import sys

try:
    import hpack
except ImportError:                                        # another Python than Debian's, whose packages lie here
    sys.path.append("/usr/lib/python3/dist-packages")
    import hpack

from . import steps
from .page import Step
from .text import PageError, pattern, quote, show, size_of, split_string, unescape
from .wire import Connection, Failure

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, PRIORITY, RESET, SETTINGS, PUSH, PING, GOAWAY, WINDOW, CONTINUATION = range(10)
END_STREAM, ACK, END_HEADERS, PADDED, PRIORITISED = 0x1, 0x1, 0x4, 0x8, 0x20
CODES = ["no_error", "protocol_error", "internal_error", "flow_control_error", "settings_timeout", "stream_closed",
         "frame_size_error", "refused_stream", "cancel", "compression_error", "connect_error", "enhance_your_calm"]
CONNECTION_FIELDS = {"connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade"}


@dataclasses.dataclass
class Stream:
    """What has come on one stream, and no step has asked for yet."""
    heads: list[list[tuple[str, bytes]]] = dataclasses.field(default_factory=list)
    content: bytearray = dataclasses.field(default_factory=bytearray)
    ended: bool = False
    reset: int | None = None


class Peer:
    """The connection as the client sees it."""

    def __init__(self) -> None:
        self.decoder = hpack.Decoder()
        self.streams: dict[int, Stream] = {}
        self.block = bytearray()
        self.block_of = (0, 0)
        self.next = 1
        self.current = 0
        self.goaways: list[tuple[int, int]] = []
        self.pongs = 0
        self.settings: dict[int, int] = {}
        self.stingy = False
        self.taken_back: set[int] = set()

    def stream(self, number: int) -> Stream:
        return self.streams.setdefault(number, Stream())


# --- writing -------------------------------------------------------------------------------------

def frame_bytes(kind: int, flags: int, stream: int, payload: bytes = b"") -> bytes:
    return struct.pack(">I", len(payload))[1:] + struct.pack(">BBI", kind, flags, stream) + payload


def literal(name: bytes, value: bytes) -> bytes:
    """A field without indexing and without Huffman coding (RFC 7541 section 6.2.2)."""
    return b"\0" + sized(name) + sized(value)


def sized(text: bytes) -> bytes:
    if len(text) < 127:
        return bytes([len(text)]) + text
    left, out = len(text) - 127, bytearray([127])
    while left >= 128:
        out.append(left % 128 + 128)
        left //= 128
    return bytes(out) + bytes([left]) + text


def open_connection(connection: Connection, settings: bytes = b"") -> None:
    connection.peer = Peer()
    connection.send(PREFACE + frame_bytes(SETTINGS, 0, 0, settings))


def lines_of(lines: list[str]) -> list[tuple[bytes, bytes]]:
    found = []
    for line in lines:
        name, colon, value = line[1:].partition(":") if line.startswith(":") else line.partition(":")
        if not colon:
            raise PageError(f"expected `name: value`, found {line!r}")
        text = unescape(value[1:] if value.startswith(" ") else value)
        found.append((unescape((":" if line.startswith(":") else "") + name), text))
    return found


def send_head(connection: Connection, lines: list[tuple[bytes, bytes]], last: bool) -> None:
    peer = connection.peer
    peer.current, peer.next = peer.next, peer.next + 2
    block = b"".join(literal(name, value) for name, value in lines)
    send_block(connection, peer.current, block, END_STREAM if last else 0)


def send_block(connection: Connection, stream: int, block: bytes, flags: int) -> None:
    first, rest = block[:16_384], block[16_384:]
    out = frame_bytes(HEADERS, flags | (0 if rest else END_HEADERS), stream, first)
    while rest:
        part, rest = rest[:16_384], rest[16_384:]
        out += frame_bytes(CONTINUATION, 0 if rest else END_HEADERS, stream, part)
    connection.send(out)


def begin(connection: Connection, step: Step, last: bool = False) -> None:
    """`begin POST /x`: a head that content follows."""
    method, _, path = step.rest.partition(" ")
    lines = [(b":method", unescape(method)), (b":scheme", b"http"), (b":path", unescape(path))]
    fields = lines_of(step.lines)
    if not any(name in (b":authority", b"host") for name, _ in fields):
        lines.append((b":authority", steps.DEFAULT_HOST.encode()))
    send_head(connection, sorted(lines + fields, key=lambda line: not line[0].startswith(b":")), last)


def request(connection: Connection, step: Step) -> None:
    """`request GET /x ["body"]` with fields below; its length is told."""
    line, body = split_string(step.rest)
    lines = list(step.lines)
    if body is not None and not any(each.lower().startswith("content-length:") for each in lines):
        lines.append(f"content-length: {len(body)}")
    begin(connection, Step(step.line, step.word, line, lines), last=body is None)
    if body is not None:
        connection.send(frame_bytes(DATA, END_STREAM, connection.peer.current, body))


def head(connection: Connection, step: Step) -> None:
    """`head [last]`: exactly the lines below, on the next stream."""
    send_head(connection, lines_of(step.lines), step.rest == "last")


def trailing(connection: Connection, step: Step) -> None:
    """`trailing`: the fields below as trailers."""
    block = b"".join(literal(name, value) for name, value in lines_of(step.lines))
    send_block(connection, connection.peer.current, block, END_STREAM)


def data(connection: Connection, step: Step) -> None:
    """`data "bytes"`, `data last 3MiB`, `data last`: in frames of at most 16 KiB, whatever credit there is."""
    last = step.rest.split(" ")[0] == "last"
    rest = step.rest.removeprefix("last").strip()
    size = size_of(rest)
    content = pattern(size) if size is not None else steps.written_bytes(Step(step.line, "", rest, step.lines))
    parts = [content[at:at + 16_384] for at in range(0, len(content), 16_384)] or [b""]
    stream = connection.peer.current
    connection.send(b"".join(
        frame_bytes(DATA, END_STREAM if last and number == len(parts) else 0, stream, part)
        for number, part in enumerate(parts, 1)))


def frame(connection: Connection, step: Step) -> None:
    """`frame TYPE FLAGS STREAM ["payload"] [times N]`: numbers, as wrong as a page likes."""
    text, _, times = step.rest.partition(" times ")
    words, payload = split_string(text)
    kind, flags, stream = (int(word, 0) for word in words.split())
    connection.send(frame_bytes(kind, flags, stream, payload or b"") * int(times or 1))


def on(connection: Connection, step: Step) -> None:
    connection.peer.current = int(step.rest)


def cancel(connection: Connection, step: Step) -> None:
    connection.peer.taken_back.add(connection.peer.current)
    connection.send(frame_bytes(RESET, 0, connection.peer.current, struct.pack(">I", CODES.index("cancel"))))


def take_back(connection: Connection, step: Step) -> None:
    """`take_back GET /x times 600`: requests that are canceled in the same breath."""
    text, _, times = step.rest.partition(" times ")
    with connection.in_one_breath():
        for _ in range(int(times)):
            request(connection, Step(step.line, step.word, text, step.lines))
            cancel(connection, step)


def credit(connection: Connection, step: Step) -> None:
    """`credit 100`: for the stream; the connection's grows with it."""
    grown = struct.pack(">I", int(step.rest))
    connection.send(frame_bytes(WINDOW, 0, connection.peer.current, grown) + frame_bytes(WINDOW, 0, 0, grown))


def settings(connection: Connection, step: Step) -> None:
    """`settings window 10`, `settings streams 1`."""
    names = {"table": 1, "push": 2, "streams": 3, "window": 4, "frame": 5, "head": 6}
    words = step.rest.split()
    told = b"".join(struct.pack(">HI", names[name], int(value)) for name, value in zip(words[::2], words[1::2]))
    connection.send(frame_bytes(SETTINGS, 0, 0, told))


def stingy(connection: Connection, step: Step) -> None:
    connection.peer.stingy = True


# --- reading -------------------------------------------------------------------------------------

def take_frames(connection: Connection) -> Peer:
    peer = connection.peer
    while len(connection.buffer) >= 9:
        length = int.from_bytes(connection.buffer[:3], "big")
        if len(connection.buffer) < 9 + length:
            break
        kind, flags, stream = struct.unpack_from(">BBI", connection.buffer, 3)
        payload = bytes(connection.buffer[9:9 + length])
        del connection.buffer[:9 + length]
        take_frame(connection, peer, kind, flags, stream, payload)
    return peer


def take_frame(connection: Connection, peer: Peer, kind: int, flags: int, stream: int, payload: bytes) -> None:
    if peer.block_of[0] and kind != CONTINUATION:
        raise Failure("CONTINUATION", f"a frame of type {kind} in the middle of a head")
    if kind in (HEADERS, CONTINUATION):
        if kind == HEADERS:
            peer.block_of = (stream, flags)
            peer.block.clear()
        peer.block += payload
        if flags & END_HEADERS:
            take_head(peer)
    elif kind == DATA:
        of = peer.stream(stream)
        of.content += payload
        of.ended = of.ended or bool(flags & END_STREAM)
        if payload and not peer.stingy and not connection.closed_by_us:
            grown = struct.pack(">I", len(payload))
            connection.send(frame_bytes(WINDOW, 0, 0, grown) + (
                b"" if of.ended else frame_bytes(WINDOW, 0, stream, grown)))
    elif kind == RESET:
        peer.stream(stream).reset = int.from_bytes(payload, "big")
    elif kind == SETTINGS and not flags & ACK:
        for at in range(0, len(payload), 6):
            name, value = struct.unpack_from(">HI", payload, at)
            peer.settings[name] = value
        connection.send(frame_bytes(SETTINGS, ACK, 0))
    elif kind == PING:
        if flags & ACK:
            peer.pongs += 1
        else:
            connection.send(frame_bytes(PING, ACK, 0, payload))
    elif kind == GOAWAY:
        peer.goaways.append(struct.unpack_from(">II", payload))


def take_head(peer: Peer) -> None:
    stream, flags = peer.block_of
    peer.block_of = (0, 0)
    fields = [(name, value) for name, value in peer.decoder.decode(bytes(peer.block), raw=True)]
    head_lines = [(name.decode("latin-1"), bytes(value)) for name, value in fields]
    for name, value in head_lines:
        if name in CONNECTION_FIELDS or name != name.lower() or b"\n" in value or b"\r" in value:
            raise Failure("fields that HTTP/2 may carry", f"{name}: {quote(value)}")
    of = peer.stream(stream)
    of.heads.append(head_lines)
    of.ended = of.ended or bool(flags & END_STREAM)


def state(connection: Connection, number: int) -> str:
    peer = connection.peer
    of = peer.stream(number)
    reset_text = "" if of.reset is None else f", reset {code_name(of.reset)}"
    told = "\n".join(f"{name}: {quote(value)}" for each in of.heads for name, value in each)
    away = "".join(f"; going away above {last}: {code_name(code)}" for last, code in peer.goaways)
    return (f"{connection.state()}{away}; stream {number}: {'ended' if of.ended else 'open'}{reset_text}\n{told}\n"
            f"content: {show(bytes(of.content[:500]))}")


def code_name(code: int) -> str:
    return CODES[code] if code < len(CODES) else str(code)


def wait(connection: Connection, expected: str, enough) -> None:
    number = connection.peer.current
    connection.wire.wait(lambda: enough(take_frames(connection)) or connection.ended, expected,
                         lambda: state(connection, number), [connection])
    if not enough(connection.peer):
        raise Failure(expected, state(connection, number))


def expect(connection: Connection, step: Step) -> None:
    """`expect 200 ["body"]` with fields below: the next head on the stream; with a body, to the end."""
    text, body = split_string(step.rest)
    number = connection.peer.current
    of = connection.peer.stream(number)
    wait(connection, f"a {text} response", lambda peer: of.heads or of.reset is not None)
    if not of.heads:
        raise Failure(f"a {text} response", state(connection, number))
    came = of.heads.pop(0)
    if (":status", text.encode()) not in came:
        connection.wire.pump(0.05, [connection])
        take_frames(connection)
        raise Failure(f"a {text} response", str(came) + "\n" + state(connection, number))
    steps.compare_fields(came, step.lines, False, str(came).encode())
    if body is not None:
        whole(connection, body)


def whole(connection: Connection, wanted: bytes) -> None:
    number = connection.peer.current
    of = connection.peer.stream(number)
    wait(connection, "the end of the stream", lambda peer: of.ended or of.reset is not None)
    came = bytes(of.content)
    of.content.clear()
    if came != wanted or not of.ended:
        raise Failure(f"the body ({len(wanted)} bytes)\n" + show(wanted), f"{len(came)} bytes\n" + show(came))


def body(connection: Connection, step: Step) -> None:
    """`body "..."`, `body 3MiB`, `body contains "..."`."""
    word, _, rest = step.rest.partition(" ")
    if word != "contains":
        return whole(connection, b"" if word == "empty" else steps.written_bytes(step))
    of = connection.peer.stream(connection.peer.current)
    wait(connection, "the end of the stream", lambda peer: of.ended)
    if (needle := steps.strings(rest)) not in of.content:
        raise Failure(f"a body that contains {quote(needle)}", show(bytes(of.content)))
    of.content.clear()
    return None


def partial(connection: Connection, step: Step) -> None:
    wanted = steps.written_bytes(step)
    of = connection.peer.stream(connection.peer.current)
    wait(connection, "in the body\n" + show(wanted), lambda peer: len(of.content) >= len(wanted))
    came = bytes(of.content[:len(wanted)])
    del of.content[:len(wanted)]
    if came != wanted:
        raise Failure("in the body\n" + show(wanted), show(came))


def trailers(connection: Connection, step: Step) -> None:
    of = connection.peer.stream(connection.peer.current)
    wait(connection, "trailers", lambda peer: of.heads and of.ended)
    came = of.heads.pop(0)
    steps.compare_fields(came, step.lines, False, str(came).encode())
    if len(came) != len(step.lines):
        raise Failure("; ".join(step.lines), str(came))


def refused(connection: Connection, step: Step) -> None:
    """`refused protocol_error`: the stream is reset, with nothing of an answer before it that no step took."""
    number = connection.peer.current
    of = connection.peer.stream(number)
    wait(connection, f"a reset of the stream, {step.rest}", lambda peer: of.reset is not None)
    if code_name(of.reset) != step.rest or of.heads:
        raise Failure(f"a reset of the stream, {step.rest}", state(connection, number))


def goes_away(connection: Connection, step: Step) -> None:
    """`goes_away enhance_your_calm`, `goes_away no_error above 3`: the next GOAWAY."""
    wait(connection, f"GOAWAY {step.rest}", lambda peer: peer.goaways)
    last, code = connection.peer.goaways.pop(0)
    wanted, _, above = step.rest.partition(" above ")
    if code_name(code) != wanted or (above and last != int(above)):
        raise Failure(f"GOAWAY {step.rest}", f"{code_name(code)} above {last}")


def ping(connection: Connection, step: Step) -> None:
    """Asks, and waits for the answer: whatever was sent before has been read."""
    before = connection.peer.pongs
    connection.send(frame_bytes(PING, 0, 0, b"weirweir"))
    wait(connection, "an answer to PING", lambda peer: peer.pongs > before)


def silent(connection: Connection, step: Step) -> None:
    """Nothing more has come on the stream than steps have taken."""
    of = connection.peer.stream(connection.peer.current)
    ping(connection, step)
    if of.heads or of.content or of.reset is not None:
        raise Failure("a silent stream", state(connection, connection.peer.current))


def closed(connection: Connection, step: Step) -> None:
    connection.wire.wait(lambda: take_frames(connection) and connection.ended, "the gateway to close the connection",
                         lambda: state(connection, connection.peer.current), [connection])
    if connection.was_reset:
        raise Failure("an orderly close", "a reset")


def look_around(connection: Connection) -> None:
    take_frames(connection)
    for number, of in connection.peer.streams.items():
        if number in connection.peer.taken_back:
            continue                                       # perhaps answered before that was read
        if of.heads or of.content:
            raise Failure(f"nothing on stream {number} that the page does not account for", state(connection, number))


STEPS = {
    "request": request, "begin": begin, "head": head, "trailing": trailing, "data": data, "frame": frame, "on": on,
    "cancel": cancel, "take_back": take_back, "credit": credit, "settings": settings, "stingy": stingy,
    "expect": expect, "body": body, "partial": partial, "trailers": trailers, "refused": refused,
    "goes_away": goes_away, "ping": ping, "silent": silent, "closed": closed, "gone": steps.gone, "send": steps.send,
    "close": lambda connection, step: connection.close(),
    "abort": lambda connection, step: connection.close(abort=True),
}
