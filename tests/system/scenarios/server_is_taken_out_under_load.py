"""Taken out, put back and weighed under load: a drain fails no request, a disabled server gets none, weights hold."""

from stand.gateway import Gateway
from stand.load import Clients
from stand.stand import Stand
from stand.waiting import expect, same, until

CLIENTS = 12
DRAINS = 10
ROUND = 400  # requests that a share is measured by
WEIGHT = 3  # of one server, the other has 1
REQUESTS_TOTAL = "weir_upstream_endpoint_requests_total"


def play(stand: Stand) -> None:
    here, there = (stand.nginx(f'location / {{ return 200 "{name}"; }}').address for name in ("here", "there"))
    weir = stand.gateway(f"""
workers: 2
upstreams:
  pair: {{ endpoints: [{here}, {there}], balance: round_robin }}
routes: [{{ proxy: pair }}]
""")
    with Clients(weir, CLIENTS, "/") as clients:
        for _ in range(DRAINS):
            say(weir, "drain", there, "--wait", "10s")
            same(requests_of(weir, there, clients), 0, "requests that a drained server got")
            say(weir, "enable", there)
            clients.wait_for(50)
        same(clients.failures, [], "requests that failed while a server was drained and put back")

        say(weir, "disable", there, "--wait", "10s")
        same(requests_of(weir, there, clients), 0, "requests that a disabled server got")
        weir.reload()
        same(requests_of(weir, there, clients), 0, "requests that it got after a reload")
        say(weir, "enable", there)
        same(clients.failures, [], "GETs that failed when the server was disabled")

        say(weir, "weight", there, str(WEIGHT))
        share = share_of(weir, there, clients)
        wanted = WEIGHT / (WEIGHT + 1)
        expect(abs(share - wanted) < 0.05, f"the share of weight {WEIGHT} is {share:.3f}, not {wanted}")
        say(weir, "weight", there, "default")
        even = share_of(weir, there, clients)
        expect(abs(even - 0.5) < 0.05, f"the share of the configured weight is {even:.3f}, not a half")
    stand.note(f"{clients.done} requests, {DRAINS} drains, 0 failed; weight {WEIGHT} to 1 got {share:.3f}")


def say(weir: Gateway, verb: str, endpoint: str, *more: str) -> None:
    done = weir.command("upstream", verb, "pair", endpoint, *more, "--admin", f"unix:{weir.admin}")
    same(done.returncode, 0, f"the exit code of {verb}: {done.stdout}{done.stderr}")


def counted(weir: Gateway, endpoint: str) -> float:
    return weir.metric(requests_total(endpoint))


def requests_of(weir: Gateway, endpoint: str, clients: Clients) -> float:
    """How many it gets while the clients have theirs answered. Whoever was in flight has come to an end."""
    in_flight = f'weir_upstream_endpoint_in_flight{{upstream="pair",endpoint="{endpoint}"}}'
    until(lambda: weir.metric(in_flight) == 0, "nothing in flight there")
    before = counted(weir, endpoint)
    clients.wait_for(100)
    return counted(weir, endpoint) - before


def share_of(weir: Gateway, endpoint: str, clients: Clients) -> float:
    """Its part of what comes to an end meanwhile. One scrape tells of both servers, so that both are of one moment."""
    before = requests_by_endpoint(weir)
    clients.wait_for(ROUND)
    after = requests_by_endpoint(weir)
    got = {name: after[name] - before[name] for name in after}
    return got[requests_total(endpoint)] / sum(got.values())


def requests_by_endpoint(weir: Gateway) -> dict[str, float]:
    return {name: value for name, value in weir.metrics().items() if name.startswith(REQUESTS_TOTAL)}


def requests_total(endpoint: str) -> str:
    return f'{REQUESTS_TOTAL}{{upstream="pair",endpoint="{endpoint}"}}'
