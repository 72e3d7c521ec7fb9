"""Servers are asked for their load beside requests, which go where it is said to be quick and wait for no question."""

from stand.load import Clients
from stand.message import Head, Peer
from stand.origins import answer
from stand.stand import Stand
from stand.waiting import expect, same, until

ROUND = 40
CLIENTS = 8


class Fleet:
    """Three servers, what each says of itself, and who hangs when it is asked for that."""

    def __init__(self, stand: Stand):
        self.loads = {"one": (0, 5), "two": (0, 5), "three": (0, 5)}  # in flight, milliseconds
        self.hangs: set[str] = set()
        self.asked = 0
        self.request = ""  # the id of the last one
        self.servers = {name: stand.origin(self.handler(name)) for name in self.loads}

    def handler(self, name: str):
        def handle(peer: Peer, head: Head) -> None:
            if head.target != "/load":
                self.request = head.fields["x-request-id"]
                return answer(peer, name.encode())
            self.asked += 1
            if name in self.hangs:
                peer.receive()  # until the gateway gives up
                return None
            load, latency = self.loads[name]
            return answer(peer, fields="Endpoint-Load-Metrics: TEXT "
                                       f"named_metrics.in_flight={load},named_metrics.latency_ms={latency}\r\n")
        return handle


CONFIGURATION = """
workers: 1
upstreams:
  shop:
    endpoints: [{addresses}]
    balance: {{ reported_load: {{ report_age_max: 10s{probe} }} }}
routes: [{{ proxy: shop }}]
"""


def play(stand: Stand) -> None:
    fleet = Fleet(stand)
    addresses = ", ".join(server.address for server in fleet.servers.values())
    weir = stand.gateway(CONFIGURATION.format(addresses=addresses, probe=", probe: { path: /load, timeout: 500ms }"))

    def who_answers() -> set[str]:
        return {weir.get("/").text() for _ in range(ROUND)}

    fleet.loads = {"one": (90, 5), "two": (1, 5), "three": (1, 60)}
    until(lambda: who_answers() == {"two"}, "requests to go to the quickest of those that are not busy")
    fleet.loads = {"one": (1, 5), "two": (90, 5), "three": (1, 60)}
    until(lambda: who_answers() == {"one"}, "requests to follow when another one is")

    story = weir.command("explain", fleet.request, "--admin", f"unix:{weir.admin}").stdout
    for part in ("quickest_of_cold", f"heard {fleet.servers['one'].address}: ", " in flight, "):
        expect(part in story, f"`{part}` stands in the story:\n{story}")
    reported = weir.metric('weir_load_probes_total{upstream="shop",outcome="reported"}')
    picks = weir.metric('weir_load_probe_picks_total{upstream="shop"}')
    expect(reported > 2 * ROUND and picks > ROUND, f"{reported} reports, {picks} picks by one")

    fleet.hangs = set(fleet.loads)
    with Clients(weir, CLIENTS, "/") as clients:
        clients.wait_for(500)
    same(clients.failures, [], "requests that failed while servers answer no question")
    expect(weir.metric('weir_load_probes_total{upstream="shop",outcome="skipped"}') > 0, "questions were left out")

    fleet.hangs.clear()
    weir.write(CONFIGURATION.format(addresses=addresses, probe=""))
    weir.reload()
    asked = fleet.asked
    who_answers()
    same(fleet.asked, asked, "questions after a reload that asks none")
    stand.note(f"{reported:.0f} reports decided {picks:.0f} picks")
