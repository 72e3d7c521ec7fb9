"""A file that changes in place while it is sent is cut short; one that is replaced arrives whole. Never a mixture."""

from __future__ import annotations

import os
import pathlib
import threading
import time

from stand.gateway import Gateway
from stand.message import Client, Cut
from stand.stand import MEBIBYTE, Stand
from stand.waiting import Failure, expect, same, until

SIZE = 64 * MEBIBYTE
OLD = 1_700_000_000


def play(stand: Stand) -> None:
    root = stand.directory / "root"
    root.mkdir()
    for sendfile in ("true", "false"):
        weir = stand.gateway(f"routes: [{{ files: {{ root: {root}, sendfile: {sendfile} }} }}]")
        truncated(weir, root)
        overwritten(weir, root)
        replaced(weir, root)
    small_files_keep_their_tags(weir, root)


def fill(path: pathlib.Path, byte: bytes) -> None:
    path.write_bytes(byte * SIZE)
    os.utime(path, (OLD, OLD))


def begin(weir: Gateway, path: pathlib.Path) -> tuple[Client, str]:
    """A client that has read the head and a little, and then reads no more for a while."""
    until(lambda: settled(path), "the file's times to lie behind")
    client = weir.client(receive_buffer=1 << 16)
    client.request("/" + path.name)
    head = client.read_head()
    same((head.status, head.fields["content-length"]), (200, str(SIZE)), "the head")
    client.take(100_000)
    return client, head.fields.get("etag", "")


def settled(path: pathlib.Path) -> bool:
    return time.time() - path.stat().st_ctime > 2.5


def read_rest(client: Client) -> tuple[bytes, bool]:
    """What came until the end, and whether all of it came."""
    received = bytearray()
    try:
        for piece in client.exactly(SIZE - 100_000):
            received += piece
        return bytes(received), True
    except (Cut, ConnectionError):
        return bytes(received), False


def truncated(weir: Gateway, root: pathlib.Path) -> None:
    path = root / "shrinks.bin"
    fill(path, b"a")
    client, _ = begin(weir, path)
    with client:
        os.truncate(path, SIZE // 2)
        received, whole = read_rest(client)
    expect(not whole, "a file that was truncated arrived whole")
    same(received.strip(b"a"), b"", "bytes that are not the file's")
    path.unlink()


def overwritten(weir: Gateway, root: pathlib.Path) -> None:
    path = root / "changes.bin"
    fill(path, b"a")
    client, before = begin(weir, path)
    with client:
        with path.open("r+b") as file:
            file.seek(SIZE // 2)
            file.write(b"b" * (SIZE // 2))
        received, whole = read_rest(client)
    expect(not whole, "a file that was overwritten in place arrived whole: half old, half new")
    until(lambda: weir.get("/" + path.name, "Range: bytes=-1\r\n").body == b"b", "the new content")
    after = weir.get("/" + path.name, "Range: bytes=0-0\r\n").fields.get("etag", "")
    expect(not after or after != before, "another content has the same entity-tag")
    path.unlink()


def replaced(weir: Gateway, root: pathlib.Path) -> None:
    path, new = root / "renamed.bin", root / "renamed.bin.new"
    fill(path, b"a")
    client, _ = begin(weir, path)
    with client:
        fill(new, b"b")
        new.replace(path)  # as careful people deploy: whoever reads the old one reads on
        received, whole = read_rest(client)
    same(received.strip(b"a"), b"", "bytes that are not the old file's")
    expect(not whole or len(received) == SIZE - 100_000, "the length")
    until(lambda: weir.get("/" + path.name, "Range: bytes=0-0\r\n").body == b"b", "the new file")
    path.unlink()


def small_files_keep_their_tags(weir: Gateway, root: pathlib.Path) -> None:
    """Rewritten in place all the time by somebody else: one entity-tag always stands for the same bytes."""
    path = root / "small.txt"
    path.write_bytes(b"a" * 20_000)
    over = threading.Event()

    def rewrite() -> None:
        while not over.is_set():
            for letter in b"abcdefgh":
                with path.open("r+b") as file:
                    file.write(bytes([letter]) * 20_000)

    writer = threading.Thread(target=rewrite, daemon=True)
    writer.start()
    seen: dict[str, bytes] = {}
    try:
        with weir.client() as client:
            until(lambda: tagged(client, seen) and len(seen) >= 3, "three contents", seconds=20)
    finally:
        over.set()
        writer.join()


def tagged(client: Client, seen: dict[str, bytes]) -> bool:
    try:
        answer = client.ask("/small.txt")
    except Cut:
        raise Failure("a small file was cut")
    if etag := answer.fields.get("etag"):
        expect(seen.setdefault(etag, answer.body) == answer.body, "one entity-tag, two contents")
    return True
