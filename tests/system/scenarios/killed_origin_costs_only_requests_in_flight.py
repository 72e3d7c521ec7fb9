"""kill -9 of one of two nginx origins under load: only requests in flight may fail, the others go on, it comes back."""

import time

from stand.load import Clients
from stand.stand import Stand
from stand.waiting import expect, same, until

CLIENTS = 16
KILLS = 5


def play(stand: Stand) -> None:
    here, there = (stand.nginx(f'location / {{ return 200 "{name}"; }}') for name in ("here", "there"))
    weir = stand.gateway(f"""
upstreams:
  pair: {{ endpoints: [{here.address}, {there.address}] }}
routes: [{{ proxy: pair }}]
""")
    with Clients(weir, CLIENTS, "/") as clients:
        for _ in range(KILLS):
            known = len(clients.failures)
            there.kill()
            killed_at = time.monotonic()
            clients.wait_for(300)
            fresh = clients.failures[known:]
            expect(len(fresh) <= CLIENTS, f"{len(fresh)} requests failed, {CLIENTS} were in flight: {fresh[-3:]}")
            late = [failure for failure in fresh if failure[0] > killed_at + 1]
            same(late, [], "requests that failed long after the kill")
            there.start()
            until(lambda: weir.get("/").text() == "there", "the origin that came back to be used again")
    failures = [what for _, what in clients.failures]
    strange = [what for what in failures if not what.startswith("HTTP/1.1 502")]
    same(strange, [], "failures other than 502")
    same(weir.child.running, True, "weir runs")
    stand.note(f"{KILLS} kills, {clients.done} requests, {len(failures)} failed")
