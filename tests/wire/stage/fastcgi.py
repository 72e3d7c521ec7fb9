"""An origin that speaks FastCGI: what an application reads and writes, record by record.

Idea: the bytes of an application are as much on the page as those of any origin. `answer` and `receive` are the usual
conversation; `output`, `errors`, `end` and `record` write single records, so that a page can break each rule of
FastCGI 1.0 (sections 3.3, 4.2 and 8) in its own place.
"""

from __future__ import annotations

import dataclasses
import re
import struct

from . import steps
from .page import Step
from .text import PageError, pattern, quote, show, size_of, split_string, unescape
from .wire import Connection, Failure

BEGIN, END, PARAMS, STDIN, STDOUT, STDERR = 1, 3, 4, 5, 6, 7
KEEP_CONNECTION = 1
RECORD_BYTES = 65_535
HEADER = struct.Struct(">BBHHBB")


@dataclasses.dataclass
class Asked:
    """The request of a connection, as far as it has come."""
    variables: dict[str, bytes] | None = None      # None: not all of them are there
    written: bytearray = dataclasses.field(default_factory=bytearray)
    content: bytearray = dataclasses.field(default_factory=bytearray)
    complete: bool = False


# --- writing -------------------------------------------------------------------------------------

def record_bytes(kind: int, content: bytes, padding: int = 0, version: int = 1, request: int = 1,
                 length: int | None = None) -> bytes:
    size = len(content) if length is None else length
    return HEADER.pack(version, kind, request, size, padding, 0) + content + b"." * padding


def stream(kind: int, content: bytes) -> bytes:
    """As many records as it takes; none for nothing, since an empty record is the stream's end."""
    return b"".join(record_bytes(kind, content[at:at + RECORD_BYTES]) for at in range(0, len(content), RECORD_BYTES))


def end_bytes(application_status: int = 0, protocol_status: int = 0) -> bytes:
    return record_bytes(END, struct.pack(">IB3x", application_status, protocol_status))


def answer(connection: Connection, step: Step) -> None:
    """`answer "body"` with the head's lines below: output in one record if it fits, its end, the request's end."""
    _, body = split_string(step.rest)
    size = size_of(step.rest)
    content = pattern(size) if size is not None else body or b""
    head = b"".join(unescape(line) + b"\r\n" for line in step.lines or ["Content-Type: text/plain"]) + b"\r\n"
    connection.send(stream(STDOUT, head + content) + record_bytes(STDOUT, b"") + end_bytes())


def output(connection: Connection, step: Step) -> None:
    connection.send(stream(STDOUT, steps.written_bytes(step)))


def errors(connection: Connection, step: Step) -> None:
    connection.send(stream(STDERR, steps.written_bytes(step)))


def end(connection: Connection, step: Step) -> None:
    """`end [APPLICATION_STATUS [PROTOCOL_STATUS]]`."""
    connection.send(end_bytes(*(int(word) for word in step.rest.split())))


def record(connection: Connection, step: Step) -> None:
    """`record TYPE ["content"] [padding 3] [version 2] [request 2] [length 9]`."""
    found = re.match(r"(\d+)((?: \w+ \d+)*)(?: (\".*\"))?$", step.rest)
    if not found:
        raise PageError("record TYPE [padding N] [version N] [request N] [length N] [\"content\"]")
    words = found.group(2).split()
    options = {name: int(value) for name, value in zip(words[::2], words[1::2])}
    _, content = split_string(found.group(3) or '""')
    connection.send(record_bytes(int(found.group(1)), content or b"", **options))


# --- reading -------------------------------------------------------------------------------------

def take_records(connection: Connection) -> Asked:
    """Moves what has arrived into the request; a record that breaks a rule fails the page."""
    asked = connection.asked
    while not asked.complete and len(connection.buffer) >= HEADER.size:
        version, kind, request, length, padding, _ = HEADER.unpack_from(connection.buffer)
        if version != 1 or request != 1:
            raise Failure("records of version 1 and request 1", f"version {version}, request {request}")
        whole = HEADER.size + length + padding
        if len(connection.buffer) < whole:
            break
        take_record(asked, kind, bytes(connection.buffer[HEADER.size:HEADER.size + length]))
        del connection.buffer[:whole]
    return asked


def take_record(asked: Asked, kind: int, content: bytes) -> None:
    if kind == BEGIN:
        role, flags = struct.unpack(">HB5x", content)
        if (role, flags) != (1, KEEP_CONNECTION) or asked.variables is not None:
            raise Failure("BEGIN_REQUEST of a responder, to be kept", f"role {role}, flags {flags}")
    elif kind == PARAMS and asked.variables is None:
        asked.written += content
        if not content:
            asked.variables = read_variables(bytes(asked.written))
    elif kind == STDIN and asked.variables is not None:
        asked.content += content
        asked.complete = not content
    else:
        raise Failure("BEGIN_REQUEST, PARAMS, STDIN, in this order", f"a record of type {kind}")


def read_variables(data: bytes) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    at = 0
    while at < len(data):
        lengths = []
        for _ in range(2):
            short = data[at] < 128
            lengths.append(data[at] if short else struct.unpack_from(">I", data, at)[0] & 0x7FFFFFFF)
            at += 1 if short else 4
        name = data[at:at + lengths[0]].decode("latin-1")
        if name in found:
            raise Failure("each variable once", f"{name} twice")
        found[name] = data[at + lengths[0]:at + sum(lengths)]
        at += sum(lengths)
    return found


def state(connection: Connection) -> str:
    asked = connection.asked
    told = "no variables" if asked.variables is None else show_variables(asked.variables)
    return f"{connection.state()}; of the request: {told}\ncontent so far: {quote(bytes(asked.content[:300]))}"


def show_variables(variables: dict[str, bytes]) -> str:
    return "\n".join(f"{name}: {quote(value)}" for name, value in sorted(variables.items()))


def wait_request(connection: Connection, expected: str, enough) -> Asked:
    connection.wire.wait(lambda: enough(take_records(connection)) or connection.ended, expected,
                         lambda: state(connection), [connection])
    if not enough(connection.asked):
        raise Failure(expected, state(connection))
    return connection.asked


def receive(connection: Connection, step: Step) -> None:
    """`receive GET /x ["content"]`, its variables below; `receive begin ...` does not wait for the content's end."""
    line, content = split_string(step.rest)
    begun = line.startswith("begin ")
    line = line.removeprefix("begin ")
    connection.asked = Asked()
    asked = wait_request(connection, f"the request {line}",
                         lambda asked: asked.variables is not None and (begun or asked.complete))
    variables = asked.variables
    came = b" ".join((variables.get("REQUEST_METHOD", b"?"), variables.get("REQUEST_URI", b"?")))
    if came != unescape(line):
        raise Failure(f"the request {line}", show_variables(variables))
    compare_variables(variables, step.lines)
    if content is not None:
        compare_content(asked, content)


def compare_variables(variables: dict[str, bytes], lines: list[str]) -> None:
    for line in lines:
        name, _, value = line.partition(":")
        absent = line.startswith("- ")
        came = variables.get(line[2:].strip() if absent else name.strip())
        if (came is not None) if absent else (came is None or not steps.value_matches(value.strip(), came)):
            raise Failure(f"no variable {line[2:]}" if absent else line, show_variables(variables))


def content(connection: Connection, step: Step) -> None:
    """The rest of the content, to its end."""
    asked = wait_request(connection, "the end of the content", lambda asked: asked.complete)
    compare_content(asked, steps.written_bytes(step))


def compare_content(asked: Asked, wanted: bytes) -> None:
    came = bytes(asked.content)
    asked.content.clear()
    if came != wanted:
        raise Failure(f"the content ({len(wanted)} bytes)\n" + show(wanted), f"{len(came)} bytes\n" + show(came))


STEPS = steps.PEER | {
    "receive": receive, "content": content, "answer": answer, "output": output, "errors": errors, "end": end,
    "record": record,
}
