"""1,000 reloads with one open tunnel: it still echoes, and neither memory nor descriptors grow.

Each configuration has 200 routes and an upstream of its own with a pooled connection, so that configurations which were
kept would show: 950 of them would be a hundred megabytes, and as many descriptors.
"""

import os

from stand.message import Head, Peer
from stand.origins import answer
from stand.stand import MEBIBYTE, Stand
from stand.waiting import expect, same, until

RELOADS = 1000
WARM_UP = 50
ROUTES = 200
GROWTH_MAX = 8 * MEBIBYTE  # fragments of the allocator, not configurations: one of these weighs about 100 KiB
DESCRIPTORS_MORE_MAX = 8


def configuration(number: int, origin: str) -> str:
    routes = "\n".join(f'  - {{ match: {{ host: "h{at}.test", path: /{number}/{at}/* }}, respond: "{number}" }}'
                       for at in range(ROUTES))
    return f"""
upstreams: {{ "echo-{number}": {{ endpoints: [{origin}] }} }}
routes:
{routes}
  - {{ match: {{ path: /* }}, upgrade: [any], proxy: "echo-{number}" }}
"""


def echo(peer: Peer, head: Head) -> None:
    if "upgrade" not in head.fields:
        return answer(peer, b"plain")
    peer.send(b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
    while data := peer.receive():
        peer.send(data)
    raise ConnectionError  # the tunnel is over, and with it the connection


def play(stand: Stand) -> None:
    origin = stand.origin(echo)
    weir = stand.gateway(configuration(0, origin.address))
    with weir.client() as tunnel, weir.client() as client:
        tunnel.request("/", fields="Connection: Upgrade\r\nUpgrade: echo\r\n")
        same(tunnel.response().status, 101, "status of the upgrade")
        before, descriptors = 0, 0
        for number in range(1, RELOADS + 1):
            weir.write(configuration(number, origin.address))
            weir.reload()
            same(client.ask("/plain").body, b"plain", "an answer after a reload")
            if number == WARM_UP:
                before, descriptors = weir.resident_bytes(), weir.descriptors()
            if number % 100 == 0:
                word = os.urandom(1000)
                tunnel.send(word)
                same(tunnel.take(len(word)) == word, True, f"the tunnel echoes after {number} reloads")
        growth = weir.resident_bytes() - before
        stand.note(f"memory grew by {growth / MEBIBYTE:.1f} MiB from {before / MEBIBYTE:.1f} MiB")
        expect(growth < GROWTH_MAX, f"memory grew by {growth} bytes, {GROWTH_MAX} at most")
        until(lambda: weir.descriptors() <= descriptors + DESCRIPTORS_MORE_MAX,
              "descriptors of old configurations to be closed",
              story=lambda: f"{descriptors} after the warm-up, {weir.descriptors()} now")
        same(weir.metric("weir_tunnels_open"), 1, "weir_tunnels_open")
        same(weir.metric('weir_config_reloads_total{result="applied"}'), RELOADS, "reloads applied")
