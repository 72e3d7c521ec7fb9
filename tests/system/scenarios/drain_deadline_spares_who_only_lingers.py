"""A drain shorter than timeouts.linger ends with exit code 0 when nobody waits for an answer any more."""

import signal

from stand.stand import Stand
from stand.waiting import expect, same


def play(stand: Stand) -> None:
    weir = stand.gateway("timeouts: { drain: 300ms, linger: 1m }\nroutes: [{ respond: quick }]")
    with weir.client() as idle, weir.client():  # the second has not asked yet
        same(idle.ask("/").status, 200, "a request on a connection that is kept")
        weir.signal(signal.SIGTERM)
        weir.exits(0, seconds=5)
    expect("in flight" not in weir.stderr(), "the log speaks of no requests in flight")
