"""A second TERM (or INT) ends Weir at once although a request hangs: exit code 2."""

import signal

from stand.origins import Origin
from stand.stand import Stand
from stand.waiting import expect, same, until


def play(stand: Stand) -> None:
    origin = stand.origin(lambda peer, head: peer.receive())  # never answers
    for first, second in ((signal.SIGTERM, signal.SIGTERM), (signal.SIGINT, signal.SIGTERM)):
        with_one_hanging(stand, origin, first, second)


def with_one_hanging(stand: Stand, origin: Origin, first: signal.Signals, second: signal.Signals) -> None:
    weir = stand.gateway(f"timeouts: {{ drain: 10m }}\nroutes: [{{ proxy: 'http://{origin.address}' }}]")
    with weir.client() as client:
        client.request("/")
        until(lambda: weir.metric("weir_requests_in_flight") >= 1, "the request to be in flight")
        weir.signal(first)
        until(lambda: weir.status()["state"] == "draining", "the drain")
        expect(weir.child.running, "the first signal waits for the request")
        weir.signal(second)
        weir.exits(2, seconds=5)
        response = client.response()
        same(response.status, 503, "status of what the client gets")
        same(client.at_end(), True, "its connection ends in an orderly way")
