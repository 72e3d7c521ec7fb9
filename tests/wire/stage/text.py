"""The small notations that pages share: quoted strings, escapes, repetition, sizes.

Problem: a page must be able to say any byte, and 70,000 of them, without becoming unreadable.
Idea: one escape notation everywhere bytes are written (`\\r \\n \\t \\0 \\xHH \\\\ \\"`), and one
repetition, `${text*count}`, expanded before the escapes so that `${x: 1\\r\\n*200}` is 200 lines.
"""

from __future__ import annotations

import re


class PageError(Exception):
    """The page itself is wrong: a step nobody knows, a string without its end."""


REPETITION = re.compile(r"\$\{([^{}]+?)\*(\d+)\}")
ESCAPE = re.compile(r"\\(x[0-9a-fA-F]{2}|.)")
STRING = re.compile(r'"((?:[^"\\]|\\.)*)"')
SIZE = re.compile(r"(\d+)(B|KiB|MiB|GiB)$")
SIMPLE_ESCAPES = {"r": "\r", "n": "\n", "t": "\t", "0": "\0", "\\": "\\", '"': '"'}
UNITS = {"B": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30}


def repeat(text: str) -> str:
    return REPETITION.sub(lambda found: found.group(1) * int(found.group(2)), text)


def unescape(text: str) -> bytes:
    """Page text to bytes. Characters beyond ASCII become their UTF-8, `\\xHH` one byte."""

    def one(found: re.Match) -> str:
        code = found.group(1)
        if code[0] == "x" and len(code) == 3:
            return chr(int(code[1:], 16))
        if code not in SIMPLE_ESCAPES:
            raise PageError(f"unknown escape \\{code}")
        return SIMPLE_ESCAPES[code]

    # Latin-1 keeps \xHH a single byte; UTF-8 text is first spread over Latin-1 characters.
    spread = repeat(text).encode("utf-8").decode("latin-1")
    return ESCAPE.sub(one, spread).encode("latin-1")


def split_string(text: str) -> tuple[str, bytes | None]:
    """`POST /x "hello"` -> (`POST /x`, b"hello"); without a string the second is None."""
    found = re.search(r'(?:^|\s)("(?:[^"\\]|\\.)*")\s*$', text)
    if not found:
        if '"' in text:
            raise PageError(f"a string that does not end: {text}")
        return text.strip(), None
    return text[: found.start()].strip(), unescape(found.group(1)[1:-1])


def strings(text: str) -> bytes:
    """`"a" "b"` -> b"ab"; anything beside strings is an error."""
    if STRING.sub("", text).strip():
        raise PageError(f"expected only quoted strings, found: {text}")
    return b"".join(unescape(found.group(1)) for found in STRING.finditer(text))


def size_of(word: str) -> int | None:
    found = SIZE.match(word)
    return int(found.group(1)) * UNITS[found.group(2)] if found else None


PATTERN = bytes(range(251)) * 4096


def pattern(size: int) -> bytes:
    """`size` bytes of a fixed sequence whose period (251) is prime, so that a shift shows."""
    whole, rest = divmod(size, len(PATTERN))
    return PATTERN * whole + PATTERN[:rest]


def show(data: bytes, most: int = 1500) -> str:
    """Bytes for people: one quoted line for each line on the wire, long ones cut in the middle."""
    if len(data) > most:
        half = most // 2
        return show(data[:half], most) + f"\n... {len(data) - 2 * half} bytes left out ...\n" + show(data[-half:], most)
    lines = re.findall(rb"[^\n]*\n|[^\n]+$", data)
    return "\n".join(quote(line) for line in lines) or '""'


def quote(data: bytes) -> str:
    out = []
    for byte in data:
        char = chr(byte)
        known = {"\r": "\\r", "\n": "\\n", "\t": "\\t", "\\": "\\\\", '"': '\\"'}.get(char)
        out.append(known or (char if 32 <= byte < 127 else f"\\x{byte:02x}"))
    return '"' + "".join(out) + '"'
