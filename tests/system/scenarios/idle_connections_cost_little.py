"""10,000 idle keep-alive connections, each of which has carried a proxied request, cost at most 4 KiB each."""

import resource

from stand.message import Client
from stand.stand import Stand
from stand.waiting import expect, same

WANTED = 10_000
KEPT_FOR_OTHERS = 500  # descriptors that are not connections, here and in the gateway
BYTES_MAX = 4096


def play(stand: Stand) -> None:
    nginx = stand.nginx()
    (nginx.root / "small").write_bytes(b"x" * 1000)
    count = min(WANTED, resource.getrlimit(resource.RLIMIT_NOFILE)[1] - KEPT_FOR_OTHERS)
    weir = stand.gateway(f"""
timeouts: {{ keep_alive: 10m }}
routes: [{{ proxy: "http://{nginx.address}" }}]
""")
    for _ in range(100):
        same(weir.get("/small").status, 200, "a request to warm up")
    before = weir.resident_bytes()
    clients: list[Client] = []
    try:
        for _ in range(count):
            clients.append(weir.client())
            same(clients[-1].ask("/small").status, 200, "the request of a connection")
        held = weir.resident_bytes() - before
        same(weir.metric("weir_connections_open") >= count, True, "they are all open")
        stand.note(f"{held / count:.0f} bytes for each of {count}")
        expect(count == WANTED, f"only {count} descriptors are to be had: raise ulimit -n")
        expect(held / count <= BYTES_MAX, f"{held / count:.0f} bytes a connection, {BYTES_MAX} at most")
        for client in clients[::1000]:
            same(client.ask("/small").status, 200, "the next request after a long rest")
    finally:
        for client in clients:
            client.close()
