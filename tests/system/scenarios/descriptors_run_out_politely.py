"""With no file descriptor left Weir answers 503 or closes in an orderly way, serves who is there, and recovers."""

import resource

from stand.gateway import Gateway
from stand.message import Client, Cut
from stand.origins import echo_path
from stand.stand import Stand
from stand.waiting import expect, same, until

SPARE = 20  # descriptors that the gateway may open beyond those it has at its start
CLIENTS = 60


def play(stand: Stand) -> None:
    origin = stand.origin(echo_path)
    weir = stand.gateway(f"""
routes:
  - {{ match: {{ path: /own }}, respond: own }}
  - {{ proxy: "http://{origin.address}" }}
""")
    most = weir.descriptors() + SPARE
    limit_descriptors(weir, most)
    clients = [Client(weir.address) for _ in range(CLIENTS)]  # the kernel takes them all; Weir cannot
    outcomes = [outcome(client) for client in clients]
    served = [client for client, came in zip(clients, outcomes) if came == 200]
    strange = {came for came in outcomes} - {200, 503, "closed"}
    stand.note(", ".join(f"{outcomes.count(each)} x {each}" for each in (200, 503, "closed")))
    same(strange, set(), "what else clients saw")
    expect(SPARE // 2 <= len(served) <= SPARE + 1, f"{len(served)} clients were served with {SPARE} descriptors")
    expect(outcomes.count(503) > 0, "somebody was told why")

    limit_descriptors(weir, 3)  # not one more, not even for the gateway's own reserve
    same([client.ask("/own").status for client in served], [200] * len(served), "those who are in go on")
    same(served[0].ask("/proxied").status, 503, "a request that needs a descriptor which is not there")
    same(served[0].ask("/own").status, 200, "the request behind it")

    limit_descriptors(weir, most)
    for client in clients:
        client.close()
    until(lambda: weir.descriptors() < most - SPARE // 2, "descriptors to be free again")
    same([weir.get(path).status for path in ("/own", "/proxied", "/own")], [200] * 3, "service as before")
    expect(weir.metric("weir_connections_refused_total") > 0, "refusals are counted")


def limit_descriptors(weir: Gateway, most: int) -> None:
    """The soft limit, from outside: raising it again needs no right."""
    _, hard = resource.prlimit(weir.child.pid, resource.RLIMIT_NOFILE)
    resource.prlimit(weir.child.pid, resource.RLIMIT_NOFILE, (most, hard))


def outcome(client: Client) -> int | str:
    try:
        return client.ask("/own").status
    except Cut as cut:
        return "cut" if cut.begun else "closed"
    except OSError as error:
        return type(error).__name__
