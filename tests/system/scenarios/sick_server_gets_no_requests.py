"""A server whose health page fails gets no requests until it passes again; one that fails under requests is ejected."""

from stand.message import Head, Peer
from stand.origins import answer
from stand.stand import Stand
from stand.waiting import same, until

ROUND = 12  # requests that would meet each of two servers, if they could


class Ward:
    """Two servers, and what is wrong with whom."""

    def __init__(self, stand: Stand):
        self.sick: set[str] = set()     # its health page says so
        self.dying: set[str] = set()    # its health page is fine; requests are not
        self.servers = {name: stand.origin(self.handler(name)) for name in ("one", "two")}

    def handler(self, name: str):
        def handle(peer: Peer, head: Head) -> None:
            if head.target == "/healthz":
                answer(peer, status="503 Unwell" if name in self.sick else "200 OK")
            elif name in self.dying:
                answer(peer, name.encode(), status="502 Dying")
            else:
                answer(peer, name.encode())
        return handle


def play(stand: Stand) -> None:
    ward = Ward(stand)
    addresses = ", ".join(server.address for server in ward.servers.values())
    weir = stand.gateway(f"""
upstreams:
  shop:
    endpoints: [{addresses}]
    health: {{ http: /healthz, every: 100ms, timeout: 2s, down_after: 2, up_after: 2 }}
    outliers: {{ consecutive_errors: 3, ejection: 500ms }}
    retries: {{ statuses: [502], budget: {{ share: 100%, per_second_min: 1000 }} }}
routes: [{{ proxy: shop }}]
""")

    def who_answers() -> set[str]:
        return {weir.get("/").text() for _ in range(ROUND)}

    until(lambda: who_answers() == {"one", "two"}, "both servers to be used")
    ward.sick.add("two")
    until(lambda: who_answers() == {"one"}, "the sick server to be left out")
    same(who_answers(), {"one"}, "who answers while one is sick")
    ward.sick.clear()
    until(lambda: who_answers() == {"one", "two"}, "the server that is well again to be used")

    ward.dying.add("two")
    until(lambda: (weir.get("/"), "is ejected for 0.5s: consecutive_errors" in weir.child.stderr())[1],
          "the failing server to be ejected", story=weir.child.stderr)
    ward.dying.clear()
    until(lambda: who_answers() == {"one", "two"}, "the ejection to end")
    stand.note("left out by its checks and by its failures, and used again after both")
