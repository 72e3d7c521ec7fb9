"""WebSocket (RFC 6455) as both sides speak it: the handshake's proof, frames, and an echo server that speaks first."""

from __future__ import annotations

import base64
import hashlib
import os
import struct

from .message import Client, Head, Peer, Response
from .origins import answer

MAGIC = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455 section 1.3
TEXT, BINARY, CLOSE = 1, 2, 8


def open_tunnel(client: Client, target: str, more: str = "") -> tuple[Response, str]:
    """Asks for a WebSocket. The answer, and what its Sec-WebSocket-Accept should be."""
    key = base64.b64encode(os.urandom(16)).decode()
    client.request(target, fields=f"Connection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n"
                                  f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n{more}")
    return client.response(), accept(key)


def serve_echo(peer: Peer, head: Head) -> None:
    """A handler of an Origin: says `welcome`, and then whatever it hears, until it is told to close."""
    if head.fields.get("upgrade", "").lower() != "websocket":
        return answer(peer, b"no tunnel here")
    peer.send(f"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
              f"Sec-WebSocket-Accept: {accept(head.fields['sec-websocket-key'])}\r\n\r\n".encode()
              + frame(BINARY, b"welcome"))
    while True:
        kind, content = read_frame(peer)
        peer.send(frame(kind, content))
        if kind == CLOSE:
            raise ConnectionError  # ends the connection, as a server does


def accept(key: str) -> str:
    return base64.b64encode(hashlib.sha1((key + MAGIC).encode()).digest()).decode()


def frame(kind: int, content: bytes, mask: bytes = b"") -> bytes:
    marked = 0x80 if mask else 0
    if len(content) < 126:
        head = struct.pack("!BB", 0x80 | kind, marked | len(content))
    elif len(content) < 65_536:
        head = struct.pack("!BBH", 0x80 | kind, marked | 126, len(content))
    else:
        head = struct.pack("!BBQ", 0x80 | kind, marked | 127, len(content))
    return head + mask + (masked(content, mask) if mask else content)


def masked(content: bytes, mask: bytes) -> bytes:
    """Both ways: XOR undoes itself."""
    length = len(content)
    repeated = (mask * (length // 4 + 1))[:length]
    return (int.from_bytes(content, "big") ^ int.from_bytes(repeated, "big")).to_bytes(length, "big")


def read_frame(peer: Peer) -> tuple[int, bytes]:
    first, second = peer.take(2)
    length = second & 0x7F
    if length == 126:
        length = struct.unpack("!H", peer.take(2))[0]
    elif length == 127:
        length = struct.unpack("!Q", peer.take(8))[0]
    mask = peer.take(4) if second & 0x80 else b""
    content = peer.take(length)
    return first & 0x0F, masked(content, mask) if mask else content
