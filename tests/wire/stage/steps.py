"""What each step does, one small function a step, grouped by who may take it.

A step either holds, perhaps after waiting, or raises Failure with what was expected and what came.
"""

from __future__ import annotations

import http
import re
import time

from . import message
from .message import BodyReader, Head
from .page import Step
from .text import PageError, pattern, quote, show, size_of, split_string, strings, unescape
from .wire import Connection, Failure

DEFAULT_HOST = "weir.test"


# --- writing -----------------------------------------------------------------------------------

def written_bytes(step: Step) -> bytes:
    size = size_of(step.rest)
    return pattern(size) if size is not None else strings(" ".join([step.rest, *step.lines]))


def send(connection: Connection, step: Step) -> None:
    slowly = step.rest == "slowly" or step.rest.startswith("slowly ")
    plain = Step(step.line, step.word, step.rest[len("slowly"):].strip() if slowly else step.rest, step.lines)
    data = written_bytes(plain)
    note_methods(connection, data)
    (connection.send_slowly if slowly else connection.send)(data)


def note_methods(connection: Connection, data: bytes) -> None:
    """Remembers HEAD and CONNECT, whose responses have no body whatever their fields say."""
    for found in re.finditer(rb"(?:^|\r\n\r\n)([A-Z]+) [^\r\n]* HTTP/1\.[01]\r?\n", data):
        connection.methods.append(found.group(1).decode())


def request(connection: Connection, step: Step) -> None:
    """`request GET /x "body"` with its fields below; a bare `request` writes its lines as they are."""
    slowly = step.rest.split(" ")[0] == "slowly"
    line, body = split_string(step.rest.removeprefix("slowly").strip())
    lines = [unescape(with_cookies(connection, text)) for text in step.lines]
    if line:
        if not re.search(r" HTTP/\d\.\d$", line):
            line += " HTTP/1.1"
            if not has_field(lines, b"host"):
                lines.insert(0, b"Host: " + DEFAULT_HOST.encode())
        lines.insert(0, unescape(line))
    if body is not None and not has_field(lines, b"content-length", b"transfer-encoding"):
        lines.append(b"Content-Length: %d" % len(body))
    connection.methods.append(lines[0].split(b" ")[0].decode("latin-1"))
    data = b"\r\n".join(lines) + b"\r\n\r\n" + (body or b"")
    (connection.send_slowly if slowly else connection.send)(data)


def with_cookies(connection: Connection, text: str) -> str:
    """`${cookie NAME}` is `NAME=VALUE` as an answer on this page set it last."""
    def one(found: re.Match) -> str:
        if found.group(1) not in connection.wire.cookies:
            raise PageError(f"no answer has set a cookie {found.group(1)}")
        return f"{found.group(1)}={connection.wire.cookies[found.group(1)]}"

    return re.sub(r"\$\{cookie ([^}]+)\}", one, text)


def keep_cookies(connection: Connection, head: Head) -> None:
    for field, value in head.fields:
        if field == "set-cookie":
            name, _, rest = value.decode("latin-1").partition("=")
            connection.wire.cookies[name] = rest.split(";")[0]


def respond(connection: Connection, step: Step) -> None:
    """`respond 200 "body"` is a whole message; with framing fields below, the page sends the body."""
    line, body = split_string(step.rest)
    lines = [unescape(text) for text in step.lines]
    status = int(line)
    # 101, 204 and 304 have no body and need no length; the others get one unless the page frames them.
    may_have_body = status >= 200 and status not in (204, 304)
    framed = has_field(lines, b"content-length", b"transfer-encoding")
    if not framed and (body is not None or may_have_body):
        lines.append(b"Content-Length: %d" % len(body or b""))
    lines.insert(0, f"HTTP/1.1 {status} {reason_phrase(status)}".encode())
    connection.send(b"\r\n".join(lines) + b"\r\n\r\n" + (body or b""))


def reason_phrase(status: int) -> str:
    try:
        return http.HTTPStatus(status).phrase
    except ValueError:
        return "Unknown"


def has_field(lines: list[bytes], *names: bytes) -> bool:
    return any(line.lower().startswith(name + b":") for line in lines for name in names)


# --- reading heads -------------------------------------------------------------------------------

def read_head(connection: Connection, expected: str, is_response: bool) -> Head:
    finish_body(connection)
    connection.wait(lambda: b"\r\n\r\n" in connection.buffer, expected)
    end = connection.buffer.index(b"\r\n\r\n") + 4
    raw = bytes(connection.buffer[:end])
    del connection.buffer[:end]
    return message.parse_head(raw, is_response)


def expect(connection: Connection, step: Step) -> None:
    """`expect [exactly] STATUS [reason_code] ["body"]` with fields below. Returns the reason code."""
    text, body = split_string(step.rest)
    words = text.split()
    exactly = words[0] == "exactly"
    status = int(words[1] if exactly else words[0])
    expected = f"a {status} response"
    head = read_head(connection, expected, is_response=True)
    if head.status != status:
        take_rest_for_report(connection, head)
        raise Failure(expected, show(head.raw + bytes(connection.body.data if connection.body else b"")))
    if status < 200 and status != 101:
        connection.body, connection.body_taken = BodyReader("none"), True
    else:
        method = connection.methods.pop(0) if connection.methods else "GET"
        connection.body = message.response_framing(head, method)
        connection.body_taken = False
    compare_fields(head.fields, step.lines, exactly, head.raw)
    keep_cookies(connection, head)
    if body is not None:
        compare_body(connection, body)


def take_rest_for_report(connection: Connection, head: Head) -> None:
    """The body of an unexpected response often says why."""
    try:
        connection.body = message.response_framing(head, "GET")
        connection.wire.pump(0.05, [connection])
        connection.body.feed(connection.buffer, connection.ended)
    except message.Malformed:
        pass


def receive(connection: Connection, step: Step) -> None:
    """`receive [exactly] METHOD TARGET ["body"]` with fields below, as the origin sees them."""
    text, body = split_string(step.rest)
    exactly = text.startswith("exactly ")
    line = text.removeprefix("exactly ") + " HTTP/1.1"
    head = read_head(connection, f"the request {line}", is_response=False)
    connection.body, connection.body_taken = message.request_framing(head), False
    if head.first != unescape(line):
        raise Failure(f"the request line {line}", show(head.raw))
    lines = list(step.lines)
    if exactly and not any(each.lower().startswith("host:") for each in lines):
        lines.append(f"host: {DEFAULT_HOST}")
    compare_fields(head.fields, lines, exactly, head.raw)
    if body is not None:
        compare_body(connection, body)


def compare_fields(fields: list[tuple[str, bytes]], lines: list[str], exactly: bool, raw: bytes) -> None:
    """Lines are `name: value`, `name: *` (present), `name: ~ pattern`, `- name` (absent).

    A name given n times means exactly these n field lines, in this order; given once, several lines
    that came are first joined by ", ", which RFC 9110 5.3 calls the same.
    """
    wanted: dict[str, list[str]] = {}
    for line in lines:
        if line.startswith("- "):
            name = line[2:].strip().lower()
            if any(field == name for field, _ in fields):
                raise Failure(f"no field {name}", show(raw))
            wanted.setdefault(name, [])
        else:
            name, colon, value = line.partition(":")
            if not colon:
                raise PageError(f"expected `name: value`, found {line!r}")
            wanted.setdefault(name.strip().lower(), []).append(value.strip())
    for name, values in wanted.items():
        came = [value for field, value in fields if field == name]
        if len(values) == 1 and len(came) > 1:
            came = [b", ".join(came)]
        if len(came) != len(values) or not all(value_matches(a, b) for a, b in zip(values, came)):
            raise Failure(" and ".join(f"{name}: {value}" for value in values) or f"no field {name}", show(raw))
    if exactly:
        for name, _ in fields:
            if name not in wanted and name not in message.OWN_FIELDS:
                raise Failure(f"no field {name} (exactly the fields written)", show(raw))


def value_matches(wanted: str, came: bytes) -> bool:
    if wanted == "*":
        return True
    if wanted.startswith("~ "):
        return re.fullmatch(wanted[2:].strip(), came.decode("latin-1")) is not None
    return unescape(wanted) == came


# --- reading bodies ------------------------------------------------------------------------------

def wait_body(connection: Connection, expected: str, enough) -> BodyReader:
    """Feeds the current body until `enough(reader)`; the connection's end before that is a failure."""
    reader = connection.body
    if reader is None:
        raise PageError("no message whose body could be read")

    def fed() -> bool:
        reader.feed(connection.buffer, connection.ended)
        return enough(reader)

    connection.wire.wait(lambda: fed() or connection.ended, expected, lambda: so_far(connection), [connection])
    if not fed():
        raise Failure(expected, so_far(connection))
    return reader


def so_far(connection: Connection) -> str:
    return f"{connection.state()}; of the body:\n{show(bytes(connection.body.data))}"


def compare_body(connection: Connection, wanted: bytes) -> None:
    reader = wait_body(connection, "the body\n" + show(wanted), lambda reader: reader.complete)
    came = bytes(reader.data)
    reader.data.clear()
    connection.body_taken = True
    if came != wanted:
        raise Failure(f"the body ({len(wanted)} bytes)\n" + show(wanted), f"{len(came)} bytes\n" + show(came))


def body(connection: Connection, step: Step) -> None:
    word, _, rest = step.rest.partition(" ")
    if word == "empty":
        return compare_body(connection, b"")
    if word == "cut":
        return body_cut(connection, rest)
    if word in ("contains", "matches", "lacks"):
        reader = wait_body(connection, "a whole body", lambda reader: reader.complete)
        came = bytes(reader.data)
        reader.data.clear()
        connection.body_taken = True
        needle = strings(rest)
        found = re.search(needle, came) is not None if word == "matches" else needle in came
        if found == (word == "lacks"):
            raise Failure(f"a body that {word} {quote(needle)}", show(came))
        return None
    return compare_body(connection, written_bytes(step))


def body_cut(connection: Connection, rest: str) -> None:
    """The connection must end before the body is whole: the only way HTTP/1.1 has to say so."""
    expected = "a body that is cut short"
    reader = connection.body

    def fed() -> bool:
        reader.feed(connection.buffer, connection.ended and reader.framing != "close")
        return connection.ended or reader.complete

    connection.wire.wait(fed, expected, lambda: so_far(connection), [connection])
    fed()
    if reader.complete:
        raise Failure(expected, f"a whole body:\n{show(bytes(reader.data))}")
    if reader.framing == "close" and not connection.was_reset:
        raise Failure(expected, "a close-delimited body that seems whole")
    if rest and bytes(reader.data) != strings(rest):
        raise Failure(f"a body cut after {rest}", show(bytes(reader.data)))
    reader.data.clear()
    connection.body_taken = True
    reader.complete = True


def partial(connection: Connection, step: Step) -> None:
    """The next bytes of a body whose rest may not exist yet: shows that it streams."""
    wanted = written_bytes(step)
    reader = wait_body(connection, "in the body\n" + show(wanted), lambda reader: len(reader.data) >= len(wanted))
    came = bytes(reader.data[:len(wanted)])
    del reader.data[:len(wanted)]
    if came != wanted:
        raise Failure("in the body\n" + show(wanted), show(came))


def trailers(connection: Connection, step: Step) -> None:
    reader = wait_body(connection, "the trailers", lambda reader: reader.complete)
    wanted = [line.partition(":") for line in step.lines]
    came = reader.trailers
    same = len(wanted) == len(came) and all(
        name.strip().lower() == field and value_matches(text.strip(), value)
        for (name, _, text), (field, value) in zip(wanted, came))
    if not same:
        raise Failure("the trailers " + ("; ".join(step.lines) or "none"), str(came))


def finish_body(connection: Connection) -> None:
    """What the page did not look at must still be well-formed and whole."""
    if connection.body is not None and not connection.body.complete:
        wait_body(connection, "the rest of the body", lambda reader: reader.complete)
    connection.body = None


# --- raw bytes and ends --------------------------------------------------------------------------

def raw_bytes(connection: Connection, step: Step) -> None:
    wanted = written_bytes(step)
    connection.wait(lambda: len(connection.buffer) >= len(wanted), "the bytes\n" + show(wanted))
    came = bytes(connection.buffer[:len(wanted)])
    del connection.buffer[:len(wanted)]
    if came != wanted:
        raise Failure("the bytes\n" + show(wanted), show(came))


def closed(connection: Connection, step: Step) -> None:
    finish_body(connection)
    connection.wait(lambda: connection.ended, "the gateway to close the connection")
    if connection.was_reset:
        raise Failure("an orderly close", "a reset")
    expect_nothing_left(connection)


def reset(connection: Connection, step: Step) -> None:
    connection.wait(lambda: connection.ended, "the gateway to reset the connection")
    if not connection.was_reset:
        raise Failure("a reset", "an orderly close")


def gone(connection: Connection, step: Step) -> None:
    connection.wait(lambda: connection.ended, "the gateway to close or reset the connection")
    connection.buffer.clear()
    connection.body = None


def still_open(connection: Connection, step: Step) -> None:
    """A look without waiting: a request that follows on the same connection is the better proof."""
    finish_body(connection)
    connection.wire.pump(0, [connection])
    if connection.ended or connection.buffer:
        raise Failure("an open and silent connection", connection.state())


def expect_nothing_left(connection: Connection) -> None:
    if connection.buffer and not connection.ignored:
        raise Failure("no further bytes", show(bytes(connection.buffer)))


def stalled(connection: Connection, step: Step) -> None:
    """Bytes are left that the gateway does not take: waits until none has moved for a while."""
    left, quiet_since = -1, time.monotonic()
    while time.monotonic() - quiet_since < 0.2:
        connection.wire.pump(0.02)
        if len(connection.out) != left:
            left, quiet_since = len(connection.out), time.monotonic()
    if not left:
        raise Failure("a writer that is held back", "a gateway that took every byte")


def ignore(connection: Connection, step: Step) -> None:
    connection.ignored = True


PEER = {
    "send": send, "request": request, "respond": respond, "expect": expect, "receive": receive,
    "body": body, "partial": partial, "trailers": trailers, "bytes": raw_bytes,
    "closed": closed, "reset": reset, "gone": gone, "open": still_open, "ignore": ignore, "stalled": stalled,
    "close": lambda connection, step: connection.close(),
    "abort": lambda connection, step: connection.close(abort=True),
    "shutdown": lambda connection, step: connection.shut_down(),
}
