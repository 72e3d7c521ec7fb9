"""A WebSocket (RFC 6455) opens through Weir, carries frames of every size both ways and closes; where it may not, it
does not. With the filter that judges frames it is the same, until somebody breaks a rule.

The client checks Sec-WebSocket-Accept, masks its frames and compares every echo; the origin speaks first, too.
"""

import os
import struct

from stand.stand import Stand
from stand.waiting import expect, same, until
from stand.websocket import BINARY, CLOSE, TEXT, frame, open_tunnel, read_frame, serve_echo

SIZES = (0, 1, 125, 126, 65_535, 65_536, 1_000_000)


def play(stand: Stand) -> None:
    origin = stand.origin(serve_echo)
    weir = stand.gateway(f"""
routes:
  - {{ match: {{ path: /chat }}, upgrade: [websocket], proxy: "http://{origin.address}" }}
  - match: {{ path: /judged }}
    upgrade: [websocket]
    filters: [{{ websocket: {{ message_size: 1MiB }} }}]
    proxy: "http://{origin.address}"
  - {{ proxy: "http://{origin.address}" }}
""")
    for path in ("/chat", "/judged"):
        with weir.client() as client:
            response, accepted = open_tunnel(client, path)
            same(response.status, 101, f"status of the handshake ({response.text()})")
            same(response.fields["sec-websocket-accept"], accepted, "Sec-WebSocket-Accept")
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
        response, _ = open_tunnel(client, "/elsewhere")
        same(response.status != 101, True, "a route without `upgrade` opens no tunnel")
    for bad, code in ((frame(TEXT, b"not masked"), 1002), (frame(TEXT, b"\xff", mask=b"abcd"), 1007),
                      (frame(BINARY, bytes((1 << 20) + 1), mask=b"abcd"), 1009)):
        with weir.client() as client:
            open_tunnel(client, "/judged")
            same(read_frame(client), (BINARY, b"welcome"), "the origin's first word")
            client.send(bad)
            kind, content = read_frame(client)
            same((kind, struct.unpack("!H", content[:2])[0]), (CLOSE, code), f"how it is closed ({content[2:]})")
            client.send(frame(CLOSE, content[:2], mask=b"abcd"))
            same(client.at_end(), True, "the tunnel ends in an orderly way")
    until(lambda: weir.metric('weir_errors_total{reason="bad_websocket_text"}') == 1, "the reason to be counted",
          story=lambda: "\n".join(name for name in weir.metrics() if "websocket" in name))
    expect(weir.child.running, "weir runs")
