"""The messages of grpc.testing.TestService that its interop cases need, as Protocol Buffers on the wire.

Idea: a message is a list of (number, value): an int is a varint, bytes have a length. No generated code, no compiler.
"""

from __future__ import annotations

Field = tuple[int, "int | bytes"]


def message(*fields: Field) -> bytes:
    """Fields that have their default value are left out, as proto3 does."""
    out = b""
    for number, value in fields:
        if isinstance(value, int):
            out += varint(number << 3) + varint(value) if value else b""
        else:
            out += varint(number << 3 | 2) + varint(len(value)) + value
    return out


def varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes(out) + bytes([value])


def fields(data: bytes) -> list[Field]:
    found: list[Field] = []
    at = 0

    def number() -> int:
        nonlocal at
        value = shift = 0
        while True:
            byte = data[at]
            at += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    while at < len(data):
        key = number()
        if key & 7 == 0:
            found.append((key >> 3, number()))
        elif key & 7 == 2:
            size = number()
            found.append((key >> 3, data[at:at + size]))
            at += size
        else:
            raise ValueError(f"wire type {key & 7}")
    return found


def get(data: bytes, *path: int, default: int | bytes = b"") -> int | bytes:
    """The last field of that number, within the last field of the number before it ..."""
    value: int | bytes = data
    for number in path:
        assert isinstance(value, bytes)
        value = next((each for which, each in reversed(fields(value)) if which == number), None)
        if value is None:
            return default
    return value


def payload(size: int) -> bytes:
    return message((2, bytes(size)))


# In the words of test.proto: what each message is made of here.

def simple_request(response_size: int = 0, request_size: int = 0, status: bytes = b"") -> bytes:
    return message((2, response_size), *([(3, payload(request_size))] if request_size else []),
                   *([(7, status)] if status else []))


def output_request(sizes: list[int], request_size: int = 0, status: bytes = b"") -> bytes:
    return message(*((2, message((1, size))) for size in sizes),
                   *([(3, payload(request_size))] if request_size else []), *([(7, status)] if status else []))


def echo_status(code: int, text: str) -> bytes:
    return message((1, code), (2, text.encode()))


def output_sizes(request: bytes) -> list[int]:
    return [int(get(value, 1, default=0)) for number, value in fields(request) if number == 2]
