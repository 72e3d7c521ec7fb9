"""One of three nginx origins is killed with -9, then another stopped with SIGSTOP, under load: no GET fails.

A GET that was in flight at the dead origin is given to another one. One that waits for the stopped origin, which still
takes connections, is given to another one after `timeouts.attempt`, or has been hedged there before.
"""

import signal

from stand.load import Clients
from stand.stand import Stand
from stand.waiting import expect, same, until

CLIENTS = 16
ROUNDS = 3


def play(stand: Stand) -> None:
    origins = [stand.nginx(f'location / {{ return 200 "{name}"; }}') for name in ("one", "two", "three")]
    addresses = ", ".join(origin.address for origin in origins)
    weir = stand.gateway(f"""
upstreams:
  shop:
    endpoints: [{addresses}]
    timeouts: {{ connect: 500ms, attempt: 500ms }}
    retries: {{ budget: {{ share: 100%, per_second_min: 1000 }} }}
    hedge: {{ after: 50ms, budget: 50% }}
routes: [{{ proxy: shop }}]
""")
    dying, stopping = origins[1], origins[2]
    with Clients(weir, CLIENTS, "/") as clients:
        for _ in range(ROUNDS):
            dying.kill()
            clients.wait_for(300)
            dying.start()
            until(lambda: weir.get("/").text() == "two", "the origin that came back to be used again")
            stopping.child.signal(signal.SIGSTOP)
            clients.wait_for(100)
            stopping.child.signal(signal.SIGCONT)
            until(lambda: weir.get("/").text() == "three", "the origin that goes on to be used again")
    same(clients.failures, [], "requests that failed")
    expect(clients.done > 400 * ROUNDS, f"only {clients.done} requests were made")
    stand.note(f"{ROUNDS} kills and stops, {clients.done} requests, none failed")
