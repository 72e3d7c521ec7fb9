"""limits.connections: the next client gets 503 with the reason, those inside go on, and a freed place is taken."""

from stand.message import Client
from stand.stand import Stand
from stand.waiting import expect, same, until

MOST = 10
TRIES = 20


def play(stand: Stand) -> None:
    for workers in (1, 2):
        with_workers(stand, workers)


def with_workers(stand: Stand, workers: int) -> None:
    """The maximum holds for the process, however many cores serve."""
    weir = stand.gateway(f"workers: {workers}\nlimits: {{ connections: {MOST} }}\nroutes: [{{ respond: ok }}]")
    until(lambda: weir.metric("weir_connections_open") <= 1, "connections of the start to be gone")  # the asking one
    inside = [weir.client() for _ in range(MOST)]
    until(lambda: all(client.ask("/").status == 200 for client in inside), "all that may be inside to be served")
    for _ in range(TRIES):
        with Client(weir.address) as client:
            response = client.response()  # unasked: it need not send anything to learn that it is too many
            same(response.status, 503, "status of one too many")
            expect("as many connections as it may" in response.text(), f"the reason: {response.text()}")
            expect("retry-after" in response.fields, "when to try again")
            same(client.at_end(), True, "its connection ends in an orderly way")
    same([client.ask("/").status for client in inside], [200] * MOST, "those inside go on")
    inside.pop().close()
    until(lambda: admitted(weir), "the freed place to be taken")
    for client in inside:
        client.close()
    expect(weir.metric("weir_connections_refused_total") >= TRIES, "refusals are counted")


def admitted(weir) -> bool:
    try:
        return weir.get("/").status == 200
    except OSError:  # refused while our request was on its way: the reset overtook the answer
        return False
