"""A WebSocket (RFC 6455) opens through Weir, carries frames of every size both ways and closes; where it may not, it
does not.

The client checks Sec-WebSocket-Accept, masks its frames and compares every echo; the origin speaks first, too.
"""

import base64
import hashlib
import os
import struct

from stand.message import Head, Peer
from stand.origins import answer
from stand.stand import Stand
from stand.waiting import expect, same, until

MAGIC = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455 section 1.3
BINARY, CLOSE = 2, 8
SIZES = (0, 1, 125, 126, 65_535, 65_536, 1_000_000)


def play(stand: Stand) -> None:
    origin = stand.origin(serve)
    weir = stand.gateway(f"""
routes:
  - {{ match: {{ path: /chat }}, upgrade: [websocket], proxy: "http://{origin.address}" }}
  - {{ proxy: "http://{origin.address}" }}
""")
    key = base64.b64encode(os.urandom(16)).decode()
    fields = f"Connection: keep-alive, Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n" \
             f"Sec-WebSocket-Key: {key}\r\n"
    with weir.client() as client:
        client.request("/chat", fields=fields)
        response = client.response()
        same(response.status, 101, f"status of the handshake ({response.text()})")
        same(response.fields["sec-websocket-accept"], accept(key), "Sec-WebSocket-Accept")
        same(response.fields["upgrade"].lower(), "websocket", "Upgrade")
        same(read_frame(client), (BINARY, b"welcome"), "the origin's first word")
        same(weir.metric("weir_tunnels_open"), 1, "weir_tunnels_open")
        for size in SIZES:
            content = os.urandom(size)
            client.send(frame(BINARY, content, mask=os.urandom(4)))
            same(read_frame(client) == (BINARY, content), True, f"the echo of {size} bytes")
        client.send(frame(CLOSE, b"\x03\xe8", mask=os.urandom(4)))
        same(read_frame(client), (CLOSE, b"\x03\xe8"), "the close frame comes back")
        same(client.at_end(), True, "the tunnel ends in an orderly way")
    until(lambda: weir.metric("weir_tunnels_open") == 0, "the tunnel to be counted out")
    with weir.client() as client:
        same(client.ask("/elsewhere", fields=fields).status != 101, True, "a route without `upgrade` opens no tunnel")
    expect(weir.child.running, "weir runs")


def serve(peer: Peer, head: Head) -> None:
    """An echo server."""
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
