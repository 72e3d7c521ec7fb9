"""A name with addresses of both families, of which IPv6 leads nowhere: one request waits a quarter of a second.

A connect at a time finds out whether the way is back, and no request waits for it.
"""

import socket
import time

from stand.origins import answer
from stand.stand import Stand
from stand.waiting import expect, same

DELAY = 0.25  # limits::connection_attempt_delay
REQUESTS = 200


def deaf(stand: Stand, port: int) -> None:
    """A listener on ::1 whose queue is full: the kernel drops what else wants to connect, and says nothing."""
    listener = socket.socket(socket.AF_INET6)
    stand.ending.callback(listener.close)
    listener.bind(("::1", port))
    listener.listen(0)
    for _ in range(4):
        waiting = socket.socket(socket.AF_INET6)
        stand.ending.callback(waiting.close)
        waiting.setblocking(False)
        waiting.connect_ex(("::1", port))


def play(stand: Stand) -> None:
    origin = stand.origin(lambda peer, head: answer(peer, b"four"))
    deaf(stand, origin.port)
    names = stand.directory / "names"
    names.write_text("::1 shop.test\n127.0.0.1 shop.test\n")
    weir = stand.gateway(f"""
workers: 1
resolver: {{ hosts_file: {names} }}
upstreams:
  shop: {{ endpoints: ["shop.test:{origin.port}"], balance: round_robin, timeouts: {{ connect: 1500ms }} }}
routes: [{{ proxy: shop }}]
""")
    times = []
    for _ in range(REQUESTS):
        begin = time.monotonic()
        same(weir.get("/").text(), "four", "who answers")
        times.append(time.monotonic() - begin)
    slow = [each for each in times if each > 0.2]
    expect(times[0] >= DELAY, f"the first request was at the silent family for {times[0]:.3f} s only")
    expect(len(slow) <= 2, f"{len(slow)} of {REQUESTS} requests waited: {slow[:5]}")
    expect(max(times) < 2 * DELAY + 0.2, f"the longest took {max(times):.3f} s")
    stand.note(f"{REQUESTS} requests, the longest {max(times) * 1000:.0f} ms, {len(slow)} beyond 200 ms")
