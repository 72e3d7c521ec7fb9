"""100 SIGHUPs, each with another configuration, during full load: no request fails, no connection is dropped."""

from stand.load import Clients
from stand.stand import Stand
from stand.waiting import expect, same

RELOADS = 100
CLIENTS = 8  # of our own, beside wrk


def configuration(number: int, origin: str) -> str:
    return f"""
chains: {{ marked: [{{ headers: {{ response: {{ set: {{ x-configuration: "{number}" }} }} }} }}] }}
upstreams: {{ files: {{ endpoints: [{origin}] }} }}
routes:
  - {{ name: "route-{number}", match: {{ path: /small }}, filters: [{{ use: marked }}], proxy: files }}
"""


def play(stand: Stand) -> None:
    nginx = stand.nginx()
    (nginx.root / "small").write_bytes(b"x" * 1000)
    weir = stand.gateway(configuration(0, nginx.address))
    wrk = stand.wrk(weir, 32, "/small")
    with Clients(weir, CLIENTS, "/small", b"x" * 1000) as clients:
        for number in range(1, RELOADS + 1):
            weir.write(configuration(number, nginx.address))
            weir.hang_up()
            same(weir.get("/small").fields["x-configuration"], str(number), "the configuration of the next request")
        clients.wait_for(100)
    requests = wrk.stop()
    same(clients.failures, [], "failed requests of the keep-alive clients")
    same(clients.connections, CLIENTS, "connections that the clients needed")
    same(weir.metric('weir_config_reloads_total{result="applied"}'), RELOADS, "reloads applied")
    expect(requests > 1000, f"{requests} requests are no load")
    stand.note(f"{requests + clients.done} requests, 0 failed")
